"""Phones weighed as a run: against every way there is, added up one by one, and its slope against small steps."""

from itertools import pairwise, product

import numpy as np
import pytest
import torch

from callcenter.model.config import LATE
from callcenter.model.phones import UNKNOWN
from callcenter.train import sequences
from callcenter.train.sequences import (
    ANYTHING,
    COUNT,
    LEEWAY,
    PIECE,
    SOUND,
    STAY,
    Chains,
    Grammar,
    anything,
    chained,
    sequence_loss,
)


def babble(frames: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, COUNT, -(-frames // 4)).repeat(4)[:frames]


def taught(*rows: np.ndarray) -> Grammar:
    grammar = Grammar()
    grammar.count(np.stack(rows))
    return grammar


def logs(rows: int, frames: int, seed: int = 0) -> torch.Tensor:
    sounds = torch.randn(rows, frames, COUNT, generator=torch.Generator().manual_seed(seed))
    return (2 * sounds).log_softmax(-1) * SOUND


def by_hand(emitted: np.ndarray, first: np.ndarray, step: np.ndarray) -> tuple[float, np.ndarray]:
    """Every path, one by one: the sum, and how much of each frame each state had."""
    frames, states = emitted.shape
    total, share = 0.0, np.zeros((frames, states))
    for path in product(range(states), repeat=frames):
        chance = first[path[0]] * np.prod([emitted[at, state] for at, state in enumerate(path)])
        chance *= np.prod([step[a, b] for a, b in pairwise(path)])
        total += chance
        for at, state in enumerate(path):
            share[at, state] += chance
    return float(np.log(total)), share / total


def test_a_chain_is_all_its_paths() -> None:
    told, labels = logs(1, 5), np.array([[3, 3, 7, 7, 7]])
    worth, share = chained(told, Chains.of(labels))
    emitted = told[0].exp().numpy()[:, [3, 7]]
    step = np.array([[STAY, 1 - STAY], [0, STAY]])
    expected, parts = by_hand(emitted, np.ones(2), step)
    assert float(worth[0]) == pytest.approx(expected, abs=1e-4)
    np.testing.assert_allclose(share[0][:, [3, 7]].numpy(), parts, atol=1e-5)


def test_anything_is_every_run_that_the_grammar_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three phones instead of forty, so that all paths can be walked."""
    monkeypatch.setattr(sequences, "COUNT", 3)
    grammar = Grammar(np.random.default_rng(1).uniform(0.0, 9.0, (3, 3, 3)))
    begun, onward = (part.numpy() for part in grammar.chances())
    told = logs(1, 4)[..., :3]
    worth, share = anything(told, grammar)
    pairs = list(product(range(3), repeat=2))
    step = np.array(
        [[STAY * ((b, a) == (d, c)) + (1 - STAY) * onward[b, a, d] * (c == b) for d, c in pairs] for b, a in pairs]
    )
    emitted = told[0].exp().numpy()[:, [b for b, _ in pairs]]
    expected, parts = by_hand(emitted, np.array([begun[b, a] for b, a in pairs]), step)
    assert float(worth[0]) == pytest.approx(expected, abs=1e-4)
    by_phone = parts.reshape(4, 3, 3).sum(2)
    np.testing.assert_allclose(share[0].numpy(), by_phone, atol=1e-5)


def test_the_slope_is_what_small_steps_show() -> None:
    labels = np.stack([babble(LATE + 2 * PIECE, seed) for seed in range(2)])
    labels[0, 40:70] = UNKNOWN
    grammar = taught(*labels)
    generator = torch.Generator().manual_seed(3)
    logits = (2 * torch.randn(*labels.shape, COUNT, generator=generator)).requires_grad_()
    wanted = torch.from_numpy(labels)
    sequence_loss(logits, wanted, grammar).backward()
    assert logits.grad is not None
    way = torch.randn(logits.shape, generator=generator)
    with torch.no_grad():
        up, down = (sequence_loss(logits + sign * 0.03 * way, wanted, grammar) for sign in (1, -1))
    assert float(up - down) / 0.06 == pytest.approx(float((logits.grad * way).sum()), rel=0.02)


def test_a_phone_may_begin_a_little_later_and_no_more() -> None:
    labels = np.array([[3] * 20 + [7] * 20])
    open_ = Chains.of(labels).open[0].numpy()
    assert open_[:, 0].sum() == 20 + LEEWAY
    assert open_[20 - LEEWAY, 1]
    assert not open_[20 - LEEWAY - 1, 1]


def test_nothing_is_learnt_where_nobody_knows_the_phones() -> None:
    """What is unknown from end to end is anything: neither side has more of it."""
    wanted = torch.full((1, LATE + PIECE), UNKNOWN)
    logits = torch.zeros(1, LATE + PIECE, COUNT, requires_grad=True)
    sequence_loss(logits, wanted, Grammar(np.ones((COUNT, COUNT, COUNT)))).backward()
    assert logits.grad is not None
    assert float(logits.grad.abs().max()) < 1e-5
    assert int(Chains.of(wanted.numpy()).phones[0, 0]) == ANYTHING


def test_learning_by_runs_tells_two_runs_apart() -> None:
    """Sounds that are told apart by their order alone, as far as the loss knows."""
    labels = np.stack([babble(LATE + PIECE, 5)])
    grammar = taught(*labels, babble(LATE + PIECE, 6))
    logits = torch.zeros(1, LATE + PIECE, COUNT, requires_grad=True)
    slope = torch.optim.SGD([logits], 200.0)
    worths = []
    for _ in range(20):
        slope.zero_grad()
        worth = sequence_loss(logits, torch.from_numpy(labels), grammar)
        worth.backward()
        slope.step()
        worths.append(float(worth.detach()))
    assert worths[-1] < worths[0] - 0.4
    right = logits.detach()[0, LATE:].argmax(-1).numpy() == labels[0, :PIECE]
    assert right.mean() > 0.8
