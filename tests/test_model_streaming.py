"""The network turn by turn is the network over the whole call, for any number of calls and for any length."""

import dataclasses
import time

import numpy as np
import pytest
import torch
from laws import neighbours_do_not_matter, replay_agrees, streaming_equals_offline
from little_model import LITTLE, POLICY, called, network
from test_model_network import hidden, sequence

from callcenter.model.config import LABELS, SINKS, TURN_POSITIONS
from callcenter.model.ear import Ear
from callcenter.model.phones import PHONES
from callcenter.model.streaming import MOST, Heard, Rows
from callcenter.model.text import TOKEN

LONG = dataclasses.replace(LITTLE, window=640)
MIXED = dataclasses.replace(LITTLE, experts=4, active=2, shared=1)


def streamed(net, calls, together=False):
    """Acts of every turn of calls that go on at the same time, [turns, 5] each."""
    rows = Rows(net, len(calls))
    rows.together = together
    said = [[] for _ in calls]
    for turn in range(max(map(len, calls))):
        going = [row for row, call in enumerate(calls) if turn < len(call)]
        for row, answer in zip(going, rows.step([calls[row].heard(turn, row) for row in going]), strict=True):
            said[row].append(np.concatenate((answer.act, answer.doing, answer.ahead, answer.phones.ravel())))
    return [np.stack(one) for one in said]


def offline(net, call):
    whole = hidden(net, [call])[0]
    places = [at for at, token in enumerate(sequence(call)) if token < 0][TURN_POSITIONS - 1 :: TURN_POSITIONS]
    with torch.no_grad():
        answers = net.answers(whole[places])
    return torch.cat((answers.act, answers.doing, answers.ahead), -1).numpy()


@pytest.mark.parametrize(
    "size", [LITTLE, LONG, MIXED], ids=["a window shorter than the call", "a longer one", "experts"]
)
def test_streaming_is_the_whole_call_at_once(size):
    net, call = network(size), called(1, 50)
    assert (len(sequence(call)) > size.window) is (size is not LONG)
    streaming_equals_offline(
        lambda turns: streamed(net, [call])[0][:, : -LABELS * len(PHONES)],
        lambda turns: offline(net, call),
        range(len(call)),
        [1],
        equal=lambda left, right: np.abs(left - right).max() < 1e-5,
    )


def test_a_row_alone_is_a_row_among_others_to_the_last_bit():
    net = network()
    calls = [called(seed, turns) for seed, turns in ((1, 20), (2, 7), (3, 13))]
    neighbours_do_not_matter(lambda rows: streamed(net, rows), calls, equal=np.array_equal)


def test_rows_stepped_together_say_what_they_say_alone():
    """As on a GPU: turns of different lengths stand side by side, padded."""
    net = network(MIXED)
    calls = [called(seed, turns) for seed, turns in ((1, 30), (2, 7), (3, 23))]
    for alone, together in zip(streamed(net, calls), streamed(net, calls, together=True), strict=True):
        assert np.abs(alone - together).max() < 1e-4


def test_the_same_turns_get_the_same_answers():
    net, call = network(), called(4, 12)
    turns = [call.heard(turn) for turn in range(len(call))]
    replay_agrees(lambda: Rows(net, 1), lambda rows, turn: rows.step([turn])[0].act.tolist(), turns)


def test_a_row_that_was_reset_remembers_nothing():
    net, call = network(), called(5, 15)
    rows = Rows(net, 2)

    def told():
        rows.reset(1)
        return np.stack([rows.step([call.heard(turn, 1)])[0].act for turn in range(len(call))])

    first = told()
    for turn in range(20):
        rows.step([called(6, 20).heard(turn, 1)])
    assert np.array_equal(told(), first)


def test_the_prefix_is_remembered_after_the_ring_has_turned():
    net = network()
    quick, firm = (called(7, 80, [*POLICY[:3], TOKEN[name]]) for name in ("<quick>", "<firm>"))
    rows = Rows(net, 2)
    for turn in range(80):
        said, told = rows.step([quick.heard(turn, 0), firm.heard(turn, 1)])
    assert rows._slots[0, :SINKS].tolist() == [*range(SINKS)]
    others = rows._slots[0, SINKS:]
    assert int(others[others >= 0].min()) > LITTLE.window
    assert not np.array_equal(said.act, told.act)


def test_of_too_many_tokens_the_policy_stays_and_the_oldest_of_the_others_go():
    net = network()
    told = [*POLICY, *range(100, 200)]
    short = [*told[:SINKS], *told[-(MOST - SINKS) :]]
    heard = called(8, 1)
    said = [Rows(net, 1).step([dataclasses.replace(heard.heard(0), tokens=tokens)])[0].act for tokens in (told, short)]
    assert np.array_equal(*said)


@pytest.mark.slow
def test_ten_thousand_turns_cost_no_more_than_the_first():
    """33 minutes of a call: no buffer grows, and no turn takes longer."""
    net = network(dataclasses.replace(LITTLE, layers=1, ear=8))
    net.ear = Ear(8, (1, 2))
    rows = Rows(net, 1)
    call = called(9, 200)
    thousands, sizes = [], set()
    for turn in range(10_000):
        if turn % 1_000 == 0:
            thousands.append(time.thread_time())
            sizes.add((rows.bytes_per_row, rows._keys.data_ptr(), rows._slots.data_ptr(), rows._keys.shape))
        answer = rows.step([call.heard(turn % 200)])[0]
    took = np.diff([*thousands, time.thread_time()])
    assert len(sizes) == 1
    assert took[-1] < 2 * took[:2].mean()
    assert np.isfinite(answer.act).all()
    assert int(rows._next[0]) > 10_000 * TURN_POSITIONS


def test_a_turn_without_any_token_is_a_turn():
    rows = Rows(network(), 1)
    said = rows.step([Heard(0, bytes(1_600), bytes(1_600))])[0]
    assert said.phones.shape[0] == LABELS
    assert np.allclose(np.exp(said.phones).sum(1), 1, atol=1e-4)
    assert rows.step([]) == []


def test_what_a_row_takes_is_said():
    size = LITTLE
    slots = SINKS + size.window + MOST + TURN_POSITIONS + 1
    cache = 2 * size.layers * size.kv_heads * slots * size.head * 4
    assert cache < Rows(network(), 3).bytes_per_row < 2 * cache + 20_000


def test_rows_take_any_order():
    net, calls = network(), [called(seed, 6) for seed in (10, 11)]
    rows, other = Rows(net, 2), Rows(net, 2)
    for turn in range(6):
        ahead = rows.step([call.heard(turn, row) for row, call in enumerate(calls)])
        back = other.step([calls[row].heard(turn, row) for row in (1, 0)])
        assert np.array_equal(ahead[0].act, back[1].act)
        assert np.array_equal(ahead[1].opening, back[0].opening)
