"""Sound to levels: causal, and the same however it is cut."""

import numpy as np
import pytest
import torch
from laws import chunking_does_not_matter
from little_model import tone

from callcenter.audio import encode
from callcenter.model.config import FRAMES
from callcenter.model.frontend import CARRY, CHANNELS, HOP, LEVELS, bank, expansion, levels, window
from callcenter.units import SILENT_BYTE, TURN

NOISE = np.random.default_rng(3).integers(0, 256, 20 * TURN, dtype=np.uint8)


class Stream:
    def __init__(self):
        self.past = np.full(CARRY, SILENT_BYTE, np.uint8)

    def push(self, piece):
        found = levels(torch.from_numpy(piece)[None], torch.from_numpy(self.past)[None])[0].numpy()
        self.past = np.concatenate((self.past, piece))[-CARRY:]
        return found


def alike(left, right):
    """The sums of a product may be taken in another order, which moves a level in a million by one."""
    return left.shape == right.shape and np.abs(left - right).max() <= 1 and (left != right).mean() < 1e-4


def test_any_chunking_gives_the_same_levels():
    cuts = ([TURN], [HOP], [HOP, 7 * HOP, 3 * HOP], [20 * HOP, HOP])
    chunking_does_not_matter(Stream, Stream.push, NOISE, *cuts, equal=alike)


def test_a_turn_has_twenty_frames_of_sixteen_levels():
    found = levels(torch.from_numpy(NOISE[None, :TURN]))
    assert found.shape == (1, FRAMES, CHANNELS)
    assert set(found.unique().tolist()) <= set(range(LEVELS))


def test_nothing_of_the_future_is_heard():
    other = NOISE.copy()
    other[5 * HOP :] = SILENT_BYTE
    here, there = (levels(torch.from_numpy(sound[None])) for sound in (NOISE, other))
    assert torch.equal(here[:, :5], there[:, :5])
    assert not torch.equal(here[:, 5:10], there[:, 5:10])


def test_silence_is_level_zero_and_a_call_begins_after_silence():
    silent = torch.full((2, TURN), SILENT_BYTE, dtype=torch.uint8)
    assert levels(silent).max() == 0


@pytest.mark.parametrize("hertz", [200, 1_000, 3_000])
def test_a_tone_is_loudest_in_its_own_channel(hertz):
    sound = np.frombuffer(encode(tone(0.4, hertz, 20_000.0)), np.uint8).copy()
    found = levels(torch.from_numpy(sound)[None])[0, 10:].mean(0)
    bins = bank()[round(hertz * 256 / 8_000)]
    assert abs(int(found.argmax()) - int(bins.argmax())) <= 1
    assert found.max() > found.median() + 4


def test_tables_are_as_they_are_said_to_be():
    assert bank().shape == (129, CHANNELS)
    assert (bank().sum(0) > 0).all(), "a channel that hears nothing"
    assert expansion()[SILENT_BYTE] == 0
    assert window().sum() == pytest.approx(2.0)
