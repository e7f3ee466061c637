"""The stand-in for a background that keeps one note at a duplex."""

import asyncio

import pytest

from callcenter.bench.contestants import Contestants, Entry
from callcenter.bench.prompting import Prompted
from callcenter.callers.oracle import ANSWERS
from callcenter.duplex.parrot import Parrot
from callcenter.events import Heard, Note, Policy, Spoken, Yielded
from callcenter.switchboard import Context
from callcenter.units import SILENT_TURN


class Reader:
    """Says so many words of the newest note a turn, and yields in the turns it is told to."""

    def __init__(self, pace=2, yields=(), starts=0):
        self.pace, self.yields, self.starts = pace, yields, starts
        self.notes, self.left, self.opened, self.closed = [], [], None, False

    def open(self, policy, notes):
        self.opened = (policy, tuple(notes))

    async def turn(self, heard):
        for note in heard.notes:
            self.notes.append((heard.turn, note))
            self.left = note.text.split()
        if heard.turn in self.yields:
            self.left = []
            return Spoken(heard.turn, acts=(Yielded(),))
        if heard.turn < self.starts or not self.left:
            return Spoken(heard.turn)
        said, self.left = self.left[: self.pace], self.left[self.pace :]
        return Spoken(heard.turn, SILENT_TURN, said_text=" ".join(said), note=self.notes[-1][1].id)

    def close(self):
        self.closed = True


def given(reader, texts, turns):
    async def run():
        prompted = Prompted(reader, texts)
        prompted.open(Policy(), ())
        for turn in range(turns):
            await prompted.turn(Heard(turn, SILENT_TURN))
        prompted.close()

    asyncio.run(run())
    return [(turn, note.id, note.text) for turn, note in reader.notes]


def test_the_next_note_goes_with_the_turn_after_the_last_one_ended():
    assert given(Reader(), ("a b c", "d e"), 6) == [
        (0, "prompt-0", "a b c"),
        (2, "prompt-1", "d e"),
        (3, "prompt-2", "a b c"),
        (5, "prompt-3", "d e"),
    ]


def test_a_note_that_was_cut_is_not_given_again():
    assert given(Reader(pace=1, yields=(2,)), ("a b c d", "e"), 4) == [
        (0, "prompt-0", "a b c d"),
        (3, "prompt-1", "e"),
    ]


def test_a_yield_before_the_first_word_cuts_nothing():
    assert given(Reader(pace=4, yields=(1,), starts=3), ("a b c d", "e"), 3) == [(0, "prompt-0", "a b c d")]


def test_there_is_one_note_at_a_time_however_long_it_waits():
    assert len(given(Reader(starts=50), ("a",), 40)) == 1


def test_notes_of_a_real_background_pass_and_opening_and_closing_too():
    reader = Reader(pace=9)
    real = Note("real", "know", "x")

    async def run():
        prompted = Prompted(reader, ("a",))
        prompted.open(Policy(eagerness="patient"), (real,))
        await prompted.turn(Heard(0, SILENT_TURN, notes=(real,)))
        prompted.close()

    asyncio.run(run())
    assert reader.opened == (Policy(eagerness="patient"), (real,))
    assert [note.id for _, note in reader.notes] == ["real", "prompt-0"]
    assert reader.closed


def test_no_texts_are_refused():
    with pytest.raises(ValueError, match="nothing to say"):
        Prompted(Parrot(), ())


@pytest.mark.parametrize(("name", "prompted"), [("turnbased", True), ("interaction", True), ("parrot", False)])
def test_the_benchmark_prompts_those_that_speak_notes(name, prompted):
    reader = Reader(pace=99)
    contestants = Contestants({name: lambda _context: reader})

    async def run():
        made = contestants.made(Entry(name, None, None), Context("c", "+1", "+2", "inbound"))
        made.open(Policy(), ())
        for turn in range(2):
            await made.turn(Heard(turn, SILENT_TURN))

    asyncio.run(run())
    assert [note.text for _, note in reader.notes] == (list(ANSWERS[:2]) if prompted else [])
