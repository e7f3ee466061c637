"""The same speech out of another throat: where its resonances lie and how high its voice is, each apart.

A voice played faster or slower takes all of that with it, and so do channels that are stretched: a deep voice would
always come with a long throat. Here the spectrum of every frame is parted into what the throat does (its slow shape)
and what the voice does (the fine lines in it); either is stretched along the frequencies by itself, for each row anew.
The telephone's band stays where it is.
"""

from typing import Final

import torch
from torch import Tensor

from callcenter.model.frontend import SIZE, leveled, placed, spectrum
from callcenter.units import RATE

CHANGED: Final = 0.5
"""Of the rows, those with another throat, and those with a voice of another height."""

LONGER: Final = 0.15
"""By how much of their places resonances are moved, at most."""

HIGHER: Final = 0.45
"""The same of the voice, as a logarithm: a man's may become a child's."""

SLOW: Final = (12, 20)
"""Samples (1.5 and 2.5 ms): shorter than the first is the throat's doing, longer than the second the voice's."""

BAND: Final = (300, 3_300)
"""Hertz. What lies between is the speaker's, the rest the line's."""

LEAST: Final = 1e-10


def heard_otherwise(audio: Tensor) -> Tensor:
    """Mu-law [B, N] to levels [B, N / 80, 40], half of the rows as somebody else would have said it."""
    rows, device = len(audio), audio.device
    power = spectrum(audio)
    throats = 1 + LONGER * (2 * torch.rand(rows, device=device) - 1)
    voices = (HIGHER * (2 * torch.rand(rows, device=device) - 1)).exp()
    changed = torch.rand(2, rows, device=device) < CHANGED
    other = revoiced(power, torch.where(changed[0], throats, 1.0), torch.where(changed[1], voices, 1.0))
    return leveled(torch.where(changed.any(0)[:, None, None], other, power) @ placed(device)[2])


def revoiced(power: Tensor, throats: Tensor, voices: Tensor) -> Tensor:
    """Power [B, F, 129] of frames with resonances and voices at so many times their frequencies, a number a row."""
    told = (power + LEAST).log()
    delays = torch.arange(SIZE // 2 + 1, device=power.device)
    short, long = SLOW
    share = ((long - delays) / (long - short)).clamp(0, 1)
    shares = torch.cat((share, share[1:-1].flip(0)))
    shape = torch.fft.rfft(torch.fft.irfft(told, SIZE) * shares).real
    return (drawn_out(shape, throats) + drawn_out(told - shape, voices)).exp()


def drawn_out(spectra: Tensor, factors: Tensor) -> Tensor:
    """Spectra [B, F, 129] stretched within the band, each row by its factor; what is missing is mirrored."""
    bins = spectra.shape[-1]
    hertz = torch.arange(bins, device=spectra.device) * (RATE / SIZE)
    low, high = BAND
    wanted = hertz / factors[:, None]
    inside = torch.where(wanted > high, 2 * high - wanted, wanted).clamp(min=low)
    place = torch.where((hertz > low) & (hertz < high), inside, hertz) / (RATE / SIZE)
    first = place.floor().clamp(0, bins - 2).long()
    share = (place - first)[:, None, :]
    frames = spectra.shape[1]
    lower = spectra.gather(2, first[:, None, :].expand(-1, frames, -1))
    upper = spectra.gather(2, first[:, None, :].expand(-1, frames, -1) + 1)
    return lower * (1 - share) + upper * share
