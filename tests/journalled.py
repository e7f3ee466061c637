"""A conversation with a real call, and its journal kept in memory."""

import random

from callcenter.call import Call, Setup
from callcenter.carriers import Caps
from callcenter.events import (
    Asked,
    Clear,
    Floor,
    Hear,
    Mark,
    Marked,
    Phrase,
    Spoken,
    Started,
    Ticked,
    TurnHeard,
    Yielded,
)
from callcenter.journal import Journal
from callcenter.units import FRAME, SILENT_BYTE, SILENT_FRAME, TURN

CAPS = Caps(name="test", marks=True, clear=True, dtmf_in=True, dtmf_out=False, max_message=65_536)
SETUP = Setup(CAPS, "parrot", fallback="other", phrases={"goodbye": Phrase("goodbye", SILENT_FRAME * 20)})


class Kept:
    """Journals what is added, and is the sound beside it."""

    def __init__(self, header=None):
        self.journal = Journal(header or {"call_id": "c1"})
        self.lines = [self.journal.opening]
        self.left, self.right, self.duplex = bytearray(), bytearray(), bytearray()

    def add(self, at, event, commands):
        entry = self.journal.add(at, event, commands)
        if entry.line:
            self.lines.append(entry.line)
        if entry.turn:
            self.left += entry.turn[0]
            self.right += entry.turn[1]
        self.duplex += entry.spoken

    def remark(self, **facts):
        self.lines.append(self.journal.remark(facts))

    def end(self):
        self.lines.append(self.journal.end({"state": "ended", "reason": "hangup", "outcome": "", "final": True}))

    def heard(self, offset, length):
        return bytes(self.left[offset : offset + length])

    def spoken(self, offset, length):
        return bytes(self.duplex[offset : offset + length])


def converse(diary, seconds, extra=None, setup=SETUP, seed=1):
    """Feeds a call what a line would, with a duplex that talks back and is sometimes interrupted.

    `extra` maps a second to events that happen then. Everything is written into `diary`.
    """
    chance = random.Random(seed)
    call, marks, sent, at = Call(setup), [], 0, 0

    def feed(event):
        nonlocal sent
        commands = call.receive(at, event)
        diary.add(at, event, commands)
        for command in commands:
            match command:
                case Mark(name):
                    marks.append((sent + 3 * FRAME, name))
                case Clear():
                    marks[:] = [(0, name) for _, name in marks]
                case Hear(heard):
                    answers.append(answer(chance, heard))
        sent += FRAME
        return commands

    answers = []
    feed(Started("MZ1", "CA1"))
    for tick in range(seconds * 50):
        at = tick * FRAME + chance.randrange(-8, 9)
        for event in (extra or {}).get(tick / 50, ()):
            feed(event)
        while marks and marks[0][0] <= at:
            feed(Marked(marks.pop(0)[1]))
        if tick % 10 == 9:
            feed(TurnHeard(tick // 10, voice(chance, tick // 10), lost=chance.choice([0, 0, 0, FRAME])))
        if answers and tick % 10 == 3:
            feed(answers.pop(0))
        feed(Ticked())


def answer(chance, heard):
    audio = chance.randbytes(chance.choice([TURN, TURN // 2])) if heard.turn % 7 > 2 else None
    acts = (Yielded(), Asked("order")) if heard.turn % 11 == 10 else ()
    floor = Floor(chance.random(), chance.random(), 0.0)
    words = f"heard {heard.turn}" if heard.turn % 10 < 3 else ""
    return Spoken(heard.turn, audio, words, f"said {heard.turn}" if audio else "", acts, floor)


def voice(chance, turn):
    return chance.randbytes(TURN) if turn % 5 < 3 else bytes([SILENT_BYTE]) * TURN
