"""Sentences made ready beside the call and spoken a turn at a time, each word once, with the sound it is in."""

import asyncio
import threading
from functools import wraps

import pytest
from little_model import Beeps

from callcenter.duplex.tongue import PAUSE, EspeakVoice, Tongue, sentences, trimmed
from callcenter.events import Note
from callcenter.units import SILENT_BYTE, TURN
from callcenter.voices import Speech, VoiceError, Word

TEXT = "Your order left on Monday. It costs $42.50! Anything else?"


def in_a_call(test):
    @wraps(test)
    def run(*args, **kwargs):
        asyncio.run(test(*args, **kwargs))

    return run


def said(tongue, most=200):
    """Everything that is said, turn by turn."""
    found = []
    while tongue.speaking and len(found) < most:
        found.append(tongue.say())
    return found


@in_a_call
async def test_every_word_is_said_once_in_the_turn_that_holds_its_middle():
    tongue = Tongue(Beeps(), inline=True)
    tongue.begin("n1", TEXT)
    turns = said(tongue)
    assert " ".join(turn.words for turn in turns if turn.words) == TEXT
    assert {turn.note for turn in turns} == {"n1"}
    assert all(len(turn.audio) == TURN for turn in turns[:-1])
    assert turns[0].words == "Your"
    assert turns[1].words == "order left"


@in_a_call
async def test_between_sentences_there_is_a_pause_and_nothing_is_lost():
    tongue = Tongue(Beeps(), inline=True)
    tongue.begin("", "One two three. Four five.")
    audio = b"".join(turn.audio for turn in said(tongue))
    first, second = (Beeps().speak(text).audio for text in ("One two three.", "Four five."))
    rest = -len(first) % TURN
    gap = max(PAUSE, rest)
    assert audio == first + bytes([SILENT_BYTE]) * gap + second


@in_a_call
async def test_a_second_text_follows_the_first_and_no_turn_holds_words_of_both():
    tongue = Tongue(Beeps(), inline=True)
    tongue.begin("n1", "One two.")
    tongue.begin("n2", "Three.")
    turns = said(tongue)
    assert [(turn.note, turn.words) for turn in turns if turn.words] == [
        ("n1", "One"),
        ("n1", "two."),
        ("n2", "Three."),
    ]


@in_a_call
async def test_stopping_forgets_what_was_being_said_and_the_next_begins_at_its_beginning():
    tongue = Tongue(Beeps(), inline=True)
    tongue.begin("n1", TEXT)
    tongue.say()
    tongue.say()
    tongue.stop()
    assert not tongue.speaking
    tongue.begin("n2", "Sorry, go ahead.")
    assert " ".join(turn.words for turn in said(tongue) if turn.words) == "Sorry, go ahead."


@in_a_call
async def test_a_text_that_is_still_to_come_can_be_left_out_and_one_that_was_begun_cannot():
    tongue = Tongue(Beeps(), inline=True)
    for name, text in (("n1", "One two three. Four."), ("n2", "Five."), ("n3", "Six.")):
        tongue.begin(name, text)
    first = tongue.say()
    tongue.skip({"n1", "n2", "n9"})
    assert first.words == "One"
    assert " ".join(turn.words for turn in said(tongue) if turn.words) == "two three. Four. Six."
    tongue.begin("n4", "Seven.")
    tongue.skip({"n4"})
    assert not tongue.speaking


@in_a_call
async def test_what_is_not_there_yet_is_waited_for_without_a_word():
    class Slow(Beeps):
        ready = threading.Event()

        def speak(self, text):
            assert self.ready.wait(60)
            return super().speak(text)

    tongue = Tongue(Slow())
    tongue.begin("n1", "Hello.")
    assert tongue.say() is None
    assert tongue.speaking
    Slow.ready.set()
    for _ in range(6_000):
        if (turn := tongue.say()) is not None:
            break
        await asyncio.sleep(0.01)
    assert turn.words == "Hello."
    assert not tongue.speaking


@in_a_call
async def test_a_note_is_made_once_before_it_is_said_and_may_be_forgotten():
    made = []

    class Counting(Beeps):
        def speak(self, text):
            made.append(text)
            return super().speak(text)

    tongue = Tongue(Counting(), inline=True)
    note = Note("n1", "say", TEXT)
    tongue.prepare(note)
    tongue.prepare(note)
    assert made == list(sentences(TEXT))
    tongue.begin("n1", TEXT)
    assert made == list(sentences(TEXT))
    tongue.prepare(Note("n2", "say", "Never said."))
    tongue.forget(("n2", "n3"))
    tongue.begin("n2", "Said after all.")
    assert made[-1] == "Said after all."
    tongue.close()


@in_a_call
async def test_a_voice_that_fails_fails_the_turn():
    class Broken:
        def speak(self, text):
            raise VoiceError("no voice")

    tongue = Tongue(Broken())
    tongue.begin("", "Hello.")
    assert tongue.say() is None
    for _ in range(6_000):
        if tongue._saying[0].sound.done():
            break
        await asyncio.sleep(0.01)
    with pytest.raises(VoiceError):
        tongue.say()


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (TEXT, ("Your order left on Monday.", "It costs $42.50!", "Anything else?")),
        ("  No stop at the end ", ("No stop at the end",)),
        ("At 3.15 p.m.", ("At 3.15 p.m.",)),
        ("", ()),
    ],
)
def test_texts_are_cut_behind_stops(text, parts):
    assert sentences(text) == parts


def test_silence_around_speech_is_taken_away_and_words_keep_their_places():
    sound = Speech(
        b"\xff" * 1_000 + b"\x10" * 800 + b"\xff" * 3_000, (Word("quiet", 10, 90), Word("hello", 900, 2_500))
    )
    short = trimmed(sound)
    assert short.audio == b"\xff" * 40 + b"\x10" * 800
    assert short.words == (Word("quiet", 0, 0), Word("hello", 0, 840))
    assert trimmed(Speech(b"\xff" * 50, ())).audio in (b"", b"\xff" * 50)


@in_a_call
async def test_a_real_voice_says_every_word_of_amounts_dates_and_numbers():
    voice = EspeakVoice("en-us")
    for text in (
        TEXT,
        "Your appointment is on March 3rd, 2024 at 9:15.",
        "The number is 4217 0099, and you owe $1,042.07.",
    ):
        tongue = Tongue(voice, inline=True)
        tongue.begin("n1", text)
        turns = said(tongue)
        assert " ".join(turn.words for turn in turns if turn.words) == text
        assert turns[0].audio.count(SILENT_BYTE) < TURN // 2, "a caller waits for the first sound"
    assert voice.speak("Hello there.") is voice.speak("Hello there.")


def test_a_hum_is_there_at_once():
    assert Tongue(Beeps()).hum("mm-hmm.") == Beeps().speak("mm-hmm.").audio
