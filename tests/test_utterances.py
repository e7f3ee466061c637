"""Ears made of a recogniser that is asked again and again."""

import asyncio

import pytest

from callcenter.duplex.ears import Sound
from callcenter.duplex.utterances import EarsError, Pace, Utterances
from callcenter.units import TURN, samples
from callcenter.voices import Word


class Counting:
    """A recogniser that hears a word in every 200 ms whose bytes are not silence; may be held up, or fail."""

    def __init__(self):
        self.asked = []
        self.fails = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def transcribe(self, audio):
        self.asked.append(len(audio))
        await self.gate.wait()
        if self.fails:
            self.fails -= 1
            raise EarsError("the recogniser sleeps")
        return tuple(
            Word(f"w{audio[at]}", at, at + TURN) for at in range(0, len(audio) - TURN + 1, TURN) if audio[at] != 0xFF
        )


async def listen(ears, pattern, first=0):
    """Turns of voice (x) and silence (.); each voiced turn is filled with its own number."""
    found, silent = [], 0
    for turn, kind in enumerate(pattern, first):
        voice = kind == "x"
        silent = 0 if voice else silent + TURN
        audio = bytes([turn % 0xFF if voice else 0xFF]) * TURN
        found.append(await ears.hear(Sound(turn, audio, voice, silent if turn or voice else samples(9))))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    return found


def heard(pattern, pace=None, change=lambda counting: None):
    async def run():
        counting = Counting()
        change(counting)
        ears = Utterances(counting, pace)
        hearings = await listen(ears, pattern)
        ears.close()
        return hearings, counting

    return asyncio.run(run())


def texts(words):
    return [word.text for word in words]


def test_words_are_partial_while_they_grow_and_final_after_a_pause():
    hearings, _ = heard(".." + "x" * 6 + "......")
    finals = [texts(h.final) for h in hearings if h.final]
    assert finals == [["w2", "w3", "w4", "w5", "w6", "w7"]]
    grown = [len(h.partial) for h in hearings]
    assert max(grown) == 6
    assert grown[-1] == 0
    assert hearings[7].partial, "something is known before the speaker has ended"


def test_times_are_samples_of_the_call():
    hearings, _ = heard("..xxx......")
    (
        first,
        *_,
    ) = next(h.final for h in hearings if h.final)
    assert (first.start, first.end) == (2 * TURN, 3 * TURN)


def test_silence_needs_no_words():
    hearings, counting = heard("........")
    assert counting.asked == []
    assert hearings[-1].upto == 8 * TURN


def test_upto_stands_still_while_the_recogniser_hangs():
    hearings, _ = heard("xxxx" + "." * 8, change=lambda c: c.gate.clear())
    assert {h.upto for h in hearings} == {0}
    assert not any(h.final or h.partial for h in hearings)


def test_a_recogniser_that_failed_is_asked_again():
    pace = Pace(rests=samples(0.6))

    def fail(counting):
        counting.fails = 1

    hearings, counting = heard("xxxx" + "." * 12, pace, fail)
    assert len(counting.asked) >= 2
    assert [texts(h.final) for h in hearings if h.final] == [["w0", "w1", "w2", "w3"]]


def test_what_was_settled_is_not_told_again():
    async def run():
        ears = Utterances(Counting())
        await listen(ears, "xxx..")
        settled = ears.settle()
        later = await listen(ears, ".......xx.......", first=5)
        ears.close()
        return texts(settled), [texts(h.final) for h in later if h.final]

    assert asyncio.run(run()) == (["w0", "w1", "w2"], [["w12", "w13"]])


def test_what_is_said_after_an_early_settling_still_comes():
    """The turn was judged over while an answer was under way, and the caller went on."""

    async def run():
        ears = Utterances(Counting())
        first = await listen(ears, "xxxx")
        settled = ears.settle()
        later = await listen(ears, "xxx......", first=4)
        ears.close()
        return first, texts(settled), [text for h in later for text in texts(h.final)]

    _, settled, later = asyncio.run(run())
    assert settled + later == [f"w{n}" for n in range(7)]


def test_an_endless_utterance_stays_bounded():
    pace = Pace(longest=samples(4.0))
    hearings, counting = heard("x" * 100, pace)
    assert max(counting.asked) <= samples(4.4)
    finals = [text for h in hearings for text in texts(h.final)]
    assert finals == [f"w{n}" for n in range(len(finals))]
    assert len(finals) >= 70


@pytest.mark.parametrize("many", [1, 3])
def test_one_question_is_under_way_at_a_time(many):
    hearings, counting = heard("x" * 20 * many, change=lambda c: c.gate.clear())
    assert len(counting.asked) == 1
    assert len(hearings) == 20 * many
