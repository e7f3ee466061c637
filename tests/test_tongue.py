"""Sentences made ready beside the call and spoken a turn at a time, each word once, with the sound it is in."""

import asyncio
import threading
from functools import wraps

import pytest
from little_model import Beeps

from callcenter.duplex.tongue import PAUSE, Tongue, sentences
from callcenter.events import Note
from callcenter.units import SILENT_BYTE, TURN
from callcenter.voices import Sound, Speech, VoiceError, Word, trimmed
from callcenter.voices.choice import EspeakVoice

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
        ("It is 12.50 now.", ("It is 12.50 now.",)),
        ("  a.  b?  ", ("a.", "b?")),
        ("Well... yes.", ("Well...", "yes.")),
        ("Wait… there it is. -", ("Wait…", "there it is. -")),
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


# ---------------------------------------------------------------------------------------------- joined, as they come


def joined(text, voice, pause=0):
    """Every turn of a note that is said without a pause of ours."""

    async def run():
        tongue = Tongue(voice, pause=pause)
        tongue.begin("n", text)
        turns = []
        while tongue.speaking:
            turns.append(await tongue.go_on())
        return turns

    return asyncio.run(run())


def test_sentences_that_are_joined_fill_whole_turns_and_say_every_word_once():
    turns = joined(TEXT, Beeps())
    assert " ".join(turn.words for turn in turns if turn.words) == TEXT
    assert {len(turn.audio) for turn in turns[:-1]} == {TURN}
    assert b"".join(turn.audio for turn in turns) == b"".join(Beeps().speak(part).audio for part in sentences(TEXT))


def test_a_pause_can_lie_between_them():
    audio = b"".join(turn.audio for turn in joined("One. Two.", Beeps(), pause=500))
    assert audio == Beeps().speak("One.").audio + bytes([SILENT_BYTE]) * 500 + Beeps().speak("Two.").audio


def test_the_first_sentence_is_heard_before_the_second_is_made():
    gate = threading.Event()

    class Slow(Beeps):
        def speak(self, text):
            if text == "Two.":
                assert gate.wait(20)
            return super().speak(text)

    async def run():
        tongue = Tongue(Slow(), pause=0)
        tongue.begin("n", "One is a sentence of some length. Two.")
        first = await tongue.go_on()
        gate.set()
        while tongue.speaking:
            await tongue.go_on()
        return first

    first = asyncio.run(run())
    assert len(first.audio) == TURN
    assert first.words


@in_a_call
async def test_a_tongue_that_stops_has_nothing_left():
    tongue = Tongue(Beeps(), pause=0)
    tongue.begin("n", TEXT)
    assert tongue.left == 3 * 5 * TURN
    first = await tongue.go_on()
    assert tongue.left == len(Beeps().speak(sentences(TEXT)[0]).audio) - len(first.audio) + 2 * 5 * TURN
    tongue.stop()
    assert (tongue.speaking, tongue.left) == (False, 0)
    assert (await tongue.go_on()).audio == b""


def test_a_voice_that_fails_is_told():
    class Broken:
        def speak(self, text):
            raise OSError("no voice")

    with pytest.raises(OSError, match="no voice"):
        joined("Hello.", Broken())


# ------------------------------------------------------------------------------------------- a voice that is far away


class Far:
    """Begins sounds that the test itself fills."""

    def __init__(self):
        self.begun = []

    def speak(self, text):
        return Beeps().speak(text)

    def begin(self, text):
        self.begun.append(Sound(text, streamed=True))
        return self.begun[-1]

    def ready(self, text):
        return Speech(b"ready", ())

    def learn(self, texts):
        pass


@in_a_call
async def test_what_is_far_away_is_said_while_it_still_comes():
    far = Far()
    tongue = Tongue(far)
    tongue.begin("n1", "One two three four.")
    (sound,) = far.begun
    assert tongue.say() is None
    sound.add(b"\x10" * TURN)
    assert tongue.say() is None, "a turn more must be there before it begins"
    sound.add(b"\x10" * TURN)
    first, second = tongue.say(), tongue.say()
    assert [len(first.audio), len(second.audio)] == [TURN, TURN]
    assert tongue.say() is None, "the sound has not come so far; nobody fills it up"
    sound.add(b"\x10" * 700)
    sound.finish()
    last = tongue.say()
    assert len(last.audio) == 700
    assert " ".join(turn.words for turn in (first, second, last) if turn.words) == "One two three four."
    assert not tongue.speaking


@in_a_call
async def test_its_words_are_spread_anew_when_its_length_is_known():
    """A voice twice as slow as was guessed: no word is said twice, none is lost, and the end holds only its own."""
    far = Far()
    tongue = Tongue(far)
    text = "alpha bravo charlie delta echo"
    tongue.begin("n1", text)
    (sound,) = far.begun
    length = 4 * len(text) * 8_000 // 14
    turns = []
    for at in range(0, length, TURN):
        sound.add(b"\x10" * min(TURN, length - at))
        if (turn := tongue.say()) is not None:
            turns.append(turn)
    sound.finish()
    turns += said(tongue)
    assert " ".join(turn.words for turn in turns if turn.words) == text
    assert sum(len(turn.audio) for turn in turns) == length
    assert len(turns[-1].words.split()) <= 1


@in_a_call
async def test_a_sound_that_is_stopped_is_not_made_any_further():
    far = Far()
    tongue = Tongue(far)
    tongue.begin("n1", "One two.")
    cancelled = asyncio.Event()

    async def work():
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    far.begun[0].run(work())
    await asyncio.sleep(0)
    tongue.stop()
    await asyncio.wait_for(cancelled.wait(), 20)
    assert not tongue.speaking


@in_a_call
async def test_who_waits_for_nothing_gets_what_is_there():
    far = Far()
    tongue = Tongue(far, pause=0)
    tongue.begin("n1", "One two.")
    assert (await tongue.go_on()).audio == b""
    assert tongue.speaking
    far.begun[0].take(Beeps().speak("One two."))
    turns = [await tongue.go_on(), await tongue.go_on()]
    assert " ".join(turn.words for turn in turns if turn.words) == "One two."
    assert tongue.hum("mm-hmm.") == b"ready"
