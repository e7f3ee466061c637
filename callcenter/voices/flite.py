"""flite, where it is installed: a small synthesizer, one process a sentence. It tells no words; they are guessed."""

import subprocess
from functools import cache
from pathlib import Path
from shutil import which
from typing import Final

from callcenter.voices.program import spoken
from callcenter.voices.saying import SPELLED, saying
from callcenter.voices.speech import Speech, VoiceError, spread, trimmed

WITHIN: Final = 10.0
"""Seconds for a sentence; it takes a tenth of one."""


class Flite:
    def __init__(self) -> None:
        if which("flite") is None:
            raise VoiceError("flite is missing; apt-get install flite")

    def speak(self, text: str, voice: str = "slt") -> Speech:
        """`voice` is one of its own or a file of one. Text without words is no sound, and no process."""
        if voice not in voices() and not (voice.endswith(".flitevox") and Path(voice).is_file()):
            raise VoiceError(f"flite has no voice {voice!r}; it has {', '.join(sorted(voices()))}")
        if not spread(text, 0, 1):
            return Speech(b"", ())
        given = saying(text.replace("\0", " "), SPELLED).given
        said = trimmed(spoken(["flite", "-voice", voice, "-t", given, "-o", "{wave}"], within=WITHIN))
        return Speech(said.audio, spread(text, 0, len(said.audio)))


@cache
def voices() -> frozenset[str]:
    """What it can speak with; it would take any other name for its first voice."""
    try:
        told = subprocess.run(["flite", "-lv"], capture_output=True, timeout=WITHIN, check=False).stdout.decode()
    except (OSError, subprocess.TimeoutExpired) as error:
        raise VoiceError(f"flite does not run: {error}") from error
    return frozenset(told.partition(":")[2].split())
