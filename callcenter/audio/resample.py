"""Between 8, 16 and 24 kHz as a stream: 160, 320 and 480 samples are the same 20 ms, in and out, every time.

A polyphase FIR with a Kaiser window: M samples in make L samples out, and one matrix holds the taps of all L phases, so
a push is one product of overlapping windows with that matrix. The filter passes 0.85 of the lower rate's band and stops
all beyond it; that costs 24 samples of the lower rate: 3 ms at 8 kHz.

The taps are whole multiples of 2**-20, so in float64 every sum is exact, the order of adding is of no consequence, and
a stream gives the same samples however it is cut.
"""

from functools import cache
from math import gcd
from typing import Final

import numpy as np
from numpy.typing import NDArray

from callcenter.audio.g711 import Pcm

RATES: Final = (8_000, 16_000, 24_000)
REACH: Final = 24
"""Samples of the lower rate from the middle of the filter to its end: its delay."""

BETA: Final = 5.4
"""Kaiser's: 57 dB of rejection from the end of the lower band on, with the window's reach and the edge as they are."""

EDGE: Final = 0.925
"""Middle of the transition, as a part of the lower rate's band."""

UNIT: Final = 1 << 20


class Resampler:
    def __init__(self, rate_in: int, rate_out: int) -> None:
        if rate_in not in RATES or rate_out not in RATES:
            raise ValueError(f"no resampling from {rate_in} to {rate_out} Hz")
        self._phases = phases(rate_in, rate_out)
        self._in, self._out = rate_in // gcd(rate_in, rate_out), rate_out // gcd(rate_in, rate_out)
        self._window = len(self._phases)
        self._past = np.zeros(self._window - self._in, np.int16)
        self.delay = 0 if rate_in == rate_out else REACH * rate_out // min(rate_in, rate_out)
        """Samples of the output by which it is behind the input."""
        self.delay_ms = 1_000 * self.delay / rate_out

    def push(self, pcm: Pcm) -> Pcm:
        """The samples that these complete; what is left of an incomplete group waits for the next push."""
        stream = np.concatenate((self._past, pcm)).astype(np.float64)
        groups = (len(stream) - self._window) // self._in + 1
        self._past = stream[max(groups, 0) * self._in :].astype(np.int16)
        if groups <= 0:
            return np.zeros(0, np.int16)
        windows: NDArray[np.float64] = np.ndarray((groups, self._window), np.float64, stream, strides=(8 * self._in, 8))
        loud = np.rint(windows @ self._phases)
        return np.asarray(np.clip(loud, -32_768, 32_767, out=loud), np.int16).ravel()


@cache
def phases(rate_in: int, rate_out: int) -> NDArray[np.float64]:
    """(window, L): column q weighs the window of M new samples and their past into the q-th sample out."""
    step_in, step_out = rate_in // gcd(rate_in, rate_out), rate_out // gcd(rate_in, rate_out)
    taps = lowpass(rate_in * step_out, min(rate_in, rate_out)) * step_out if rate_in != rate_out else np.ones(1)
    past = (len(taps) - 1) // step_out
    matrix = np.zeros((past + step_in, step_out))
    for q in range(step_out):
        newest, phase = divmod(q * step_in, step_out)
        branch = taps[phase::step_out]
        matrix[past + newest - np.arange(len(branch)), q] = branch
    matrix = np.rint(matrix * UNIT) / UNIT
    matrix.flags.writeable = False
    return matrix


def lowpass(rate: int, lower: int) -> NDArray[np.float64]:
    """The filter at the rate of the common multiple, with a gain of one at zero."""
    middle = REACH * rate // lower
    n = np.arange(-middle, middle + 1)
    taps = np.sinc(n * EDGE * lower / rate) * np.kaiser(2 * middle + 1, BETA)
    return np.asarray(taps / taps.sum())
