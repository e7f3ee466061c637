"""What is asked of a whole call: where, of which acts, how much it counts, and what is not asked at all."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from little_model import network
from little_training import LONGEST, TURNS, examples

from callcenter.model.config import ACTS, YIELD
from callcenter.model.text import TOKEN
from callcenter.train.calls import AUDIO
from callcenter.train.ear import NOT_ASKED
from callcenter.train.learn import Batch, decisions, losses, possible, shortened
from callcenter.train.packs import stacked


@pytest.fixture(scope="module")
def batch():
    return Batch.of({name: torch.from_numpy(part) for name, part in stacked(examples(), LONGEST).items()})


def test_a_batch_is_padded_behind_and_decided_at_every_second_sound(batch):
    assert batch.tokens.shape == (4, LONGEST)
    assert batch.caller.shape == batch.own.shape == (4, TURNS * 20, 40)
    places = decisions(batch.tokens, TURNS)
    assert places.shape == (4, TURNS)
    for row, one in enumerate(examples()):
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


def test_every_label_is_possible(batch):
    assert possible(batch.speaking).gather(-1, batch.act[..., None]).all()


def test_only_possible_acts_compete(batch):
    """However much a network wants to yield while it listens, it is not asked about that."""
    net = network()
    listening = replace(batch, weight=batch.weight * ~batch.speaking)
    before, speaking = loss(net, listening), loss(net, batch)
    with torch.no_grad():
        net.act.bias[YIELD] += 5
    assert loss(net, listening) == pytest.approx(before, abs=1e-5)
    assert loss(net, batch) != pytest.approx(speaking, abs=1e-2)


def test_a_turn_without_weight_teaches_no_act(batch):
    net = network()
    states, _ = net.ear(batch.caller, net.ear.silence(4))
    one_turn = torch.zeros_like(batch.weight)
    one_turn[2, 7] = 1.0
    weighed = replace(batch, weight=one_turn)
    with torch.no_grad():
        hidden = net.trunk(net.embed(batch.tokens, net.audio(states, batch.own, batch.line)))
        logits = net.answers(hidden[2, decisions(batch.tokens, TURNS)[2, 7]]).act
        allowed = possible(batch.speaking)[2, 7]
        wanted = -logits.masked_fill(~allowed, -1e4).log_softmax(-1)[batch.act[2, 7]]
        assert float(losses(net, states, weighed)["act"]) == pytest.approx(float(wanted), abs=1e-4)


def test_places_behind_the_longest_call_are_left_out_and_nothing_else(batch):
    short, net = shortened(batch), network()
    assert short.tokens.shape[1] == max(len(one.tokens) for one in examples()) < LONGEST
    assert loss(net, short) == pytest.approx(loss(net, batch), abs=1e-5)


def test_calls_in_which_nothing_is_opened_teach_no_opening(batch):
    net = network()
    silent = replace(batch, opening=torch.full_like(batch.opening, NOT_ASKED))
    states, _ = net.ear(batch.caller, net.ear.silence(4))
    assert losses(net, states, silent)["opening"] == 0
    assert losses(net, states, batch)["opening"] > 0


def loss(net, batch):
    with torch.no_grad():
        states, _ = net.ear(batch.caller, net.ear.silence(len(batch.caller)))
        return float(losses(net, states, batch)["act"])
