"""The same speech as if somebody else said it elsewhere: levels are warped, shifted, drawn out by a room, sharpened or
blurred, and partly taken away, all rows at once."""

from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from callcenter.model.frontend import LEVELS

WARPED: Final = 0.4
"""Of the rows, those whose channels are stretched as by a longer or shorter throat."""

STRETCH: Final = 0.16
LOUDER: Final = 1.6
"""Levels by which a row is shifted, at most; a level is 4.7 decibels."""

ROOMS: Final = 0.4
"""Of the rows, those in which sound dies away slowly: by so many levels in 10 ms, so many below what was said."""

FADING: Final = (0.2, 0.9)
"""Sixty decibels in .65 to .14 s."""

UNDER: Final = (0.8, 3.5)

SHARPENED: Final = 0.5
CONTRAST: Final = (0.6, 1.4)
"""Of the rows, those whose peaks stand out more or less from what is around them, as those of other throats do."""

PRESSED: Final = 0.5
PRESSURE: Final = 0.25
"""Of the rows, those whose faint sounds are louder or fainter beside the loud ones, as on some lines."""

BANDS, MOMENTS, LONGEST = 2, 8, 16

WAVES: Final = 5
"""Slow waves over the channels that make a handset, a room, a throat; up to two levels each."""


def disguised(mel: Tensor, *, gaps: bool = True) -> Tensor:
    """Levels [B, F, 40] to levels that could be somebody else's; with `gaps`, of which a part is missing."""
    rows, frames, channels = mel.shape
    device = mel.device
    alpha = 1 + (2 * torch.rand(rows, 1, device=device) - 1) * STRETCH
    alpha = torch.where(torch.rand(rows, 1, device=device) < WARPED, alpha, torch.ones_like(alpha))
    places = ((torch.arange(channels, device=device) + 0.5) * alpha - 0.5).clamp(0, channels - 1)
    low = places.floor().long()
    share = (places - low)[:, None, :]
    high = (low + 1).clamp(max=channels - 1)
    wide = low[:, None, :].expand(-1, frames, -1), high[:, None, :].expand(-1, frames, -1)
    warped = mel.gather(2, wide[0]) * (1 - share) + mel.gather(2, wide[1]) * share
    warped = pressed(sharpened(roomy(warped)))
    shift = (2 * torch.rand(rows, 1, 1, device=device) - 1) * LOUDER
    slow = torch.linspace(0, torch.pi, channels, device=device) * torch.arange(1, WAVES + 1, device=device)[:, None]
    heights = (
        torch.rand(rows, 1, device=device)
        * (2 * torch.rand(rows, WAVES, device=device) - 1)
        * 2.0
        / torch.arange(1, WAVES + 1, device=device) ** 0.5
    )
    tilt = (heights @ slow.cos())[:, None, :]
    loud = torch.where(warped > 0, warped + shift + tilt, warped)
    heard = loud.round().clamp(0, LEVELS - 1)
    if not gaps:
        return heard
    bands = hidden(rows, BANDS, 6, channels, device)[:, None, :]
    moments = hidden(rows, MOMENTS, LONGEST, frames, device)[:, :, None]
    return heard.masked_fill(bands | moments, 0)


def roomy(mel: Tensor) -> Tensor:
    """With what a room adds: every sound goes on, under itself, and dies away."""
    rows = len(mel)
    fading = drawn(rows, *FADING, mel.device)
    lasting, step = mel, 1
    while step < 64:
        lasting = torch.maximum(lasting, F.pad(lasting, (0, 0, step, 0))[:, :-step] - fading * step)
        step *= 2
    late = F.pad(lasting, (0, 0, 1, 0))[:, :-1] - fading - drawn(rows, *UNDER, mel.device)
    return torch.where(chosen(rows, ROOMS, mel.device), torch.maximum(mel, late), mel)


def sharpened(mel: Tensor) -> Tensor:
    around = F.avg_pool1d(mel, 13, 1, 6, count_include_pad=False)
    apart = around + (mel - around) * drawn(len(mel), *CONTRAST, mel.device)
    return torch.where(chosen(len(mel), SHARPENED, mel.device) & (mel > 0), apart.clamp(min=0), mel)


def pressed(mel: Tensor) -> Tensor:
    power = drawn(len(mel), -PRESSURE, PRESSURE, mel.device).exp()
    return torch.where(chosen(len(mel), PRESSED, mel.device), (mel / (LEVELS - 1)) ** power * (LEVELS - 1), mel)


def drawn(rows: int, least: float, most: float, device: torch.device) -> Tensor:
    """A number a row, [B, 1, 1]."""
    return least + (most - least) * torch.rand(rows, 1, 1, device=device)


def chosen(rows: int, share: float, device: torch.device) -> Tensor:
    return torch.rand(rows, 1, 1, device=device) < share


def hidden(rows: int, count: int, longest: int, places: int, device: torch.device) -> Tensor:
    """Which of the places of each row lie in one of its gaps, [B, places]."""
    wide = torch.randint(0, longest, (rows, count, 1), device=device)
    first = torch.randint(0, max(1, places - longest), (rows, count, 1), device=device)
    at = torch.arange(places, device=device)
    return ((at >= first) & (at < first + wide)).any(1)
