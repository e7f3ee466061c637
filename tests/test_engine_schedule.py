"""Which turns are taken together, and when that is late."""

import pytest

from callcenter.engine.schedule import Schedule


def schedule(*rows, most=4, budget=0.2):
    made = Schedule(most, budget)
    for at, row in enumerate(rows):
        made.add(row, f"{row}{at}", at / 100)
    return made


def turns(batch):
    return [one.turn for one in batch]


@pytest.mark.parametrize(
    ("rows", "batches"),
    [
        ("", []),
        ("a", [["a0"]]),
        ("abc", [["a0", "b1", "c2"]]),
        ("abcdef", [["a0", "b1", "c2", "d3"], ["e4", "f5"]]),
        ("aab", [["a0", "b2"], ["a1"]]),
        ("aaa", [["a0"], ["a1"], ["a2"]]),
        ("aabbccdd", [["a0", "b2", "c4", "d6"], ["a1", "b3", "c5", "d7"]]),
        ("aabbccddee", [["a0", "b2", "c4", "d6"], ["a1", "b3", "c5", "d7"], ["e8"], ["e9"]]),
        ("aabcde", [["a0", "b2", "c3", "d4"], ["a1", "e5"]]),
    ],
)
def test_who_waits_longest_goes_first_and_a_row_goes_once(rows, batches):
    made = schedule(*rows)
    found = list(iter(lambda: turns(made.due()), []))
    assert found == batches
    assert not len(made)


def test_turns_of_a_row_stay_in_their_order():
    made = schedule(*"abacabad")
    order = [turn for batch in iter(lambda: turns(made.due()), []) for turn in batch]
    assert [turn for turn in order if turn[0] == "a"] == ["a0", "a2", "a4", "a6"]


def test_what_a_row_waits_for_can_be_dropped():
    made = schedule(*"abab")
    assert turns(made.drop("a")) == ["a0", "a2"]
    assert turns(made.drop("c")) == []
    assert turns(made.due()) == ["b1"]


@pytest.mark.parametrize(("now", "late"), [(0.1, 0), (0.205, 1), (0.215, 2), (9.0, 3)])
def test_a_turn_is_late_when_its_answer_comes_after_the_budget(now, late):
    made = schedule(*"abc")
    assert made.done(made.due(), now) == late
    assert made.late == late
    assert made.done([], 99.0) == 0
    assert made.late == late
