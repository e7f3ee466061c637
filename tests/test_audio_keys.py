"""Keys as tones: what is sent is heard, what only resembles it is not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from laws import chunking_does_not_matter, round_trip
from sounds import loud, noise, syllables

from callcenter.audio import KEYS, Keys, decode, encode, level_db, mix, silence, tones
from callcenter.audio.keys import HEARD, HIGH, LOW
from callcenter.units import RATE


def hear(audio):
    return Keys().push(audio)


def pcm(samples):
    return encode(np.clip(samples, -32_768, 32_767).astype(np.int16))


def press(key, ms=100, off=(0.0, 0.0), twist_db=0.0, level_db=0.0, noise_db=None, seed=0):
    """One press as a phone far away sends it, somewhere in two tenths of a second of quiet."""
    chance = np.random.default_rng(seed + 1_000 * KEYS.index(key))
    place = KEYS.index(key)
    time = np.arange(ms * RATE // 1_000) / RATE
    low, high = LOW[place // 4] * (1 + off[0]), HIGH[place % 4] * (1 + off[1])
    amplitude = 9_000 * 10 ** (level_db / 20)
    tone = amplitude * np.sin(2 * np.pi * low * time + chance.uniform(0, 6))
    tone += amplitude * 10 ** (twist_db / 20) * np.sin(2 * np.pi * high * time + chance.uniform(0, 6))
    sent = np.concatenate((np.zeros(chance.integers(300, 900)), tone, np.zeros(800)))
    if noise_db is not None:
        sent += chance.standard_normal(len(sent)) * np.sqrt((tone**2).mean() / 10 ** (noise_db / 10))
    return pcm(sent)


@given(st.text(HEARD, max_size=12))
@settings(derandomize=True, max_examples=40, deadline=None)
def test_keys_that_are_sent_are_heard(keys):
    round_trip(tones, hear, [keys])


@given(st.lists(st.integers(1, 3_000), min_size=1, max_size=8))
@settings(derandomize=True, max_examples=40, deadline=None)
def test_chunking_does_not_matter(cut):
    chunking_does_not_matter(Keys, Keys.push, tones("0123456789*#1122"), cut)


def test_a_key_lasts_as_long_as_networks_ask_and_is_as_loud():
    assert len(tones("5")) == 800 + 480
    assert level_db(tones("5")[:800]) == pytest.approx(-10.1, abs=0.2)
    assert tones("5")[800:] == silence(480)


def test_pauses_between_keys_are_silence():
    assert tones("1,2") == tones("1") + silence(2 * RATE) + tones("2")
    assert tones("w") == silence(RATE // 2)


@pytest.mark.parametrize("keys", ["x", "1 2", "12a", "é"])
def test_what_is_no_key_is_refused(keys):
    with pytest.raises(ValueError, match="no such key"):
        tones(keys)


@pytest.mark.parametrize("key", KEYS)
def test_a_tone_is_its_two_frequencies(key):
    seen = np.abs(np.fft.rfft(decode(tones(key)[:800]).astype(float)))
    place = KEYS.index(key)
    peaks = {10 * int(peak) for peak in np.argsort(seen)[-2:]}
    assert peaks == {10 * round(LOW[place // 4] / 10), 10 * round(HIGH[place % 4] / 10)}


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"ms": 40},
        {"ms": 50, "noise_db": 15},
        {"off": (0.015, 0.015)},
        {"off": (-0.015, 0.015)},
        {"off": (0.01, -0.01), "noise_db": 15},
        {"twist_db": 4},
        {"twist_db": -8},
        {"level_db": -25},
        {"level_db": 4},
        {"noise_db": 10},
    ],
    ids=str,
)
def test_presses_within_the_recommendation_are_heard(sent):
    for key in HEARD:
        for seed in range(3):
            assert hear(press(key, seed=seed, **sent)) == key


@pytest.mark.parametrize(
    "sent",
    [{"ms": 23}, {"off": (0.035, 0.035)}, {"off": (0, -0.035)}, {"twist_db": 14}, {"twist_db": -14}, {"level_db": -40}],
    ids=str,
)
def test_presses_outside_the_recommendation_are_not(sent):
    for key in HEARD:
        for seed in range(3):
            assert hear(press(key, seed=seed, **sent)) == ""


def test_a_long_press_is_one_and_a_dropout_of_ten_milliseconds_does_not_part_it():
    held = bytearray(press("7", ms=1_500))
    held[6_000:6_080] = silence(80)
    assert hear(bytes(held)) == "7"


def test_a_pause_of_forty_milliseconds_parts_two_presses():
    held = bytearray(press("7", ms=500))
    held[2_000:2_320] = silence(320)
    assert hear(bytes(held)) == "77"


def test_a_key_pressed_while_somebody_murmurs_is_heard():
    murmur = pcm(loud(syllables(3, 2), -34))
    assert hear(mix(murmur, silence(3_000) + tones("42"))) == "42"


@pytest.mark.parametrize("seed", range(4))
def test_voices_are_no_keys(seed):
    """Two minutes each of gliding harmonics at random pitches."""
    voices = [loud(syllables(100 * seed + part, 2), -22) for part in range(60)]
    assert hear(pcm(np.concatenate(voices))) == ""


@pytest.mark.parametrize("seed", range(4))
def test_chords_of_a_steady_pitch_are_no_keys(seed):
    chance = np.random.default_rng(seed)
    time = np.arange(RATE // 5) / RATE
    chords = []
    for _ in range(300):
        pitch, strengths = chance.uniform(80, 400), chance.uniform(0.05, 1, 12)
        chords.append(sum(s * np.sin(2 * np.pi * k * pitch * time) for k, s in enumerate(strengths, 1)))
    assert hear(pcm(loud(np.concatenate(chords), -20))) == ""


@pytest.mark.parametrize("kind", ["white", "pink", "hum"])
def test_noise_that_swells_like_speech_is_no_key(kind):
    time = np.arange(60 * RATE) / RATE
    swelling = noise(kind, 1, len(time)) * (0.1 + np.abs(np.sin(2 * np.pi * 2.3 * time)))
    assert hear(pcm(loud(swelling, -22))) == ""


@pytest.mark.parametrize("hertz", [LOW[0], HIGH[2], 425, 440, 1_100, 2_100])
def test_one_tone_alone_is_no_key(hertz):
    assert hear(pcm(9_000 * np.sin(2 * np.pi * hertz * np.arange(RATE) / RATE))) == ""


def test_dial_and_ringing_tones_are_no_keys():
    for pair in ((350, 440), (440, 480), (480, 620), (941, 1_000)):
        assert hear(pcm(sum(6_000 * np.sin(2 * np.pi * hertz * np.arange(RATE) / RATE) for hertz in pair))) == ""
