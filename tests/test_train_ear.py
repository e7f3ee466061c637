"""What the ear is asked, and how its answers are counted."""

import numpy as np
import pytest
import torch
from little_training import stretches, texts

from callcenter.callers.heldout import kept
from callcenter.callers.voice import PEOPLE
from callcenter.model.config import LATE
from callcenter.model.ear import Ear
from callcenter.model.phones import PHONES, SILENCE, UNKNOWN
from callcenter.train.ear import NOT_ASKED, accuracy, mean_loss, phone_loss, unseen


def test_what_is_asked_at_a_step_was_heard_a_little_before():
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


def test_a_loss_is_the_mean_of_what_is_asked_and_nothing_where_nothing_is():
    logits = torch.randn(6, 5, generator=torch.Generator().manual_seed(1), requires_grad=True)
    target = torch.tensor([1, NOT_ASKED, 3, 0, NOT_ASKED, 4])
    usual = torch.nn.functional.cross_entropy(logits, target, ignore_index=NOT_ASKED)
    assert float(mean_loss(logits, target).detach()) == pytest.approx(float(usual.detach()), abs=1e-6)
    nothing = mean_loss(logits, torch.full((6,), NOT_ASKED))
    nothing.backward()
    assert nothing == 0
    assert not logits.grad.any()


def test_accuracy_is_of_what_is_spoken():
    made = stretches()[:2]
    ear = Ear(8)
    with torch.no_grad():
        ear.phones.weight.zero_()
        ear.phones.bias.zero_()
        ear.phones.bias[SILENCE] = 1
        assert accuracy(ear, made) == 0
        ear.phones.bias[3] = 2
        spoken = np.concatenate([labels[:-LATE] for _, labels in made])
        assert accuracy(ear, made) == pytest.approx(float((spoken == 3)[spoken != SILENCE].mean()))


def test_the_proof_is_speech_of_voices_that_are_held_out(tmp_path):
    assert len(kept("voice", PEOPLE, True)) > 3
    made = unseen(texts(tmp_path), 3)
    assert len(made) == 3
    assert all(0.2 < ((labels != SILENCE) & (labels != UNKNOWN)).mean() < 1 for _, labels in made)
