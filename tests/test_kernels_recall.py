"""The ear's memory: the kernel is its reference, and keeps the last of what was there."""

import pytest
import torch
from compiled import DTYPES, ints, poisoned, random, same

from kernels.recall import reference
from kernels.recall.triton import recall


def given(rows, count, width, stride, dtype=torch.float32):
    """Steps of these rows, and a memory of seven."""
    x = torch.stack([random(count, width, seed=row, dtype=dtype) for row in rows])
    return x, random(7, 2 * stride, width, seed=99, dtype=dtype), ints(rows)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("width", [1, 63, 200])
@pytest.mark.parametrize(("count", "stride"), [(10, 1), (10, 4), (10, 8), (3, 2)])
def test_it_is_its_reference(count, width, stride, dtype):
    x, past, rows = given([4, 0, 6], count, width, stride, dtype)
    other = past.clone()
    with poisoned():
        found = recall(x, past, rows)
    assert same(found, reference(x, other, rows))
    assert same(past, other)


def test_a_row_does_not_depend_on_its_neighbours():
    x, past, rows = given([4, 0, 6], 10, 40, 8)
    alone = past.clone()
    whole = recall(x, past, rows)
    for at in range(3):
        assert same(recall(x[at : at + 1], alone, rows[at : at + 1])[0], whole[at])
    assert same(past, alone)
