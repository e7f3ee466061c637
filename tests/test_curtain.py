"""Nothing said, heard or pressed while recording is paused reaches the journal or the recording."""

from dataclasses import fields
from typing import get_args

import pytest
from journalled import Kept, converse

from callcenter.curtain import PRIVATE, TAIL, WITHHELD
from callcenter.events import (
    Act,
    Ask,
    Broke,
    Command,
    Delivered,
    Directed,
    Event,
    Fault,
    HangUp,
    Hear,
    Heard,
    Marked,
    Note,
    Noted,
    Pressed,
    Record,
    Spoken,
    Surmised,
    TurnHeard,
    Understood,
    Utter,
)
from callcenter.journal import read
from callcenter.units import RATE, SILENT_TURN, TURN

CARD = "4242424242424242"
LOUD = b"\x10" * TURN

HARMLESS = {
    "Spoken.note",
    "Withdrawn.note_id",
    "Delivered.note_id",
    "Backchannelled.kind",
    "Clear",
    "Detected.party",
    "Directed.by",
    "Directed.order",
    "Fault.kind",
    "Broke.reason",
    "HangUp.reason",
    "Ignored.kind",
    "Asked.reason",
    "Ask.reason",
    "Lost.reason",
    "Mark.name",
    "Marked.name",
    "Rang.called",
    "Rang.caller",
    "Rang.direction",
    "Started.carrier_call",
    "Started.params",
    "Started.stream",
    "Stopped.reason",
    "Trace.agent",
    "Trace.caller",
    "Transfer.reason",
    "Transfer.target",
    "Use.duplex",
    "Utter.kind",
    "Utter.side",
}
"""Texts that are labels, names, or known before the call."""

ELSEWHERE = {"Noted.note", "Hear.heard", "Send.frame", "TurnHeard.audio", "Spoken.audio", "Spoken.acts", "Spoken.floor"}
"""Kept as audio, only counted, or made of what is listed itself."""


def texts():
    for kind in (*get_args(Event), *get_args(Command), *get_args(Act)):
        for f in fields(kind):
            if f.type not in (int, float, bool, int | None):
                yield f"{kind.__name__}.{f.name}"


@pytest.mark.parametrize("text", list(texts()))
def test_every_text_is_private_or_known_to_be_harmless(text):
    kind, _, name = text.partition(".")
    assert (name in PRIVATE.get(kind, ())) + (text in HARMLESS) + (text in ELSEWHERE) == 1


def paused(*during, after=(), pause=4_000, resume=20_000):
    """A call that is paused in between; `during` and `after` are (event, commands)."""
    kept = Kept()
    kept.add(1_600, TurnHeard(0, LOUD), [Hear(Heard(0, LOUD, LOUD))])
    kept.add(pause, Directed("pause_recording"), [Record(False)])
    for event, commands in during:
        kept.add(12_000, event, commands)
    kept.add(resume, Directed("resume_recording"), [Record(True)])
    for at, event, commands in after:
        kept.add(at, event, commands)
    return kept


NOTE = Note("n1", "say", f"Your card {CARD}", source=(CARD,))


