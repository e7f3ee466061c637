"""Callers with a task: the scenarios, the caller, the judge that must not be fooled, and the figures."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from brain import Brain, thinking
from rich.console import Console

import flows
from callcenter.background.agent import Agent
from callcenter.background.exchange import CallTool, ToolAnswered, TransferTo, Withdraw, Words, Write
from callcenter.bench.judge import judge
from callcenter.bench.task import Remote, faults, main, play
from callcenter.bench.textcall import TextCall, world
from callcenter.callers.tasks import Scenario, Wanted, load, otherwise, wordings
from callcenter.callers.tasks.caller import Caller
from flows import parse, shipped

SCENARIOS = {scenario.name: scenario for scenario in load()}
FLOWS = shipped()
README = Path(flows.__file__).parent / "README.md"
EXAMPLE = re.search(r"```toml\n(.*?)```", README.read_text(), re.S)[1]
GRINDER = "the only order needs no asking"
CANCEL = "cancel an order that is still here"
CORRECTED = "corrected while the look-up runs"


def placed(name, **more):
    scenario = SCENARIOS[name]
    return TextCall(scenario, FLOWS[scenario.flow], **more).run()


# ------------------------------------------------------------------------------------------------------- scenarios


def test_there_are_enough_scenarios_over_all_flows():
    assert len(SCENARIOS) >= 60
    assert {scenario.flow for scenario in SCENARIOS.values()} == set(FLOWS)
    assert all(sum(one.flow == flow for one in SCENARIOS.values()) >= 10 for flow in FLOWS)


@pytest.mark.parametrize("kind", ["slow", "hangs", "breaks", "twice", "lost"])
def test_every_fault_has_a_scenario(kind):
    assert any(fault.kind == kind for scenario in SCENARIOS.values() for fault in scenario.faults)


def test_no_caller_uses_a_phrase_of_a_flow():
    phrases = {plain(phrase) for flow in FLOWS.values() for step in flow.steps.values() for phrase in step.phrases}
    said = {plain(want.say) for scenario in SCENARIOS.values() for want in scenario.wants if len(want.say.split()) > 3}
    others = {plain(text) for texts in wordings().values() for text in texts if len(text.split()) > 5}
    assert said & phrases == set()
    assert len(others & phrases) <= len(others) // 50


def plain(text):
    return " ".join(re.findall(r"[\w']+", text.lower()))


def test_every_wish_has_other_words():
    wishes = {want.say for scenario in SCENARIOS.values() for want in scenario.wants if len(want.say.split()) > 3}
    known = wordings()
    assert [say for say in wishes if say not in known] == []
    assert all(len(also) == 3 for also in known.values())


def test_luck_chooses_the_words():
    scenario = SCENARIOS[GRINDER]
    said = [otherwise(scenario, luck).wants[0].say for luck in range(5)]
    assert said[0] == said[4] == scenario.wants[0].say
    assert len(set(said)) == 4


# -------------------------------------------------------------------------------------------------------- the caller


@pytest.mark.parametrize(
    ("heard", "said"),
    [
        ("How can I help you with your order?", "when will my coffee grinder show up"),
        ("What is your first and last name?", "maria lopez"),
        ("And the ZIP code of your address?", "seven three three oh one"),
        ("One moment, please.", ""),
        ("Shall I cancel order 4 2 1 8?", "no don't"),
        ("Do you want to know where an order is?", "yes"),
        ("Do you want to pay a bill, or to know where an order is?", "i want to know where an order is"),
        ("What is the square root of two?", "um i'm not sure what you mean"),
    ],
)
def test_a_caller_answers_what_they_are_asked(heard, said):
    caller = Caller(SCENARIOS[GRINDER], 0)
    caller.wants = 0 if "help" in heard else 1
    assert caller.react(heard) == said


def test_a_caller_who_has_no_other_answer_says_again_what_they_want():
    caller = Caller(SCENARIOS[CANCEL], 0)
    wish = caller.react("How can I help you?")
    assert caller.react("Which order shall I cancel?") == wish
    assert caller.react("What is the square root of two?") == "um i'm not sure what you mean"
    assert caller.react("What is the square root of two?") == f"no {wish}"


def test_a_caller_who_has_put_something_right_says_that_again():
    caller = Caller(SCENARIOS["corrected while the look-up runs"], 0)
    caller.react("How can I help you?")
    (cue,) = caller.notice("order_status")
    assert caller.react("Which order do you mean?") == cue.say


def test_a_caller_says_zero_where_they_are_asked_to():
    caller = Caller(SCENARIOS[CANCEL], 0)
    said = caller.react("And the ZIP code of your address?")
    assert " oh " in said
    assert caller.react("Please tell me your ZIP code, with zero for oh.") == said.replace("oh", "zero")


def test_a_caller_agrees_only_to_what_they_want():
    caller = Caller(SCENARIOS[CANCEL], 0)
    assert caller.react("Shall I cancel order 4 2 1 8, for $72.40?") == "yes please"
    assert caller.react("Shall I cancel order 4 2 1 7?").startswith("no")


def test_a_caller_objects_to_being_misunderstood():
    caller = Caller(SCENARIOS[CANCEL], 0)
    caller.react("How can I help you?")
    assert caller.react("You want to send something back. Which order is it?").startswith("no ")


# --------------------------------------------------------------------------------------------------------- the calls


@pytest.mark.parametrize("name", [GRINDER, CANCEL, CORRECTED, "wants a person", "somebody who is not a customer"])
def test_a_call_is_solved(name):
    verdict = judge(placed(name))
    assert (verdict.failures, verdict.unsourced, verdict.stale) == ((), (), ())


def test_the_same_luck_gives_the_same_call():
    first, second = placed(CANCEL, luck=1), placed(CANCEL, luck=1)
    assert [repr(one) for one in first.moments] == [repr(one) for one in second.moments]


def test_the_crm_itself_tells_what_was_changed():
    assert placed(CANCEL).world.changes() == [("cancel_order", {"customer": "1003", "order": "4218"})]
    assert world("2026-11-24T10:00").changes() == []


# -------------------------------------------------------------------------- the judge is not fooled by a bad agent


class Bad:
    """An agent that is made to do wrong in one way."""

    def __init__(self, setting):
        self.agent = Agent(setting)

    def receive(self, told):
        return [changed for wish in self.agent.receive(told) for changed in self.spoil(wish)]

    def spoil(self, wish):
        return [wish]


class Liar(Bad):
    def spoil(self, wish):
        if isinstance(wish, Write) and "November 25" in wish.note.text:
            return [Write(replace(wish.note, text=wish.note.text.replace("November 25", "November 24")))]
        return [wish]


class Boaster(Bad):
    def spoil(self, wish):
        if isinstance(wish, Write) and "Shall I cancel" in wish.note.text:
            return [Write(replace(wish.note, text="Order 4 2 1 8 is cancelled. Shall I cancel order 4 2 1 8?"))]
        return [wish]


class Rash(Bad):
    """Changes something as soon as it knows the customer."""

    def receive(self, told):
        wishes = super().receive(told)
        if isinstance(told, ToolAnswered) and isinstance(told.value, dict) and "orders" in told.value:
            arguments = {"customer": "1003", "order": "4218"}
            wishes.append(CallTool("rash", "cancel_order", arguments, "rash", True))
        return wishes


class Nosy(Bad):
    """Looks at somebody's orders before it knows who is calling."""

    def receive(self, told):
        wishes = super().receive(told)
        if isinstance(told, Words) and told.final:
            wishes.append(CallTool(f"nosy {told.at}", "list_orders", {"customer": "1001"}, "", False))
        return wishes


