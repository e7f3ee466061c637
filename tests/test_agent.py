"""The background agent: what it is told, what it wants. Every rule it keeps has its row here."""

from dataclasses import replace

import pytest
from talking import CANCELLED, CHAIR, FLOWS, LAMP, MARIA, ORDERS, Talk, of, withheld

from callcenter.background.carrying import put
from callcenter.background.exchange import (
    Acted,
    CallTool,
    CancelTool,
    End,
    Ended,
    Label,
    Pressed,
    Returned,
    SpokenHeard,
    ToolAnswered,
    TransferTo,
    Withdraw,
    Words,
    Write,
)
from callcenter.background.grammar import Day
from callcenter.background.state import Awaiting, Said
from callcenter.events import TookFloor, Yielded
from callcenter.units import samples

SATURDAY_NIGHT = {"day": Day(2026, 11, 28), "minute": 22 * 60}


def cancelling():
    """A caller who has been asked whether their order shall be cancelled."""
    talk = Talk()
    talk.verified("please cancel order four two one eight")
    talk.answer("order_status", LAMP)
    return talk


# ------------------------------------------------------------------------------------------------ from start to end


def test_it_greets_and_says_what_it_is():
    (note,) = Talk().written
    assert "automated assistant" in note.text
    assert note.text.endswith("How can I help you with your order?")


def test_a_question_is_answered_from_the_tools():
    talk = Talk()
    talk.verified("where is the office chair i ordered")
    assert "4 2 1 7" not in talk.pending
    talk.answer("order_status", CHAIR)
    assert "Your order 4 2 1 7, 1 office chair, was shipped on Sunday, November 22" in talk.pending
    assert "should arrive on Thursday, November 26" in talk.pending


def test_goodbye_ends_the_call_once_and_labels_it():
    talk = Talk()
    wishes = talk.say("no that's all thank you bye")
    assert of(wishes, End) == [End("done")]
    assert of(wishes, Label) == [Label("nothing done")]
    assert talk.say("bye bye") == []


def test_the_label_is_that_of_the_last_step_that_was_done():
    talk = cancelling()
    talk.listen()
    talk.say("yes please")
    talk.answer("cancel_order", CANCELLED)
    talk.listen()
    assert of(talk.say("no that's all thanks bye"), Label) == [Label("order cancelled")]


# -------------------------------------------------------------------------------------------------- partial words


def test_the_answer_lies_ready_at_the_last_word():
    talk = Talk()
    talk.verified("where is my order")
    talk.listen()
    talk.say("the office chair", final=False)
    talk.answer("order_status", CHAIR, after=0.0)
    ready = talk.pending
    assert "4 2 1 7" in ready
    assert of(talk.tell(Words(talk.at, "the office chair", True)), Write) == []
    assert talk.pending == ready


def test_what_was_prepared_is_taken_back_when_the_words_go_on_to_mean_something_else():
    talk = Talk()
    talk.say("what does delivery cost", final=False)
    (first,) = of(talk.wishes, Write)[1:]
    wishes = talk.tell(Words(talk.at, "what does delivery cost no i want to cancel my order"))
    assert Withdraw(first.note.id) in wishes
    assert "cancel" in talk.pending or "check who you are" in talk.pending


def test_only_look_ups_run_before_the_last_word():
    talk = cancelling()
    talk.listen()
    assert of(talk.say("yes please do", final=False), CallTool) == []
    assert [call.name for call in of(talk.say("yes please do"), CallTool)] == ["cancel_order"]


def test_identity_is_not_tried_with_half_a_number():
    talk = Talk()
    talk.say("where is my order")
    talk.listen()
    talk.say("maria lopez")
    talk.listen()
    assert of(talk.say("six oh six one four", final=False), CallTool) == []
    assert [call.name for call in of(talk.say("six oh six one four"), CallTool)] == ["verify_customer"]


def test_words_that_come_in_any_pieces_lead_to_the_same_place():
    whole, pieces = Talk(), Talk()
    whole.tell(Words(samples(3), "cancel order four two one eight", True))
    pieces.say("cancel order four two one eight")
    assert whole.agent.desk.d == pieces.agent.desk.d


def test_an_utterance_that_nobody_ends_ends_by_silence():
    talk = Talk()
    talk.say("what does delivery cost", final=False)
    assert talk.agent.desk.transcript[-1][0] == "agent"
    talk.wait(1.4)
    assert talk.agent.desk.transcript[-1] == ("caller", "what does delivery cost")
    assert talk.tell(Words(talk.at, "what does delivery cost", True)) == []


