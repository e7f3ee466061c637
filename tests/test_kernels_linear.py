"""A matrix times rows: the kernel is its reference, whatever the number of rows."""

import pytest
import torch
from compiled import DTYPES, NEAR, apart, poisoned, random, same

from kernels.linear import reference
from kernels.linear.triton import linear


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("count", [1, 63, 200])
@pytest.mark.parametrize(("height", "width"), [(40, 64), (130, 72)])
@pytest.mark.parametrize(("bias", "gelu"), [(False, False), (True, True)])
def test_it_is_its_reference(count, height, width, bias, gelu, dtype):
    x, weight = random(count, width, seed=1, dtype=dtype), random(height, width, seed=2, dtype=dtype, scale=0.1)
    added = random(height, seed=3, dtype=dtype) if bias else None
    assert apart(linear(x, weight, added, gelu), reference(x, weight, added, gelu)) < NEAR[dtype]


def test_rows_may_lie_apart_and_the_sum_may_be_wider():
    x, weight = random(9, 96, seed=4, dtype=torch.float16), random(20, 32, seed=5, dtype=torch.float16)
    found = linear(x[:, 32:64], weight, dtype=torch.float32)
    assert found.dtype == torch.float32
    assert apart(found, reference(x[:, 32:64], weight, dtype=torch.float32)) < 1e-3


def test_a_row_does_not_depend_on_its_neighbours_and_all_is_written():
    x, weight = random(100, 64, seed=6, dtype=torch.float16), random(50, 64, seed=7, dtype=torch.float16)
    with poisoned():
        whole = linear(x, weight)
    assert torch.isfinite(whole).all()
    for row in (0, 63, 64, 99):
        assert same(linear(x[row : row + 1], weight)[0], whole[row])
