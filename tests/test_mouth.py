"""Speaking a note a turn at a time."""

import asyncio
import threading

import pytest

from callcenter.duplex.mouth import Mouth, sentences
from callcenter.events import Note
from callcenter.units import TURN
from callcenter.voices import Espeak

TEXT = "Thank you. The price is $12.50, and it stays so for a year! Is that all right?"


def speak(text):
    return Espeak().speak(text, "en-us+f3")


def told(text, speak=speak):
    async def run():
        mouth = Mouth(speak)
        mouth.begin(Note("n", "say", text))
        turns = []
        while mouth.note is not None:
            turns.append(await mouth.go_on())
        return turns

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (TEXT, ["Thank you.", "The price is $12.50, and it stays so for a year!", "Is that all right?"]),
        ("one", ["one"]),
        ("  a.  b?  ", ["a.", "b?"]),
        ("It is 12.50 now.", ["It is 12.50 now."]),
        ("Well... yes.", ["Well...", "yes."]),
    ],
)
def test_a_note_is_said_sentence_by_sentence(text, parts):
    assert sentences(text) == parts


def test_every_word_is_said_once_in_whole_turns():
    turns = told(TEXT)
    assert " ".join(words for _, words in turns if words).split() == TEXT.split()
    assert {len(audio) for audio, _ in turns[:-1]} == {TURN}
    assert b"".join(audio for audio, _ in turns) == b"".join(speak(part).audio for part in sentences(TEXT))


def test_the_first_sentence_is_heard_before_the_second_is_made():
    gate = threading.Event()

    def slow(text):
        if text == "Two.":
            assert gate.wait(20)
        return speak(text)

    async def run():
        mouth = Mouth(slow)
        mouth.begin(Note("n", "say", "One is a sentence of some length. Two."))
        audio, words = await mouth.go_on()
        gate.set()
        while mouth.note is not None:
            await mouth.go_on()
        return audio, words

    audio, words = asyncio.run(run())
    assert len(audio) == TURN
    assert words


def test_a_mouth_that_stops_says_no_more():
    async def run():
        mouth = Mouth(speak)
        mouth.begin(Note("n", "say", TEXT))
        await mouth.go_on()
        mouth.stop()
        return mouth.note, mouth.left, await mouth.go_on()

    assert asyncio.run(run()) == (None, 0, (b"", ""))


def test_a_voice_that_fails_is_told():
    def broken(text):
        raise OSError("no voice")

    with pytest.raises(OSError, match="no voice"):
        told("Hello.", broken)
