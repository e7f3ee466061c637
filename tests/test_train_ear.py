"""Teaching the ear: what it is asked, what is hidden from it, and that it learns."""

from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch
from little_model import Everybody

from callcenter.model.config import LATE
from callcenter.model.ear import Ear
from callcenter.model.frontend import CHANNELS, levels
from callcenter.model.phones import PHONES, SILENCE, UNKNOWN
from callcenter.train.augment import Beds
from callcenter.train.ear import Order, accuracy, learn, masked, phone_loss, rate_at, step_loss
from callcenter.train.streams import stretch


class Stretches:
    """The same stretches again and again."""

    def __init__(self, count=4):
        beds = Beds(1, None, [], 1)
        self.made = [stretch(Random(seed), Everybody(), beds) for seed in range(count)]

    def batches(self, size):
        while True:
            yield self.made[:size]


def test_what_is_asked_at_a_step_was_heard_80_ms_before():
    wanted = torch.randint(1, len(PHONES), (2, 30), generator=torch.Generator().manual_seed(1))
    logits = torch.zeros(2, 30, len(PHONES))
    logits[:, LATE:] = torch.nn.functional.one_hot(wanted[:, :-LATE], len(PHONES)) * 30.0
    assert phone_loss(logits, wanted) < 1e-6
    assert phone_loss(logits.roll(1, 1), wanted) > 1


def test_what_nobody_labelled_teaches_nothing():
    logits = torch.randn(1, 20, len(PHONES), requires_grad=True)
    wanted = torch.full((1, 20), UNKNOWN)
    wanted[0, :3] = 7
    phone_loss(logits, wanted).backward()
    taught = logits.grad.abs().sum(-1)[0] > 0
    assert taught.tolist() == [LATE <= step < LATE + 3 for step in range(20)]


def test_bands_and_moments_are_hidden_from_each_row_and_the_given_is_not_changed():
    mel = torch.full((5, 400, CHANNELS), 7.0)
    hidden = masked(mel, torch.Generator().manual_seed(2))
    assert (mel == 7).all()
    assert set(hidden.unique().tolist()) == {0.0, 7.0}
    assert 0.01 < (hidden == 0).float().mean() < 0.35
    assert len({tuple((row == 0).nonzero().flatten().tolist()) for row in hidden}) == 5
    assert torch.equal(hidden, masked(mel, torch.Generator().manual_seed(2)))


def order(path, minutes=1.0, told=print):
    return Order(path, Path("/nowhere"), None, minutes, batch=4, width=24, compiled=False, told=told)


@pytest.mark.parametrize("step", [0, 50, 1_000])
def test_the_rate_warms_up_and_falls_to_its_last(step, tmp_path):
    one = order(tmp_path / "ear.pt")
    warm = min(1.0, (step + 1) / 100)
    assert rate_at(0.0, step, one) == pytest.approx(warm * one.rate)
    assert rate_at(1.0, step, one) == pytest.approx(warm * one.last)
    assert rate_at(0.2, step, one) > rate_at(0.8, step, one)


def test_accuracy_is_of_what_is_spoken():
    made = Stretches(2).made
    ear = Ear(8)
    with torch.no_grad():
        ear.phones.weight.zero_()
        ear.phones.bias.zero_()
        ear.phones.bias[SILENCE] = 1
        assert accuracy(ear, made) == 0
        ear.phones.bias[3] = 2
        spoken = np.concatenate([labels[:-LATE] for _, labels in made])
        assert accuracy(ear, made) == pytest.approx(float((spoken == 3)[spoken != SILENCE].mean()))


def loss(ear, made):
    """On everything, nothing hidden."""
    with torch.no_grad():
        states, _ = ear(levels(torch.from_numpy(np.stack([sound for sound, _ in made]))), ear.silence(len(made)))
        return float(phone_loss(ear.phones(states), torch.from_numpy(np.stack([told for _, told in made])).long()))


def test_what_is_hidden_is_hidden_from_the_ear():
    ear, made = Ear(8), Stretches(2).made
    hidden = float(step_loss(ear, ear, made, torch.Generator().manual_seed(4)).detach())
    assert hidden != pytest.approx(loss(ear, made), abs=1e-6)


def test_a_short_run_learns_and_leaves_a_file_to_go_on_from(tmp_path):
    """Three seconds with a tone whose phones follow each other: what sounds is soon known from what does not."""
    with torch.random.fork_rng():
        torch.manual_seed(3)
        ear = Ear(24)
    made, told = Stretches(), []
    before = loss(ear, made.made)
    learn(ear, order(tmp_path / "ear.pt", 0.05, told.append), made, 0.5, made.made[:1])
    assert loss(ear, made.made) < before
    saved = torch.load(tmp_path / "ear.pt", weights_only=True)
    assert saved["hours"] > 0.5
    again = Ear(24)
    again.load_state_dict(saved["ear"])
    assert all(torch.equal(part, ear.state_dict()[name]) for name, part in again.state_dict().items())
    assert "unseen voices" in told[-1]
