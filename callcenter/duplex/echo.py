"""Is what we hear our own voice coming back? By how alike the two are at the best delay.

An echo is a quiet copy of what was played a moment ago: at its delay the two correlate. The caller's own voice over it
does not, and is so much louder that the likeness goes; two voices of one synthesizer may be alike, but are not quiet.
Nothing is subtracted: a turn is an echo, or it is not.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from callcenter.audio import decode
from callcenter.units import TURN, samples

Floats = NDArray[np.float32]

LONGEST: Final = samples(0.6)
"""The latest that an echo comes back."""

ALIKE: Final = 0.35
"""Correlation from which on it is ours."""

QUIETER: Final = 0.35
"""An echo is at most this much of what was played (-9 dB)."""

LOUD: Final = 60.0
"""Root mean square of what was played, below which nothing can echo."""

SIZE: Final = 1 << (LONGEST + 2 * TURN - 1).bit_length()


class Echo:
    def __init__(self) -> None:
        self._played = np.zeros(LONGEST + TURN, np.float32)

    def push(self, heard: bytes, played: bytes) -> bool:
        self._played = np.concatenate((self._played[TURN:], decode(played).astype(np.float32)))
        if float(np.sqrt(np.mean(np.square(self._played)))) < LOUD:
            return False
        alike, share = likeness(decode(heard).astype(np.float32), self._played)
        return alike >= ALIKE and share <= QUIETER


def likeness(heard: Floats, played: Floats) -> tuple[float, float]:
    """The highest correlation of what was heard with any stretch of what was played (0 to 1), and how loud it is
    against that stretch."""
    cross = np.fft.irfft(np.fft.rfft(played, SIZE) * np.conj(np.fft.rfft(heard, SIZE)), SIZE)
    places = len(played) - len(heard) + 1
    power = np.concatenate(([0.0], np.cumsum(np.square(played, dtype=np.float64))))
    stretches = np.sqrt(np.maximum(power[len(heard) :] - power[:places], 1.0))
    own = float(np.sqrt(np.sum(np.square(heard, dtype=np.float64)))) or 1.0
    alike = np.abs(cross[:places]) / stretches
    best = int(np.argmax(alike))
    return float(alike[best]) / own, own / float(stretches[best])
