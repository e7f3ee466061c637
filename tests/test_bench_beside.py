"""Work in processes beside each other: everything once, the same as in one; and a process that is lost is told of."""

import os
import signal

import pytest

from callcenter.bench.beside import Lost, beside

NAMES = [f"call {at}" for at in range(11)]


@pytest.mark.parametrize("workers", [1, 2, 5, 40])
def test_everything_is_made_once_whoever_makes_it(workers):
    assert dict(made := list(beside(str.upper, NAMES, workers))) == {name: name.upper() for name in NAMES}
    assert len(made) == len(NAMES)


def test_nothing_to_do_is_done_at_once():
    assert list(beside(str.upper, [], 3)) == []


def test_the_work_is_shared():
    assert len({pid for _, pid in beside(lambda _: os.getpid(), NAMES, 3)} - {os.getpid()}) == 3


def test_what_fails_in_another_process_is_told_here():
    def make(name):
        if name == "call 7":
            raise ZeroDivisionError("seven")
        return name

    with pytest.raises(Lost, match="ZeroDivisionError: seven"):
        list(beside(make, NAMES, 2))


def test_a_process_that_is_killed_is_told_of_with_a_remedy():
    def make(name):
        if name == "call 4":
            os.kill(os.getpid(), signal.SIGKILL)
        return name

    with pytest.raises(Lost, match="--workers 1"):
        list(beside(make, NAMES, 2))


def test_whoever_stops_listening_leaves_no_process_behind():
    found = beside(lambda _: os.getpid(), NAMES, 2)
    _, pid = next(found)
    found.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
