"""A process that makes numbers: light enough to be started in a test."""

import queue

from callcenter.train.streams import wanted


def count(out, stop, seed, step):
    while wanted(stop):
        try:
            out.put(seed, timeout=0.2)
            seed += step
        except queue.Full:
            continue
