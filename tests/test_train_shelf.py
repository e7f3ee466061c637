"""What is kept of examples: as many as there is room for, the newest, any of them as likely, whoever adds meanwhile."""

import threading

import numpy as np
import torch

from callcenter.train.shelf import Shelf


def numbered(first, count):
    at = np.arange(first, first + count)
    return {"at": at, "wide": np.repeat(at[:, None], 500, 1)}


def kept(shelf):
    return sorted(set(shelf.draw(2_000)["at"].tolist()))


def test_the_oldest_make_room():
    shelf = Shelf(10, "cpu")
    assert len(shelf) == 0
    shelf.add(numbered(0, 4))
    assert (len(shelf), shelf.added) == (4, 4)
    assert kept(shelf) == [0, 1, 2, 3]
    shelf.add(numbered(4, 4))
    shelf.add(numbered(8, 4))
    assert (len(shelf), shelf.added) == (10, 12)
    assert kept(shelf) == list(range(2, 12))


def test_any_is_as_likely_and_what_is_drawn_is_counted():
    shelf = Shelf(8, "cpu")
    shelf.add(numbered(0, 8))
    with torch.random.fork_rng():
        torch.manual_seed(1)
        drawn = shelf.draw(8_000)["at"]
    assert shelf.drawn == 8_000
    counts = torch.bincount(drawn, minlength=8)
    assert counts.min() > 850
    assert counts.max() < 1_150


def test_parts_of_an_example_stay_together_while_another_thread_adds():
    shelf, count = Shelf(64, "cpu"), 400
    shelf.add(numbered(0, 16))
    adding = threading.Thread(target=lambda: [shelf.add(numbered(16 * at, 16)) for at in range(1, count)])
    adding.start()
    oldest = []
    while adding.is_alive():
        before = shelf.added
        drawn = shelf.draw(32)
        assert torch.equal(drawn["wide"], drawn["at"][:, None].expand(-1, 500))
        assert drawn["at"].min() >= before - 64 - 16 or before <= 64
        assert drawn["at"].max() < shelf.added
        oldest.append(int(drawn["at"].min()))
    adding.join()
    assert shelf.added == 16 * count
    assert kept(shelf) == list(range(16 * count - 64, 16 * count))
