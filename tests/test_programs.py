"""Synthesizers that are programs, and what is kept of them."""

import wave

import numpy as np
import pytest
from acting import tone

from callcenter.callers.programs import FESTIVAL, FLITE, Shelf, installed
from callcenter.units import RATE
from callcenter.voices import Speech, VoiceError
from callcenter.voices.program import spoken


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


def test_what_was_said_once_stands_on_the_shelf(tmp_path):
    made = []

    def make():
        made.append(1)
        return Speech(b"abc", ())

    for _ in range(2):
        assert Shelf(tmp_path / "shelf").kept(("flite", "slt", "hello"), make).audio == b"abc"
    assert Shelf(tmp_path / "shelf").kept(("flite", "rms", "hello"), make).audio == b"abc"
    assert len(made) == 2
    assert Shelf(None).kept(("flite", "slt", "hello"), make).audio == b"abc"
    assert len(made) == 3


def test_whatever_is_installed_can_speak(tmp_path):
    """Where flite or festival stand beside espeak, each says the same sentence in a voice of its own."""
    voices = {"espeak": "en-us", "flite": FLITE[-1], "festival": FESTIVAL[1]}
    said = {name: speaker.speak("hello there.", voices[name]).audio for name, speaker in installed(tmp_path).items()}
    assert "espeak" in said
    assert all(0.4 < len(audio) / RATE < 2.5 for audio in said.values())
    assert len(set(said.values())) == len(said)