def test_the_voice_taking_the_floor_ends_the_utterance():
    talk = Talk()
    talk.say("what does delivery cost", final=False)
    talk.tell(Acted(talk.at, TookFloor()))
    assert talk.agent.desk.transcript[-1] == ("caller", "what does delivery cost")


# ------------------------------------------------------------------------------------------------------- identity


def test_nothing_private_is_looked_up_before_the_caller_is_known():
    talk = Talk()
    talk.say("where is my order four two one seven")
    assert of(talk.wishes, CallTool) == []
    assert "first and last name" in talk.pending


def test_details_given_by_the_way_are_not_asked_again():
    talk = Talk()
    talk.say("this is maria lopez my zip is six oh six one four where is my order")
    assert [call.arguments for call in talk.running("verify")] == [{"name": "Maria Lopez", "postcode": "60614"}]


def test_two_failed_attempts_lead_to_a_person():
    talk = Talk()
    talk.say("where is my order")
    talk.listen()
    talk.say("maria lopez")
    talk.listen()
    talk.say("one one one one one")
    talk.answer("verify_customer", {"verified": False, "need": None})
    assert "do not fit together" in talk.pending
    talk.listen()
    talk.say("march third nineteen eighty four")
    talk.answer("verify_customer", {"verified": False, "need": None})
    talk.answer("verify_customer", {"verified": False, "need": None})
    assert "first and last name" in talk.pending
    talk.listen()
    talk.say("maria lopez")
    assert "ZIP" in talk.pending
    talk.listen()
    wishes = talk.say("one one one one one")
    assert of(wishes, TransferTo) == [TransferTo("support", "not_verified")]


def test_one_more_detail_settles_who_of_two_it_is():
    talk = Talk()
    talk.say("where is my order")
    talk.listen()
    talk.say("maria lopez")
    talk.listen()
    talk.say("six oh six one four")
    talk.answer("verify_customer", {"verified": False, "need": "born"})
    assert "date of birth" in talk.pending
    talk.listen()
    talk.say("march twelfth nineteen eighty four")
    assert talk.running("verify")[0].arguments["born"] == "1984-03-12"
    talk.answer("verify_customer", MARIA)
    assert talk.agent.desk.d.caller is not None


def test_digits_come_in_groups():
    talk = Talk()
    talk.say("where is my order")
    talk.listen()
    talk.say("maria lopez")
    talk.listen()
    talk.say("six oh six")
    talk.wait(0.6)
    talk.say("one four")
    assert talk.running("verify")[0].arguments["postcode"] == "60614"


def test_the_rest_of_an_answer_is_asked_for():
    talk = Talk()
    talk.say("where is my order")
    talk.listen()
    talk.say("maria lopez")
    talk.listen()
    talk.say("six oh six")
    talk.wait(3.2)
    assert "five digits" in talk.pending


def test_keys_are_digits():
    talk = Talk()
    talk.say("where is my order")
    talk.listen()
    talk.say("maria lopez")
    talk.listen()
    for digit in "60614#":
        talk.at += samples(0.3)
        talk.tell(Pressed(talk.at, digit))
    assert talk.running("verify")[0].arguments["postcode"] == "60614"


# -------------------------------------------------------------------------------------------------------- changes


def test_a_change_is_confirmed_first_and_has_a_key():
    talk = cancelling()
    assert "Shall I cancel order 4 2 1 8, 1 desk lamp, for $34.90?" in talk.pending
    assert talk.running("cancel_order") == []
    talk.listen()
    (call,) = of(talk.say("yes go ahead"), CallTool)
    assert (call.name, call.changes, call.key) == ("cancel_order", True, f"call:{call.request}")


def test_a_no_changes_nothing():
    talk = cancelling()
    talk.listen()
    assert of(talk.say("no leave it"), CallTool) == []
    assert "stays as it is" in talk.pending


def test_a_yes_before_the_facts_were_heard_is_asked_again():
    talk = cancelling()
    talk.hear_some("Shall I")
    assert of(talk.say("yes"), CallTool) == []
    assert "Shall I cancel order 4 2 1 8" in talk.pending


def test_a_yes_after_all_facts_were_heard_counts_though_it_interrupts():
    talk = cancelling()
    talk.hear_some("for $34.90")
    assert [call.name for call in of(talk.say("yes that one"), CallTool)] == ["cancel_order"]


def test_a_yes_to_are_you_still_there_is_no_yes_to_a_change():
    talk = cancelling()
    talk.listen()
    talk.wait(8.5)
    assert "still there" in talk.pending
    talk.listen()
    assert of(talk.say("yes i'm here"), CallTool) == []
    assert "Shall I cancel" in talk.pending
    talk.wait(1.0)
    talk.tell(*[])
    assert talk.running("cancel_order") == []


