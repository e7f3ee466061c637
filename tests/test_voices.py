"""The voice: the same bytes every time, words at their times, no alias, and a clear word when it is missing."""

import ctypes.util
import re
import subprocess
import sys
import threading
from itertools import pairwise

import numpy as np
import pytest

from callcenter.audio import decode
from callcenter.audio.offline import phone_band, resample
from callcenter.units import RATE
from callcenter.voices import Espeak, Moment, VoiceError, Word, words
from callcenter.voices import espeak as library
from callcenter.voices.speech import WRITTEN

TEXT = "Hello, I'm out of the office, my order number is 4 7 1, I'd pay $25.30."


@pytest.fixture(scope="module")
def espeak() -> Espeak:
    return Espeak()


@pytest.mark.parametrize("voice", ["en-us", "en-us+f3", "en-us+klatt4", "en-gb-x-rp+m7", "en+whisper"])
def test_the_same_text_is_the_same_bytes_whatever_was_said_before(espeak, voice):
    first = espeak.speak(TEXT, voice)
    espeak.speak("Something else altogether, and in another voice.", "en-gb-scotland+f2", rate=220, pitch=80)
    assert espeak.speak(TEXT, voice) == first


def test_another_process_says_the_same_bytes(espeak):
    code = "from callcenter.voices import Espeak; print(Espeak().speak('Hello', 'en-us+f3').audio.hex())"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert said.stdout.strip() == espeak.speak("Hello", "en-us+f3").audio.hex()


def test_its_noise_is_drawn_from_our_seed(espeak, monkeypatch):
    first = espeak.speak(TEXT, "en-us+f3")
    monkeypatch.setattr(library, "SEED", 2)
    assert espeak.speak(TEXT, "en-us+f3").audio != first.audio


