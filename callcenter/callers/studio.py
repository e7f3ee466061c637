"""The studio: voices to cast from, and everything recorded in them before the first call begins.

A take costs 10-25 ms; calls are paced at 20 ms. So nothing is recorded while a call goes on, and what was recorded once
is kept: by text, voice, rate and pitch.
"""

import shutil
import subprocess
import tempfile
import wave
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Literal

import numpy as np

from callcenter.audio import encode
from callcenter.audio.offline import phone_band, resample
from callcenter.callers.clips import ClipError, Clips
from callcenter.callers.heldout import kept
from callcenter.callers.lines import customers
from callcenter.callers.takes import Speaker, Take, Wording, record
from callcenter.callers.voice import ACCENTS, PEOPLE, Voice
from callcenter.voices import Espeak, Speech, VoiceError

Synthesizer = Literal["espeak", "flite", "festival"]

FLITE = ("slt", "rms", "awb", "kal16", "kal")
FESTIVAL = ("cmu_us_slt_arctic_hts", "kal_diphone", "ked_diphone")
COMMAND_WITHIN = 60


@dataclass(frozen=True, slots=True)
class Singer:
    """A synthesizer and the voice it uses."""

    by: Synthesizer
    voice: Voice

    @property
    def name(self) -> str:
        return f"{self.by} {self.voice.name}"


class Flite:
    """flite, one process a sentence; it tells no words."""

    def speak(
        self, text: str, voice: str = "slt", rate: int = 170, pitch: int = 50, lilt: int = 50, band: bool = False
    ) -> Speech:
        stretch = f"duration_stretch={170 / max(60, rate):.2f}"
        return spoken(["flite", "-voice", voice, "--setf", stretch, "-t", text, "-o", "{wave}"], band)


class Festival:
    """festival's text2wave, one process a sentence; it tells no words."""

    def speak(
        self,
        text: str,
        voice: str = "kal_diphone",
        rate: int = 170,
        pitch: int = 50,
        lilt: int = 50,
        band: bool = False,
    ) -> Speech:
        stretch = f"(Parameter.set 'Duration_Stretch {170 / max(60, rate):.2f})"
        command = ["text2wave", "-o", "{wave}", "-eval", f"(voice_{voice})", "-eval", stretch]
        return spoken(command, band, text)


def spoken(command: list[str], band: bool, stdin: str = "") -> Speech:
    """Runs a synthesizer that writes a wave file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "spoken.wav"
        filled = [str(path) if word == "{wave}" else word for word in command]
        ran = subprocess.run(filled, input=stdin.encode(), capture_output=True, timeout=COMMAND_WITHIN, check=False)
        if ran.returncode or not path.is_file():
            raise VoiceError(f"{command[0]} failed: {ran.stderr.decode(errors='replace')[:200]}")
        with wave.open(str(path)) as sound:
            pcm = np.frombuffer(sound.readframes(sound.getnframes()), np.int16)
            pcm = resample(pcm, sound.getframerate())
    return Speech(encode(phone_band(pcm) if band else pcm), ())


def installed() -> dict[Synthesizer, Speaker]:
    found: dict[Synthesizer, Speaker] = {"espeak": Espeak()}
    if shutil.which("flite"):
        found["flite"] = Flite()
    if shutil.which("text2wave"):
        found["festival"] = Festival()
    return found


class Studio:
    """One side of what is held out: its voices, its sentences, its real speakers, with what is installed here."""

    def __init__(
        self,
        data: Path | None = None,
        evaluation: bool = True,
        speakers: Mapping[Synthesizer, Speaker] | None = None,
    ) -> None:
        self.evaluation = evaluation
        self.speakers = dict(speakers) if speakers is not None else installed()
        self.customers = customers(data, evaluation) if data else ()
        self.clips, self.missing = opened(data, evaluation)
        for name in ("flite", "festival"):
            if name not in self.speakers:
                self.missing += (f"{name} voices (not installed)",)
        self._takes: dict[tuple[Singer, Wording], Take] = {}

    def voices(self, by: Synthesizer = "espeak") -> tuple[str, ...]:
        """The people of a synthesizer on this side."""
        if by == "espeak":
            return kept("voice", PEOPLE, self.evaluation)
        names = FLITE if by == "flite" else FESTIVAL
        return kept("voice", names, self.evaluation) or names[:1]

    def singer(self, chance: Random, by: Synthesizer = "espeak") -> Singer:
        """Somebody on this side."""
        name = chance.choice(self.voices(by))
        if by == "espeak":
            name = f"{chance.choice(ACCENTS)}+{name}"
        rate = min(215, max(125, round(chance.gauss(165, 20))))
        return Singer(by, Voice(name, rate, chance.randint(35, 65), chance.randint(35, 75)))

    def take(self, singer: Singer, wording: Wording) -> Take:
        key = (singer, wording)
        if key not in self._takes:
            self._takes[key] = record(self.speakers[singer.by], singer.voice, wording)
        return self._takes[key]


def opened(data: Path | None, evaluation: bool) -> tuple[Clips | None, tuple[str, ...]]:
    """The recordings in a folder of data; where there are none, the reason to tell the reader."""
    if data is None:
        return None, ("real speakers (no folder of data was given)",)
    try:
        return Clips(data, evaluation), ()
    except ClipError as error:
        return None, (f"real speakers ({error})",)
