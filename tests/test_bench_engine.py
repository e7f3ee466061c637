"""`bench engine` times the real runner and says what it found."""

import io
import json

from rich.console import Console

from callcenter.bench.engine import Order, bandwidth, run, speech
from callcenter.units import RATE, TURN


def test_the_last_line_has_the_stable_keys():
    out = io.StringIO()
    assert run(Order(("nano",), seconds=2.4, search=False), Console(file=out, width=120)) == 0
    told = json.loads(out.getvalue().splitlines()[-1])
    assert told["device"] == "cpu"
    nano = told["size"]["nano"]
    assert set(nano) >= {"compute_p50_ms", "compute_p99_ms", "calls_held", "bandwidth_share"}
    assert 0 < nano["compute_p50_ms"] <= nano["compute_p99_ms"]
    assert nano["bandwidth_share"] > 0


def test_calls_hear_seconds_of_speech():
    assert len(speech()) > 8 * RATE > TURN


def test_memory_has_a_bandwidth():
    assert bandwidth("cpu") > 1e8
