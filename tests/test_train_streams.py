"""Eight seconds of one person: the sound, the phone of every 20 ms, and processes that make more of them."""

import multiprocessing
import subprocess
import sys
from pathlib import Path
from random import Random

import numpy as np
import pytest
from counting import count
from little_model import Everybody

from callcenter.audio import decode
from callcenter.model.phones import LABEL, SILENCE
from callcenter.train.augment import Beds
from callcenter.train.streams import KINDS, SECONDS, Makers, clips_of, stretch
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


@pytest.mark.slow
def test_makers_make_batches_beside_the_training_and_stop():
    makers = Makers(count, 2, 10, 2)
    try:
        batches = makers.batches(4)
        got = next(batches) + next(batches)
        assert len(got) == len(set(got)) == 8
        assert min(got) >= 10
    finally:
        makers.close()
    assert not any(process.is_alive() for process in makers._processes)
    assert multiprocessing.active_children() == []


KILLED = """
import os
from counting import count
from callcenter.train.streams import Makers
if __name__ == "__main__":
    makers = Makers(count, 1, 0, 1)
    print(next(makers.batches(1)), flush=True)
    os._exit(9)
"""


@pytest.mark.slow
def test_makers_end_when_the_training_was_killed(tmp_path):
    """Their output is ours: it is closed only when the last of them is gone."""
    script = tmp_path / "training.py"
    script.write_text(KILLED)
    paths = {"PYTHONPATH": f"{Path(__file__).parent}:{Path(__file__).parents[1]}"}
    ran = subprocess.run([sys.executable, script], env=paths, capture_output=True, text=True, timeout=240)
    assert ran.stdout == "[0]\n"
    assert ran.returncode == 9