class Stubborn(Bad):
    """Says what it was about to say although the caller has put it right."""

    def __init__(self, setting):
        super().__init__(setting)
        self.answered = False

    def spoil(self, wish):
        if isinstance(wish, Write) and "4 2 1 8" in wish.note.text:
            return [Write(replace(wish.note, text=wish.note.text.replace("4 2 1 8", "4 2 1 7"))), wish]
        return [] if isinstance(wish, Withdraw) else [wish]


class Lazy(Bad):
    """Hands everybody over."""

    def receive(self, told):
        wishes = super().receive(told)
        return [*wishes, TransferTo("support", "asked")] if isinstance(told, Words) and told.final else wishes


@pytest.mark.parametrize(
    ("agent", "name", "kind"),
    [
        (Liar, GRINDER, "unsourced"),
        (Liar, GRINDER, "failures"),
        (Boaster, CANCEL, "unsourced"),
        (Rash, GRINDER, "wrong"),
        (Rash, "where is my order, two on the account", "wrong"),
        (Nosy, GRINDER, "wrong"),
        (Stubborn, CORRECTED, "stale"),
        (Lazy, GRINDER, "failures"),
    ],
)
def test_a_bad_agent_is_found_out(agent, name, kind):
    assert getattr(judge(placed(name, agent=agent)), kind)


def test_what_was_not_told_is_not_solved():
    scenario = replace(SCENARIOS[GRINDER], told=("forty two elephants",))
    assert judge(TextCall(scenario, FLOWS["retail"]).run()).failures == (
        "the caller was not told: forty two elephants",
    )


