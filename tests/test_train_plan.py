"""What a device carries, where nobody says otherwise; and what the command line refuses."""

import pytest
import torch
from little_training import texts
from typer.testing import CliRunner

from callcenter.__main__ import app
from callcenter.train.plan import planned
from callcenter.train.together import Order


@pytest.mark.parametrize(
    ("device", "cores", "makers", "rows", "calls", "turns", "room"),
    [
        ("cpu", 2, 1, 6, 6, 110, {"dense": 4_000, "calls": 1_200}),
        ("cpu", 1, 1, 6, 6, 110, {"dense": 4_000, "calls": 1_200}),
        ("cuda", 16, 13, 256, 64, 200, {"dense": 160_000, "calls": 20_000}),
        ("cuda:1", 2, 1, 256, 64, 200, {"dense": 160_000, "calls": 20_000}),
    ],
)
def test_a_device_gets_what_it_carries(device, cores, makers, rows, calls, turns, room, tmp_path):
    made = planned(tmp_path, tmp_path, 7.0, device=device, cores=cores, flite=1)
    assert (made.makers, made.rows, made.calls, made.turns, made.room) == (makers, rows, calls, turns, room)
    assert (made.device, made.minutes, made.flite, made.timings) == (device, 7.0, 1, Order.timings)


def test_makers_may_be_told_and_a_frozen_ear_times_people_once(tmp_path):
    made = planned(tmp_path, tmp_path, 7.0, device="cpu", cores=8, makers=3, frozen=True)
    assert (made.makers, made.frozen, made.timings, made.alone) == (3, True, (0.0,), 0.0)


def refused(*words):
    ran = CliRunner().invoke(app, ["train", *map(str, words)], terminal_width=200)
    assert ran.exit_code == 2, ran.output
    return " ".join(ran.output.replace("│", " ").split())


def test_what_cannot_be_trained_is_refused(tmp_path):
    data, work = ["--data", texts(tmp_path / "data")], ["--work", tmp_path / "work"]
    assert "there are nano" in refused("all", *data, *work, "--size", "enormous")
    assert "no such device" in refused("all", *data, *work, "--device", "abacus")
    if not torch.cuda.is_available():
        assert "no such device" in refused("all", *data, *work, "--device", "cuda")
    assert "needs an ear" in refused("all", *data, *work, "--device", "cpu", "--frozen")
    assert "nothing was trained there" in refused("ship", *data, *work)