def test_another_order_at_the_confirmation_is_asked_about_anew():
    talk = Talk()
    talk.verified("cancel an order of mine")
    talk.listen()
    talk.say("the lamp")
    talk.answer("order_status", LAMP)
    talk.listen()
    talk.say("no sorry the office chair")
    talk.answer("order_status", CHAIR)
    assert "already shipped" in talk.pending
    assert talk.running("cancel_order") == []


def test_what_is_said_while_a_change_runs_waits_for_its_end():
    talk = cancelling()
    talk.listen()
    talk.say("yes please")
    talk.say("and what does delivery cost")
    assert of(talk.wishes, CancelTool) == []
    wishes = talk.answer("cancel_order", CANCELLED)
    texts = " ".join(wish.note.text for wish in of(wishes, Write))
    assert "Order 4 2 1 8 is cancelled" in texts
    assert "free for orders above $50" in texts


def test_a_change_without_an_answer_is_asked_for_again_under_its_key():
    talk = cancelling()
    talk.listen()
    (first,) = of(talk.say("yes please"), CallTool)
    (again,) = [call for call in of(talk.wait(16), CallTool) if call.name == "cancel_order"]
    assert again.key == first.key
    assert again.request != first.request
    talk.answer("cancel_order", CANCELLED)
    assert "Order 4 2 1 8 is cancelled" in talk.pending


def test_a_change_that_never_answers_is_neither_claimed_nor_denied():
    talk = cancelling()
    talk.listen()
    talk.say("yes please")
    wishes = talk.wait(32)
    assert of(wishes, CancelTool) == []
    assert of(wishes, TransferTo) == [TransferTo("support", "tool_failed")]
    assert "cannot see yet whether that went through" in " ".join(note.text for note in talk.written)
    assert not any("is cancelled" in note.text for note in talk.written)


def test_a_change_that_answers_late_is_told_all_the_same():
    talk = Talk(**SATURDAY_NIGHT)
    talk.verified("please cancel order four two one eight")
    talk.answer("order_status", LAMP)
    talk.listen()
    talk.say("yes please")
    talk.wait(32)
    talk.listen()
    late = [call for call in of(talk.wishes, CallTool) if call.name == "cancel_order"][-1]
    wishes = talk.tell(ToolAnswered(talk.at, late.request, True, CANCELLED))
    assert [wish.note.text for wish in of(wishes, Write)] == [
        "About your earlier request: Order 4 2 1 8 is cancelled. You get $34.90 back by Sunday, November 29."
    ]


def test_after_a_change_look_ups_are_made_again():
    talk = cancelling()
    talk.listen()
    talk.say("yes please")
    talk.answer("cancel_order", CANCELLED)
    talk.listen()
    talk.say("where is my order four two one eight")
    assert {call.name for call in talk.running()} >= {"list_orders"}


def test_a_refusal_is_told_in_the_tools_own_words():
    talk = cancelling()
    talk.listen()
    talk.say("yes please")
    talk.answer("cancel_order", error="refused: Order 4218 is shipped and cannot be cancelled any more.")
    assert "Order 4218 is shipped and cannot be cancelled any more. Is there anything else" in talk.pending


# ------------------------------------------------------------------------------------------- corrections, late results


def test_a_correction_cancels_the_look_up_and_its_answer_is_dropped():
    talk = Talk()
    talk.verified("where is the office chair i ordered")
    (old,) = talk.running("order_status")
    wishes = talk.say("no wait i meant the lamp")
    assert CancelTool(old.request) in wishes
    assert withheld(talk.tell(ToolAnswered(talk.at, old.request, True, CHAIR))) == [("late", old.request)]
    talk.answer("order_status", LAMP)
    assert "4 2 1 8" in talk.pending
    assert not any("4 2 1 7" in note.text for note in talk.written)


def test_an_answer_that_comes_in_the_middle_of_a_correction_is_not_written():
    talk = Talk()
    talk.verified("where is the office chair i ordered")
    talk.say("no wait i meant", final=False)
    talk.answer("order_status", CHAIR)
    assert "4 2 1 7" not in talk.pending
    talk.tell(Words(talk.at, "no wait i meant the lamp", True))
    talk.answer("order_status", LAMP)
    assert not any("4 2 1 7" in note.text for note in talk.written)


def test_an_answer_is_written_while_the_caller_only_hums():
    talk = Talk()
    talk.verified("where is the office chair i ordered")
    talk.say("mm hmm")
    talk.answer("order_status", CHAIR)
    assert "4 2 1 7" in talk.pending