def test_a_change_that_did_not_happen_is_not_solved():
    scenario = replace(SCENARIOS[GRINDER], changes=(("cancel_order", {"order": "4202"}),))
    assert "was not done" in judge(TextCall(scenario, FLOWS["retail"]).run()).failures[0]


def test_an_answer_that_is_written_later_was_not_ready():
    scenario = SCENARIOS["question after question"]
    assert judge(TextCall(scenario, FLOWS["retail"]).run()).ready == (True, True, True)

    class Slow(Bad):
        """Writes nothing before the utterance is over."""

        def receive(self, told):
            return [] if isinstance(told, Words) and not told.final else super().receive(told)

    late = judge(TextCall(scenario, FLOWS["retail"], agent=Slow).run())
    assert late.ready
    assert not any(late.ready)


# -------------------------------------------------------------------------------------------------------- the figures


def test_the_last_line_is_one_json_object_with_the_agreed_keys(capsys):
    main("from the front desk", lucks=1, console=Console(quiet=True))
    line = json.loads(capsys.readouterr().out.strip().splitlines()[-1])
    assert {"planner", "scenarios", "solved", "wrong_actions", "unsourced", "stale", "ready_at_end"} <= set(line)
    assert line["planner"] == "embedded"
    assert line["scenarios"] == 3


@pytest.mark.slow
def test_every_scenario_is_solved_as_it_is_written():
    score = play(SCENARIOS.values(), FLOWS)
    line = json.loads(score.line())
    assert line["solved"] >= 0.95, faults(score)
    assert (line["wrong_actions"], line["unsourced"], line["stale"]) == (0, 0, 0), faults(score)
    assert line["ready_at_end"] >= 0.8


@pytest.mark.slow
def test_in_other_words_nothing_wrong_is_done_either():
    score = play(SCENARIOS.values(), FLOWS, lucks=2)
    line = json.loads(score.line())
    assert line["solved_other_words"] >= 0.9, faults(score)
    assert (line["wrong_actions"], line["unsourced"], line["stale"]) == (0, 0, 0), faults(score)


@pytest.mark.slow
def test_with_worse_ears_fewer_are_solved_and_still_nothing_wrong_is_done():
    score = play(SCENARIOS.values(), FLOWS, misheard=0.06)
    line = json.loads(score.line())
    assert line["solved"] >= 0.75, faults(score)
    assert (line["wrong_actions"], line["unsourced"], line["stale"]) == (0, 0, 0), faults(score)


# ------------------------------------------------------------------------------------------------- a remote planner


def test_a_call_is_solved_through_an_endpoint():
    brain = Brain()
    with thinking(brain) as url:
        score = play([SCENARIOS[GRINDER]], FLOWS, remote=Remote(url, "small"))
    (verdict,) = score.verdicts
    assert (verdict.failures, verdict.unsourced, verdict.stale) == ((), (), ())
    assert score.planner == "small"
    assert brain.asked >= 5


def test_a_model_that_lies_and_reaches_for_what_is_not_its_own_does_no_harm():
    with thinking(Brain(lies=True)) as url:
        score = play([SCENARIOS[GRINDER], SCENARIOS[CANCEL]], FLOWS, remote=Remote(url, "liar"))
    line = json.loads(score.line())
    assert (line["wrong_actions"], line["unsourced"], line["stale"]) == (0, 0, 0)
    assert line["solved"] == 1.0


def test_without_an_endpoint_the_embedded_planner_solves_it():
    score = play([SCENARIOS[GRINDER]], FLOWS, remote=Remote("http://127.0.0.1:9/v1", "nobody"))
    assert score.verdicts[0].solved


def test_a_wish_nobody_words_otherwise_is_said_as_it_is():
    scenario = replace(SCENARIOS[GRINDER], wants=(Wanted("something entirely new"),))
    assert otherwise(scenario, 5) == scenario


# ------------------------------------------------------------------------------------------------ the README's flow


def test_the_flow_of_the_readme_works_on_the_telephone():
    flow = parse(EXAMPLE)
    scenario = Scenario(
        name="a newcomer's flow",
        flow="library",
        who="samuel",
        wants=(
            Wanted("hi how long are you open in the evening", "between 10:00 am and 6:00 pm", about="open"),
            Wanted("okay then have somebody call me please", "your ticket is \\d( \\d)+", about="called back"),
        ),
        knows={"phone": "five one eight [0.6] five five five oh one nine nine", "message": "a book i lost"},
        confirm="5 1 8 5 5 5 0 1 9 9",
        changes=(("request_callback", {}),),
    )
    verdict = judge(TextCall(scenario, flow).run())
    assert (verdict.failures, verdict.unsourced, verdict.stale) == ((), (), ())
