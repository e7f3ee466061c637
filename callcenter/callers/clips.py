"""Recordings of real people and real noise, from a folder of data that may be absent.

`speech/NAME.opus` holds the clips of a set end to end, `speech/NAME.jsonl` one line a clip: start, seconds, text,
speaker. Ogg Opus needs the package `soundfile` (the extra `clips`).
"""

import importlib
import importlib.util
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from callcenter.audio.offline import resample
from callcenter.callers.heldout import Kind, held_out
from callcenter.callers.takes import Pcm
from callcenter.units import RATE

ONE_NAME = ("pv",)
"""Many people under one name: they are told apart, as far as may be, by clip."""


class ClipError(Exception):
    """The data cannot be used; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Clip:
    of: str
    start: float
    seconds: float
    text: str
    speaker: str


class Clips:
    """The sets of a folder, restricted to the speakers on one side of what is held out."""

    def __init__(self, data: Path, evaluation: bool = True) -> None:
        self._folder = data / "speech"
        self._evaluation = evaluation
        self._sets: dict[str, tuple[Clip, ...]] = {}
        self._files: dict[str, Any] = {}
        if not importlib.util.find_spec("soundfile"):
            raise ClipError(f"{data}: reading recordings needs soundfile; pip install 'callcenter[clips]'")
        if not self._folder.is_dir():
            raise ClipError(f"{data}: there is no folder speech in it")

    @cached_property
    def names(self) -> tuple[str, ...]:
        found = sorted(path.stem for path in self._folder.glob("*.jsonl"))
        return tuple(name for name in found if (self._folder / f"{name}.opus").is_file())

    def clips(self, name: str) -> tuple[Clip, ...]:
        """The clips of a set on this side; none where there is no such set."""
        if name not in self._sets:
            known = name in self.names
            every = [clip(name, line) for line in self._lines(name)] if known else []
            kind: Kind = "noise" if name == "noise" else "speaker"
            self._sets[name] = tuple(c for i, c in enumerate(every) if held_out(kind, whose(c, i)) == self._evaluation)
        return self._sets[name]

    def speakers(self, name: str) -> tuple[str, ...]:
        return tuple(sorted({clip.speaker for clip in self.clips(name)}))

    def by(self, name: str, speaker: str) -> tuple[Clip, ...]:
        return tuple(clip for clip in self.clips(name) if clip.speaker == speaker)

    def pcm(self, clip: Clip) -> Pcm:
        if clip.of not in self._files:
            path = self._folder / f"{clip.of}.opus"
            self._files[clip.of] = importlib.import_module("soundfile").SoundFile(str(path))
        sound = self._files[clip.of]
        rate = sound.samplerate
        sound.seek(min(round(clip.start * rate), len(sound)))
        read = sound.read(round(clip.seconds * rate), dtype="int16", always_2d=True)
        return resample(np.ascontiguousarray(read[:, 0]), rate, RATE)

    def _lines(self, name: str) -> Sequence[str]:
        return (self._folder / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()


def clip(of: str, line: str) -> Clip:
    told = json.loads(line)
    return Clip(of, float(told["start"]), float(told["seconds"]), told["text"] or "", told["speaker"])


def whose(clip: Clip, index: int) -> str:
    return f"{clip.of} {clip.speaker} {index}" if clip.speaker in ONE_NAME or clip.of == "noise" else clip.speaker


def some(chance: Random, clips: Sequence[Clip], least: float, most: float) -> Clip | None:
    """One of the clips that last so many seconds."""
    fitting = [clip for clip in clips if least <= clip.seconds <= most]
    return chance.choice(fitting) if fitting else None
