"""How the voice is told to behave."""

from itertools import product

import pytest
from talking import MARIA, ORDERS, Talk

from callcenter.background.exchange import Write
from callcenter.background.policies import read, text, while_asking
from callcenter.background.state import Awaiting
from callcenter.events import Policy
from flows.keys import POLICIES


@pytest.mark.parametrize("knobs", list(product(*POLICIES.values())))
def test_a_policy_survives_being_written_down(knobs):
    policy = Policy(*knobs)
    assert read(text(policy)) == policy


def test_what_a_note_does_not_name_is_as_usual():
    assert read("eagerness: patient") == Policy(eagerness="patient")
    assert read("something else entirely") == Policy()


@pytest.mark.parametrize(
    ("awaiting", "grammar", "eagerness"),
    [
        (Awaiting("slot", "zip"), "postcode", "patient"),
        (Awaiting("slot", "which"), "choice", "normal"),
        (Awaiting("confirm"), "", "normal"),
        (Awaiting("opening"), "", "normal"),
    ],
)
def test_the_floor_is_left_to_who_speaks_in_parts(awaiting, grammar, eagerness):
    assert while_asking(Policy(), awaiting, grammar).eagerness == eagerness


def silent(talk, kind):
    return [wish.note for wish in talk.wishes if isinstance(wish, Write) and wish.note.kind == kind]


def test_the_voice_is_patient_while_digits_are_asked_for_and_then_as_usual():
    talk = Talk()
    talk.say("where is my order")
    assert silent(talk, "be") == [], "nobody is patient with a question that is not put yet"
    talk.hear_some("First")
    assert [read(note.text).eagerness for note in silent(talk, "be")] == ["patient"]
    talk.verify(MARIA)
    talk.answer("list_orders", ORDERS)
    notes = silent(talk, "be")
    assert [read(note.text).eagerness for note in notes] == ["patient", "normal", "patient", "normal"]
    assert [note.supersedes for note in notes[1:]] == [(note.id,) for note in notes[:-1]]


def test_a_flow_and_a_step_have_policies_of_their_own():
    talk = Talk("billing")
    assert read(silent(talk, "be")[0].text).backchannels == "rare"
    talk.say("i want to dispute a charge on my bill")
    assert read(silent(talk, "be")[-1].text).backchannels == "often"


def test_the_voice_knows_when_the_caller_is_verified():
    talk = Talk()
    talk.verified("where is my order")
    (note,) = silent(talk, "know")
    assert note.text == "The caller is verified."
    assert note.source
