"""Waiting for something real to become true, with an end."""

import threading
import time


def until(true, seconds=20.0):
    """The first true answer; fails if there is none in time."""
    deadline = time.monotonic() + seconds
    while not (answer := true()):
        assert time.monotonic() < deadline, "it did not happen in time"
        threading.Event().wait(0.01)
    return answer
