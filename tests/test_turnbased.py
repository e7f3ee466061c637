"""The turn-based bot: it waits for the end, speaks notes, and is stopped by words and not by noise."""

import asyncio
from functools import cache

import httpx
import numpy as np
import pytest
from test_transcription import KEY, serving

from callcenter.audio import decode, encode
from callcenter.config import Secret
from callcenter.duplex.ears import Deaf, Hearing
from callcenter.duplex.transcription import Recogniser, Transcription
from callcenter.duplex.turnbased import Thresholds, TurnBased
from callcenter.duplex.utterances import Utterances
from callcenter.events import Asked, Heard, Ignored, Note, Policy, TookFloor, Yielded
from callcenter.units import RATE, SILENT_TURN, TURN, samples
from callcenter.voices import Espeak, Word

CALLER = "I would like to know where my order is right now"
LONG = (
    "Thank you, I have found it. It left our warehouse on Monday and it should be with you within the next three "
    "working days. Would that be all right for you?"
)


@cache
def speak(text, voice="en-us+f3"):
    return Espeak().speak(text, voice, band=True)


class Her:
    speak = staticmethod(speak)


@cache
def caller(text=CALLER):
    return speak(text, "en-us+m3").audio


def pause(seconds):
    noise = np.random.default_rng(5).normal(0, 25, samples(seconds))
    return encode(noise.astype(np.int16))


class Reading:
    """Ears that read the caller's words from a script: each at the sample at which it ends."""

    def __init__(self, words, p_end=None):
        self.words, self.p_end = sorted(words, key=lambda word: word.end), p_end

    async def hear(self, sound):
        now = (sound.turn + 1) * TURN
        ready = [word for word in self.words if word.end <= now]
        self.words = self.words[len(ready) :]
        return Hearing(tuple(ready), (), now, self.p_end)

    def settle(self):
        return ()

    def expect(self, note):
        self.expected = note

    def close(self):
        pass


def reading(*pieces):
    """Words at their times in a caller's channel made of pieces: (text or "", audio)."""
    at, words = 0, []
    for text, audio in pieces:
        parts = text.split()
        step = len(audio) // max(1, len(parts))
        words += [Word(part, at + n * step, at + (n + 1) * step) for n, part in enumerate(parts)]
        at += len(audio)
    return Reading(words)


