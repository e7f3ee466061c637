"""Packs of examples: made by processes, taken once, gone with whoever wanted them."""

import multiprocessing
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from little_training import LONGEST, TURNS, examples, packs, texts

from callcenter.model.text import TOKEN
from callcenter.train.packs import EACH, LONG, Bakery, Wanted, put, stacked
from callcenter.train.streams import SECONDS
from callcenter.units import RATE, TURN


def bakery(makers, folder):
    return Bakery(makers, Wanted(folder, folder / "pools", 0.3, 0.5, TURNS), 10)


def test_examples_become_one_array_a_part_with_tokens_padded_behind():
    made = stacked(examples(), LONGEST)
    assert made["caller"].shape == made["played"].shape == (4, TURNS * TURN)
    assert {len(part) for part in made.values()} == {4}
    for row, one in enumerate(examples()):
        assert np.array_equal(made["tokens"][row, : len(one.tokens)], one.tokens)
        assert (made["tokens"][row, len(one.tokens) :] == TOKEN["<pad>"]).all()
        assert all(np.array_equal(part[row], getattr(one, name)) for name, part in made.items() if name != "tokens")


def test_what_lies_ready_is_taken_once_and_what_is_being_written_is_not(tmp_path):
    one = bakery(0, tmp_path)
    try:
        (dense, sounds), (calls, made) = packs()
        put(one.folder / "dense-1-1.npz", sounds)
        put(one.folder / "calls-2-1.npz", made)
        (one.folder / "calls-2-2.new").write_bytes(b"half of a pack")
        taken = dict(one.taken())
        assert taken.keys() == {dense, calls}
        assert np.array_equal(taken["dense"]["labels"], sounds["labels"])
        assert np.array_equal(taken["calls"]["tokens"], made["tokens"])
        assert list(one.taken()) == []
        assert not one.alive
    finally:
        one.close()
    assert not one.folder.exists()


@pytest.mark.slow
def test_a_process_makes_packs_of_what_is_wanted_and_ends(tmp_path):
    one, taken = bakery(1, texts(tmp_path)), []
    try:
        one.lean(0.5)
        until = time.monotonic() + 240
        while {sort for sort, _ in taken} < {"dense", "calls"}:
            assert one.alive
            assert time.monotonic() < until
            taken += one.taken()
            time.sleep(0.05)
    finally:
        one.close()
    dense = next(arrays for sort, arrays in taken if sort == "dense")
    calls = next(arrays for sort, arrays in taken if sort == "calls")
    assert dense["sound"].shape == (EACH["dense"], SECONDS * RATE)
    assert calls["tokens"].shape == (EACH["calls"], LONG * TURNS)
    assert calls["caller"].shape == (EACH["calls"], TURNS * TURN)
    sounds = [arrays["sound"].tobytes() for sort, arrays in taken if sort == "dense"]
    assert len(set(sounds)) == len(sounds)
    assert not one.alive
    assert multiprocessing.active_children() == []
    assert not one.folder.exists()


KILLED = """
import os, sys, time
from pathlib import Path
from test_train_packs import bakery
if __name__ == "__main__":
    one = bakery(1, Path(sys.argv[1]))
    while not any(one.folder.iterdir()):
        time.sleep(0.05)
    print(one.folder, flush=True)
    os._exit(9)
"""


@pytest.mark.slow
def test_makers_end_when_the_training_was_killed_and_leave_nothing(tmp_path):
    """Their output is ours: it is closed only when the last of them is gone."""
    script = tmp_path / "training.py"
    script.write_text(KILLED)
    paths = {"PYTHONPATH": f"{Path(__file__).parent}:{Path(__file__).parents[1]}"}
    command = [sys.executable, script, texts(tmp_path / "data")]
    ran = subprocess.run(command, env=paths, capture_output=True, text=True, timeout=240)
    assert ran.returncode == 9, ran.stderr
    assert not Path(ran.stdout.strip()).exists()
