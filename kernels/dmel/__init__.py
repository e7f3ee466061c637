"""The front end: mu-law bytes of many channels to mel levels, in one pass."""

from dataclasses import dataclass

from torch import Tensor

from kernels.dmel.reference import dmel as reference


@dataclass(frozen=True)
class Tables:
    """What the front end is made of, on the device that it runs on."""

    expansion: Tensor  # [256] byte to sample, 1 being full scale
    waves: Tensor  # [2, W, S] cosines and sines of the spectrum, windowed
    bank: Tensor  # [S, M] spectrum to channels
    hop: int
    faint: float
    """Decibels of the lowest level."""
    step: float
    """Levels of a decibel."""
    levels: int


def dmel(sound: Tensor, past: Tensor, tables: Tables) -> Tensor:
    """Bytes [C, N] to levels [C, N / hop, M] as floats; `past` [C, W - hop] are the bytes before them."""
    if sound.is_cuda:
        from kernels.dmel.triton import dmel as compiled

        return compiled(sound, past, tables)
    return reference(sound, past, tables)
