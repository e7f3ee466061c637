"""The dashboard: what calls came to, day by day and arm by arm, from the figures that `examiner` keeps of each call.

One narrow query fetches what is added up, so that a hundred thousand calls cost a part of a second; what was added up
is good for half a minute. Days are the company's.
"""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
from fastapi import Request
from fastapi.responses import Response
from numpy.typing import NDArray
from sqlalchemy import Integer, case, cast, func
from sqlmodel import col, select

from admin.outcomes import UNRESOLVED
from admin.search import Search
from admin.site import Site
from admin.tables import Verdict
from callcenter.store import Call, Store
from callcenter.store.derived import Examined
from callcenter.units import RATE

RANGES: Final = {"7": "7 days", "30": "30 days", "90": "90 days"}
FRESH_FOR: Final = 30.0
"""Seconds for which what was added up is good."""

KEPT: Final = 32
FEWEST: Final = 10
SHARE: Final = 0.02
"""An arm with fewer calls, or with less than this share of all, is in the table only."""

DAY_S: Final = 86_400
ALL: Final = "all calls"


@dataclass(frozen=True, slots=True)
class Sums:
    """What some calls came to. Nothing is said of what did not happen: `None` where there is nothing to divide by."""

    calls: int
    resolved: float | None
    """The share of ended calls whose outcome is a good one; people's corrections count."""
    latency: float | None
    """The median over calls of their median time to answer, in seconds."""
    yielded: float | None
    """The share of the callers' interruptions that the agent yielded to."""
    interruptions: int
    dead: float | None
    """Silences over 2 s that nobody was expected to keep, in a hundred calls."""
    minutes: float


@dataclass(frozen=True, slots=True)
class Told:
    """The dashboard, as its page shows it."""

    days: tuple[date, ...]
    arms: tuple[str, ...]
    now: Sums
    before: Sums
    """The same number of days before."""
    by_arm: tuple[tuple[str, Sums], ...]
    few: tuple[str, ...]
    """Arms with too few calls to be drawn beside the others."""
    series: dict[str, Any]


Rows = NDArray[np.float64]
RUNG, GOOD, ENDED, LATENCY, CUTS, YIELDED, DEAD, LENGTH, MEASURED = range(9)
"""Columns of what is fetched; LATENCY is NaN where no turn was answered."""


class Dashboard:
    def __init__(self, store: Store, zone: ZoneInfo) -> None:
        self._store = store
        self._zone = zone
        self._sqlite = store.engine.dialect.name == "sqlite"
        self._kept: dict[tuple[int, str, date], tuple[float, Told]] = {}
        self._lock = threading.Lock()

    def told(self, days: int, flow: str, today: date) -> Told:
        key, now = (days, flow, today), time.monotonic()
        with self._lock:
            self._kept = {one: kept for one, kept in self._kept.items() if kept[0] > now}
            if key in self._kept:
                return self._kept[key][1]
        told = self.add_up(days, flow, today)
        with self._lock:
            if len(self._kept) < KEPT:
                self._kept[key] = (now + FRESH_FOR, told)
        return told

    def add_up(self, days: int, flow: str, today: date) -> Told:
        shown = tuple(today - timedelta(days=back) for back in reversed(range(days)))
        first = self._begins(shown[0])
        rows, arms = self._rows(self._begins(shown[0] - timedelta(days=days)), self._begins(today, 1), flow)
        within = rows[:, RUNG] >= first
        edges = np.array([self._begins(day) for day in (*shown, today + timedelta(days=1))])
        place = np.searchsorted(edges, rows[:, RUNG], side="right") - 1
        names = tuple(sorted(set(arms[within].tolist())))
        chosen = {ALL: within} | {name: within & (arms == name) for name in names}
        least = max(FEWEST, SHARE * within.sum())
        many = tuple(name for name in names if chosen[name].sum() >= least)
        drawn = many if len(names) > 1 and many else (ALL,)
        by_day = {name: [sums(rows[chosen[name] & (place == day)]) for day in range(days)] for name in drawn}
        return Told(
            days=shown,
            arms=names,
            now=sums(rows[within]),
            before=sums(rows[~within]),
            by_arm=tuple((name, sums(rows[chosen[name]])) for name in names),
            few=tuple(name for name in names if name not in many) if drawn == many else (),
            series=series(shown, by_day),
        )

    def _begins(self, day: date, later: int = 0) -> float:
        """When a day of the company begins."""
        midnight = datetime.combine(day + timedelta(days=later), datetime.min.time(), self._zone)
        return midnight.timestamp()

    def _rows(self, since: float, until: float, flow: str) -> tuple[Rows, NDArray[np.str_]]:
        moment = func.strftime("%s", col(Call.rung_at)) if self._sqlite else func.extract("epoch", col(Call.rung_at))
        outcome = case((func.coalesce(Verdict.outcome, "") != "", Verdict.outcome), else_=col(Call.outcome))
        query = (
            select(
                cast(moment, Integer),
                case((outcome.in_(UNRESOLVED), 0), else_=1),
                case((col(Call.state).in_(("ended", "lost")), 1), else_=0),
                Examined.latency_ms,
                Examined.interruptions,
                Examined.yielded,
                Examined.dead,
                Call.duration,
                case((col(Examined.call_id).is_(None), 0), else_=1),
                func.coalesce(func.nullif(Call.arm, ""), func.nullif(Call.served, ""), Call.assigned),
            )  # type: ignore[call-overload]
            .select_from(Call)
            .outerjoin(Examined, col(Examined.call_id) == col(Call.id))
            .outerjoin(Verdict, col(Verdict.call_id) == col(Call.id))
            .where(col(Call.rung_at) >= datetime.fromtimestamp(since, UTC))
            .where(col(Call.rung_at) < datetime.fromtimestamp(until, UTC))
        )
        if flow:
            query = query.where(Call.flow == flow)
        with self._store.reading() as session:
            found = session.connection().execute(query).all()
        numbers = np.array([row[:9] for row in found], np.float64).reshape(-1, 9)
        return numbers, np.array([row[9] or "unknown" for row in found], np.str_)


