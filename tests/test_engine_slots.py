"""Which call has which row."""

import pytest

from callcenter.engine.slots import Full, Slots


def test_rows_are_given_out_until_there_are_none():
    slots = Slots(3)
    assert [slots.take() for _ in range(3)] == [0, 1, 2]
    assert slots.taken == 3
    with pytest.raises(Full, match="all 3 places"):
        slots.take()


def test_a_row_that_was_left_is_given_out_again_last():
    slots = Slots(3)
    first = slots.take()
    slots.leave(first)
    assert [slots.take() for _ in range(3)] == [1, 2, first]


def test_leaving_twice_is_leaving_once_and_no_row_is_two_calls():
    slots = Slots(2)
    row = slots.take()
    for _ in range(3):
        slots.leave(row)
    assert slots.taken == 0
    assert {slots.take(), slots.take()} == {0, 1}
    with pytest.raises(Full):
        slots.take()


def test_leaving_what_was_never_taken_makes_no_row():
    slots = Slots(1)
    slots.leave(0)
    slots.leave(7)
    assert slots.take() == 0
    with pytest.raises(Full):
        slots.take()
