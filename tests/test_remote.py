"""A remote planner proposes, the agent disposes: what it may not do, and what happens when it fails."""

import pytest
from talking import CHAIR, LAMP, MARIA, ORDERS, Talk, of, withheld

from callcenter.background.exchange import CallTool, Consult, End, Planned, TransferTo, Words, Write
from callcenter.background.planner import Change, Fill, Finish, Go, HandOver, Look, Tell
from callcenter.units import samples


class Remote(Talk):
    """A conversation whose planner is far away."""

    def __init__(self, **more):
        super().__init__(remote=True, **more)

    @property
    def asked(self):
        return of(self.wishes, Consult)[-1]

    def plan(self, *moves, error="", after=0.4):
        self.at += samples(after)
        return self.tell(Planned(self.at, self.asked.request, moves, error))


def known():
    """A caller whom the planner has had verified, and whose orders it has seen."""
    talk = Remote()
    talk.say("please cancel order four two one eight")
    talk.plan(Go("cancel_order"), Look("verify_customer", {"name": "Maria Lopez", "postcode": "60614"}))
    talk.answer("verify_customer", MARIA)
    talk.plan(Look("list_orders", {"customer": "1001"}))
    talk.answer("list_orders", ORDERS)
    return talk


def test_an_utterance_is_put_to_the_planner_whole():
    talk = Remote()
    wishes = talk.say("where is my order")
    (consult,) = of(wishes, Consult)
    assert consult.situation.heard == "where is my order"
    assert consult.situation.tools == ("verify_customer",)
    assert consult.situation.transcript[0][0] == "agent"
    assert of(wishes, Write) == []


def test_what_the_planner_says_is_said():
    talk = Remote()
    talk.say("where is my order")
    talk.plan(Go("order_status"), Tell("May I have your name?"))
    assert talk.pending == "May I have your name?"
    assert talk.agent.desk.d.task.step == "order_status"


def test_its_look_ups_run_and_their_answers_are_shown_to_it():
    talk = known()
    assert [result.tool for result in talk.asked.situation.results] == ["verify_customer", "list_orders"]
    assert talk.asked.situation.verified
    assert talk.asked.situation.heard == "please cancel order four two one eight"


def test_a_fact_from_its_results_is_said():
    talk = known()
    source = tuple(result.request for result in talk.asked.situation.results)
    talk.plan(Tell("Order 4217 is shipped and costs $189.", source))
    assert talk.pending == "Order 4217 is shipped and costs $189."


@pytest.mark.parametrize(
    "text",
    [
        "Order 4217 costs $199.",
        "It arrives on December 3.",
        "You have 5 orders.",
        "Your order 4218 has been cancelled.",
    ],
)
def test_a_fact_it_invented_is_not(text):
    talk = known()
    source = tuple(result.request for result in talk.asked.situation.results)
    wishes = talk.plan(Tell(text, source))
    assert withheld(wishes)[0][0] == "unsourced"
    assert text not in " ".join(note.text for note in talk.written)
    assert of(wishes, CallTool) or of(wishes, Write), "the embedded planner takes over"


@pytest.mark.parametrize("text", ["Order 4218 is cancelled.", "I have cancelled it and it was refunded."])
def test_a_line_of_the_flow_does_not_vouch_for_a_deed_that_was_not_done(text):
    talk = known()
    shown = tuple(result.request for result in talk.asked.situation.results)
    wishes = talk.plan(Tell(text, (*shown, "caller", "flow cancel_order")))
    assert withheld(wishes)[0][0] == "unsourced"
    assert text not in " ".join(note.text for note in talk.written)


@pytest.mark.parametrize(
    ("move", "kind"),
    [
        (Look("list_orders", {"customer": "1001"}), "unverified"),
        (Look("balance", {"customer": "1001"}), "tool"),
        (Look("no_such_tool", {}), "tool"),
    ],
)
def test_a_tool_it_may_not_call_is_not_called(move, kind):
    talk = Remote()
    talk.say("where is my order")
    wishes = talk.plan(Go("order_status"), move)
    assert of(wishes, CallTool) == []
    assert withheld(wishes)[0][0] == kind
    assert "first and last name" in talk.pending


def test_somebody_elses_data_is_not_looked_up():
    talk = known()
    wishes = talk.plan(Look("list_orders", {"customer": "1002"}))
    assert [one for one in of(wishes, CallTool) if one.arguments.get("customer") == "1002"] == []
    assert withheld(wishes)[0][0] == "unverified"


