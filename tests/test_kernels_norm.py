"""The running sum and its layer norm: the kernel is its reference."""

import pytest
import torch
from compiled import DTYPES, NEAR, apart, poisoned, random, same

from kernels.norm import reference
from kernels.norm.triton import norm


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("width", [1, 63, 200, 1024])
@pytest.mark.parametrize("parts", [None, 1, 4])
def test_it_is_its_reference(width, parts, dtype):
    x, weight = random(5, width, seed=1), random(width, seed=2, dtype=dtype)
    added = random(5, parts, width, seed=3) if parts else None
    for found, wanted in zip(norm(x, added, weight, dtype), reference(x, added, weight, dtype), strict=True):
        assert apart(found, wanted) < NEAR[dtype]


def test_a_row_does_not_depend_on_its_neighbours_and_all_is_written():
    x, added, weight = random(20, 96, seed=4), random(20, 2, 96, seed=5), random(96, seed=6)
    with poisoned():
        whole = norm(x, added, weight, torch.float16)
    assert torch.isfinite(whole[1]).all()
    for row in (0, 11, 19):
        alone = norm(x[row : row + 1], added[row : row + 1], weight, torch.float16)
        assert same(alone[0][0], whole[0][row])
        assert same(alone[1][0], whole[1][row])
