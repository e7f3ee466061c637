"""A little of everything that training needs: a folder of text, calls and stretches of one person, a bakery of them."""

import gzip
from functools import cache
from pathlib import Path
from random import Random

import numpy as np
from little_model import LITTLE, Everybody, network

from callcenter.model.text import shipped
from callcenter.train.augment import Beds
from callcenter.train.calls import Company
from callcenter.train.files import Hours
from callcenter.train.packs import stacked
from callcenter.train.streams import stretch
from callcenter.train.together import LEAST, Order, Run

TURNS = 40
LONGEST = 8 * TURNS
CUSTOMERS = ("i want to know where my parcel is", "it was due on monday", "can you help me with the bill")
AGENTS = ("your order is on its way", "i have found it and it costs forty two dollars", "is there anything else")


def texts(folder: Path) -> Path:
    """A folder of data without a recording."""
    (folder / "text").mkdir(parents=True)
    for name, lines in (("callers", CUSTOMERS), ("agents", AGENTS)):
        with gzip.open(folder / "text" / f"{name}.txt.gz", "wt") as file:
            file.write("\n".join(lines) + "\n")
    return folder


@cache
def examples(count=4):
    company, chance = Company(Everybody(), Beds(1, None, [], 1), AGENTS, shipped(), TURNS), Random(1)
    return [company.call(chance) for _ in range(count)]


@cache
def stretches(count=4):
    beds = Beds(1, None, [], 1)
    return [stretch(Random(seed), Everybody(), beds) for seed in range(count)]


def packs():
    """As many of the same few as a shelf must hold."""
    sounds, labels = (np.stack(part) for part in zip(*stretches(), strict=True))
    calls = stacked(examples(), LONGEST)
    times = -(-LEAST // 4)
    return [
        ("dense", {"sound": np.tile(sounds, (times, 1)), "labels": np.tile(labels, (times, 1))}),
        ("calls", {name: np.tile(part, (times, *[1] * (part.ndim - 1))) for name, part in calls.items()}),
    ]


class Baked:
    """A bakery that has baked."""

    def __init__(self, made=None, alive=1):
        self.made = packs() if made is None else made
        self.alive = alive
        self.leant = []

    def taken(self):
        made, self.made = self.made, []
        yield from made

    def lean(self, dense):
        self.leant.append(dense)


def order(folder, **more):
    given = {"hearing": 0.0, "rate": 6e-3, "warm": 1, "rows": 2, "calls": 2, "turns": TURNS, "timings": ()}
    return Order(folder, folder, **{"minutes": 1.0, "room": {"dense": 64, "calls": 64}, **given, **more})


def run(folder, bakery=None, hours=None, **more):
    """A run of a little network, whose shelves are full unless it has a bakery."""
    made = Run(order(folder, **more), network(LITTLE).train(), bakery or Baked([]), hours or Hours())
    if bakery is None:
        for sort, arrays in packs():
            made.shelves[sort].add(arrays)
    return made