def test_the_last_value_of_one_breath_counts():
    talk = Talk()
    talk.verified("where is order four two one seven no sorry four two one eight")
    assert [call.arguments["order"] for call in talk.running("order_status")] == ["4218"]


def test_an_answer_twice_is_one_answer():
    talk = Talk()
    talk.verified("where is the office chair i ordered")
    (call,) = talk.running("order_status")
    talk.answer("order_status", CHAIR)
    before = talk.pending
    assert withheld(talk.tell(ToolAnswered(talk.at, call.request, True, CHAIR))) == [("twice", call.request)]
    assert talk.pending == before


def test_a_follow_up_needs_no_whole_sentence():
    talk = Talk()
    talk.verified("where is the office chair i ordered")
    talk.answer("order_status", CHAIR)
    talk.listen()
    talk.say("and the lamp")
    talk.answer("order_status", LAMP)
    assert "4 2 1 8" in talk.pending


def test_a_new_note_takes_the_place_of_what_was_not_heard():
    talk = Talk()
    talk.say("what does delivery cost")
    (old,) = [entry.note.id for entry in talk.agent.desk.ledger.pending()]
    wishes = talk.say("and how long can i send things back")
    assert Withdraw(old) in wishes
    assert of(wishes, Write)[-1].note.supersedes == (old,) or "30 days" in talk.pending


# ------------------------------------------------------------------------------------------- waiting, faults, silence


def test_waiting_is_spoken_about_after_a_while_and_then_seldom():
    talk = Talk()
    talk.verified("where is the office chair i ordered")
    talk.listen()
    start, told = talk.at, []
    for _ in range(65):
        for wish in of(talk.wait(0.2), Write):
            told.append(((talk.at - start) / 8000, wish.note.text))
            talk.listen()
    assert told[0][1] == "One moment, I am looking into it."
    assert 2.0 <= told[0][0] <= 3.0
    assert 8.0 <= told[1][0] - told[0][0] <= 9.0


def test_a_progress_note_goes_when_the_answer_is_there():
    talk = Talk()
    talk.verified("where is the office chair i ordered")
    talk.listen()
    talk.wait(2.8)
    (progress,) = [entry.note.id for entry in talk.agent.desk.ledger.pending()]
    assert Withdraw(progress) in talk.answer("order_status", CHAIR)


def test_a_look_up_that_fails_is_tried_again_before_anybody_hears_of_it():
    talk = Talk()
    talk.verified("where is the office chair i ordered")
    talk.listen()
    wishes = talk.answer("order_status", error="unavailable: The system could not answer.")
    assert [call.name for call in of(wishes, CallTool)] == ["order_status"]
    assert of(wishes, Write) == []
    talk.answer("order_status", CHAIR)
    assert "4 2 1 7" in talk.pending


def test_a_look_up_that_keeps_failing_is_said_and_offered_again():
    talk = Talk()
    talk.verified("where is the office chair i ordered")
    talk.listen()
    talk.answer("order_status", error="unavailable: no")
    talk.answer("order_status", error="unavailable: no")
    assert "I cannot reach our order system right now. Shall I try once more?" in talk.pending
    talk.listen()
    talk.say("yes please")
    talk.answer("order_status", error="unavailable: no")
    wishes = talk.answer("order_status", error="unavailable: no")
    assert of(wishes, TransferTo) == [TransferTo("support", "tool_failed")]


def test_a_look_up_that_hangs_is_given_up():
    talk = Talk()
    talk.verified("where is the office chair i ordered")
    talk.listen()
    (call,) = talk.running("order_status")
    wishes = talk.wait(16)
    assert CancelTool(call.request) in wishes
    assert "cannot reach our order system" in talk.pending


def test_silence_is_asked_about_twice_and_then_ended():
    talk = Talk()
    heard = []
    for _ in range(200):
        for wish in talk.wait(0.2):
            heard.append(wish)
        talk.listen()
    texts = [wish.note.text for wish in of(heard, Write)]
    assert texts[:2] == list(talk.agent.flow.silence.lines)
    assert texts[2] == talk.agent.flow.silence.goodbye
    assert of(heard, End) == [End("silence")]


def test_hold_on_is_granted():
    talk = Talk()
    talk.say("hold on a second please")
    assert "take your time" in talk.pending
    talk.listen()
    assert of(talk.wait(40), Write) == []
    assert of(talk.wait(40), Write) != []


def test_nobody_is_asked_whether_they_are_there_while_a_tool_works():
    talk = Talk()
    talk.verified("where is the office chair i ordered")
    talk.listen()
    texts = []
    for _ in range(60):
        texts += [wish.note.text for wish in of(talk.wait(0.2), Write)]
        talk.listen()
    assert not set(texts) & set(talk.agent.flow.silence.lines)


