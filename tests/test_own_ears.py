"""The model's ears, lent to another duplex: its words once each, and silence when its session is lost."""

import asyncio

import pytest

from callcenter.duplex.ears import Sound
from callcenter.duplex.own_ears import OwnEars
from callcenter.engine import EngineError
from callcenter.engine.runner import Answer
from callcenter.model.config import LATE
from callcenter.model.phones import LABEL
from callcenter.model.search import Word
from callcenter.units import SILENT_TURN


class Scripted:
    """A session that answers what it was told to, turn by turn, and is lost at the end."""

    def __init__(self, answers):
        self._answers = list(answers)
        self.closed = False
        self.settled = 0
        self.expected = []

    def join(self):
        return self

    async def turn(self, caller, played, tokens):
        if not self._answers:
            raise EngineError("lost")
        words, partial = self._answers.pop(0)
        return Answer(None, words, partial, partial)

    def settle(self):
        self.settled += 1

    def expect(self, words):
        self.expected.append(words)

    def close(self):
        self.closed = True


def heard(ears, turns):
    async def listen():
        return [await ears.hear(Sound(turn, SILENT_TURN)) for turn in range(turns)]

    return asyncio.run(listen())


YES, PLEASE = Word("yes", LATE, LATE + 20, 0.9), Word("please", LATE + 20, 60, 0.9)


def test_words_have_their_times_in_samples_without_the_ears_lateness():
    (one,) = heard(OwnEars(lambda: Scripted([((YES,), (PLEASE,))])), 1)
    assert [(word.text, word.start, word.end) for word in one.final] == [("yes", 0, (YES.end - LATE) * LABEL)]
    assert [word.text for word in one.partial] == ["please"]


def test_what_was_settled_is_not_told_again():
    session = Scripted([((), (YES,)), ((PLEASE,), ())])
    ears = OwnEars(lambda: session)

    async def listen():
        await ears.hear(Sound(0, SILENT_TURN))
        settled = ears.settle()
        assert session.settled == 1
        assert ears.settle() == ()
        return settled, await ears.hear(Sound(1, SILENT_TURN))

    settled, after = asyncio.run(listen())
    assert [word.text for word in settled] == ["yes"]
    assert [word.text for word in after.final] == ["please"]


def test_what_a_note_says_is_expected_of_the_session():
    session = Scripted([])
    ears = OwnEars(lambda: session)
    ears.expect("<letters> order")
    assert session.expected == [frozenset({"letter", "order"})]
    assert heard(ears, 1)[0].final == ()
    ears.expect("<digits>")
    ears.settle()
    assert (len(session.expected), session.settled) == (1, 0)


@pytest.mark.parametrize("turns", [1, 3])
def test_ears_whose_session_is_lost_hear_nothing_and_do_not_raise(turns):
    told = heard(OwnEars(lambda: Scripted([])), turns)
    assert all(not one.final and not one.partial and one.upto == 0 for one in told)


def test_closing_leaves_the_session():
    session = Scripted([])
    OwnEars(lambda: session).close()
    assert session.closed
