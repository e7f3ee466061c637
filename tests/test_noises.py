"""Beds of noise and the short sounds that are no speech."""

import numpy as np
import pytest
from acting import tone

from callcenter.callers import noises
from callcenter.callers.takes import LEVEL, Take
from callcenter.units import RATE, samples


@pytest.mark.parametrize("name", sorted(noises.TICS))
def test_a_tic_is_short_loud_enough_and_different_every_time(name):
    one, other = (noises.TICS[name](np.random.default_rng(seed)) for seed in (1, 2))
    for pcm in (one, other):
        assert 0.15 < len(pcm) / RATE < 1.5
        assert 0.2 * LEVEL < np.sqrt(np.mean(pcm.astype(float) ** 2)) < 3 * LEVEL
    assert len(one) != len(other) or (one != other).any()
    assert (noises.TICS[name](np.random.default_rng(1)) == one).all()


def test_what_is_far_away_is_dull_and_rings_on():
    near = Take(tone(1.0, 600) + tone(1.0, 2_500), "there")
    far = noises.distant(near, np.random.default_rng(1))
    bright = [np.abs(np.fft.rfft(take.pcm, 8_000)) for take in (near, far)]
    assert bright[1][2_500] / bright[1][600] < 0.5 * bright[0][2_500] / bright[0][600]
    assert samples(0.03) < len(far) - len(near) < samples(0.3)
    assert far.text == "there"


def test_a_door_is_over_soon():
    assert len(noises.door(np.random.default_rng(1))) < RATE / 2


def test_babble_and_loops_have_no_silent_place():
    chance = np.random.default_rng(1)
    for bed in (noises.babble(chance, [tone(2.0, 300), tone(3.0, 500)]), noises.looped(tone(1.3), chance)):
        loudness = np.sqrt(np.mean(np.square(bed.reshape(-1, 1600)), axis=1))
        assert len(bed) == noises.BED
        assert loudness.min() > 0.01
        assert np.std(bed) == pytest.approx(1.0, abs=0.05)
