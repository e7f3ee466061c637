"""What a GPU runs is what a CPU runs: the packed turn says what the plain rows say, for any company."""

import dataclasses

import numpy as np
import pytest
import torch
from compiled import CUDA, DEVICE
from laws import neighbours_do_not_matter
from little_model import LITTLE, POLICY, called, network

import callcenter.model.together as module
from callcenter.model.config import SINKS
from callcenter.model.streaming import MOST, Heard, Rows
from callcenter.model.together import CROWDED, Room, Together, room

MIXED = dataclasses.replace(LITTLE, experts=4, active=2, shared=1)
OPS = ("experts", "linear", "norm", "ring_attention", "rotary_cache", "route")


def streamed(rows, calls):
    """Everything that calls which go on at the same time are told, [turns, numbers] each."""
    said = [[] for _ in calls]
    for turn in range(max(map(len, calls))):
        going = [row for row, call in enumerate(calls) if turn < len(call)]
        for row, answer in zip(going, rows.step([calls[row].heard(turn, row) for row in going]), strict=True):
            parts = (answer.act, answer.opening, answer.doing, answer.ahead, answer.phones.ravel())
            said[row].append(np.concatenate(parts))
    return [np.stack(one) for one in said]


def close(found, wanted):
    """On a GPU the front end may once in a while decide for the neighbouring level."""
    gap = np.abs(found - wanted)
    return (gap > 5e-3).mean() < 0.02 if CUDA else gap.max() < 1e-4


def together(net, rows, **more):
    return Together(net, rows, DEVICE, **{"dtype": torch.float32, **more})


@pytest.fixture
def kernels(monkeypatch):
    """The kernels themselves where the references would run. Padding is whatever memory held, and may overflow."""
    for op in OPS:
        compiled = getattr(__import__(f"kernels.{op}.triton", fromlist=[op]), op)
        monkeypatch.setattr(module, op, compiled)
    with np.errstate(all="ignore"):
        yield


@pytest.mark.parametrize("size", [LITTLE, MIXED], ids=["dense", "experts"])
def test_it_says_what_the_plain_rows_say(size):
    """Calls longer than the window, of different lengths, one of whose turns holds a note."""
    net = network(size)
    calls = [called(seed, turns) for seed, turns in ((1, 60), (2, 7), (3, 23))]
    long = tuple(range(100, 100 + MOST + 20))
    calls[2] = dataclasses.replace(calls[2], tokens=(*calls[2].tokens[:9], long, *calls[2].tokens[10:]))
    for found, wanted in zip(streamed(together(net, 3), calls), streamed(Rows(net, 3), calls), strict=True):
        assert close(found, wanted)


def test_the_kernels_say_it_too(kernels):
    net = network(dataclasses.replace(MIXED, layers=1, window=8))
    net.ear.layers = net.ear.layers[:2]
    calls = [called(seed, turns) for seed, turns in ((1, 6), (2, 3))]
    for found, wanted in zip(streamed(together(net, 2), calls), streamed(Rows(net, 2), calls), strict=True):
        assert close(found, wanted)


def test_in_half_precision_it_says_nearly_the_same():
    net, call = network(MIXED), called(4, 30)
    (found,), (wanted,) = (streamed(rows, [call]) for rows in (together(net, 1, dtype=torch.float16), Rows(net, 1)))
    assert np.abs(found - wanted).max() < 0.05 * np.abs(wanted).max()


@pytest.mark.skipif(not CUDA, reason="the products of a CPU's library depend on the number of rows")
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_a_row_alone_is_a_row_among_others_to_the_last_bit(dtype):
    net = network(MIXED)
    calls = [called(seed, turns) for seed, turns in ((1, 20), (2, 7), (3, 13))]
    neighbours_do_not_matter(
        lambda rows: streamed(together(net, len(rows), dtype=dtype), rows), calls, equal=np.array_equal
    )


@pytest.mark.skipif(not CUDA, reason="graphs are a GPU's")
def test_a_replayed_turn_is_the_turn_itself():
    net = network(MIXED)
    calls = [called(seed, 12) for seed in (1, 2, 3)]
    plain, replayed = (streamed(together(net, 3, graphs=graphs), calls) for graphs in (False, True))
    assert all(map(np.array_equal, plain, replayed))


def test_a_row_that_was_reset_remembers_nothing():
    net, call = network(), called(5, 15)
    rows = together(net, 2)

    def told():
        rows.reset(1)
        return np.stack([rows.step([call.heard(turn, 1)])[0].act for turn in range(len(call))])

    first = told()
    for turn in range(20):
        rows.step([called(6, 20).heard(turn, 1)])
    assert np.array_equal(told(), first)


def test_answers_are_copies():
    rows, call = together(network(), 1), called(7, 2)
    first = rows.step([call.heard(0)])[0]
    before = first.act.copy()
    rows.step([call.heard(1)])
    assert np.array_equal(first.act, before)


def test_of_too_many_tokens_the_policy_stays():
    net = network()
    told = [*POLICY, *range(100, 200)]
    short = [*told[:SINKS], *told[-(MOST - SINKS) :]]
    heard = called(8, 1)
    said = [
        together(net, 1).step([dataclasses.replace(heard.heard(0), tokens=tokens)])[0].act for tokens in (told, short)
    ]
    assert np.array_equal(*said)


def test_a_room_holds_what_it_is_asked_for():
    assert room(1, 2) == Room(1, 4)
    assert room(3, 17) == Room(4, 64)
    assert room(64, 64 * (MOST + 2)) == Room(64, 64 * CROWDED[-1])
    assert CROWDED[-1] >= MOST + 2


def test_no_turn_is_no_answer_and_a_turn_needs_no_token():
    rows = together(network(), 1)
    assert rows.step([]) == []
    said = rows.step([Heard(0, bytes(1_600), bytes(1_600))])[0]
    assert np.allclose(np.exp(said.phones).sum(1), 1, atol=1e-4)


def test_a_call_takes_half_of_what_it_takes_on_a_cpu():
    net = network()
    assert together(net, 3, dtype=torch.float16).bytes_per_row < 0.55 * Rows(net, 3).bytes_per_row
