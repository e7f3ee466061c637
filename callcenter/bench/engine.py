"""`bench engine`: how long a turn takes, for one call and for more, and how many calls a device holds.

Calls hear real speech (a voice of espeak-ng on a noisy line, each from another place) and hear their own speech too,
so that the ear, the trunk and the search all have their full work. Turns come at the pace of calls: all of a round at
once, the worst case, and a round every 200 ms or as soon as the last one is answered. A turn's time is from its arrival
to its answer, waiting included. `calls_held` is the most whose p99 stays under 150 ms.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
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
from callcenter.model.streaming import Heard
from callcenter.model.vocabulary import Vocabulary
from callcenter.units import TURN
from callcenter.voices import Espeak

BUDGET_MS = 150.0
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


@dataclass(frozen=True, slots=True)
class Timed:
    calls: int
    p50_ms: float
    p99_ms: float


def run(order: Order, console: Console) -> int:
    torch.set_num_threads(order.threads)
    began = time.perf_counter()
    model = load(order.model) if order.model else shipped()
    vocabulary = Vocabulary.shipped() if order.search else None
    loaded = time.perf_counter() - began
    memory = bandwidth(order.device)
    told: dict[str, dict[str, float | int | None]] = {}
    table = Table("size", "calls", "p50 ms", "p99 ms", title=f"turns on {order.device}, {order.threads} thread(s)")
    for name in order.sizes:
        one = model if name == model.network.size.name else untaught(name)
        timed = climbed(one, vocabulary, order)
        for row in timed:
            table.add_row(name, str(row.calls), f"{row.p50_ms:.1f}", f"{row.p99_ms:.1f}")
        held = max((row.calls for row in timed if row.p99_ms < BUDGET_MS), default=0)
        read = describe(SIZES[name]).active * 4
        told[name] = {
            "compute_p50_ms": round(timed[0].p50_ms, 2),
            "compute_p99_ms": round(timed[0].p99_ms, 2),
            "p99_ms_of_8": next((round(row.p99_ms, 2) for row in timed if row.calls == 8), None),
            "calls_held": held,
            "bandwidth_share": round(read / (timed[0].p50_ms / 1e3) / memory, 4) if memory else None,
        }
    console.print(table)
    console.print(f"model and vocabulary loaded in {loaded:.2f} s")
    console.out(json.dumps({"device": order.device, "load_s": round(loaded, 2), "size": told}), highlight=False)
    return 0


def untaught(name: str) -> Model:
    """A size nobody has taught costs as much as one that is."""
    return Model(Network(SIZES[name]).begin(), Thresholds(), even(), {})


def climbed(model: Model, vocabulary: Vocabulary | None, order: Order) -> list[Timed]:
    """1, 2, 4, 8 calls and more, until the budget is passed."""
    found: list[Timed] = []
    calls = 1
    while not found or (found[-1].p99_ms < BUDGET_MS and calls <= 512):
        found.append(rounds(model, vocabulary, order, calls))
        calls *= 2
    return found


def rounds(model: Model, vocabulary: Vocabulary | None, order: Order, calls: int) -> Timed:
    runner = Runner(model.network, calls, vocabulary, model.priors, order.device)
    for row in range(calls):
        runner.reset(row)
    sound = speech()
    took: list[float] = []
    for turn in range(round(order.seconds * 5)):
        began = time.perf_counter()
        for heard in batches([turned(sound, row, turn) for row in range(calls)], order.device):
            runner.step(heard)
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


def speech() -> bytes:
    pcm = decode(Espeak().speak(TEXT, "en-us+f3", 165, band=True).audio).astype(np.float32)
    noise = np.random.default_rng(1).normal(size=len(pcm)) * 200
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
