"""Attention over what is remembered: what is seen, and that both ways to reckon it are one."""

import dataclasses

import pytest
import torch
from little_model import LITTLE

from callcenter.model.config import SINKS
from callcenter.model.transformer import Attention, Layer, angles, attend, rotated, seen

LONG = dataclasses.replace(LITTLE, window=10)


def attention(size):
    with torch.random.fork_rng():
        torch.manual_seed(6)
        return Attention(size)


def sound(count, seed=7):
    return torch.randn(2, count, LITTLE.width, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(
    ("query", "key", "is_seen"),
    [(50, 50, True), (50, 51, False), (50, 41, True), (50, 40, False), (50, SINKS - 1, True), (50, SINKS, False),
     (2, 0, True), (50, -1, False)],
)  # fmt: skip
def test_the_prefix_and_the_last_positions_are_seen(query, key, is_seen):
    assert bool(seen(torch.tensor(query), torch.tensor(key), LONG.window)) is is_seen


def test_up_to_a_window_it_is_plain_causal_attention():
    x = sound(10)
    turned = angles(torch.arange(10)[None], LONG.head)
    attention_ = attention(LONG)
    query, key, value = attention_.parts(x)
    key, value = attention_.shared(rotated(key, turned)), attention_.shared(value)
    place = torch.arange(10)
    mask = seen(place[:, None], place[None], LONG.window)
    by_definition = attention_.out(attend(query, turned, turned, key, value, mask))
    assert torch.allclose(attention_(x, turned), by_definition, atol=1e-5)


def test_beyond_a_window_only_the_prefix_and_the_window_matter():
    x, other = sound(30), sound(30, 8)
    turned = angles(torch.arange(30)[None], LONG.head)
    forgotten = torch.cat((x[:, :SINKS], other[:, SINKS:20], x[:, 20:]), 1)
    prefix = torch.cat((other[:, :SINKS], x[:, SINKS:]), 1)
    with torch.no_grad():
        last, same, changed = (attention(LONG)(told, turned)[:, -1] for told in (x, forgotten, prefix))
    assert torch.allclose(last, same, atol=1e-6)
    assert not torch.allclose(last, changed, atol=1e-3)


def test_what_comes_later_changes_nothing():
    turned = angles(torch.arange(30)[None], LONG.head)
    layer = Layer(LONG)
    with torch.no_grad():
        x = sound(30)
        assert torch.allclose(
            layer(x, turned)[:, :9], layer(x[:, :9], angles(torch.arange(9)[None], LONG.head)), atol=1e-5
        )


def test_only_distance_matters_and_the_length_stays():
    query, key = sound(1)[:, None, :, :8], sound(1, 9)[:, None, :, :8]

    def product(at, to):
        return (rotated(query, angles(torch.tensor([[at]]), 8)) * rotated(key, angles(torch.tensor([[to]]), 8))).sum()

    assert product(5, 2) == pytest.approx(float(product(100_005, 100_002)), abs=1e-4)
    assert float(rotated(query, angles(torch.tensor([[77]]), 8)).norm()) == pytest.approx(float(query.norm()), rel=1e-5)


def test_heads_share_keys_in_their_order():
    shared = attention(LITTLE).shared(torch.arange(2.0)[None, :, None, None])
    assert shared.flatten().tolist() == [0.0, 0.0, 1.0, 1.0]
