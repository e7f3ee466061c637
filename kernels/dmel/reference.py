"""The definition: frames, their spectrum's power, channels, decibels, levels."""

from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from kernels.dmel import Tables


def dmel(sound: Tensor, past: Tensor, tables: "Tables") -> Tensor:
    samples = tables.expansion[torch.cat((past, sound), 1).long()]
    frames = samples.unfold(1, tables.waves.shape[1], tables.hop)  # [C, F, W]
    power = (frames @ tables.waves[0]).square() + (frames @ tables.waves[1]).square()  # [C, F, S]
    loud = 10 * torch.log10(power @ tables.bank + 1e-10)
    return ((loud - tables.faint) * tables.step).round().clamp(0, tables.levels - 1)
