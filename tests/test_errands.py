"""Tool calls on their way: started once, answered once, given up in time."""

from itertools import count

import pytest

from callcenter.background.errands import Errands
from callcenter.background.exchange import CancelTool
from callcenter.background.state import Result, Wish

LOOK = Wish("order_status", {"order": "1"})
CHANGE = Wish("cancel_order", {"order": "1"}, 3)


@pytest.fixture
def errands():
    numbers = count(1)
    return Errands(lambda: f"t{next(numbers)}")


def start(errands, wish, changes=False, wanted=True, at=0):
    return errands.start(wish, at, changes, wanted, "call")


def done(errand, ok=True, error=""):
    return Result(errand.request, errand.wish.tool, errand.wish.arguments, ok, {"x": 1}, error, errand.wish.task)


def test_what_runs_is_not_started_again(errands):
    assert [call.request for call in start(errands, LOOK)] == ["t1"]
    assert start(errands, Wish("order_status", {"order": "1"})) == []
    assert [call.request for call in start(errands, Wish("order_status", {"order": "2"}))] == ["t2"]


def test_what_was_answered_is_not_asked_again(errands):
    start(errands, LOOK)
    errands.close(errands.all["t1"], done(errands.all["t1"]))
    assert start(errands, LOOK) == []


def test_only_a_change_has_a_key(errands):
    assert start(errands, LOOK)[0].key == ""
    assert start(errands, CHANGE, changes=True)[0].key == "call:t2"


def test_a_guess_becomes_wanted(errands):
    start(errands, LOOK, wanted=False)
    start(errands, LOOK, wanted=True)
    assert errands.all["t1"].wanted


def test_again_is_a_new_request_under_the_old_key(errands):
    (first,) = start(errands, CHANGE, changes=True)
    again = errands.again(errands.all["t1"], 100)
    assert (again.request, again.key) == ("t2", first.key)
    assert errands.all["t1"].state == "given up"


def test_nobody_cancels_a_change(errands):
    start(errands, LOOK)
    start(errands, CHANGE, changes=True)
    assert errands.cancel(lambda errand: False) == [CancelTool("t1")]
    assert errands.change().request == "t2"


def test_after_a_change_look_ups_are_forgotten(errands):
    start(errands, LOOK)
    errands.close(errands.all["t1"], done(errands.all["t1"]))
    start(errands, CHANGE, changes=True)
    errands.close(errands.all["t2"], done(errands.all["t2"]))
    assert [key[0] for key in errands.book] == ["cancel_order"]
    assert start(errands, LOOK) != []


def test_a_change_that_was_refused_makes_nothing_stale(errands):
    start(errands, LOOK)
    errands.close(errands.all["t1"], done(errands.all["t1"]))
    start(errands, CHANGE, changes=True)
    errands.close(errands.all["t2"], done(errands.all["t2"], ok=False, error="refused: No."))
    assert len(errands.book) == 2


def test_faults_can_be_forgotten(errands):
    start(errands, LOOK)
    errands.close(errands.all["t1"], done(errands.all["t1"], ok=False, error="timeout: none"))
    errands.forget_faults()
    assert start(errands, LOOK) != []


def test_what_takes_too_long_is_overdue(errands):
    start(errands, LOOK, at=1_000)
    assert errands.overdue(1_900, 1_000) == []
    assert [errand.request for errand in errands.overdue(2_000, 1_000)] == ["t1"]