def sums(rows: Rows) -> Sums:
    measured = rows[rows[:, MEASURED] > 0]
    answered = measured[:, LATENCY][~np.isnan(measured[:, LATENCY])]
    ended, cuts = rows[:, ENDED].sum(), measured[:, CUTS].sum()
    return Sums(
        calls=len(rows),
        resolved=float((rows[:, GOOD] * rows[:, ENDED]).sum() / ended) if ended else None,
        latency=float(np.median(answered)) / 1_000 if len(answered) else None,
        yielded=float(measured[:, YIELDED].sum() / cuts) if cuts else None,
        interruptions=int(cuts),
        dead=float(100 * measured[:, DEAD].mean()) if len(measured) else None,
        minutes=float(rows[:, LENGTH].sum()) / (60 * RATE),
    )


PANELS: Final = (
    ("calls", "Calls", "", "Calls that rang"),
    ("resolved", "Resolved", "%", "Share of ended calls with a good outcome"),
    ("latency", "Answers in", "s", "Median time from the end of a caller's turn to the answer"),
    ("yielded", "Yields", "%", "Share of the callers' interruptions that the agent yielded to"),
    ("dead", "Dead air", "", "Silences over 2 s in a hundred calls"),
)
"""What is drawn: the field of `Sums`, its title, its unit, what it says."""


def series(days: Sequence[date], by_day: dict[str, list[Sums]]) -> dict[str, Any]:
    """As uPlot takes it: seconds since 1970 at noon of each day, then a row of values for each line."""
    noon = [int(datetime.combine(day, datetime.min.time(), UTC).timestamp()) + DAY_S // 2 for day in days]
    panels = []
    for name, title, unit, says in PANELS:
        factor = 100 if unit == "%" else 1
        lines = [
            [None if (value := getattr(one, name)) is None else round(factor * value, 3) for one in told]
            for told in by_day.values()
        ]
        panels.append({"name": name, "title": title, "unit": unit, "says": says, "lines": lines})
    return {"days": noon, "names": list(by_day), "panels": panels}


def install(site: Site, search: Search) -> None:
    board = Dashboard(site.house.store, site.zone)

    @site.get("/dashboard", "calls")
    def page(request: Request, days: str = "30", flow: str = "") -> Response:
        chosen = days if days in RANGES else "30"
        told = board.told(int(chosen), flow[:100], datetime.now(site.zone).date())
        return site.render(
            request,
            "dashboard.html",
            title="Dashboard",
            told=told,
            ranges=RANGES,
            chosen=chosen,
            flow=flow,
            flows=search.choices()["flow"],
            panels=PANELS,
            unresolved=[outcome for outcome in UNRESOLVED if outcome],
        )
