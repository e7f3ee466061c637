"""Voices to cast from, and takes that are recorded once."""

import wave
from random import Random

import numpy as np
import pytest
from acting import tone

from callcenter.callers.studio import Singer, Studio, spoken
from callcenter.callers.takes import plain
from callcenter.callers.voice import Voice
from callcenter.units import RATE
from callcenter.voices import VoiceError


def test_what_was_recorded_is_kept():
    studio = Studio()
    singer = Singer("espeak", Voice("en-us+m4"))
    one = studio.take(singer, plain("hello there."))
    assert studio.take(singer, plain("hello there.")) is one
    other = studio.take(Singer("espeak", Voice("en-us+m4", rate=200)), plain("hello there."))
    assert len(other) < len(one)


def test_singers_are_drawn_from_one_side():
    evaluation, training = Studio(evaluation=True), Studio(evaluation=False)
    names = [{s.singer(Random(n)).voice.name.partition("+")[2] for n in range(60)} for s in (evaluation, training)]
    assert names[0] <= set(evaluation.voices())
    assert not names[0] & names[1]


def test_what_is_not_installed_is_missing():
    studio = Studio(speakers={"espeak": Studio().speakers["espeak"]})
    assert "flite voices (not installed)" in studio.missing


def test_a_program_that_writes_a_wave_is_a_synthesizer(tmp_path):
    path = tmp_path / "tone.wav"
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(16_000)
        sound.writeframes(np.repeat(tone(0.5), 2).tobytes())
    speech = spoken(["cp", str(path), "{wave}"], band=True)
    assert len(speech.audio) == RATE // 2
    with pytest.raises(VoiceError, match="false failed"):
        spoken(["false", "{wave}"], band=False)
