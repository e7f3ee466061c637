"""`bench engine`: how long a turn takes, for one call and for more, and how many calls a device holds.

Calls hear real speech (a voice of espeak-ng on a noisy line, each from another place) and hear their own speech too,
so that the ear, the trunk and the search all have their full work. Turns come at the pace of calls: all of a round at
once, the worst case, and a round every 200 ms or as soon as the last one is answered. A turn's time is from its arrival
to its answer, waiting included. `calls_held` is the most whose p99 stays under 150 ms.

On a GPU the turns of a round are one batch, and 64 calls are timed through the kernels and through the plain rows that
a CPU has (`eager`). What a turn must read there is every weight that somebody uses, once, and every call's ring. Words
are searched on the CPU, a call at a time; without `search` the figures are the network's alone.
"""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from statistics import quantiles

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from callcenter.audio import decode, encode
from callcenter.engine.runner import Runner
from callcenter.model.checkpoint import Model, even, load, shipped
from callcenter.model.conduct import Thresholds
from callcenter.model.config import SIZES
from callcenter.model.describe import describe
from callcenter.model.network import Network
from callcenter.model.streaming import Heard, Rows
from callcenter.model.vocabulary import Vocabulary
from callcenter.units import RATE, TURN
from callcenter.voices import Espeak, VoiceError

BUDGET_MS = 150.0
MANY = 64
"""Calls that a GPU is compared for."""

EAGER_SECONDS = 8.0
"""Of calls, where the plain rows are timed on a GPU."""

TEXT = (
    "i would like to change the address on my account, and then i want to know when my order of the third of may will "
    "arrive, because i was told it would come on monday and it did not. my number is four one seven, three three eight."
)


@dataclass(frozen=True, slots=True)
class Order:
    sizes: tuple[str, ...]
    device: str = "cpu"
    seconds: float = 12.0
    """Of calls, for each count of calls."""
    model: Path | None = None
    threads: int = 1
    search: bool = True
    most: int = 512
    """Calls beyond which it does not go."""
    rows: Path | None = None
    """A file to which every size is added as soon as it is measured."""

    @property
    def gpu(self) -> bool:
        return self.device != "cpu"


@dataclass(frozen=True, slots=True)
class Timed:
    calls: int
    p50_ms: float
    p99_ms: float


Told = dict[str, float | int | None]


def run(order: Order, console: Console) -> int:
    torch.set_num_threads(order.threads)
    began = time.perf_counter()
    model = load(order.model) if order.model else shipped()
    vocabulary = Vocabulary.shipped() if order.search else None
    loaded = time.perf_counter() - began
    memory = bandwidth(order.device)
    told: dict[str, Told] = {}
    table = Table("size", "calls", "p50 ms", "p99 ms", title=f"turns on {order.device}, {order.threads} thread(s)")
    for name in order.sizes:
        one = model if name == model.network.size.name else untaught(name, order.device)
        timed = climbed(one, vocabulary, order)
        for row in timed:
            table.add_row(name, str(row.calls), f"{row.p50_ms:.1f}", f"{row.p99_ms:.1f}")
        told[name] = figures(timed, one, order, memory)
        if order.rows is not None:
            with order.rows.open("a") as file:
                file.write(
                    json.dumps({"device": order.device, "search": order.search, "size": name, **told[name]}) + "\n"
                )
    console.print(table)
    console.print(f"model and vocabulary loaded in {loaded:.2f} s")
    console.out(json.dumps({"device": order.device, "load_s": round(loaded, 2), "size": told}), highlight=False)
    return 0


def figures(timed: Sequence[Timed], model: Model, order: Order, memory: float) -> Told:
    read = describe(model.network.size).active * 4
    found: Told = {
        "compute_p50_ms": round(timed[0].p50_ms, 2),
        "compute_p99_ms": round(timed[0].p99_ms, 2),
        "p99_ms_of_8": next((round(row.p99_ms, 2) for row in timed if row.calls == 8), None),
        "calls_held": max((row.calls for row in timed if row.p99_ms < BUDGET_MS), default=0),
        "calls_tried": timed[-1].calls,
        "bandwidth_share": round(read / (timed[0].p50_ms / 1e3) / memory, 4) if memory else None,
    }
    return {**found, **against_eager(timed, model, order, memory)} if order.gpu else found


