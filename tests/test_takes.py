"""What is recorded: trimmed to the sample, paused exactly, at one level, with the times of its words."""

import numpy as np
import pytest
from acting import tone

from callcenter.audio import encode
from callcenter.callers.takes import (
    LEVEL,
    Chunk,
    Wording,
    from_recording,
    plain,
    powers,
    record,
    sounding,
    widened,
)
from callcenter.callers.voice import Voice
from callcenter.units import RATE, samples
from callcenter.voices import Espeak, Speech

VOICE = Voice("en-us+f3")
NUMBER = Wording((Chunk("my number is four two,", 0.6), Chunk("nine one,", 0.7), Chunk("zero.")))


class Wordless:
    """A synthesizer that knows no words: every text is a tone in silence."""

    def speak(self, text, voice="", rate=170, pitch=50, lilt=50, band=False):
        silence = np.zeros(samples(0.3), np.int16)
        return Speech(encode(np.concatenate([silence, tone(0.1 * len(text.split())), silence])), ())


@pytest.fixture(scope="module")
def number():
    return record(Espeak(), VOICE, NUMBER)


def test_pauses_are_exactly_as_long_as_they_are_meant_to_be(number):
    assert [round(pause.seconds, 3) for pause in number.pauses] == [0.6, 0.7]
    for pause in number.pauses:
        assert not number.pcm[pause.start : pause.end].any()
        assert number.pcm[pause.start - 40 : pause.start].any()
        assert number.pcm[pause.end : pause.end + 40].any()


def test_sound_begins_with_the_first_sample_and_ends_with_the_last(number):
    first, last = sounding(number.pcm)
    assert first == 0
    assert len(number) - last < 40


def test_words_have_their_times_behind_the_pauses(number):
    assert [word.text for word in number.words] == NUMBER.text.split()
    assert all(a.end <= b.start for a, b in zip(number.words, number.words[1:], strict=False))
    nine = next(word for word in number.words if word.text == "nine")
    assert nine.start == pytest.approx(number.pauses[0].end, abs=80)
    assert number.words[-1].end <= len(number)


def test_every_take_is_equally_loud(number):
    for take in (number, from_recording(tone(1.0, loud=500)), record(Wordless(), VOICE, plain("four words are here"))):
        power = powers(take.pcm)
        voiced = power[power > power.max() / 6_300]
        assert np.sqrt(voiced.mean()) == pytest.approx(LEVEL, rel=0.1)


def test_the_ends_of_phrases_are_no_pauses():
    story = Wording((Chunk("so i went home,", 0.4, True), Chunk("and it was gone.")))
    take = record(Espeak(), VOICE, story)
    assert take.pauses == ()
    assert len(take.phrase_ends) == 1
    assert not take.pcm[take.phrase_ends[0] : take.phrase_ends[0] + samples(0.4)].any()


def test_a_synthesizer_without_words_says_chunk_by_chunk():
    take = record(Wordless(), VOICE, NUMBER)
    assert take.words == ()
    assert [round(pause.seconds, 3) for pause in take.pauses] == [0.6, 0.7]
    assert len(take) / RATE == pytest.approx(0.5 + 0.6 + 0.2 + 0.7 + 0.1, abs=0.05)


def test_a_recording_loses_its_lead_and_tail_and_tells_its_breaks():
    silence = np.random.default_rng(0).normal(0, 8, samples(0.5)).astype(np.int16)
    take = from_recording(np.concatenate([silence, tone(1.0), silence, tone(0.8), silence, silence]), "hello")
    assert len(take) / RATE == pytest.approx(2.3, abs=0.05)
    assert [round(end / RATE, 1) for end in take.phrase_ends] == [1.0]
    assert take.text == "hello"
    assert take.tail == samples(0.5)
    assert 0 < np.abs(take.pcm[-take.tail :].astype(int)).max() < 200
    assert abs(take.pcm[-1]) < 2


@pytest.mark.parametrize("noise", [30, 150, 400])
def test_the_end_of_a_noisy_recording_is_where_the_voice_ends(noise):
    room = np.random.default_rng(0).normal(0, noise, samples(3.0)).astype(np.int16)
    room[samples(1.0) : samples(2.0)] += tone(1.0)
    take = from_recording(room)
    assert len(take) / RATE == pytest.approx(1.0, abs=0.05)
    assert take.phrase_ends == ()


def test_nothing_at_all_is_a_take_too():
    assert len(from_recording(np.zeros(100, np.int16))) == 0


def steps(*runs):
    """Powers of 20 ms, in decibels under the loudest, and which of them hold voice."""
    power = np.concatenate([np.full(count, 1e6 * 10 ** (db / 10)) for count, db in runs])
    return power > 1e6 * 10**-1.8, power


@pytest.mark.parametrize(
    ("runs", "first", "last"),
    [
        ([(20, -50), (30, 0), (5, -25), (20, -50)], 20, 55),
        ([(20, -50), (4, -30), (30, 0), (20, -50)], 20, 54),
        ([(20, -50), (30, 0), (20, -25), (20, -50)], 20, 58),
        ([(30, 0), (6, -25)], 0, 36),
        ([(20, -20), (30, 0), (20, -20)], 20, 50),
        ([(20, -50), (30, 0), (20, -47)], 20, 50),
        ([(20, -50), (3, -25), (2, -50), (30, 0), (20, -50)], 25, 55),
    ],
    ids=[
        "a faint end", "a faint begin", "no further than a consonant reaches", "cut so tightly that there is no room",
        "a loud room", "a room that changes a little", "something apart",
    ],
)  # fmt: skip
def test_faint_consonants_beside_voice_belong_to_it_and_noise_does_not(runs, first, last):
    voice, power = steps(*runs)
    assert np.flatnonzero(widened(voice, power)).tolist() == list(range(first, last))


def test_a_recording_keeps_the_faint_consonant_that_it_ends_with():
    chance = np.random.default_rng(1)
    room = chance.normal(0, 8, samples(2.0)).astype(np.int16)
    room[samples(0.5) : samples(1.5)] += tone(1.0)
    room[samples(1.5) : samples(1.6)] += chance.normal(0, 250, samples(0.1)).astype(np.int16)
    assert len(from_recording(room)) / RATE == pytest.approx(1.1, abs=0.03)
