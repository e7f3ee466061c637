"""`bench kernels`: every kernel at the shapes of our sizes, against what torch does for the same sum.

A row is one op at one size for so many calls: the time of one go, the bytes that must be moved at least, what share of
the card's measured bandwidth that is, and the times of torch's ways: as written, through `torch.compile`, and its own
best (scaled-dot-product attention, grouped products). All are recorded as CUDA graphs, so that what is compared is the
GPU's work; inputs are several sets in turn, more than its cache holds. Without a GPU it says "not measured".
"""

import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, Final

import torch
from rich.console import Console
from rich.table import Table

from callcenter.bench import ways
from callcenter.bench.ways import OTHER, Case, Given, Way

CACHE: Final = 256 * 1024 * 1024
"""Bytes that inputs of a row take together: several times the cache of a GPU."""

LONGEST: Final = 64
"""Sets of inputs at most."""

GOES: Final = 9


@dataclass(frozen=True, slots=True)
class Order:
    sizes: tuple[str, ...] = ("nano", "small", "base", "tml-small")
    calls: tuple[int, ...] = (64,)
    ops: tuple[str, ...] = ()
    """All of them, if none is named."""
    device: str = "cuda"
    compiled: bool = True
    warm: bool = False
    """Only compile, so that a later run finds everything ready."""
    blocks: bool = False
    """Instead of torch's ways, ours with other blocks."""
    seconds: float = 600.0
    """After which no other case is begun."""
    rows: Path | None = None
    """A file to which every row is added as soon as it is measured."""


@dataclass(frozen=True, slots=True)
class Row:
    op: str
    size: str
    calls: int
    us: float
    moved: int
    """Bytes, at least."""
    share: float
    """Of the bandwidth that copying reaches."""
    apart: float | str
    """How far ours is from torch's plain way, as a share of its size."""
    torch_us: dict[str, float | str] = field(default_factory=dict)
    """Of a way that could not go, why."""
    blocks_us: dict[str, float | str] = field(default_factory=dict)

    @property
    def best(self) -> float:
        """Of torch's ways to the same sum."""
        ways = [us for name, us in self.torch_us.items() if name != OTHER and not isinstance(us, str)]
        return min(ways, default=math.nan)


def run(order: Order, console: Console) -> int:
    if order.device == "cpu" or not torch.cuda.is_available():
        console.print("no GPU: not measured")
        console.out(json.dumps({"device": None, "kernels": "not measured"}), highlight=False)
        return 0
    rows: list[Row] = []
    reached = copying()
    until = time.monotonic() + order.seconds
    for case in cases(order):
        if time.monotonic() > until:
            console.print(f"no time for {case.op} of {case.size} and what comes after it")
            break
        row = measured(case, order, reached, until)
        if isinstance(row, str):
            console.print(f"{case.op} of {case.size}: {row}")
            continue
        rows.append(row)
        if order.rows is not None:
            with order.rows.open("a") as file:
                file.write(json.dumps({"device": card(), "copy_tb_s": round(reached / 1e12, 3), **asdict(row)}) + "\n")
    console.print(table(rows))
    console.print(f"{card()}: copying reaches {reached / 1e12:.2f} TB/s, read and written")
    told = {"device": card(), "copy_tb_s": round(reached / 1e12, 3), "kernels": [asdict(row) for row in rows]}
    console.out(json.dumps(told), highlight=False)
    return 0


def cases(order: Order) -> Iterator[Case]:
    """One after the other, for together they might not fit."""
    for size in order.sizes:
        for calls in order.calls:
            for op, make in ways.OPS.items():
                if not order.ops or op in order.ops:
                    case = make(size, calls)
                    if case is not None:
                        yield case
                    torch.cuda.empty_cache()


def measured(case: Case, order: Order, reached: float, until: float) -> Row | str:
    """A case's row, or why there is none."""
    many = 1 if order.warm else max(1, min(LONGEST, math.ceil(CACHE / max(1, case.moved))))
    sets = [case.make(at) for at in range(many)]
    seconds = attempted(lambda: timed(case.ours, sets))
    if isinstance(seconds, str):
        return seconds
    apart = attempted(lambda: case.apart(sets[0]))
    row = Row(
        case.op,
        case.size,
        case.calls,
        round(seconds * 1e6, 2),
        case.moved,
        round(case.moved / seconds / reached, 4),
        apart,
    )
    if order.blocks:
        for name, go in case.blocks.items():
            if time.monotonic() < until:
                row.blocks_us[name] = micro(attempted(partial(timed, go, sets)))
        return row
    for name, way in case.torch.items():
        if order.compiled or "compiled" not in name:
            taken = attempted(partial(gone, way, sets))
            row.torch_us[name] = micro(taken)
    return row


def gone(way: Way, sets: Sequence[Given]) -> float:
    return timed(way.go, [way.given(one) for one in sets], way.recorded)


def micro(seconds: float | str) -> float | str:
    return seconds if isinstance(seconds, str) else round(seconds * 1e6, 2)


def attempted(go: Callable[[], float]) -> float | str:
    """What one way takes, or why it cannot be gone: it is no reason to lose all the others."""
    try:
        return go()
    except Exception as error:  # the one place that catches: whatever torch, triton or the driver may raise
        return f"{type(error).__name__}: {str(error)[:300]}"


def timed(go: Callable[..., Any], sets: Sequence[Sequence[Any]], recorded: bool = True) -> float:
    """Seconds of one go, the median over several rounds through all sets."""
    for one in sets[:2]:
        go(*one)
    torch.cuda.synchronize()
    play: Callable[[], object]
    if recorded:
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            for one in sets:
                go(*one)
        play = graph.replay
    else:

        def play() -> None:
            for one in sets:
                go(*one)

    play()
    took: list[float] = []
    for _ in range(GOES):
        before, after = (torch.cuda.Event(enable_timing=True) for _ in range(2))  # type: ignore[no-untyped-call]
        before.record()
        play()
        after.record()
        torch.cuda.synchronize()
        took.append(before.elapsed_time(after) / 1e3 / len(sets))
    return median(took)


def copying() -> float:
    """Bytes a second, read and written, of a copy far larger than the cache. Not recorded: in a graph it is slower."""
    block = torch.randint(256, (1 << 30,), dtype=torch.uint8, device="cuda")
    return 2 * block.numel() / timed(torch.empty_like(block).copy_, [(block,)], recorded=False)


def card() -> str:
    return torch.cuda.get_device_name()


def table(rows: Sequence[Row]) -> Table:
    told = Table("op", "size", "calls", "us", "MB", "of bandwidth", "others, us", "faster", title="kernels")
    for row in rows:
        others = sorted(row.blocks_us.items(), key=lambda one: str(one[1]).zfill(12))[:5] or row.torch_us.items()
        told.add_row(
            row.op, row.size, str(row.calls), f"{row.us:.1f}", f"{row.moved / 1e6:.1f}", f"{row.share:.0%}",
            "\n".join(f"{name} {us}" for name, us in others),
            f"{row.best / row.us:.2f} x",
        )  # fmt: skip
    return told
