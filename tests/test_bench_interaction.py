"""`bench interaction`: the run from the suite to the last line, over real websockets and rehearsed."""

import json

import pytest
from rich.console import Console

from callcenter.bench.interaction import Order, run
from callcenter.callers.suite import Deck
from callcenter.config import Settings
from callcenter.model.checkpoint import CheckpointError

DECKS = {"tiny": Deck(2, 0, {"halting": 2, "hold": 1}, {"hum": 2, "early": 1, "late": 1})}
KEYS = {"L_R", "L_R_p90", "R_R", "PAUSE", "L_Y", "R_Y", "S_BC", "S_VT", "S_ND", "I_A", "BC_per_min", "BC_at_phrase_end",
        "DEAD", "ECHO", "calls", "n", "ci"}  # fmt: skip


def printed(order):
    console = Console(width=200, record=True, force_terminal=False)
    status = run(order, console, DECKS)
    return status, console.export_text()


@pytest.mark.slow
def test_two_duplexes_are_measured_side_by_side_over_websockets(tmp_path):
    status, text = printed(Order(("oracle", "jumpy"), "tiny", seed=2, speed=8.0, out=tmp_path))
    line = json.loads(text.strip().splitlines()[-1])
    assert status == 0, text
    assert set(line["duplex"]) == {"oracle", "jumpy"}
    assert set(line["duplex"]["oracle"]) >= KEYS
    assert (line["path"], line["realtime"], line["speed"]) == ("websocket", False, 8.0)
    assert line["duplex"]["oracle"]["calls"] == 2
    assert line["duplex"]["oracle"]["R_R"] > line["duplex"]["oracle"]["PAUSE"]
    assert (tmp_path / "index.html").is_file()


def test_a_rehearsal_is_named_so_in_everything_it_prints(tmp_path):
    status, text = printed(Order(("oracle",), "tiny", rehearse=True, out=tmp_path))
    assert status == 0
    assert "without socket or clock" in text
    line = json.loads(text.strip().splitlines()[-1])
    assert line["path"] == "rehearsal (offline shortcut)"
    assert line["realtime"] is False
    assert "without socket or clock" in (tmp_path / "index.html").read_text()


def test_rehearsals_beside_each_other_give_the_same_as_one_after_another(tmp_path):
    duplexes = ("oracle", "interaction")
    lines = [
        printed(Order(duplexes, "tiny", rehearse=True, workers=workers, out=tmp_path))[1].strip().splitlines()[-1]
        for workers in (1, 2)
    ]
    assert lines[0] == lines[1]


def test_the_turn_based_bot_is_prompted_and_converses(tmp_path):
    status, text = printed(Order(("turnbased",), "tiny", rehearse=True, out=tmp_path))
    measured = json.loads(text.strip().splitlines()[-1])["duplex"]["turnbased"]
    assert status == 0
    assert measured["R_R"] >= 0.7
    assert 0.3 <= measured["L_R"] <= 1.6


def test_calls_are_exported_for_the_scripts_of_others(tmp_path):
    order = Order(("oracle",), "tiny", rehearse=True, out=tmp_path / "report", export=tmp_path / "export")
    status, text = printed(order)
    assert status == 0
    assert "2 tau-voice simulations" in text
    assert (tmp_path / "export/oracle/tau-voice/results.json").is_file()
    assert list((tmp_path / "export/oracle/full-duplex-bench").rglob("input.wav"))


@pytest.mark.parametrize(
    ("order", "why"),
    [
        (Order(("nobody",), "tiny", rehearse=True), "no duplex is called 'nobody'"),
        (Order(("oracle",), "huge"), "no suite is called 'huge'"),
        (Order(("oracle",), "tiny", rehearse=True, speed=2.0), "has no clock"),
        (Order(("a", "b"), "tiny", url="http://127.0.0.1:1"), "serves one duplex"),
    ],
)
def test_what_cannot_be_run_is_refused_with_the_reason(order, why):
    with pytest.raises(ValueError, match=why):
        run(order, Console(quiet=True), DECKS)


def test_a_server_that_is_not_there_fails_every_call(tmp_path):
    status, text = printed(Order(("parrot",), "tiny", url="http://127.0.0.1:9", out=tmp_path))
    assert status == 1
    assert json.loads(text.strip().splitlines()[-1])["failed_calls"] == 2


def test_the_weights_that_are_set_are_those_that_are_measured(tmp_path):
    order = Order(
        ("interaction",), "tiny", rehearse=True, out=tmp_path, settings=Settings(model=str(tmp_path / "no.pt"))
    )
    with pytest.raises(CheckpointError, match="holds no model"):
        printed(order)
