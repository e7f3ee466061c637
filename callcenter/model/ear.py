"""The ear: levels of the caller's channel to what was said, 20 ms at a time, with nothing of the future.

Ten causal layers look back 2.5 s in widening steps, twice over. Each is a plain product with what was two steps of its
width earlier, so a turn costs the same wherever it is cut. What it knows of a sound is answered 160 ms late, as phones;
the trunk is given the same state, and so hears what the phones do not say (melody, breath, who is near).
"""

from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from callcenter.model.frontend import CHANNELS, LEVELS
from callcenter.model.phones import PHONES

STRIDE: Final = 2
"""Frames of 10 ms in a step."""

REACH: Final = 4
"""Frames that the first product sees."""

STEPS: Final = (1, 2, 4, 8, 16, 1, 2, 4, 8, 16)
BEFORE: Final = REACH - STRIDE

Past = list[Tensor]
"""What every layer remembers of its input: [B, 2, 40] frames, then [B, 2 x step, width] each."""


class Back(nn.Module):
    """One layer: now, and twice a step back."""

    def __init__(self, width: int, step: int) -> None:
        super().__init__()
        self.step = step
        self.drop = 0.0
        """The share of what a layer adds that is left out at random, while it learns."""
        self.norm = nn.Parameter(torch.ones(width))
        self.mix = nn.Linear(3 * width, width)

    def forward(self, x: Tensor, past: Tensor) -> tuple[Tensor, Tensor]:
        eased = F.layer_norm(x, self.norm.shape, self.norm)
        whole = torch.cat((past.to(x.dtype), eased), 1)
        count = x.shape[1]
        seen = torch.cat([whole[:, at * self.step : at * self.step + count] for at in range(3)], -1)
        added = F.dropout(F.gelu(self.mix(seen)), self.drop, self.training)
        return x + added, whole[:, -2 * self.step :]


class Ear(nn.Module):
    def __init__(self, width: int, steps: tuple[int, ...] = STEPS) -> None:
        super().__init__()
        self.width = width
        self.first = nn.Linear(CHANNELS * REACH, width)
        self.layers = nn.ModuleList(Back(width, step) for step in steps)
        self.norm = nn.Parameter(torch.ones(width))
        self.phones = nn.Linear(width, len(PHONES))

    def silence(self, rows: int, device: torch.device | str = "cpu") -> Past:
        """What is remembered before a call begins."""
        frames = torch.zeros(rows, BEFORE, CHANNELS, device=device)
        layers = (layer for layer in self.layers if isinstance(layer, Back))
        return [frames, *(torch.zeros(rows, 2 * layer.step, self.width, device=device) for layer in layers)]

    def forward(self, levels: Tensor, past: Past) -> tuple[Tensor, Past]:
        """Levels [B, F, 40] to states [B, F / 2, width], and what is to be remembered."""
        whole = torch.cat((past[0].to(levels.dtype), levels), 1)
        centred = whole * (2.0 / (LEVELS - 1)) - 1.0
        x = F.gelu(self.first(centred.unfold(1, REACH, STRIDE).flatten(2)))
        kept = [whole[:, -BEFORE:]]
        for layer, before in zip(self.layers, past[1:], strict=True):
            x, remembered = layer(x, before)
            kept.append(remembered)
        return F.layer_norm(x, self.norm.shape, self.norm), kept
