"""How loud, two at once, nothing at all, and pieces of one size."""

from typing import Final

import numpy as np

from callcenter.audio.g711 import decode, encode
from callcenter.units import SILENT_BYTE

QUIET: Final = -100.0
"""Decibels of digital silence, so that levels can be compared and stored."""


def silence(samples: int) -> bytes:
    return bytes([SILENT_BYTE]) * samples


def level_db(audio: bytes) -> float:
    """The power against that of a full square: a sine that just fits is -3."""
    pcm = decode(audio).astype(np.float64)
    power = float(pcm @ pcm) / max(1, len(pcm)) / 32_768**2
    return max(QUIET, 10 * float(np.log10(power))) if power else QUIET


def mix(a: bytes, b: bytes) -> bytes:
    """Both at once, as long as the longer; what is too loud for the law is as loud as it goes."""
    short, long = sorted((a, b), key=len)
    both = decode(long).astype(np.int32)
    both[: len(short)] += decode(short)
    return encode(both.clip(-32_768, 32_767).astype(np.int16))


class Framer:
    """Audio in any pieces to frames of one size; what does not fill one waits."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._part = b""

    def push(self, audio: bytes) -> list[bytes]:
        audio = self._part + audio
        whole = len(audio) - len(audio) % self._size
        self._part = audio[whole:]
        return [audio[start : start + self._size] for start in range(0, whole, self._size)]

    def rest(self) -> bytes:
        """What waits, as it is."""
        part, self._part = self._part, b""
        return part
