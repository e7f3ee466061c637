"""Resampling: the kernel is its reference, and both are what a call's own resampler gives, to the last bit."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from compiled import DEVICE, poisoned, same

from callcenter.audio import Resampler
from callcenter.audio.resample import phases
from kernels.resample import reference
from kernels.resample.triton import resample

RATES = [(8_000, 16_000), (8_000, 24_000), (16_000, 8_000), (24_000, 8_000), (16_000, 24_000), (24_000, 16_000)]


def taps(rate_in, rate_out):
    """The taps of all phases, and the new samples of a window."""
    matrix = torch.from_numpy(phases(rate_in, rate_out).copy()).to(DEVICE)
    return matrix, rate_in // int(np.gcd(rate_in, rate_out))


def loud(channels, count, seed):
    """Up to full scale and beyond what a filter can pass without clipping."""
    chance = np.random.default_rng(seed)
    return torch.from_numpy(chance.integers(-32_768, 32_768, (channels, count)).astype(np.int16)).to(DEVICE)


@pytest.mark.parametrize(("rate_in", "rate_out"), RATES)
@pytest.mark.parametrize("groups", [1, 63, 200])
def test_it_is_its_reference(rate_in, rate_out, groups):
    matrix, step = taps(rate_in, rate_out)
    past, pcm = loud(2, len(matrix) - step, 1), loud(2, groups * step, 2)
    with poisoned():
        found = resample(pcm, past, matrix, step)
    assert same(found, reference(pcm, past, matrix, step))


@pytest.mark.parametrize(("rate_in", "rate_out"), RATES[:2])
def test_turn_by_turn_it_is_the_calls_own_resampler(rate_in, rate_out):
    matrix, step = taps(rate_in, rate_out)
    pcm, own = loud(1, 480, 3), Resampler(rate_in, rate_out)
    past = torch.zeros(1, len(matrix) - step, dtype=torch.int16, device=DEVICE)
    for begin, end in pairwise((0, 160, 200, 480)):
        turn = pcm[:, begin:end].contiguous()
        found = resample(turn, past, matrix, step)
        assert np.array_equal(found[0].cpu().numpy(), own.push(turn[0].cpu().numpy()))
        past = torch.cat((past, turn), 1)[:, turn.shape[1] :].contiguous()


def test_a_channel_does_not_depend_on_its_neighbours():
    matrix, step = taps(8_000, 24_000)
    past, pcm = loud(6, len(matrix) - step, 4), loud(6, 300, 5)
    whole = resample(pcm, past, matrix, step)
    assert all(
        same(resample(pcm[row : row + 1], past[row : row + 1], matrix, step)[0], whole[row]) for row in (0, 3, 5)
    )
