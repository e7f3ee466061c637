"""Sampling: the kernel is its reference, keeps to what is allowed, and draws as the odds say."""

import pytest
import torch
from compiled import DEVICE, DTYPES, ints, poisoned, random, same

from kernels.sample import reference
from kernels.sample.reference import even, hashed
from kernels.sample.triton import sample


def asked(rows, count, dtype=torch.float32, share=0.5, seed=1):
    """Logits, what is allowed, heat and seeds."""
    allowed = random(rows, count, seed=seed + 1) < torch.erfinv(torch.tensor(2 * share - 1)) * 2**0.5
    heat = torch.tensor([0.0, 0.5, 1.0, 2.0], device=DEVICE).repeat(rows)[:rows]
    return random(rows, count, seed=seed, dtype=dtype, scale=2.0), allowed, heat, ints(list(range(-3, rows - 3)))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("count", [1, 63, 200, 5_000])
def test_it_is_its_reference(count, dtype):
    given = asked(9, count, dtype)
    with poisoned():
        found = sample(*given)
    assert same(found, reference(*given))


def test_only_what_is_allowed_is_said_and_nothing_where_nothing_is():
    logits, allowed, heat, seeds = asked(40, 100, share=0.03)
    allowed[5] = False
    found = sample(logits, allowed, heat, seeds).tolist()
    assert found[5] == -1
    assert all(token == -1 if not may.any() else bool(may[token]) for token, may in zip(found, allowed, strict=True))


def test_without_heat_it_is_the_best_and_of_equals_the_first():
    logits = torch.zeros(1, 300, device=DEVICE)
    logits[0, [70, 250]] = 3.0
    allowed = torch.ones(1, 300, dtype=torch.bool, device=DEVICE)
    assert sample(logits, allowed, torch.zeros(1, device=DEVICE), ints([9])).tolist() == [70]
    allowed[0, 70] = False
    assert sample(logits, allowed, torch.zeros(1, device=DEVICE), ints([9])).tolist() == [250]


def test_a_row_does_not_depend_on_its_neighbours():
    given = asked(20, 400)
    whole = sample(*given)
    assert all(same(sample(*(part[row : row + 1] for part in given))[0], whole[row]) for row in (0, 7, 19))


def test_it_draws_as_the_odds_say():
    """Ten thousand seeds, by the reference that the kernel equals."""
    odds = torch.tensor([0.6, 0.3, 0.1])
    logits = odds.log().expand(10_000, 3)
    drawn = reference(logits, torch.ones(10_000, 3, dtype=torch.bool), torch.ones(10_000), torch.arange(10_000).int())
    assert torch.allclose(torch.bincount(drawn, minlength=3) / 10_000, odds, atol=0.02)


def test_no_noise_is_infinite():
    ends = even(torch.tensor([0, 0xFFFFFFFF]))
    assert 0 < float(ends[0]) < float(ends[1]) < 1


def test_chance_uses_all_bits():
    bits = hashed(torch.arange(2_000)[:, None], torch.arange(50)[None]).flatten()
    shares = torch.stack([(bits >> at & 1).double().mean() for at in range(32)])
    assert (shares - 0.5).abs().max() < 0.01
