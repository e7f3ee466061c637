"""A feigned network hears about as well as it is meant to."""

import numpy as np

from callcenter.model.phones import NUMBER, PHONES, SILENCE
from callcenter.train.feigned import Hearing, heard, lasting, likeness

SOUNDS = [tuple(NUMBER[name] for name in ["S", "EH", "V", "AH", "N"]), tuple(NUMBER[name] for name in ["T", "UW"])] * 20


def test_phones_come_in_order_between_silences():
    frames = lasting(np.random.default_rng(1), SOUNDS)
    runs = frames[np.flatnonzero(np.diff(frames, prepend=-1))]
    assert runs[0] == runs[-1] == SILENCE
    assert [phone for phone in runs if phone != SILENCE] == [phone for sound in SOUNDS for phone in sound]


def test_it_gives_probabilities_and_errs_as_often_as_is_asked():
    chance = np.random.default_rng(2)
    frames = lasting(chance, SOUNDS)
    right = []
    for mistaken in (0.0, 0.12, 0.3):
        logs = heard(chance, frames, Hearing(mistaken=mistaken))
        assert np.allclose(np.exp(logs).sum(axis=1), 1, atol=1e-4)
        voiced = frames != SILENCE
        right.append(float((logs.argmax(axis=1) == frames)[voiced].mean()))
    assert right[0] > right[1] > right[2]
    assert 0.65 < right[1] < 0.95


def test_errors_are_mostly_similar_phones():
    table = likeness()
    assert (table == table.T).all()
    assert table[NUMBER["M"], NUMBER["N"]] > table[NUMBER["M"], NUMBER["S"]]
    assert len(table) == len(PHONES)