# --------------------------------------------------------------------------------------------------------- people


@pytest.mark.parametrize("text", ["let me talk to a person", "operator", "i want a real human being please"])
def test_a_person_is_to_be_had_at_any_time(text):
    talk = Talk()
    talk.say("where is my order")
    talk.listen()
    assert of(talk.say(text), TransferTo) == [TransferTo("support", "asked")]


def test_zero_is_a_person():
    talk = Talk()
    assert of(talk.tell(Pressed(talk.at, "0")), TransferTo) == [TransferTo("support", "asked")]


def test_three_times_not_understood_leads_to_a_person():
    talk = Talk()
    wishes = []
    for text in ("grass is bluer than sand", "seven boats sail backwards", "the moon wears a hat"):
        wishes += talk.say(text)
        talk.listen()
    assert of(wishes, TransferTo) == [TransferTo("support", "not_understood")]


def test_outside_the_hours_the_caller_is_told_when_somebody_is_there():
    talk = Talk(**SATURDAY_NIGHT)
    wishes = talk.say("let me talk to a person")
    assert of(wishes, TransferTo) == []
    assert ("closed", "support: asked") in withheld(wishes)
    assert "from Monday to Friday between 8:00 AM and 6:00 PM" in talk.pending
    talk.listen()
    talk.say("then tell me what delivery costs")
    assert "free for orders above $50" in talk.pending


def test_hours_are_counted_from_the_beginning_of_the_call():
    talk = Talk(minute=17 * 60 + 59)
    talk.at = samples(90)
    assert ("closed", "support: asked") in withheld(talk.say("let me talk to a person"))


def test_a_transfer_that_fails_brings_the_caller_back():
    talk = Talk()
    talk.say("let me talk to a person")
    talk.listen()
    talk.tell(Returned(talk.at, "busy"))
    assert "nobody could take your call" in talk.pending
    talk.listen()
    talk.say("what does delivery cost")
    assert "free for orders above $50" in talk.pending


# ---------------------------------------------------------------------------------------------- detours, interruptions


def test_a_question_in_between_is_answered_and_then_it_goes_on():
    talk = Talk()
    talk.verified("i want to cancel an order")
    talk.listen()
    talk.say("how long can i send things back")
    assert "within 30 days" in talk.pending
    assert "back to your other request. Which order shall I cancel?" in talk.pending


def test_never_mind_drops_what_was_begun():
    talk = Talk()
    talk.verified("i want to cancel an order")
    talk.listen()
    talk.say("never mind forget it")
    assert "anything else" in talk.pending
    assert talk.agent.desk.d.tasks == ()


def test_what_was_said_is_said_again_when_asked_for():
    talk = Talk()
    talk.say("what does delivery cost")
    before = talk.pending
    talk.listen()
    talk.say("sorry what was that")
    assert talk.pending == before


def test_the_rest_is_said_when_the_voice_yielded_to_a_hum():
    talk = Talk()
    talk.say("what does delivery cost")
    talk.hear_some("free for orders")
    talk.tell(Acted(talk.at, Yielded()))
    talk.say("mm hmm")
    assert talk.pending.startswith("above $50")


def test_a_hum_over_our_voice_changes_nothing():
    talk = Talk()
    talk.say("what does delivery cost")
    before = talk.pending
    talk.hear_some("free for orders")
    talk.say("mm hmm")
    assert talk.pending == before


def test_a_change_of_mind_after_booking_moves_what_was_booked():
    slots = {"count": 1, "slots": [{"starts": "2026-11-26T09:30", "day": "2026-11-26", "time": "09:30"}]}
    friday = {"count": 1, "slots": [{"starts": "2026-11-27T09:30", "day": "2026-11-27", "time": "09:30"}]}
    booked = {"appointment": "3011", "purpose": "repair", "starts": "2026-11-26T09:30", "day": "2026-11-26"}
    talk = Talk("appointments")
    talk.say("i'd like to book a repair for thursday at nine thirty")
    talk.verify()
    talk.answer("free_slots", slots)
    talk.listen()
    talk.say("yes please")
    talk.answer("book_appointment", booked)
    talk.listen()
    talk.say("oh actually can we make that friday instead")
    talk.answer("list_appointments", {"count": 1, "appointments": [booked]})
    talk.answer("free_slots", friday)
    assert "Shall I move your repair" in talk.pending or "Which time" in talk.pending
    assert talk.agent.desk.d.task.step == "move"