def test_threads_may_speak_at_once(espeak):
    alone = espeak.speak(TEXT)
    together = []
    threads = [threading.Thread(target=lambda: together.append(espeak.speak(TEXT))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == [alone] * 4


def test_every_word_has_its_time(espeak):
    said = espeak.speak(TEXT)
    assert [word.text for word in said.words] == TEXT.split()
    assert all(word.start < word.end <= len(said.audio) for word in said.words)
    assert all(one.end <= after.start for one, after in pairwise(said.words))
    pcm = np.abs(decode(said.audio).astype(int))
    gap = said.words[1].start - said.words[0].end
    assert gap > 0.1 * RATE, "the comma after the first word is a pause"
    assert pcm[said.words[0].end : said.words[1].start].mean() < pcm[: said.words[0].end].mean() / 20


def test_speech_is_as_loud_as_on_a_phone_and_never_cut_off(espeak):
    pcm = decode(espeak.speak(TEXT).audio).astype(float)
    voiced = pcm[np.abs(pcm) > 300]
    assert -26 < 10 * np.log10((voiced**2).mean() / 32768**2) < -18
    assert np.abs(pcm).max() < 32_000


def test_rate_pitch_and_band_are_heard(espeak):
    plain = espeak.speak(TEXT)
    assert len(espeak.speak(TEXT, rate=260).audio) < 0.8 * len(plain.audio)
    assert espeak.speak(TEXT, pitch=90).audio != plain.audio
    assert band_share(decode(espeak.speak(TEXT, band=True).audio), 0, 200) < 0.02


@pytest.mark.parametrize("text", ["", " ", "...", "!?"])
def test_text_without_words_has_none(espeak, text):
    assert espeak.speak(text).words == ()


@pytest.mark.parametrize("voice", ["xx-nowhere", "en-us+nobody"])
def test_a_voice_that_is_not_there_is_named(espeak, voice):
    with pytest.raises(VoiceError, match=re.escape(voice)):
        espeak.speak("Hello", voice)


def test_a_library_that_cannot_be_loaded_is_an_error_not_a_crash():
    with pytest.raises(VoiceError, match="nowhere"):
        Espeak("/nowhere/libespeak-ng.so").speak("Hello")


def test_without_the_package_debians_library_is_taken_or_the_remedy_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    if ctypes.util.find_library("espeak-ng"):
        assert Espeak().speak("Hello there").words
    else:
        with pytest.raises(VoiceError, match="apt-get install"):
            library.find()


W, P = library.WORD, library.PHONEME
SOUND = Moment(P, 1, named=True)


@pytest.mark.parametrize(
    ("text", "moments", "expected"),
    [
        ("one two", [Moment(W, 0), SOUND, Moment(P, 9), Moment(W, 20, 4)], [("one", 0, 9), ("two", 20, 100)]),
        ("one two", [Moment(W, 0), Moment(P, 5), Moment(W, 20, 4)], [("one", 0, 20), ("two", 20, 100)]),
        ("out of it", [Moment(W, 0), Moment(W, 50, 7)], [("out", 0, 30), ("of", 30, 50), ("it", 50, 100)]),
        ("$5.30 now", [Moment(W, 0), Moment(W, 30, 1), Moment(W, 60, 6)], [("$5.30", 0, 60), ("now", 60, 100)]),
        ("- one", [Moment(W, 10, 2)], [("one", 10, 100)]),
        ("one", [], []),
    ],
)  # fmt: skip
def test_the_times_of_words_come_from_the_librarys_events(text, moments, expected):
    tokens = [found.span() for found in WRITTEN.finditer(text)]
    assert words(text, tokens, moments, 100, 1.0) == tuple(Word(*word) for word in expected)


# -------------------------------------------------------------------------------------------------------- resampling


def tone(hertz: float, rate: int, seconds: float = 0.5) -> np.ndarray:
    return (16_000 * np.sin(2 * np.pi * hertz * np.arange(int(rate * seconds)) / rate)).astype(np.int16)


def band_share(pcm: np.ndarray, low: float, high: float) -> float:
    power = np.abs(np.fft.rfft(pcm.astype(float) * np.hanning(len(pcm)))) ** 2
    hertz = np.fft.rfftfreq(len(pcm), 1 / RATE)
    return power[(hertz >= low) & (hertz < high)].sum() / power.sum()


@pytest.mark.parametrize("rate", [22_050, 16_000, 24_000, 44_100, 48_000, 11_025])
@pytest.mark.parametrize("hertz", [200, 1000, 3300])
def test_what_is_in_the_band_stays_as_it_is(rate, hertz):
    out = resample(tone(hertz, rate), rate)
    assert len(out) == pytest.approx(RATE / 2, abs=1)
    middle = slice(400, -400)
    np.testing.assert_allclose(out[middle], tone(hertz, RATE)[: len(out)][middle], atol=170)


@pytest.mark.parametrize(("rate", "hertz"), [(22_050, 4_500), (22_050, 9_000), (44_100, 15_000), (16_000, 5_000)])
def test_what_is_above_the_band_is_gone(rate, hertz):
    out = resample(tone(hertz, rate), rate)[400:-400]
    assert np.sqrt((out.astype(float) ** 2).mean()) < 16_000 / 1000


def test_up_and_down_again_is_the_same():
    pcm = tone(440, RATE)
    np.testing.assert_allclose(resample(resample(pcm, RATE, 24_000), 24_000)[400:-400], pcm[400:-400], atol=50)


@pytest.mark.parametrize("length", [0, 1, 2, 7, 441])
def test_the_shortest_sounds_can_be_resampled(length):
    assert len(resample(np.zeros(length, np.int16), 22_050)) == -(-length * 160 // 441)


def test_a_phone_line_lets_its_band_through():
    kept = phone_band(tone(1000, RATE))
    np.testing.assert_allclose(kept[400:-400], tone(1000, RATE)[400:-400], atol=100)
    for hertz in (100, 3_700):
        assert np.abs(phone_band(tone(hertz, RATE))[400:-400]).max() < 300
    assert len(phone_band(np.zeros(0, np.int16))) == 0