def converse(channel, ears=None, notes=((0, LONG),), policy=None, thresholds=None, echo=None):
    """What the bot does to a caller's channel; `notes` are (turn, text); `echo` is (gain, turns) of what it says."""

    async def run():
        bot = TurnBased(thresholds or Thresholds(), ears or Deaf(), Her())
        bot.open(policy or Policy(), ())
        spoken, played = [], [SILENT_TURN]
        padded = channel + pause(0.2)[: -len(channel) % TURN]
        for turn in range(len(padded) // TURN):
            audio = padded[turn * TURN : (turn + 1) * TURN]
            if echo is not None and len(played) > echo[1]:
                mixed = decode(audio) + echo[0] * decode(played[-1 - echo[1]])
                audio = encode(np.clip(mixed, -32_000, 32_000).astype(np.int16))
            given = tuple(
                n if isinstance(n, Note) else Note(f"n{i}", "say", n) for i, (t, n) in enumerate(notes) if t == turn
            )
            done = await bot.turn(Heard(turn, audio, played[-1], given))
            spoken.append(done)
            played.append(((done.audio or b"") + SILENT_TURN)[:TURN])
        bot.close()
        return spoken

    return asyncio.run(run())


def first(spoken, kind):
    return next((n for n, s in enumerate(spoken) if any(isinstance(act, kind) for act in s.acts)), None)


def count(spoken, kind):
    return sum(isinstance(act, kind) for s in spoken for act in s.acts)


def answered_after(spoken, channel, ends):
    """Seconds from the end of the caller's words to the bot's decision."""
    return ((first(spoken, TookFloor) + 1) * TURN - ends) / RATE


def test_a_note_is_spoken_word_by_word_when_nobody_speaks():
    spoken = converse(pause(12))
    assert first(spoken, TookFloor) == 0
    assert " ".join(s.said_text for s in spoken if s.said_text) == LONG
    assert {s.note for s in spoken if s.audio} == {"n0"}
    assert all(len(s.audio) == TURN for s in spoken[: sum(s.audio is not None for s in spoken) - 1])
    assert count(spoken, Yielded) == 0


def test_it_never_speaks_into_the_caller():
    channel = pause(0.4) + caller() + pause(3)
    spoken = converse(channel, notes=((4, LONG),))
    ends = samples(0.4) + len(caller())
    assert (first(spoken, TookFloor) + 1) * TURN > ends
    assert first(spoken, Asked) == first(spoken, TookFloor)


def test_words_that_sound_finished_shorten_the_wait_and_others_lengthen_it():
    waits = {}
    for text in (f"{CALLER}.", CALLER, f"{CALLER} and"):
        channel = pause(0.4) + caller() + pause(4)
        ears = reading(("", pause(0.4)), (text, caller()))
        waits[text] = answered_after(converse(channel, ears, notes=((4, LONG),)), channel, samples(0.4) + len(caller()))
    finished, likely, unfinished = waits.values()
    assert finished < likely < unfinished
    assert finished <= 0.7
    assert unfinished >= 1.5


def test_ears_that_know_the_end_are_believed():
    channel = pause(0.4) + caller() + pause(4)
    decided = []
    for p_end in (0.9, 0.1):
        ears = reading(("", pause(0.4)), (CALLER, caller()))
        ears.p_end = p_end
        decided.append(first(converse(channel, ears, notes=((4, LONG),)), TookFloor))
    assert decided[0] + 5 <= decided[1]


def test_a_policy_makes_it_patient_or_eager():
    channel = pause(0.4) + caller() + pause(4)
    turns = [
        first(converse(channel, notes=((4, LONG),), policy=Policy(eagerness=how)), TookFloor)
        for how in ("eager", "normal", "patient")
    ]
    assert turns == sorted(turns)
    assert turns[0] < turns[2]


def test_a_be_note_changes_the_policy_in_mid_call():
    channel = pause(0.4) + caller() + pause(4)
    patient = Note("be", "be", "eagerness: patient")
    usual = first(converse(channel, notes=((4, LONG),)), TookFloor)
    assert first(converse(channel, notes=((1, patient), (4, LONG))), TookFloor) > usual


def over(text, after=2.0, silence=4.0, voice=None):
    """A caller who says something over the bot."""
    voice = caller(text) if voice is None else voice
    channel = pause(after) + voice + pause(silence)
    return channel, reading(("", pause(after)), (text, voice))


def test_words_stop_it_and_it_says_no_more_of_that_note():
    channel, ears = over("no wait I meant the other one")
    spoken = converse(channel, ears)
    at = first(spoken, Yielded)
    assert samples(2.0) <= (at + 1) * TURN <= samples(3.6)
    assert not any(s.audio for s in spoken[at:])
    assert "".join(s.said_text for s in spoken) != LONG
    assert "other" in " ".join(s.heard_text for s in spoken)


@pytest.mark.parametrize("text", ["mm-hmm", "okay", "i see", "yeah"])
def test_a_listeners_words_do_not_stop_it(text):
    channel, ears = over(text)
    spoken = converse(channel, ears)
    assert count(spoken, Yielded) == 0
    assert [act.kind for s in spoken for act in s.acts if isinstance(act, Ignored)][:1] in ([], ["backchannel"])


def test_one_word_that_says_stop_is_enough():
    channel, ears = over("stop", voice=caller("stop stop"))
    assert count(converse(channel, ears), Yielded) == 1
    channel, ears = over("tuesday", voice=caller("tuesday"))
    assert count(converse(channel, ears), Yielded) == 0


def test_noise_without_words_does_not_stop_it():
    sound = np.random.default_rng(2).normal(0, 2_500, samples(1.5)).astype(np.int16)
    channel, _ = over("", voice=encode(sound))
    assert count(converse(channel, reading()), Yielded) == 0
    assert count(converse(channel, Deaf()), Yielded) == 0


def test_without_words_sustained_voice_stops_it_and_a_short_one_does_not():
    channel, _ = over(CALLER)
    assert count(converse(channel, Deaf()), Yielded) == 1
    channel, _ = over("yes", voice=caller("yes")[: samples(0.3)])
    assert count(converse(channel, Deaf()), Yielded) == 0


def test_its_own_echo_does_not_stop_it():
    assert count(converse(pause(10), Deaf(), echo=(0.1, 1)), Yielded) == 0


def test_firm_and_quick_differ():
    channel, _ = over(CALLER)
    at = [first(converse(channel, Deaf(), policy=Policy(yielding=how)), Yielded) for how in ("quick", "firm")]
    assert at[0] < at[1]


def test_after_a_question_of_its_own_it_waits_for_the_answer():
    spoken = converse(pause(20), notes=((0, LONG), (0, "The next one.")))
    said = max(n for n, s in enumerate(spoken) if s.note == "n0")
    began = min(n for n, s in enumerate(spoken) if s.note == "n1")
    assert samples(4.0) <= (began - said) * TURN <= samples(4.8)


def test_two_statements_follow_each_other_soon():
    spoken = converse(pause(6), notes=((0, "One moment."), (0, "Here it is.")))
    said = max(n for n, s in enumerate(spoken) if s.note == "n0")
    began = min(n for n, s in enumerate(spoken) if s.note == "n1")
    assert (began - said) * TURN <= samples(0.8)


def test_stale_notes_are_not_spoken():
    old = Note("old", "say", "This is old news.")
    amended = Note("new", "say", "This is new.", supersedes=("old",))
    expired = Note("late", "say", "Too late.", expires=samples(0.3))
    channel = caller() + pause(4)
    spoken = converse(channel, notes=((3, old), (3, expired), (5, amended)))
    assert {s.note for s in spoken if s.note} == {"new"}


def test_a_note_taken_back_stops_in_mid_sentence():
    back = Note("no-n0", "know", "", supersedes=("n0",))
    spoken = converse(pause(5), notes=((0, LONG), (6, back)))
    assert not any(s.audio for s in spoken[6:])


def test_the_words_of_the_caller_are_told_once():
    channel = pause(0.4) + caller() + pause(3)
    ears = reading(("", pause(0.4)), (CALLER, caller()))
    spoken = converse(channel, ears, notes=())
    assert " ".join(s.heard_text for s in spoken if s.heard_text) == CALLER
    assert count(spoken, Asked) == 1


def test_it_hears_words_through_a_real_endpoint():
    """Paced, because answers come beside the turns and not within them."""
    channel = pause(0.4) + caller() + pause(4)

    async def run(url):
        async with httpx.AsyncClient(trust_env=False) as client:
            ears = Utterances(Transcription(Recogniser(url, "ears-1", Secret(KEY)), client))
            bot = TurnBased(Thresholds(), ears, Her())
            bot.open(Policy(), ())
            heard = []
            for turn in range(len(channel) // TURN):
                audio = channel[turn * TURN : (turn + 1) * TURN]
                heard.append(await bot.turn(Heard(turn, audio)))
                await asyncio.sleep(0.05)
            bot.close()
            return heard

    with serving() as server:
        spoken = asyncio.run(run(server.url))
    assert " ".join(s.heard_text for s in spoken if s.heard_text) == "Hello there."
    assert count(spoken, Asked) == 1
    assert max(server.seconds) > 2.0


def test_a_television_behind_the_caller_does_not_keep_the_turn_open():
    """A voice far below the caller's own is somebody else's, once the caller has been heard."""
    television = decode(caller("the match ended three to one after a late goal in the second half") * 3).astype(float)
    channel = decode(pause(0.4) + caller() + pause(6)).astype(float)
    channel += 10 ** (-26 / 20) * np.resize(television, len(channel))
    audio = encode(np.clip(channel, -32_000, 32_000).astype(np.int16))
    spoken = converse(audio, notes=((4, LONG),))
    assert answered_after(spoken, audio, samples(0.4) + len(caller())) <= 1.4
    everybody = converse(audio, notes=((4, LONG),), thresholds=Thresholds(near=200.0))
    at = first(everybody, TookFloor)
    assert at is None or at > first(spoken, TookFloor) + 5
