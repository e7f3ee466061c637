"""Examples as files: many processes write packs of them into a folder in memory, and whoever trains takes them away.

A pack is of one sort: `dense` (speech for the ear) or `calls`. How much of which is made can be turned while they run.
"""

import multiprocessing as mp
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from multiprocessing.synchronize import Event
from pathlib import Path
from random import Random
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from callcenter.appearing import appearing
from callcenter.model.text import TOKEN, shipped
from callcenter.train.augment import Beds
from callcenter.train.calls import Company, Example, agents_of
from callcenter.train.cast import Cast
from callcenter.train.streams import babbling, clips_of, customers_of, stretch, wanted

Arrays = dict[str, NDArray[Any]]

LONG: Final = 4
"""Tokens of a call, at most, for each of its turns; the few calls that hold more are made again."""

SAME: Final = tuple(part for part in fields(Example) if part.name != "tokens")
"""What is as long in every call."""

FAR: Final = 0.15
"""Of the stretches of speech, those with somebody far behind."""

EACH: Final = {"dense": 32, "calls": 8}
AHEAD: Final = 96
"""Packs that lie ready before makers rest."""

MEMORY: Final = Path("/dev/shm")
FREE: Final = 2 * 1024**3
"""Bytes that must be free in a folder in memory: in a container there are few."""


@dataclass(frozen=True)
class Wanted:
    """What makers make. `share` of the people come from pools, `real` of those are real."""

    data: Path
    pools: Path
    share: float
    real: float
    turns: int


def make(folder: Path, want: Wanted, dense: Any, stop: Event, seed: int) -> None:
    """A process that makes packs until it is told to stop; `dense` holds the share of packs that are for the ear.

    Where whoever began it is gone, it takes the folder with it: nobody else would.
    """
    chance = Random(seed)
    cast = Cast(customers_of(want.data), want.pools, want.share, want.real)
    cast.look()
    beds = Beds(seed, clips_of(want.data), babbling(cast, chance))
    company = Company(cast, beds, agents_of(want.data), shipped(), want.turns)
    made = 0
    while wanted(stop):
        if sum(1 for _ in folder.iterdir()) > AHEAD:
            time.sleep(0.2)
            continue
        if made % 8 == 7:
            cast.look()
        made += 1
        sort = "dense" if chance.random() < dense.value else "calls"
        pack = speech(chance, cast, beds) if sort == "dense" else calls(chance, company, want.turns)
        if wanted(stop):
            put(folder / f"{sort}-{seed}-{made}.npz", pack)
    if not stop.is_set():
        shutil.rmtree(folder, ignore_errors=True)


def put(path: Path, pack: Arrays) -> None:
    with appearing(path) as file:
        np.savez(file, allow_pickle=False, **pack)


def speech(chance: Random, cast: Cast, beds: Beds) -> Arrays:
    made = []
    for _ in range(EACH["dense"]):
        other = cast.synthetic(chance) if chance.random() < FAR else None
        made.append(stretch(chance, cast.person(chance, timed=True), beds, other))
    return {"sound": np.stack([sound for sound, _ in made]), "labels": np.stack([labels for _, labels in made])}


def calls(chance: Random, company: Company, turns: int) -> Arrays:
    made: list[Example] = []
    while len(made) < EACH["calls"]:
        one = company.call(chance)
        if len(one.tokens) <= LONG * turns:
            made.append(one)
    return stacked(made, LONG * turns)


def stacked(made: Sequence[Example], longest: int) -> Arrays:
    """Examples as one array a part, tokens padded behind."""
    arrays = {part.name: np.stack([getattr(one, part.name) for one in made]) for part in SAME}
    tokens = np.full((len(made), longest), TOKEN["<pad>"], np.int16)
    for row, one in zip(tokens, made, strict=True):
        row[: len(one.tokens)] = one.tokens
    return {**arrays, "tokens": tokens}


class Bakery:
    """Processes that make packs, and the folder where they put them."""

    def __init__(self, makers: int, want: Wanted, seed: int) -> None:
        within = MEMORY if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > FREE else None
        self.folder = Path(tempfile.mkdtemp(prefix="packs-", dir=within))
        context = mp.get_context("spawn")
        self._stop = context.Event()
        self._dense = context.Value("d", 0.8)
        self._processes = [
            context.Process(target=make, args=(self.folder, want, self._dense, self._stop, seed + at), daemon=True)
            for at in range(makers)
        ]
        for process in self._processes:
            process.start()

    def lean(self, dense: float) -> None:
        """From now on this share of the packs is for the ear."""
        self._dense.value = dense

    def taken(self) -> Iterator[tuple[str, Arrays]]:
        """The packs that lie ready, each once."""
        for path in sorted(self.folder.glob("*.npz")):
            with np.load(path) as pack:
                arrays = dict(pack)
            path.unlink()
            yield path.name.partition("-")[0], arrays

    @property
    def alive(self) -> int:
        return sum(process.is_alive() for process in self._processes)

    def close(self) -> None:
        self._stop.set()
        for process in self._processes:
            process.join(3)
            if process.is_alive():
                process.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