def test_hanging_up_stops_look_ups_and_lets_a_change_finish():
    talk = Talk()
    talk.verified("where is the office chair i ordered")
    (call,) = talk.running("order_status")
    assert CancelTool(call.request) in talk.tell(Ended(talk.at))
    busy = cancelling()
    busy.listen()
    (change,) = of(busy.say("yes please"), CallTool)
    assert of(busy.tell(Ended(busy.at)), CancelTool) == []
    assert withheld(busy.tell(ToolAnswered(busy.at, change.request, True, CANCELLED))) == [
        ("late", f"{change.request} after the call")
    ]


def test_every_note_names_its_request_its_sources_and_its_end():
    talk = Talk()
    talk.verified("where is the office chair i ordered")
    talk.answer("order_status", CHAIR)
    note = talk.written[-1]
    assert note.answers == f"q{talk.agent.desk.query}"
    assert note.expires > talk.at
    requests = {wish.request for wish in of(talk.wishes, CallTool) if wish.name == "order_status"}
    assert requests <= set(note.source)
    assert "flow order_status" in note.source


def test_what_expired_unheard_is_not_waited_for():
    talk = Talk()
    talk.say("what does delivery cost")
    talk.wait(61)
    assert talk.pending == "" or "still there" in talk.pending


def test_notes_nobody_wrote_are_remarked():
    talk = Talk()
    assert withheld(talk.tell(SpokenHeard(talk.at, "n99", "hello", True)))[0][0] == "late"


def test_the_same_events_give_the_same_wishes():
    def run():
        talk = cancelling()
        talk.listen()
        talk.say("yes please")
        talk.answer("cancel_order", CANCELLED)
        return talk.wishes

    assert run() == run()
    assert ORDERS["count"] == 2


def test_a_caller_who_is_misunderstood_again_and_again_gets_a_person():
    talk = Talk()
    talk.say("i want to cancel my order")
    wishes = []
    for _ in range(3):
        talk.listen()
        wishes += talk.say("no that is not at all what i want")
    assert of(wishes, TransferTo) == [TransferTo("support", "not_understood")]


# ------------------------------------------------------------------------------------------- what is misheard


def proofs(talk):
    """What has been claimed so far to prove who is calling."""
    return [wish.arguments for wish in talk.wishes if isinstance(wish, CallTool) and wish.name == "verify_customer"]


NOBODY = {"verified": False, "need": None}


def refused_once(name="maria lupus"):
    """A caller whose name and postcode do not fit together; asked for a date of birth next."""
    talk = Talk()
    talk.say("where is my order")
    talk.listen()
    talk.say(name)
    talk.listen()
    talk.say("six oh six one four")
    talk.answer("verify_customer", NOBODY)
    assert "date of birth" in talk.pending
    talk.listen()
    return talk


def refused_with_all():
    """The same caller with a date of birth, which settles nothing either; asked for the name again."""
    talk = refused_once()
    talk.say("march twelfth nineteen eighty four")
    talk.answer("verify_customer", NOBODY)
    talk.answer("verify_customer", NOBODY)
    return talk


def test_what_no_attempt_had_before_is_asked_first_and_checked_with_what_was_given():
    talk = refused_once()
    talk.say("march twelfth nineteen eighty four")
    assert proofs(talk)[-1] == {"name": "Maria Lupus", "born": "1984-03-12"}
    talk.answer("verify_customer", NOBODY)
    assert proofs(talk)[-1] == {"name": "Maria Lupus", "postcode": "60614", "born": "1984-03-12"}
    talk.answer("verify_customer", MARIA)
    assert talk.running("list_orders")


def test_what_was_given_before_counts_beside_what_is_given_now():
    talk = refused_with_all()
    assert "first and last name" in talk.pending
    talk.listen()
    talk.say("maria lopes")
    assert proofs(talk)[-1] == {"name": "Maria Lopes", "born": "1984-03-12"}
    talk.answer("verify_customer", NOBODY)
    assert proofs(talk)[-1] == {"name": "Maria Lopes", "postcode": "60614", "born": "1984-03-12"}
    talk.answer("verify_customer", MARIA)
    assert talk.running("list_orders")


def test_what_was_given_before_is_not_tried_twice():
    talk = refused_with_all()
    talk.listen()
    talk.say("maria lupus")
    talk.listen()
    talk.say("six oh six one four")
    assert of(talk.wishes, TransferTo)[0].reason == "not_verified"
    assert len(proofs(talk)) == 3


