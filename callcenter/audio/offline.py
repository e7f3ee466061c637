"""Whole recordings from one rate to another, and the band of a telephone: for speech that is prepared, not streamed.

A windowed sinc in its polyphase form: 80 dB of rejection, flat up to 85 % of the narrower band, no delay (the ends are
taken to be silent). What flows through a call goes through the streaming resampler instead.
"""

from functools import cache
from math import gcd

import numpy as np
from numpy.typing import NDArray

from callcenter.units import RATE

Floats = NDArray[np.float64]

ROLL_OFF = 0.95
"""The filter's middle, as a share of the narrower band's edge."""

HALF = 30
"""Zero crossings of the sinc on either side."""

BETA = 8.0


def resample(pcm: NDArray[np.int16], rate: int, to: int = RATE) -> NDArray[np.int16]:
    if rate == to or not len(pcm):
        return pcm
    common = gcd(rate, to)
    up, down = to // common, rate // common
    taps = bank(up, down)  # up rows: one filter per phase
    half = taps.shape[1] // 2
    padded = np.concatenate((np.zeros(half), pcm.astype(np.float64), np.zeros(half + 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, taps.shape[1])
    places = np.arange(-(-len(pcm) * up // down)) * down
    out = np.empty(len(places))
    for first in range(min(up, len(places))):
        rows = places[first::up]
        out[first::up] = windows[rows // up] @ taps[rows[0] % up]
    return to_pcm(out)


@cache
def bank(up: int, down: int) -> Floats:
    """Row p weighs the input around an output that lies p/up of a sample past the window's middle."""
    width = max(1.0, down / up)
    half = int(np.ceil(HALF * width))
    offsets = np.arange(2 * half + 1)[None, :] - half - np.arange(up)[:, None] / up
    cut = ROLL_OFF / width
    window = np.i0(BETA * np.sqrt(np.maximum(0.0, 1 - (offsets / (half + 1)) ** 2))) / np.i0(BETA)
    rows = np.sinc(offsets * cut) * cut * window
    normal: Floats = rows / rows.sum(axis=1, keepdims=True)
    return normal


def phone_band(pcm: NDArray[np.int16], low: float = 300.0, high: float = 3400.0) -> NDArray[np.int16]:
    """What a telephone line lets through, at 8 kHz; gentle skirts of 100 Hz."""
    if not len(pcm):
        return pcm
    size = len(pcm) + RATE // 10
    spectrum = np.fft.rfft(pcm, size)
    hertz = np.fft.rfftfreq(size, 1 / RATE)
    gain = np.clip((hertz - low) / 100.0 + 1.0, 0.0, 1.0) * np.clip((high - hertz) / 100.0 + 1.0, 0.0, 1.0)
    return to_pcm(np.fft.irfft(spectrum * gain, size)[: len(pcm)])


def to_pcm(samples: Floats) -> NDArray[np.int16]:
    return np.clip(np.rint(samples), -32_768, 32_767).astype(np.int16)
