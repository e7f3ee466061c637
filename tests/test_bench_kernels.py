"""`bench kernels` says plainly where nothing could be measured."""

import io
import json

import pytest
import torch
from rich.console import Console

from callcenter.bench.kernels import Order, Row, attempted, micro, run, table


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU to measure on")
def test_without_a_gpu_nothing_is_measured_and_it_says_so():
    out = io.StringIO()
    assert run(Order(), Console(file=out, width=120)) == 0
    assert "not measured" in out.getvalue()
    assert json.loads(out.getvalue().splitlines()[-1]) == {"device": None, "kernels": "not measured"}


def test_a_way_that_cannot_go_says_why_and_is_not_compared_with():
    def broken() -> float:
        raise RuntimeError("no kernel image")

    assert micro(attempted(broken)) == "RuntimeError: no kernel image"
    row = Row("norm", "base", 64, 10.0, 1_000_000, 0.5, 0.0, {"eager": 30.0, "compiled": micro(attempted(broken))})
    assert row.best == 30.0
    out = io.StringIO()
    Console(file=out, width=200).print(table([row]))
    assert "3.00 x" in out.getvalue()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="measuring needs a GPU")
def test_a_row_is_measured_on_a_gpu():
    out = io.StringIO()
    assert run(Order(sizes=("nano",), calls=(2,), ops=("norm",), compiled=False), Console(file=out, width=120)) == 0
    (row,) = json.loads(out.getvalue().splitlines()[-1])["kernels"]
    assert row["us"] > 0
    assert row["apart"] < 1e-2
