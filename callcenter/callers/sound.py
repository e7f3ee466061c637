"""Wave files in and out of a call: any rate and width in, two channels of what a phone spoke and heard out."""

import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from callcenter.audio import decode, encode
from callcenter.audio.offline import resample
from callcenter.units import RATE


class SoundError(Exception):
    """A file cannot be played; the message names it and says what would do."""


def read_wav(path: Path) -> bytes:
    """Mu-law at 8 kHz, both channels of a stereo file mixed."""
    try:
        with wave.open(str(path), "rb") as file:
            channels, width, rate = file.getnchannels(), file.getsampwidth(), file.getframerate()
            data = file.readframes(file.getnframes())
    except (OSError, EOFError, wave.Error) as error:
        raise SoundError(f"{path} cannot be played: {error}; give a PCM wave file") from error
    mono = sixteen_bits(data, width).reshape(-1, channels).mean(axis=1)
    return encode(resample(mono.astype(np.int16), rate))


def sixteen_bits(data: bytes, width: int) -> NDArray[np.int16]:
    if width == 1:
        return ((np.frombuffer(data, np.uint8).astype(np.int16) - 128) * 256).astype(np.int16)
    high = np.frombuffer(data, np.uint8).reshape(-1, width)[:, -2:]
    return np.ascontiguousarray(high).view("<i2").reshape(-1)


def write_wav(path: Path, spoken: bytes, heard: bytes) -> None:
    """Left is what the caller spoke, right what it heard of the agent."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(np.stack((decode(spoken), decode(heard)), axis=1).astype("<i2").tobytes())
