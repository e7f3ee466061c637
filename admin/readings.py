"""What experiments say now: readings, made beside the page that asks, and the lines of the comparison as drawn."""

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from callcenter import comparing
from callcenter.experiment import Reading
from callcenter.experiment.reading import Against
from callcenter.experiment.statistics import Difference
from callcenter.store import Store
from callcenter.store.experiments import Kept

FRESH_FOR: Final = timedelta(seconds=60)
PATIENCE: Final = 0.15
"""Seconds that a page waits for a reading; most are there."""

TITLES: Final = {
    "resolved": "Resolved, nobody called again",
    "contained": "Contained",
    "handling_s": "Handling time (s)",
    "transferred": "Transferred",
    "talk_over_caller": "Agent broke into a turn",
    "talk_over_agent": "Callers' interruptions a call",
    "slow": "Answers slower than 2 s",
    "dead": "Dead air a call",
    "rating": "Rating",
    "abandoned": "Abandoned in 30 s",
    "transfer_failed": "Transfer failed",
    "wrong_action": "Wrong action",
    "complaint": "Complaint",
}
HIGHER_IS_BETTER: Final = {"resolved": True, "contained": True, "rating": True}
HIGHER_IS_WORSE: Final = ("transferred", "talk_over_caller", "slow", "dead")


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the comparison: the numbers, and where they lie in the drawing (0 to 100, zero in the middle)."""

    title: str
    found: Difference
    tone: str
    at: float
    low: float
    high: float
    primary: bool


@dataclass(frozen=True, slots=True)
class Looked:
    """The last reading, when it was made, and whether a newer one is on its way."""

    reading: Reading | None
    at: datetime | None
    coming: bool
    trouble: str = ""


class Readings:
    """Readings of experiments, one made at a time."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._desk = ThreadPoolExecutor(1, "readings")
        self._lock = threading.Lock()
        self._made: dict[str, tuple[Reading, datetime]] = {}
        self._under_way: dict[str, Future[tuple[Reading, datetime]]] = {}

    def start(self) -> None:
        """Nothing goes on until somebody asks."""

    def stop(self) -> None:
        self._desk.shutdown(wait=False, cancel_futures=True)

    def look(self, kept: Kept) -> Looked:
        """The last reading; where it is old a new one is begun, and waited for a little."""
        name = kept.row.name
        with self._lock:
            reading, at = self._made.get(name, (None, None))
            work = self._under_way.get(name)
            if work is None and (at is None or datetime.now(UTC) - at > FRESH_FOR):
                work = self._under_way[name] = self._desk.submit(self._make, kept)
        if work is None:
            return Looked(reading, at, coming=False)
        try:
            made = work.result(PATIENCE)
        except NotYet:
            return Looked(reading, at, coming=True)
        except Exception as error:
            self._settle(name, None)
            return Looked(reading, at, coming=False, trouble=f"The last reading failed: {error}")
        self._settle(name, made)
        return Looked(*made, coming=False)

    def _make(self, kept: Kept) -> tuple[Reading, datetime]:
        at = datetime.now(UTC)
        return comparing.look(self._store, kept), at

    def _settle(self, name: str, made: tuple[Reading, datetime] | None) -> None:
        with self._lock:
            self._under_way.pop(name, None)
            if made is not None:
                self._made[name] = made

    def forget(self, name: str) -> None:
        """The next look is a new one."""
        with self._lock:
            self._made.pop(name, None)


def rows(against: Against) -> list[Row]:
    return [_row(name, found) for name, found in comparing.rows_of(against)]


def _row(name: str, found: Difference) -> Row:
    metric, _, what = name.partition(", ")
    edges = [abs(edge) for edge in (found.value, found.low, found.high) if edge is not None]
    scale = 46 / (max(edges) or 1)
    title = TITLES.get(metric, metric) + (f", {what}" if what else "")
    low, high = (found.value if edge is None else edge for edge in (found.low, found.high))
    tone = _tone(metric, found)
    return Row(title, found, tone, 50 + scale * found.value, 50 + scale * low, 50 + scale * high, name == "resolved")


def _tone(metric: str, found: Difference) -> str:
    """better, worse, differs (where neither is good as such), or nothing while it is undecided."""
    if not found.decided:
        return ""
    if metric in HIGHER_IS_BETTER:
        return "better" if found.value > 0 else "worse"
    if metric in HIGHER_IS_WORSE:
        return "worse" if found.value > 0 else "better"
    return "differs"
