"""`callcenter load`: many calls at once against a running server, and how evenly, completely and fast it answers.

The parrot is expected on the other side. All calls ring and open their streams one after the other; when all are up
the measured time begins (its first two seconds do not count); then each waits for its last echo and hangs up. With
`climb` that is repeated with more and more calls until the 99th percentile of the jitter passes 20 ms.
"""

import asyncio
import gc
import json
import resource
from collections.abc import Callable, Sequence

import uvloop
from rich.console import Console
from rich.table import Table

from callcenter.callers.crowd import LIMIT_MS, Outcome, Stand, level
from callcenter.callers.people import Company, accompany, cast
from callcenter.callers.suite import Casting

GROWTH = 1.25
CLOSE_ENOUGH = 0.06
"""A climb ends when it knows the limit this well."""


# -------------------------------------------------------------------------------------------------------- the command


def run(
    url: str,
    *,
    calls: int = 100,
    seconds: float = 60.0,
    climb: bool = False,
    most: int = 3_000,
    public: str = "",
    token: str = "",
    duplex: str = "parrot",
    ramp: float = 40.0,
    pid: int | None = None,
    seed: int = 0,
    people: int = 0,
    console: Console | None = None,
) -> int:
    """Prints a table for people and, as the last line, one JSON object; returns the exit status.

    `people`: realistic callers beside the measured ones, so many at once.
    """
    console = console or Console()
    if people and climb:
        raise ValueError("people keep company to a load of one size: leave out --climb or --people")
    castings = cast(seed) if people else ()
    stand = Stand(url, public, token, duplex, ramp, pid, seed)
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        if climb:
            outcomes, limit = uvloop.run(climbed(stand, calls, seconds, most, console))
            company = Company()
        else:
            outcome, company = uvloop.run(together(stand, calls, seconds, castings, people, console))
            outcomes, limit = [outcome], None
    finally:
        gc.enable()
    console.print(table(outcomes))
    best = max((o for o in outcomes if o.good), key=lambda o: o.asked, default=outcomes[-1])
    return finished(best if climb else outcomes[-1], limit, duplex, company, console)


async def together(
    stand: Stand, calls: int, seconds: float, castings: Sequence[Casting], people: int, console: Console
) -> tuple[Outcome, Company]:
    """The measured calls, and people beside them."""
    if not people:
        return await level(stand, calls, seconds, console), Company()
    company = asyncio.create_task(accompany(stand, castings, people, seconds + calls / stand.ramp))
    return await level(stand, calls, seconds, console), await company


async def climbed(
    stand: Stand, calls: int, seconds: float, most: int, console: Console
) -> tuple[list[Outcome], int | None]:
    outcomes: list[Outcome] = []
    climb = Climb(calls, most)
    while (number := climb.next()) is not None:
        outcomes.append(await level(stand, number, seconds, console))
        climb.saw(number, outcomes[-1].good)
        console.print(line(outcomes[-1]), highlight=False)
    return outcomes, climb.good


class Climb:
    """More and more calls until it is too much, then halfway back until the limit is known well enough."""

    def __init__(self, first: int, most: int) -> None:
        self._first, self._most = first, most
        self.good, self._bad = 0, most + 1

    def next(self) -> int | None:
        if not self.good and self._bad > self._most:
            return min(self._first, self._most)
        if self._bad > self._most:
            return None if self.good == self._most else min(round(self.good * GROWTH) + 1, self._most)
        if self._bad - self.good <= max(1.0, CLOSE_ENOUGH * self._bad):
            return None
        return (self.good + self._bad) // 2

    def saw(self, calls: int, good: bool) -> None:
        self.good, self._bad = (calls, self._bad) if good else (self.good, calls)


def line(outcome: Outcome) -> str:
    told = outcome.figures
    return (
        f"{outcome.asked} calls: jitter p99 {shown(told.jitter_p99_ms)} ms, {told.frames_lost} frames lost, "
        f"{outcome.failed} failed"
    )


MEASURES: tuple[tuple[str, Callable[[Outcome], float | None]], ...] = (
    ("calls", lambda o: o.asked),
    ("failed or cut off", lambda o: o.failed),
    ("frames lost", lambda o: o.figures.frames_lost),
    ("gaps in echoes", lambda o: o.figures.gaps),
    ("jitter p50 ms", lambda o: o.figures.jitter_p50_ms),
    ("jitter p99 ms", lambda o: o.figures.jitter_p99_ms),
    ("jitter max ms", lambda o: o.figures.jitter_max_ms),
    ("added mean ms", lambda o: o.figures.added_ms_mean),
    ("added p99 ms", lambda o: o.figures.added_ms_p99),
    ("server kB/call", lambda o: o.rss_per_call_kb),
    ("server cores", lambda o: o.server_cores),
    ("load's own cores", lambda o: o.load_cores),
    ("load late p99 ms", lambda o: o.own_late_p99_ms),
)


def table(outcomes: list[Outcome]) -> Table:
    """A column a level."""
    out = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    out.add_column()
    for _ in outcomes:
        out.add_column(justify="right", no_wrap=True)
    for name, measure in MEASURES:
        out.add_row(name, *(shown(measure(outcome)) for outcome in outcomes))
    return out


def shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}" if isinstance(value, float) else str(value)


def finished(outcome: Outcome, limit: int | None, duplex: str, company: Company, console: Console) -> int:
    if company.calls:
        console.print(
            f"{company.calls} calls of people beside them: {company.failed} failed, {company.heard_agent} heard the "
            f"agent, jitter p99 {shown(company.jitter_p99_ms)} ms",
            highlight=False,
        )
    for reason, count in outcome.failures:
        console.print(f"{count} calls failed: {reason}", style="red", highlight=False)
    if outcome.cut_off:
        console.print(f"{outcome.cut_off} calls were cut off by the server", style="red")
    if outcome.own_late_p99_ms > LIMIT_MS / 4:
        console.print("the load generator itself was late; the jitter is an upper bound", style="yellow")
    told = {
        "duplex": duplex,
        "seconds": outcome.seconds,
        **outcome.figures.told(),
        "calls": outcome.asked,
        "calls_at_20ms": limit if limit is not None else (outcome.asked if outcome.good else None),
        "calls_failed": outcome.failed,
        "rss_per_call_kb": outcome.rss_per_call_kb,
        "server_cores": outcome.server_cores,
        "load_cores": outcome.load_cores,
        "own_late_p99_ms": outcome.own_late_p99_ms,
        "people_calls": company.calls,
        "people_failed": company.failed,
        "people_jitter_p99_ms": company.jitter_p99_ms,
    }
    console.file.write(json.dumps(told) + "\n")
    return 1 if outcome.failed or company.failed else 0
