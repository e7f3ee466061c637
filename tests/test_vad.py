"""Silero's network on our audio."""

import numpy as np
import pytest

from callcenter.audio import encode
from callcenter.duplex.vad import STEP, Silero, VadMissing, weights
from callcenter.units import SILENT_TURN, TURN
from callcenter.voices import Espeak

SPEECH = Espeak().speak("Could you tell me a little more about it, please?", "en-us+f3", band=True).audio


def probabilities(audio, step=TURN):
    silero = Silero()
    return [p for at in range(0, len(audio), step) for p in silero.push(audio[at : at + step])]


def test_speech_is_voice_and_silence_is_none():
    assert np.mean(np.array(probabilities(SPEECH)) > 0.4) > 0.8
    assert max(probabilities(SILENT_TURN * 10)) < 0.1


def test_steady_noise_is_no_voice():
    noise = np.random.default_rng(0).normal(0, 500, 5 * TURN)
    assert np.mean(np.array(probabilities(encode(noise.astype(np.int16)))) > 0.4) < 0.1


def test_chunking_does_not_matter():
    whole = Silero().push(SPEECH)
    assert probabilities(SPEECH, 160) == list(whole)
    assert len(whole) == len(SPEECH) // STEP


def test_calls_do_not_disturb_each_other():
    one, other = Silero(), Silero()
    alone = probabilities(SPEECH)
    together = []
    for at in range(0, len(SPEECH), TURN):
        together += one.push(SPEECH[at : at + TURN])
        other.push(SILENT_TURN)
    assert together == alone


def test_a_missing_package_is_told_with_its_remedy(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(VadMissing, match=r"pip install 'callcenter\[turnbased\]'"):
        weights()