def test_what_the_last_attempt_did_not_ask_for_is_asked_for_once_more():
    """A postcode that was misheard, and a name that only sounds right: neither settles it without the other."""
    talk = refused_with_all()
    talk.listen()
    talk.say("maria lopes")
    talk.answer("verify_customer", NOBODY)
    talk.answer("verify_customer", NOBODY)
    assert "do not fit together" in talk.pending
    assert "ZIP" in talk.pending
    talk.listen()
    talk.say("six oh six one five")
    assert proofs(talk)[-1] == {"name": "Maria Lopes", "postcode": "60615", "born": "1984-03-12"}
    talk.answer("verify_customer", MARIA)
    assert talk.running("list_orders")


def test_a_proof_that_was_never_understood_is_asked_for_once_more_before_giving_up():
    talk = Talk()
    talk.say("where is my order")
    talk.listen()
    talk.say("maria lupus")
    for _ in range(2):
        talk.listen()
        talk.say("six six one four")
        talk.wait(3)
    assert "date of birth" in talk.pending
    talk.listen()
    talk.say("march twelfth nineteen eighty four")
    talk.answer("verify_customer", NOBODY)
    assert "ZIP" in talk.pending
    talk.listen()
    talk.say("six zero six one four")
    assert proofs(talk)[-1] == {"name": "Maria Lupus", "postcode": "60614", "born": "1984-03-12"}


def test_a_date_of_birth_is_not_the_day_of_an_appointment():
    talk = Talk("appointments")
    talk.say("can i change my appointment to another day")
    talk.listen()
    talk.say("maria lopez")
    talk.listen()
    talk.say("six two six one four")
    talk.answer("verify_customer", NOBODY)
    talk.listen()
    talk.say("march twelfth nineteen eighty four")
    talk.answer("verify_customer", MARIA)
    assert talk.running("list_appointments")
    assert not talk.running("free_slots")
    assert "day" not in talk.agent.desk.d.task.slots


def test_what_ends_a_step_is_told_while_other_look_ups_of_it_are_under_way():
    """There is nothing to move, so no free time is wanted any more, and its coming takes nothing back."""
    talk = Talk("appointments")
    talk.say("can i move my appointment to friday")
    talk.verify()
    assert talk.running("free_slots")
    talk.answer("list_appointments", {"count": 0, "appointments": []})
    assert "cannot find any appointment" in talk.pending
    assert not talk.running("free_slots")
    talk.wait(1)
    assert "cannot find any appointment" in talk.pending


@pytest.mark.parametrize("said", ["real carter", "real oh pass"])
def test_a_name_that_sounds_like_a_wish_for_somebody_real_is_none(said):
    talk = Talk()
    talk.say("where is my order")
    talk.listen()
    talk.say(said)
    assert not of(talk.wishes, TransferTo)


@pytest.mark.parametrize("said", ["a real person please", "operator", "get me a human"])
def test_who_wants_a_person_instead_of_giving_a_name_gets_one(said):
    talk = Talk()
    talk.say("where is my order")
    talk.listen()
    talk.say(said)
    assert of(talk.wishes, TransferTo)[0].reason == "asked"


@pytest.mark.parametrize(("said", "taken"), [("change carter", "Change Carter"), ("my name is for askin", "For Askin")])
def test_a_name_that_is_misheard_again_and_again_is_taken_as_it_was_heard(said, taken):
    talk = Talk()
    talk.say("where is my order")
    for _ in range(2):
        assert "first and last name" in talk.pending
        talk.listen()
        talk.say(said)
        talk.wait(4)
    assert "ZIP" in talk.pending
    talk.listen()
    talk.say("nine eight one oh one")
    assert proofs(talk) == [{"name": taken, "postcode": "98101"}]


@pytest.mark.parametrize("said", ["sorry no thanks", "um i am not sure what you mean by that", "four two one seven"])
def test_what_cannot_be_a_name_is_not_taken_for_one(said):
    talk = Talk()
    talk.say("where is my order")
    for _ in range(2):
        talk.listen()
        talk.say(said)
    assert "ZIP" not in talk.pending
    assert proofs(talk) == []


def test_a_proof_that_is_misheard_twice_is_given_up_for_another():
    talk = Talk()
    talk.say("where is my order")
    talk.listen()
    talk.say("maria lopez")
    for _ in range(2):
        talk.listen()
        talk.say("ham and eggs")
    assert "another way" in talk.pending
    assert "date of birth" in talk.pending
    talk.listen()
    talk.say("march twelfth nineteen eighty four")
    assert proofs(talk) == [{"name": "Maria Lopez", "born": "1984-03-12"}]


def test_a_number_with_a_wish_that_is_not_understood_is_not_asked_about_for_ever():
    talk = Talk()
    said = "how does it look with order four two one seven"
    asked = []
    for _ in range(2):
        talk.listen()
        talk.say(said)
        talk.wait(3)
        asked.append(talk.pending)
    assert "How can I help" in asked[0]
    assert asked[-1].startswith("Do you want to know where an order is")


