"""A synthesizer that is a program of its own: it is run for a sentence and writes a wave file."""

import subprocess
import tempfile
import wave
from pathlib import Path
from typing import Final

import numpy as np

from callcenter.audio import encode
from callcenter.audio.offline import phone_band, resample
from callcenter.voices.speech import Speech, VoiceError

COMMAND_WITHIN: Final = 60.0


def spoken(command: list[str], band: bool = False, stdin: str = "", within: float = COMMAND_WITHIN) -> Speech:
    """Speech without words; `{wave}` in the command stands for the file. `band` keeps what a phone line does."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "spoken.wav"
        filled = [str(path) if word == "{wave}" else word for word in command]
        try:
            ran = subprocess.run(filled, input=stdin.encode(), capture_output=True, timeout=within, check=False)
        except (OSError, ValueError, subprocess.TimeoutExpired) as error:
            raise VoiceError(f"{command[0]} failed: {error}") from error
        if ran.returncode or not path.is_file():
            raise VoiceError(f"{command[0]} failed: {ran.stderr.decode(errors='replace')[:200]}")
        try:
            with wave.open(str(path)) as sound:
                pcm = np.frombuffer(sound.readframes(sound.getnframes()), np.int16)
                pcm = resample(pcm, sound.getframerate())
        except (wave.Error, EOFError, ValueError) as error:
            raise VoiceError(f"{command[0]} wrote no sound: {error}") from error
    return Speech(encode(phone_band(pcm) if band else pcm), ())
