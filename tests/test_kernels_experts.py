"""Experts: the kernel is its reference, and a position's answer is its own."""

import pytest
import torch
from compiled import DTYPES, NEAR, apart, ints, poisoned, random, same
from laws import neighbours_do_not_matter

from kernels.experts import reference
from kernels.experts.triton import experts, shape
from kernels.route import reference as routed_reference


def matrices(many, width, hidden, dtype=torch.float32):
    up = random(many, 2 * hidden, width, seed=1, dtype=dtype, scale=width**-0.5)
    return up, random(many, width, hidden, seed=2, dtype=dtype, scale=hidden**-0.5)


def choices(count, many, each, seed=3):
    """Experts and weights of every position, the last expert being everybody's."""
    chosen, weights = routed_reference(
        random(count, 8, seed=seed), random(many - 1, 8, seed=seed + 1), ints([0] * count), each - 1, 1
    )
    return chosen, weights


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("count", [1, 63, 200])
@pytest.mark.parametrize(("many", "each", "width", "hidden"), [(5, 3, 64, 48), (17, 4, 96, 200)])
def test_it_is_its_reference(count, many, each, width, hidden, dtype):
    x = random(count, width, seed=4, dtype=dtype)
    given = (*matrices(many, width, hidden, dtype), *choices(count, many, each))
    assert apart(experts(x, *given), reference(x, *given)) < NEAR[dtype]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("count", "width", "hidden"), [(1, 192, 512), (63, 72, 40), (200, 64, 130)])
def test_one_for_all_is_a_dense_layer(count, width, hidden, dtype):
    x = random(count, width, seed=5, dtype=dtype)
    up, down = matrices(1, width, hidden, dtype)
    assert apart(experts(x, up, down), reference(x, up, down)) < NEAR[dtype]


def test_a_position_does_not_depend_on_its_neighbours():
    up, down = matrices(6, 64, 96, torch.float16)
    x = random(40, 64, seed=6, dtype=torch.float16)
    chosen, weights = choices(40, 6, 3)

    def together(rows):
        at = list(rows)
        return experts(x[at], up, down, chosen[at].contiguous(), weights[at].contiguous())

    neighbours_do_not_matter(together, [0, 7, 39], same)
    whole = experts(x, up, down, chosen, weights)
    assert all(same(together([row])[0], whole[row]) for row in range(0, 40, 7))


def test_a_position_that_goes_nowhere_touches_nothing_and_all_others_are_written():
    up, down = matrices(5, 32, 48)
    x = random(20, 32, seed=7)
    chosen, weights = choices(20, 5, 3)
    x[3], chosen[3] = float("nan"), -1
    with poisoned():
        found = experts(x, up, down, chosen, weights)
    assert not torch.isfinite(found[3]).any()
    rest = torch.arange(20, device=x.device) != 3
    assert apart(found[rest], reference(x, up, down, chosen, weights)[rest]) < 2e-5


def test_all_positions_may_choose_the_same_expert():
    up, down = matrices(4, 32, 48)
    x = random(100, 32, seed=8)
    chosen, weights = ints([[2]] * 100), torch.ones(100, 1, device=x.device)
    found = experts(x, up, down, chosen, weights)
    assert apart(found, reference(x, up[2:3], down[2:3])) < 2e-5


def test_blocks_follow_the_matrices_and_not_the_positions():
    assert shape(1, 1)[0][0] == 64
    assert shape(258, 9)[0][0] == 16