def test_a_wish_that_is_not_understood_twice_is_offered_what_there_is():
    talk = Talk()
    talk.say("purple elephants dance")
    talk.listen()
    talk.say("purple elephants dance")
    assert "Do you want to" in talk.pending
    assert talk.pending.count(", or to ") == 2


def test_an_offer_that_is_repeated_with_a_word_misheard_is_taken():
    talk = Talk("front_desk")
    for _ in range(2):
        talk.say("what him and i have to be")
        talk.listen()
    talk.say("i want to know what you all")
    assert talk.agent.desk.d.task.step.endswith("balance")


def about_the_chair():
    """A caller who has just said which order they mean; it is being looked up."""
    talk = Talk()
    talk.verified("where is my order")
    talk.listen()
    talk.say("the office chair")
    return talk


def test_a_correction_that_is_not_understood_keeps_the_answer_back():
    """While a look-up runs: whatever is meant, what is looked up is not it."""
    talk = about_the_chair()
    assert talk.running("order_status")
    talk.listen()
    talk.say("no wait five anyone with the line it")
    assert "did not understand" in talk.pending
    assert "Which order" in talk.pending
    assert not talk.running("order_status")
    talk.listen()
    talk.wait(2)
    assert "4 2 1 7" not in talk.pending
    talk.say("no wait i meant the one with the lamp")
    talk.answer("order_status", LAMP)
    assert "4 2 1 8" in talk.pending
    assert "4 2 1 7" not in talk.pending


def until_asked_whether_there(talk):
    for _ in range(120):
        talk.wait(1)
        if "still there" in talk.pending:
            break
    talk.listen()


def test_who_is_still_there_after_a_hold_is_asked_the_question_again():
    talk = Talk()
    talk.say("hold on a second")
    talk.listen()
    until_asked_whether_there(talk)
    talk.say("yes i'm here")
    assert talk.pending == FLOWS["retail"].opening


def test_who_is_there_and_answers_nothing_is_put_through_in_the_end():
    talk = Talk()
    for _ in range(3):
        assert not of(talk.wishes, TransferTo)
        until_asked_whether_there(talk)
        talk.say("yes i'm here")
        talk.listen()
    assert of(talk.wishes, TransferTo)[0].reason == "not_understood"


def test_who_is_still_there_has_answered_nothing():
    talk = Talk()
    talk.verified("i moved and my address has to be changed")
    talk.listen()
    talk.say("fifteen willow lane")
    assert "city" in talk.pending
    talk.listen()
    until_asked_whether_there(talk)
    talk.say("yes i'm here")
    assert "city" in talk.pending
    assert "city" not in talk.agent.desk.d.task.slots


@pytest.mark.parametrize("flow", sorted(FLOWS))
def test_every_offer_can_be_made(flow):
    """ "To know when bills have to be paid" was taken for saying that they are, and never offered."""
    for step in FLOWS[flow].steps.values():
        talk = Talk(flow)
        desk = talk.agent.desk
        talk.agent._which(replace(desk.d, awaiting=Awaiting("which", step.name)))
        assert step.about in talk.pending


def test_who_cannot_be_told_something_is_asked_what_else_they_want():
    talk = Talk()
    put(talk.agent.desk, [Said("Your order 4 2 1 9 is cancelled.", ("nowhere",))], over=True)
    assert talk.pending.startswith("I'm sorry, I cannot tell you that right now.")
    assert talk.pending.endswith(FLOWS["retail"].ending.more)


@pytest.mark.parametrize("said", ["how long do i have to wait for it", "what does that mean exactly"])
def test_who_only_asks_while_something_is_looked_up_takes_nothing_back(said):
    talk = about_the_chair()
    talk.listen()
    talk.say(said)
    talk.answer("order_status", CHAIR)
    talk.wait(1)
    assert "4 2 1 7" in talk.pending


def test_a_correction_before_the_answer_is_heard_takes_it_back():
    talk = about_the_chair()
    talk.answer("order_status", CHAIR)
    assert "4 2 1 7" in talk.pending
    talk.say("no wait five mental and with laundry")
    assert "4 2 1 7" not in talk.pending
    assert "Which order" in talk.pending


def test_a_change_that_was_made_is_told_whatever_was_meant():
    talk = cancelling()
    talk.listen()
    talk.say("yes please")
    talk.answer("cancel_order", CANCELLED)
    assert "is cancelled" in talk.pending
    talk.say("no wait five mental and with laundry")
    assert "is cancelled" in talk.pending
