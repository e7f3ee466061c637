"""Keys and values into the ring: the kernel is its reference, and touches nothing else."""

import pytest
import torch
from compiled import DTYPES, NEAR, apart, ints, random, same

from callcenter.model.transformer import angles
from kernels.rotary_cache import reference
from kernels.rotary_cache.triton import rotary_cache

SINKS = 4


def turn(count, heads, width, dtype, seed=1):
    """Positions all over a call, some of them padding, of six rows."""
    positions = ints([-1 if at % 5 == 4 else at * 37 % 400 for at in range(count)])
    both = random(count, 3, heads, width, seed=seed, dtype=dtype)
    turned = torch.stack(angles(positions.clamp(min=0), width))
    return both[:, 1], both[:, 2], turned, ints([at % 6 for at in range(count)]), positions


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("count", [1, 63])
@pytest.mark.parametrize(("heads", "width"), [(4, 48), (2, 8), (3, 64)])
def test_it_is_its_reference_and_writes_nothing_else(count, heads, width, dtype):
    key, value, turned, rows, positions = turn(count, heads, width, dtype)
    memory = [torch.full((6, heads, SINKS + 400, width), 7.0, dtype=dtype, device=key.device) for _ in range(4)]
    rotary_cache(key, value, turned, rows, positions, memory[0], memory[1], SINKS)
    reference(key, value, turned, rows, positions, memory[2], memory[3], SINKS)
    assert apart(memory[0], memory[2]) < NEAR[dtype]
    assert same(memory[0] == 7, memory[2] == 7)
    assert same(memory[1], memory[3])


def test_a_position_does_not_depend_on_its_neighbours():
    key, value, turned, rows, positions = turn(30, 2, 16, torch.float16)
    whole, alone = (torch.zeros(2, 6, 2, SINKS + 400, 16, dtype=torch.float16, device=key.device) for _ in range(2))
    rotary_cache(key, value, turned, rows, positions, *whole, SINKS)
    for at in range(30):
        here = slice(at, at + 1)
        rotary_cache(key[here], value[here], turned[:, here].contiguous(), rows[here], positions[here], *alone, SINKS)
    assert same(whole, alone)
