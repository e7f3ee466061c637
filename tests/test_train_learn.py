"""Teaching the whole model: what is asked where, what is not asked at all, and that it goes on from its file."""

from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch
from little_model import LITTLE, Everybody, network

from callcenter.model.config import ACTS, YIELD
from callcenter.model.text import TOKEN, shipped
from callcenter.train.augment import Beds
from callcenter.train.calls import AUDIO, Company
from callcenter.train.learn import Order, collate, decisions, learn, losses, possible, save, step_parts

TURNS = 25


@pytest.fixture(scope="module")
def examples():
    company, chance = Company(Everybody(), Beds(1, None, [], 1), ("it is on its way",), shipped(), TURNS), Random(1)
    return [company.call(chance) for _ in range(4)]


def test_a_batch_is_padded_behind_and_decided_at_every_second_sound(examples):
    batch = collate(examples)
    longest = max(len(one.tokens) for one in examples)
    assert batch.tokens.shape == (4, longest)
    assert batch.caller.shape == batch.own.shape == (4, TURNS * 20, 40)
    places = decisions(batch.tokens, TURNS)
    assert places.shape == (4, TURNS)
    for row, one in enumerate(examples):
        assert (batch.tokens[row, len(one.tokens) :] == TOKEN["<pad>"]).all()
        assert places[row].tolist() == np.flatnonzero(one.tokens == AUDIO)[1::2].tolist()


def test_who_speaks_goes_on_or_yields_and_who_does_not_does_anything_else():
    allowed = possible(torch.tensor([True, False]))
    assert [name for name, may in zip(ACTS, allowed[0], strict=True) if may] == ["speak", "yield"]
    assert [name for name, may in zip(ACTS, allowed[1], strict=True) if may] == [
        "listen",
        "speak",
        "backchannel",
        "ask",
    ]


def test_every_label_is_possible(examples):
    batch = collate(examples)
    assert possible(batch.speaking).gather(-1, batch.act[..., None]).all()


def test_only_possible_acts_compete(examples):
    """However much a network wants to yield while it listens, it is not asked about that."""
    net, batch = network(), collate(examples)
    listening = replace(batch, weight=batch.weight * ~batch.speaking)
    before, speaking = loss(net, listening), loss(net, batch)
    with torch.no_grad():
        net.act.bias[YIELD] += 5
    assert loss(net, listening) == pytest.approx(before, abs=1e-5)
    assert loss(net, batch) != pytest.approx(speaking, abs=1e-2)


def test_a_turn_without_weight_teaches_no_act(examples):
    net, batch = network(), collate(examples)
    states, _ = net.ear(batch.caller, net.ear.silence(4))
    one_turn = torch.zeros_like(batch.weight)
    one_turn[2, 7] = 1.0
    weighed = replace(batch, weight=one_turn)
    with torch.no_grad():
        hidden = net.trunk(net.embed(batch.tokens, net.audio(states, batch.own)))
        logits = net.answers(hidden[2, decisions(batch.tokens, TURNS)[2, 7]]).act
        allowed = possible(batch.speaking)[2, 7]
        wanted = -logits.masked_fill(~allowed, -1e4).log_softmax(-1)[batch.act[2, 7]]
        assert float(losses(net, states, weighed)["act"]) == pytest.approx(float(wanted), abs=1e-4)


def test_a_frozen_ear_stays_and_a_thawed_one_learns_phones(examples):
    net, batch = network().train(), collate(examples)
    assert "phones" not in step_parts(net, batch, thaw=False)
    sum(step_parts(net, batch, thaw=False).values()).backward()
    assert all(part.grad is None for part in net.ear.parameters())
    assert net.layers[0].attention.read.weight.grad.abs().sum() > 0
    parts = step_parts(net, batch, thaw=True)
    parts["phones"].backward()
    assert net.ear.phones.weight.grad.abs().sum() > 0


class Examples:
    def __init__(self, made):
        self.made = made

    def batches(self, size):
        while True:
            yield self.made[:size]


def order(path, told=print):
    return Order(path, None, Path("/nowhere"), None, 0.05, size="nano", batch=4, turns=TURNS, told=told)


def loss(net, batch):
    with torch.no_grad():
        return float(step_parts(net.eval(), batch, False)["act"])


def test_a_short_run_learns_and_leaves_a_file_to_go_on_from(examples, tmp_path):
    net, batch = network(LITTLE), collate(examples)
    before, ear = loss(net, batch), [part.clone() for part in net.ear.parameters()]
    learn(net.train(), order(tmp_path / "m.pt"), Examples(examples), 1.0)
    assert loss(net, batch) < before
    assert all(torch.equal(old, new) for old, new in zip(ear, net.ear.parameters(), strict=True)), "the ear is frozen"
    saved = torch.load(tmp_path / "m.pt", weights_only=True)
    assert saved["hours"] > 1.0
    assert saved["size"] == "nano"
    again = network(LITTLE, seed=9)
    again.load_state_dict(saved["network"])
    assert loss(again, batch) == pytest.approx(loss(net, batch), abs=1e-5)


def test_a_file_is_there_whole_or_as_it_was(tmp_path):
    path = tmp_path / "m.pt"
    save(network(), order(path), 2.0)
    save(network(seed=1), order(path), 3.0)
    assert torch.load(path, weights_only=True)["hours"] == 3.0
    assert [one.name for one in tmp_path.iterdir()] == ["m.pt"]
