"""Eight seconds of one person: the sound, and the phone of every 20 ms."""

from pathlib import Path
from random import Random

import numpy as np
from little_model import Everybody, said

from callcenter.audio import decode
from callcenter.callers.takes import LEVEL
from callcenter.model.phones import LABEL, SILENCE
from callcenter.train.augment import Beds
from callcenter.train.streams import KINDS, SECONDS, behind, clips_of, stretch
from callcenter.units import RATE

BEDS = Beds(1, None, [], 1)


def test_a_stretch_is_sound_and_labels_of_one_length():
    audio, labels = stretch(Random(1), Everybody(), BEDS)
    assert audio.shape == (SECONDS * RATE,)
    assert labels.shape == (SECONDS * RATE // LABEL,)
    assert audio.dtype == labels.dtype == np.uint8
    assert 0.3 < (labels != SILENCE).mean() < 1


def test_labels_lie_where_the_sound_is():
    """A tone is far above a quiet line; a label says a phone where it sounds and silence where it does not."""
    agree = []
    for seed in range(12):
        audio, labels = stretch(Random(seed), Everybody(), BEDS)
        power = np.square(decode(audio.tobytes()).astype(float)).reshape(-1, LABEL).mean(1)
        if 0.05 < (labels == SILENCE).mean() < 0.95:
            agree.append(np.corrcoef(np.log(power + 1), labels != SILENCE)[0, 1])
    assert len(agree) > 5
    assert np.median(agree) > 0.7


def test_the_same_seed_is_the_same_stretch():
    first, again, other = (stretch(Random(seed), Everybody(), BEDS) for seed in (2, 2, 3))
    assert np.array_equal(first[0], again[0])
    assert np.array_equal(first[1], again[1])
    assert not np.array_equal(first[1], other[1])


def test_who_has_nothing_to_say_is_heard_as_a_quiet_line():
    class Nobody:
        name = "nobody"

        def say(self, chance, kind):
            assert kind in KINDS

    _, labels = stretch(Random(4), Nobody(), BEDS)
    assert (labels == SILENCE).all()


def test_where_there_are_no_recordings_there_are_none():
    assert clips_of(Path("/nowhere")) is None


class Behind:
    name = "behind"

    def say(self, chance, kind):
        return said("and now the weather for tomorrow", 3.0)


def test_somebody_far_behind_is_faint_and_goes_on():
    for seed in range(8):
        sound = np.zeros(SECONDS * RATE, np.float32)
        behind(Random(seed), sound, Behind())
        loud = np.abs(sound) > 1
        assert loud.mean() > 0.3
        assert 0.02 < np.sqrt(np.square(sound[loud]).mean()) / LEVEL < 0.3


def test_somebody_far_behind_is_labelled_as_silence():
    for seed in range(4):
        _, labels = stretch(Random(seed), Everybody(), BEDS)
        audio, same = stretch(Random(seed), Everybody(), BEDS, Behind())
        assert (labels == same).all()
        assert len(audio) == SECONDS * RATE