@pytest.mark.parametrize(
    ("event", "commands"),
    [
        (Pressed(CARD), [Utter("caller", 12_000, 12_000, f"pressed {CARD}", kind="key")]),
        (Pressed("#"), [Ask("keys", CARD)]),
        (Spoken(7, LOUD, heard_text=CARD, said_text=f"so {CARD}"), [Ask("card", CARD)]),
        (Spoken(7), [Utter("agent", 100, 200, CARD, unheard=CARD)]),
        (Noted(NOTE), []),
        (Spoken(7), [Understood(CARD, final=True), Delivered("n1", CARD, complete=True)]),
        (TurnHeard(7, LOUD), [Hear(Heard(7, LOUD, LOUD, (NOTE,)))]),
        (Directed("press", CARD), []),
        (Broke("bad_field", CARD), [Fault("bad_field", CARD), HangUp("bad_field")]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_happens_in_a_pause_leaves_no_words(event, commands):
    kept = paused((event, commands))
    assert CARD.encode() not in b"".join(kept.lines)
    assert LOUD[:100] not in bytes(kept.left[TURN:] + kept.right[TURN:] + kept.duplex)
    assert b'"withheld":true' in kept.lines[3]


@pytest.mark.parametrize(
    ("at", "event", "commands"),
    [
        (20_000 + TAIL - 1, Spoken(12, heard_text=CARD), []),
        (90_000, Spoken(50), [Utter("caller", 3_000, 4_001, CARD)]),
        (90_000, Spoken(50), [Utter("caller", 19_000, 90_000, CARD)]),
        (90_000, Spoken(50), [Utter("caller", 20_000 + TAIL - 1, 90_000, CARD)]),
        (90_000, Pressed("1"), [Ask("keys", CARD)]),
        (90_000, Spoken(50), [Understood(CARD)]),
        (90_000, Spoken(50), [Understood(CARD, final=True)]),
        (20_000 + TAIL - 1, Spoken(12, hearing=CARD), []),
        (90_000, Spoken(50), [Surmised(CARD)]),
    ],
)
def test_words_of_a_pause_that_become_certain_later_are_withheld_too(at, event, commands):
    kept = paused((Pressed("4"), [Understood("four")]), after=[(at, event, commands)])
    assert CARD.encode() not in b"".join(kept.lines)
    assert WITHHELD.encode() in kept.lines[-1]


@pytest.mark.parametrize(
    ("event", "commands"),
    [
        (Spoken(12, heard_text=CARD), []),
        (Pressed("1"), [Utter("caller", 90_000, 90_000, CARD)]),
        (Spoken(12), [Ask("order", CARD)]),
        (Noted(NOTE), []),
        (Spoken(50), [Understood("a line of its own", final=True), Understood(CARD), Delivered("n1", CARD)]),
    ],
)
def test_words_after_a_pause_are_kept(event, commands):
    kept = paused(after=[(90_000, event, commands)])
    assert CARD.encode() in kept.lines[-1]
    assert b"withheld" not in kept.lines[-1]


def test_a_turn_is_kept_only_if_recording_was_on_during_the_whole_of_it():
    kept = Kept()
    script = {2: Record(False), 5: Record(True)}
    for turn in range(9):
        if turn in script:
            kept.add(turn * TURN + 10, Directed("press"), [script[turn]])
            kept.add(turn * TURN + 20, Marked("m1"), [])
        kept.add((turn + 1) * TURN, TurnHeard(turn, LOUD), [Hear(Heard(turn, LOUD, LOUD))])
    loud = [kept.left[turn * TURN : (turn + 1) * TURN] == LOUD for turn in range(9)]
    assert loud == [True, True, False, False, False, False, True, True, True]
    assert kept.left == kept.right


def test_a_pause_at_the_end_of_a_turn_takes_that_turn_with_it():
    kept = Kept()
    kept.add(TURN, TurnHeard(0, LOUD), [Hear(Heard(0, LOUD, LOUD)), Record(False)])
    kept.add(2 * TURN, TurnHeard(1, LOUD), [Hear(Heard(1, LOUD, LOUD)), Record(True)])
    kept.add(3 * TURN, TurnHeard(2, LOUD), [Hear(Heard(2, LOUD, LOUD))])
    kept.add(4 * TURN, TurnHeard(3, LOUD), [Hear(Heard(3, LOUD, LOUD))])
    assert kept.left == SILENT_TURN * 3 + LOUD


def test_a_real_call_that_is_paused_keeps_its_clock_and_loses_its_words():
    kept = Kept()
    converse(kept, 20, {8: [Directed("pause_recording")], 12: [Directed("resume_recording")]})
    assert len(kept.left) == 20 * RATE
    spoken = [line.event for line in read(kept.lines, kept) if isinstance(line.event, Spoken)]
    hidden = {s.turn for s in spoken if WITHHELD in (s.heard_text, s.said_text)}
    open_ = {s.turn for s in spoken if s.heard_text.startswith("heard") or s.said_text.startswith("said")}
    assert not hidden & open_
    assert hidden <= set(range(38, 72))
    assert open_ & set(range(41, 69)) == set()
    assert max(open_) > 90
