"""The front end: the kernel is its reference, and that is what the model hears."""

import pytest
import torch
from compiled import DEVICE, poisoned, same

from callcenter.model.frontend import CARRY, levels, tables
from kernels.dmel import reference
from kernels.dmel.triton import dmel


def sound(channels, turns=1, seed=1):
    """Tones and noise, from whispers to full scale, as bytes; and the bytes before them."""
    chance = torch.Generator().manual_seed(seed)
    loud = 10 ** (-3.5 * torch.rand(channels, 1, generator=chance))
    time = torch.arange(CARRY + 1600 * turns) / 8_000
    tone = torch.sin(2 * torch.pi * (100 + 3_500 * torch.rand(channels, 1, generator=chance)) * time)
    noise = torch.randn(channels, len(time), generator=chance)
    pcm = (loud * (tone + 0.1 * noise) * 32_000).clamp(-32_000, 32_000)
    distance = (tables("cpu").expansion[None] * 32_768 - pcm[..., None]).abs()
    heard = distance.argmin(-1).to(torch.uint8).to(DEVICE)
    return heard[:, CARRY:].contiguous(), heard[:, :CARRY].contiguous()


def close(found, wanted):
    """Now and then a loudness lies so near the middle of two levels that the last bit decides."""
    gap = (found - wanted).abs()
    return torch.isfinite(found).all() and float(gap.max()) <= 1 and float((gap > 0).float().mean()) < 1e-3


@pytest.mark.parametrize("channels", [1, 9])
def test_it_is_its_reference(channels):
    heard, past = sound(channels)
    told = tables(DEVICE)
    with poisoned():
        found = dmel(heard, past, told)
    wanted = reference(heard, past, told)
    assert found.shape == (channels, 20, 40)
    assert wanted.unique().numel() == 16 or channels == 1
    assert close(found, wanted)


def test_the_reference_is_what_the_model_hears():
    heard, past = sound(40, turns=2, seed=2)
    assert close(reference(heard, past, tables(DEVICE)), levels(heard, past))


def test_a_channel_does_not_depend_on_its_neighbours():
    heard, past = sound(6, seed=3)
    told = tables(DEVICE)
    whole = dmel(heard, past, told)
    for row in (0, 2, 5):
        assert same(dmel(heard[row : row + 1], past[row : row + 1], told)[0], whole[row])
