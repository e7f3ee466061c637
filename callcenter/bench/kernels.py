"""`bench kernels`: every kernel at the shapes of our sizes, against what torch does for the same sum.

A row is one op at one size for so many calls: the time of one go, the bytes that must be moved at least, what share of
the card's measured bandwidth that is, and the times of torch's ways: as written, through `torch.compile`, and its own
best (scaled-dot-product attention, grouped products). All are recorded as CUDA graphs, so that what is compared is the
GPU's work; inputs are several sets in turn, more than its cache holds. Without a GPU it says "not measured".
"""

import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any, Final

import torch
from rich.console import Console
from rich.table import Table

from callcenter.bench import ways
from callcenter.bench.ways import OTHER, Case

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
    apart: float
    """How far ours is from torch's plain way, as a share of its size."""
    torch_us: dict[str, float] = field(default_factory=dict)

    @property
    def best(self) -> float:
        """Of torch's ways to the same sum."""
        return min((us for name, us in self.torch_us.items() if name != OTHER), default=math.nan)


def run(order: Order, console: Console, found: Callable[[Row], None] = lambda row: None) -> int:
    """`found` is told each row as soon as it is measured."""
    if order.device == "cpu" or not torch.cuda.is_available():
        console.print("no GPU: not measured")
        console.out(json.dumps({"device": None, "kernels": "not measured"}), highlight=False)
        return 0
    rows: list[Row] = []
    reached = copying()
    for case in cases(order):
        row = measured(case, order, reached)
        rows.append(row)
        found(row)
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


def measured(case: Case, order: Order, reached: float) -> Row:
    many = 1 if order.warm else max(1, min(LONGEST, math.ceil(CACHE / max(1, case.moved))))
    sets = [case.make(at) for at in range(many)]
    seconds = timed(case.ours, sets)
    taken = {}
    for name, way in case.torch.items():
        if "compiled" in name and not order.compiled:
            continue
        taken[name] = round(timed(way.go, [way.given(one) for one in sets], way.recorded) * 1e6, 2)
    share = case.moved / seconds / reached
    apart = case.apart(sets[0])
    return Row(case.op, case.size, case.calls, round(seconds * 1e6, 2), case.moved, round(share, 4), apart, taken)


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
    """Bytes a second, read and written, of a copy far larger than the cache."""
    block = torch.randint(256, (1 << 30,), dtype=torch.uint8, device="cuda")
    return 2 * block.numel() / timed(torch.empty_like(block).copy_, [(block,)])


def card() -> str:
    return torch.cuda.get_device_name()


def table(rows: Sequence[Row]) -> Table:
    told = Table("op", "size", "calls", "us", "MB", "of bandwidth", "torch, us", "faster", title="kernels")
    for row in rows:
        others = ", ".join(f"{name} {us:.1f}" for name, us in row.torch_us.items())
        told.add_row(
            row.op, row.size, str(row.calls), f"{row.us:.1f}", f"{row.moved / 1e6:.1f}", f"{row.share:.0%}", others,
            f"{row.best / row.us:.2f} x",
        )  # fmt: skip
    return told
