"""The same speech as if somebody else said it: levels are warped, shifted, and partly taken away, all rows at once."""

from typing import Final

import torch
from torch import Tensor

from callcenter.model.frontend import LEVELS

WARPED: Final = 0.6
"""Of the rows, those whose channels are stretched as by a longer or shorter throat."""

STRETCH: Final = 0.16
LOUDER: Final = 1.6
"""Levels by which a row is shifted, at most; a level is 4.7 decibels."""

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


def hidden(rows: int, count: int, longest: int, places: int, device: torch.device) -> Tensor:
    """Which of the places of each row lie in one of its gaps, [B, places]."""
    wide = torch.randint(0, longest, (rows, count, 1), device=device)
    first = torch.randint(0, max(1, places - longest), (rows, count, 1), device=device)
    at = torch.arange(places, device=device)
    return ((at >= first) & (at < first + wide)).any(1)