def against_eager(timed: Sequence[Timed], model: Model, order: Order, memory: float) -> Told:
    """What the kernels gain for 64 calls, and how near they come to what memory allows."""
    ours = next((row for row in timed if row.calls == MANY), None)
    if ours is None:
        return {}
    told = describe(model.network.size)
    reads = told.weights + MANY * told.session
    rows = Rows(model.network, MANY, order.device)
    plain = played(lambda batch: rows.step(batch), MANY, replace(order, seconds=min(order.seconds, EAGER_SECONDS)))
    return {
        "p50_ms_of_64": round(ours.p50_ms, 3),
        "p99_ms_of_64": round(ours.p99_ms, 3),
        "eager_p50_ms_of_64": round(plain.p50_ms, 3),
        "eager_p99_ms_of_64": round(plain.p99_ms, 3),
        "faster": round(plain.p50_ms / ours.p50_ms, 2),
        "copy_tb_s": round(memory / 1e12, 3),
        "bandwidth_share_of_64": round(reads / (ours.p50_ms / 1e3) / memory, 4),
    }


def untaught(name: str, device: str = "cpu") -> Model:
    """A size nobody has taught costs as much as one that is."""
    with torch.device(device):
        return Model(Network(SIZES[name]).begin(), Thresholds(), even(), {})


def climbed(model: Model, vocabulary: Vocabulary | None, order: Order) -> list[Timed]:
    """1, 2, 4, 8 calls and more (on a GPU 1, 8, 64), until the budget is passed or the device is full."""
    found: list[Timed] = []
    calls = 1
    while not found or (found[-1].p99_ms < BUDGET_MS and calls <= order.most and fits(model, calls, order)):
        found.append(rounds(model, vocabulary, order, calls))
        calls *= 8 if order.gpu and calls < MANY else 2
    return found


def fits(model: Model, calls: int, order: Order) -> bool:
    """Whether a GPU has the memory that so many calls keep."""
    if not order.gpu:
        return True
    torch.cuda.empty_cache()
    return calls * describe(model.network.size).session * 1.2 < torch.cuda.mem_get_info()[0]


def rounds(model: Model, vocabulary: Vocabulary | None, order: Order, calls: int) -> Timed:
    runner = Runner(model.network, calls, vocabulary, model.priors, order.device)
    for row in range(calls):
        runner.reset(row)
    return played(runner.step, calls, order)


def played(step: Callable[[list[Heard]], object], calls: int, order: Order) -> Timed:
    sound = speech()
    took: list[float] = []
    for turn in range(round(order.seconds * 5)):
        waiting = batches([turned(sound, row, turn) for row in range(calls)], order.device)
        began = time.perf_counter()
        for heard in waiting:
            step(heard)
            if turn >= 5:
                took += [(time.perf_counter() - began) * 1e3] * len(heard)
    cuts = quantiles(took, n=100)
    return Timed(calls, cuts[49], cuts[98])


def batches(turns: Sequence[Heard], device: str) -> list[list[Heard]]:
    """A CPU takes rows one after the other and answers each as soon as it is done; a GPU takes all at once."""
    return [list(turns)] if device != "cpu" else [[turn] for turn in turns]


def turned(sound: bytes, row: int, turn: int) -> Heard:
    at = ((7 * row + turn) * TURN) % (len(sound) - TURN)
    return Heard(row, sound[at : at + TURN], sound[-TURN:], (40, 50) if turn % 3 == 0 else ())


@cache
def speech() -> bytes:
    """Where no voice is installed, noise that comes and goes as syllables do."""
    chance = np.random.default_rng(1)
    try:
        pcm = decode(Espeak().speak(TEXT, "en-us+f3", 165, band=True).audio).astype(np.float32)
    except VoiceError:
        time_s = np.arange(12 * RATE) / RATE
        pcm = chance.normal(size=len(time_s)) * 3_000 * np.sin(2 * np.pi * 2 * time_s).clip(0)
    noise = chance.normal(size=len(pcm)) * 200
    return encode(np.clip(pcm + noise, -32_000, 32_000).astype(np.int16))


def bandwidth(device: str) -> float:
    """Bytes a second that the device's memory gives, measured by copying."""
    block = torch.empty(64 * 1024 * 1024 if device == "cpu" else 1024 * 1024 * 1024, dtype=torch.uint8, device=device)
    other = torch.empty_like(block)
    best = float("inf")
    for _ in range(5):
        began = time.perf_counter()
        other.copy_(block)
        if device != "cpu":
            torch.cuda.synchronize()
        best = min(best, time.perf_counter() - began)
    return 2 * block.numel() / best
