"""dMel: 8 kHz mu-law to mel levels of 4 bits, a frame every 10 ms, causally.

A frame ends with its hop: 25 ms of sound, of which 15 ms lie before it. So a turn needs 120 samples of the turn before
it and nothing of the one after; the beginning of a call is preceded by silence.
"""

from functools import cache, lru_cache
from typing import Final

import numpy as np
import torch
from torch import Tensor

from callcenter.audio import decode
from callcenter.units import RATE

WINDOW: Final = RATE // 40
HOP: Final = RATE // 100
CARRY: Final = WINDOW - HOP
"""Samples of the past that the first frame of a turn needs."""

SIZE: Final = 256
CHANNELS: Final = 40
LOW, HIGH = 100.0, 3_800.0
FAINT, LOUD = -80.0, -10.0
"""Decibels of the lowest and the highest level."""

LEVELS: Final = 16


@lru_cache(maxsize=1)
def expansion() -> Tensor:
    """Mu-law byte to sample, 1 being full scale."""
    return torch.from_numpy(decode(bytes(range(256))).astype(np.float32) / 32_768.0)


@lru_cache(maxsize=1)
def bank() -> Tensor:
    """Triangles on the mel scale: spectrum [129] to channels [40]."""

    def mel(hertz: float) -> float:
        return float(2_595 * np.log10(1 + hertz / 700))

    edges = 700 * (10 ** (np.linspace(mel(LOW), mel(HIGH), CHANNELS + 2) / 2_595) - 1)
    hertz = np.fft.rfftfreq(SIZE, 1 / RATE)
    rising = (hertz[:, None] - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - hertz[:, None]) / (edges[2:] - edges[1:-1])
    return torch.from_numpy(np.maximum(0.0, np.minimum(rising, falling)).astype(np.float32))


@lru_cache(maxsize=1)
def window() -> Tensor:
    """Scaled so that a full-scale tone in one channel is near 0 dB."""
    shape = torch.hann_window(WINDOW, periodic=False)
    return shape * (2.0 / shape.sum())


@cache
def placed(device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """Expansion, window and bank where they are used: sent to a GPU once, for a turn that is recorded sends nothing."""
    return expansion().to(device), window().to(device), bank().to(device)


def levels(audio: Tensor, past: Tensor | None = None) -> Tensor:
    """Mu-law bytes [B, N] to levels [B, N / 80, 40] of 0 to 15; `past` holds the 120 bytes before them."""
    return leveled(spectrum(audio, past) @ placed(audio.device)[2])


def spectrum(audio: Tensor, past: Tensor | None = None) -> Tensor:
    """The power [B, N / 80, 129] of every frame; before the first there was silence, or `past`."""
    if past is None:
        past = torch.full((len(audio), CARRY), 0xFF, dtype=audio.dtype, device=audio.device)
    expanded, shape, _ = placed(audio.device)
    sound = expanded[torch.cat((past, audio), 1).long()]
    frames = sound.unfold(1, WINDOW, HOP) * shape  # [B, F, 200]
    power: Tensor = torch.fft.rfft(frames, SIZE).abs().square()
    return power


def leveled(power: Tensor) -> Tensor:
    """Power of the channels to levels."""
    db = 10 * torch.log10(power + 1e-10)
    return ((db - FAINT) * ((LEVELS - 1) / (LOUD - FAINT))).round().clamp(0, LEVELS - 1)