def test_a_change_it_proposes_is_put_to_the_caller_first():
    talk = known()
    wishes = talk.plan(Change("cancel_order", {"customer": "1001", "order": "4218"}))
    assert of(wishes, CallTool) == []
    assert talk.pending.startswith("Shall I")
    talk.listen()
    (call,) = of(talk.say("yes please"), CallTool)
    assert (call.name, call.changes, bool(call.key)) == ("cancel_order", True, True)
    talk.answer("cancel_order", {"order": "4218", "refund": "34.90 USD"})
    assert talk.asked.situation.results[-1].tool == "cancel_order"
    talk.plan(Tell("Order 4218 is cancelled, $34.90 comes back to you.", (talk.asked.situation.results[-1].request,)))
    assert "is cancelled" in talk.pending


def test_a_no_to_its_change_changes_nothing():
    talk = known()
    talk.plan(Change("cancel_order", {"customer": "1001", "order": "4218"}))
    talk.listen()
    assert of(talk.say("no leave it"), CallTool) == []
    assert "I have not done that" in talk.pending


def test_it_cannot_fill_in_the_yes_itself():
    talk = known()
    change = Change("cancel_order", {"customer": "1001", "order": "4218"})
    wishes = talk.plan(change)
    assert of(wishes, CallTool) == []
    talk.listen()
    talk.say("what would i get back")
    assert of(talk.plan(change), CallTool) == []


def test_what_it_noted_is_kept_in_the_form_of_the_grammar():
    talk = Remote()
    talk.say("where is my order")
    talk.plan(Go("order_status"), Fill("name", "maria lopez"), Fill("postcode", "six oh six one four"))
    slots = talk.agent.desk.d.identity.slots
    assert (slots["name"].value, slots["postcode"].value) == ("Maria Lopez", "60614")


@pytest.mark.parametrize("error", ["refused", "stalled", "nonsense", "forbidden_tool", "resting"])
def test_when_it_fails_the_embedded_planner_answers(error):
    talk = Remote()
    talk.say("what does delivery cost")
    wishes = talk.plan(error=error)
    assert withheld(wishes) == [("plan", error)]
    assert "free for orders above $50" in talk.pending


def test_when_it_says_nothing_the_embedded_planner_answers():
    talk = Remote()
    talk.say("what does delivery cost")
    talk.plan()
    assert "free for orders above $50" in talk.pending


def test_when_it_stalls_the_caller_hears_of_the_wait_and_then_the_answer():
    talk = Remote()
    talk.listen()
    talk.say("what does delivery cost")
    talk.wait(2.8)
    assert talk.pending == "One moment, I am looking into it."
    talk.listen()
    talk.wait(6.5)
    assert "free for orders above $50" in talk.pending
    late = talk.plan(Tell("Delivery is free."))
    assert withheld(late)[0][0] == "plan"
    assert of(late, Write) == []


def test_new_words_make_its_answer_stale():
    talk = Remote()
    talk.say("where is my order")
    first = talk.asked
    talk.say("no cancel it please")
    assert talk.asked.situation.heard == "where is my order no cancel it please"
    late = talk.tell(Planned(talk.at, first.request, (Tell("May I have your name?"),)))
    assert withheld(late)[0][0] == "plan"
    assert of(late, Write) == []


def test_a_person_needs_no_planner():
    talk = Remote()
    assert of(talk.say("let me talk to a person"), TransferTo) == [TransferTo("support", "asked")]


def test_it_can_hand_over_and_finish():
    talk = Remote()
    talk.say("i have a very odd request")
    assert of(talk.plan(HandOver("not_understood")), TransferTo) == [TransferTo("support", "not_understood")]
    other = Remote()
    other.say("that is all from me")
    assert of(other.plan(Finish()), End) == [End("done")]


def test_it_is_asked_a_few_times_and_no_more():
    talk = known()
    rounds = 0
    consulting = talk.agent.desk.consulting
    while talk.asked.request == f"c{consulting.asked}" and consulting.request and rounds < 20:
        rounds += 1
        talk.plan(Look("order_status", {"customer": "1001", "order": str(4200 + rounds)}))
        if not talk.running("order_status"):
            break
        talk.answer("order_status", {**LAMP, "order": str(4200 + rounds)})
    assert rounds <= 6
    assert any(kind == "plan" for kind, _ in withheld(talk.wishes))


def test_look_ups_run_ahead_on_partial_words_all_the_same():
    talk = known()
    talk.plan(Tell("Which order?"))
    talk.listen()
    talk.tell(Words(talk.at + 10, "order four two one seven"))
    assert [call.arguments["order"] for call in talk.running("order_status")] == ["4217"]
    assert of(talk.wishes, Write)[-1].note.text == "Which order?"
    assert CHAIR["order"] == "4217"
