"""The same speech as if somebody else said it: still levels, still silence where it was silent, and partly missing."""

import pytest
import torch

from callcenter.model.frontend import CHANNELS, LEVELS
from callcenter.train.disguise import disguised, hidden, pressed, roomy, sharpened


@pytest.fixture(autouse=True)
def seeded():
    with torch.random.fork_rng():
        torch.manual_seed(2)
        yield


def speech(rows=12, frames=200):
    """Two hills that rise and fall, with silence around them."""
    channel, at = torch.arange(CHANNELS), torch.arange(frames)[:, None]
    hills = 12 * torch.exp(-((channel - 10) ** 2) / 30) + 9 * torch.exp(-((channel - 27) ** 2) / 20)
    loud = hills * (0.6 + 0.4 * torch.sin(at / 9)) * ((at > 20) & (at < 180))
    return loud.round().clamp(0, LEVELS - 1).expand(rows, -1, -1).clone()


@pytest.mark.parametrize("gaps", [True, False])
def test_levels_stay_levels_and_the_given_is_not_changed(gaps):
    mel = speech()
    made = disguised(mel, gaps=gaps)
    assert torch.equal(mel, speech())
    assert made.shape == mel.shape
    assert torch.equal(made, made.round())
    assert made.min() >= 0
    assert made.max() <= LEVELS - 1
    assert not any(torch.equal(one, other) for at, one in enumerate(made) for other in made[:at])


def test_silence_stays_silence():
    assert not disguised(torch.zeros(6, 100, CHANNELS)).any()
    made = disguised(speech(60), gaps=False)
    assert not made[:, :20].any()
    after = made[:, 180:].amax(2)
    dry = (after == 0).all(1).float().mean()
    assert 0.3 < dry < 0.9, "in most rooms nothing goes on after the last sound"
    assert (after[:, 1:] <= after[:, :-1]).all(), "what a room adds dies away"


def test_gaps_take_bands_and_moments_and_without_them_nothing_is_missing():
    loud = torch.full((8, 300, CHANNELS), float(LEVELS - 1))
    assert (disguised(loud, gaps=False) > 0).all()
    torn = disguised(loud) == 0
    moments, bands = torn.all(2), torn.all(1)
    assert torch.equal(torn, moments[:, :, None] | bands[:, None, :]), "what is missing is whole moments and bands"
    assert moments.any(1).sum() >= 7
    assert bands.any(1).sum() >= 6
    assert 0.02 < torn.float().mean() < 0.5


def test_many_throats_are_of_another_length():
    """The upper hill's top is elsewhere, by up to a sixth of its place."""
    mel = speech(200)
    tops = disguised(mel, gaps=False)[:, 90:110, 20:38].sum(1).argmax(1) + 20
    moved = (tops - 27).abs()
    assert 40 < (moved >= 2).sum() < 140
    assert moved.max() <= 27 * 0.16 + 5


def test_a_gap_lies_within_its_row_and_is_shorter_than_the_longest():
    found = hidden(500, 1, 16, 100, torch.device("cpu"))
    assert found.shape == (500, 100)
    assert found.sum(1).max() <= 15
    edges = (found[:, 1:] & ~found[:, :-1]).sum(1) + found[:, 0]
    assert edges.max() == 1
    assert hidden(3, 2, 16, 4, torch.device("cpu")).shape == (3, 4)


def test_a_room_adds_and_takes_nothing_and_is_there_in_some():
    mel = speech(200).float()
    made = roomy(mel)
    assert (made >= mel).all()
    there = (made > mel).flatten(1).any(1).float().mean()
    assert 0.3 < there < 0.5
    assert not made[:, :21].any(), "nothing sounds before it is said"
    assert made[:, 180:].any()


def test_sharpening_keeps_the_sum_of_what_is_around_and_pressing_keeps_the_order():
    mel = speech(200).float()
    sharp = sharpened(mel)
    spread = sharp[:, 60:100].std(2).mean(1) / mel[:, 60:100].std(2).mean(1)
    assert spread.min() < 0.93
    assert spread.max() > 1.07
    soft = pressed(mel)
    assert (soft.flatten(1).argsort(dim=1, stable=True) == mel.flatten(1).argsort(dim=1, stable=True)).all()
    assert (soft[:, 80].mean(1) > mel[:, 80].mean(1)).any()
    assert (soft[:, 80].mean(1) < mel[:, 80].mean(1)).any()
