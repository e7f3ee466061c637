"""The mixture of experts is the plain loop over positions, and says how evenly it is used."""

import dataclasses

import pytest
import torch
from little_model import LITTLE, network

from callcenter.model.moe import Experts
from callcenter.model.transformer import Dense

SIZE = dataclasses.replace(LITTLE, experts=6, active=2, shared=1)


@pytest.fixture
def experts():
    with torch.random.fork_rng():
        torch.manual_seed(2)
        return Experts(SIZE, Dense)


def by_hand(experts, x):
    """The definition, a position at a time."""
    out = []
    for one in x.reshape(-1, x.shape[-1]):
        wanted = experts.router(one).softmax(-1)
        best = sorted(range(SIZE.experts), key=lambda index: -float(wanted[index]))[: SIZE.active]
        total = sum(wanted[index] for index in best)
        mixed = sum(experts.expert(index, one) * wanted[index] / total for index in best)
        out.append(mixed + experts.shared[0](one))
    return torch.stack(out).reshape(x.shape)


def test_it_is_the_loop_over_the_best_few_and_the_shared_one(experts):
    x = torch.randn(3, 5, SIZE.width, generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        assert torch.allclose(experts(x), by_hand(experts, x), atol=1e-5)


def test_a_position_depends_on_no_other(experts):
    x = torch.randn(1, 7, SIZE.width, generator=torch.Generator().manual_seed(4))
    with torch.no_grad():
        whole = experts(x)
        assert all(torch.allclose(experts(x[:, at : at + 1]), whole[:, at : at + 1], atol=1e-6) for at in range(7))


def test_only_so_many_experts_are_asked(experts):
    """Only the chosen experts' weights take part: the gradient says which."""
    experts(torch.randn(1, SIZE.width)).sum().backward()
    asked = [index for index in range(SIZE.experts) if experts.up.grad[index].abs().sum() > 0]
    assert len(asked) == SIZE.active


def test_balance_is_one_when_even_and_grows_with_favour(experts):
    experts.train()
    x = torch.randn(4_000, SIZE.width, generator=torch.Generator().manual_seed(5))
    with torch.no_grad():
        experts.router.weight.mul_(0.01)
        experts(x)
        assert float(experts.balance) == pytest.approx(1.0, abs=0.05)
        experts.router.weight.zero_()
        experts.router.weight[:2] = 1.0
        experts(x.abs())
        assert float(experts.balance) == pytest.approx(SIZE.experts / SIZE.active, rel=0.01)


def test_balance_teaches_the_router_and_is_not_reckoned_in_a_call(experts):
    x = torch.randn(50, SIZE.width)
    experts.train()(x)
    experts.balance.backward()
    assert experts.router.weight.grad.abs().sum() > 0
    experts.balance = torch.zeros(())
    experts.eval()(x)
    assert experts.balance == 0


def test_a_network_is_dense_or_a_mixture_by_its_size():
    assert isinstance(network(SIZE).layers[0].feed, Experts)
    assert isinstance(network(LITTLE).layers[0].feed, Dense)
