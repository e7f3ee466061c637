"""Notes: written with sources, taken back in time, asked for again when they were not heard."""

import pytest

from callcenter.background.exchange import Withdraw, Withhold, Write
from callcenter.background.grammar import Day
from callcenter.background.ledger import Ledger
from callcenter.background.pen import CANNOT_TELL, Pen
from callcenter.background.state import Said

SOURCES = {"t1": {"order": "4217", "expected": "2026-11-26"}}
ANSWER = Said("Order 4217 arrives on Thursday, November 26.", ("t1",))


@pytest.fixture
def pen():
    return Pen([], Day(2026, 11, 24), lambda names: [SOURCES[name] for name in names if name in SOURCES], Ledger())


def write(pen, *lines, at=0, **more):
    pen.out.clear()
    return pen.write(lines, at, "q1", **more)


def test_a_note_carries_its_request_sources_and_end(pen):
    write(pen, ANSWER, at=100)
    (wish,) = pen.out
    assert (wish.note.answers, wish.note.source, wish.note.expires) == ("q1", ("t1",), 100 + 480_000)


def test_a_fact_without_a_source_is_not_written(pen):
    note = write(pen, Said("Order 4217 arrives on Friday.", ("t1",)))
    assert [type(wish) for wish in pen.out] == [Withhold, Write]
    assert pen.out[0].kind == "unsourced"
    assert pen.out[1].note.text == CANNOT_TELL
    assert not pen.told(note)


def test_a_new_note_takes_the_place_of_what_is_not_heard(pen):
    first = write(pen, Said("One."))
    second = write(pen, Said("Another."))
    assert pen.out[0] == Withdraw(first)
    assert pen.out[1].note.supersedes == (first,)
    assert [entry.note.id for entry in pen.ledger.pending()] == [second]


def test_what_was_heard_is_not_taken_back(pen):
    first = write(pen, Said("Hello."))
    pen.ledger.hear(first, "Hello.", True, 10)
    write(pen, Said("How are you?"))
    assert not any(isinstance(wish, Withdraw) for wish in pen.out)


def test_a_note_may_follow_another(pen):
    write(pen, Said("Thank you."))
    write(pen, ANSWER, over=False)
    assert [entry.note.text for entry in pen.ledger.pending()] == ["Thank you.", ANSWER.text]


def test_a_prepared_answer_stays_while_it_is_the_same(pen):
    pen.prepare([ANSWER], 0, "q1")
    pen.out.clear()
    pen.prepare([ANSWER], 10, "q1")
    assert pen.out == []
    pen.prepare([Said("Something else.")], 20, "q1")
    assert [type(wish) for wish in pen.out] == [Withdraw, Write]


def test_a_prepared_answer_becomes_the_answer(pen):
    pen.prepare([ANSWER], 0, "q1")
    ready = pen.tentative
    assert write(pen, ANSWER) == ready
    assert pen.out == []


@pytest.mark.parametrize(
    ("heard", "complete", "counts"),
    [
        ("", False, False),
        ("Shall I", False, False),
        ("Shall I cancel order 4217", False, True),
        ("Shall I cancel order 4217, please?", True, True),
    ],
)
def test_a_question_counts_when_its_facts_were_heard(pen, heard, complete, counts):
    pen.question = write(pen, Said("Shall I cancel order 4217, please?", ("t1",)))
    pen.ledger.hear(pen.question, heard, complete, 10)
    assert pen.question_heard() is counts


def test_a_question_does_not_count_when_something_else_was_heard_since(pen):
    pen.question = write(pen, Said("Shall I cancel order 4217?", ("t1",)))
    pen.ledger.hear(pen.question, "Shall I cancel order 4217?", True, 10)
    check = write(pen, Said("Are you still there?"), at=20)
    pen.ledger.hear(check, "Are you still there?", True, 30)
    assert not pen.question_heard()


def test_an_unheard_note_expires(pen):
    note = write(pen, ANSWER, keeps=100)
    pen.ledger.expire(99)
    assert pen.ledger.entries[note].pending
    pen.ledger.expire(100)
    assert not pen.ledger.entries[note].pending


def test_the_rest_of_a_note_is_what_was_not_heard(pen):
    note = write(pen, Said("Alpha beta gamma."))
    assert pen.ledger.hear(note, "Alpha beta", False, 5).rest == "gamma."
