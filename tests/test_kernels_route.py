"""The router: the kernel is its reference."""

import pytest
import torch
from compiled import DTYPES, apart, ints, poisoned, random, same

from kernels.route import reference
from kernels.route.triton import route


def distinct(count, width, experts, dtype, seed=1):
    """Rows and a router whose logits are clearly apart, so that rounding changes no order."""
    generator = torch.Generator().manual_seed(seed)
    order = torch.stack([torch.randperm(experts, generator=generator) for _ in range(count)]).float() * 0.5
    router = torch.linalg.qr(torch.randn(width, experts, generator=generator))[0].T.contiguous()
    device = random(1, seed=0).device
    return (order @ router).to(dtype).to(device), router.to(dtype).to(device)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("count", [1, 63, 200])
@pytest.mark.parametrize(("width", "experts", "active", "shared"), [(96, 16, 3, 1), (40, 6, 2, 0), (300, 100, 7, 2)])
def test_it_is_its_reference(count, width, experts, active, shared, dtype):
    x, router = distinct(count, width, experts, dtype)
    positions = ints([-1 if at % 7 == 3 else at for at in range(count)])
    chosen, weights = route(x, router, positions, active, shared)
    wanted, weighing = reference(x, router, positions, active, shared)
    assert same(chosen, wanted)
    assert apart(weights, weighing) < 1e-2 if dtype != torch.float32 else apart(weights, weighing) < 1e-5


def test_a_row_does_not_depend_on_its_neighbours_and_padding_goes_nowhere():
    x, router = distinct(50, 64, 16, torch.float16)
    positions = ints([0] * 50)
    chosen, weights = route(x, router, positions, 3, 1)
    for row in (0, 17, 49):
        alone = route(x[row : row + 1], router, positions[:1], 3, 1)
        assert same(alone[0][0], chosen[row])
        assert same(alone[1][0], weights[row])
    x[5] = float("nan")
    with poisoned():
        chosen, weights = route(x, router, ints([-1 if at == 5 else 0 for at in range(50)]), 3, 1)
    assert chosen[5].tolist() == [-1] * 4
    assert not weights[5].any()
    assert (chosen >= -1).all()
    assert torch.isfinite(weights).all()


def test_the_first_of_equals_is_taken():
    x = torch.zeros(1, 32, device=random(1, seed=0).device)
    chosen, weights = route(x, random(8, 32, seed=2), ints([0]), 2, 1)
    assert chosen.tolist() == [[0, 1, 8]]
    assert weights.tolist() == [[0.5, 0.5, 1.0]]
