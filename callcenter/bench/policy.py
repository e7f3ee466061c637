"""`bench policy`: does the knob turn anything? The same held-out callers, once with every setting of the policy.

Backchannels at never, rare, normal and often, eagerness at eager and patient, all else as usual. A caller is taken
through every setting before the next one calls, so that a run which is stopped by its clock has compared equals, and
the intervals draw callers with all they met. Rehearsed offline, without socket or clock; everything printed says so.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import uvloop
from rich.console import Console
from rich.table import Table

from callcenter.bench.contestants import Contestants
from callcenter.callers.rehearsal import Rehearsal
from callcenter.callers.studio import Studio
from callcenter.callers.suite import DECKS, Deck, Suite, compose
from callcenter.config import Settings
from callcenter.events import Policy
from callcenter.measures import Figures, Observed, figures, recorded
from callcenter.measures.intervals import Event, Interval, at_quantile, contrast, ratio
from callcenter.server import duplexes
from callcenter.switchboard import Context

SETTINGS: Final[Mapping[str, Policy]] = {
    "never": Policy(backchannels="never"),
    "rare": Policy(backchannels="rare"),
    "normal": Policy(),
    "often": Policy(backchannels="often"),
    "eager": Policy(eagerness="eager"),
    "patient": Policy(eagerness="patient"),
}
TOLD: Final = ("BC_per_min", "BC_at_phrase_end", "L_R", "L_R_p90", "R_R", "PAUSE", "I_A")
OFTEN_OVER_RARE: Final = 2.5
"""The least that often must be of rare."""

BEYOND: Final = 30.0
"""Seconds after its own limit at which a caller is hung up."""

STORIES: Final = Deck(
    24,
    4,
    {"story": 40, "halting": 36, "number": 16, "spelled": 6, "address": 8},
    {"hum": 10, "tic": 6},
)
"""Long turns to hum in and pauses to bear; little else, for nothing else is asked here."""

Compare = Callable[[Sequence[Event], Sequence[Event]], float | None]


@dataclass(frozen=True, slots=True)
class Order:
    """`minutes`: begin no further caller after so long; 0: take them all."""

    duplex: str = "interaction"
    suite: str = "stories"
    seed: int = 1
    data: Path | None = None
    minutes: float = 0.0
    shelf: Path | None = None
    settings: Settings = field(default_factory=Settings, repr=False)


@dataclass(frozen=True, slots=True)
class Contrast:
    """Two settings compared over the callers of both."""

    name: str
    value: float | None
    interval: Interval
    passed: bool | None
    bar: str


def run(
    order: Order, console: Console, decks: Mapping[str, Deck] | None = None, clock: Callable[[], float] = time.monotonic
) -> int:
    """All of it. The exit status says whether anything was measured, not whether the bars were passed."""
    known = decks if decks is not None else {"stories": STORIES, **DECKS}
    if order.suite not in known:
        raise ValueError(f"no suite is called {order.suite!r}; known: {', '.join(known)}")
    suite = compose(order.suite, known[order.suite], order.seed, Studio(order.data, shelf=order.shelf))
    for missing in suite.missing:
        console.print(f"not in this run: {missing}")
    contestants = Contestants(duplexes(order.settings))
    if order.duplex not in contestants.names:
        raise ValueError(f"no duplex is called {order.duplex!r}; known: {', '.join(contestants.names)}")
    told = f"{len(suite.castings)} callers of suite {suite.name!r}, seed {suite.seed}, {len(SETTINGS)} settings each"
    console.print(f"{told}, rehearsed offline, without socket or clock")
    until = clock() + 60 * order.minutes if order.minutes else float("inf")
    calls = uvloop.run(rehearsed(order, suite, contestants, lambda: clock() < until, console))
    measured = {name: figures(observed) for name, observed in calls.items()}
    found = contrasts(measured)
    console.print(table(measured))
    for one in found:
        verdict = {True: "[green]+[/green]", False: "[red]-[/red]", None: "not measured"}[one.passed]
        console.print(f"{one.name}: {shown(one.value, one.interval)} (bar {one.bar}) {verdict}")
    console.out(json.dumps(last_line(order, suite, measured, found)), highlight=False)
    return 0 if calls["normal"] else 1


async def rehearsed(
    order: Order, suite: Suite, contestants: Contestants, time_left: Callable[[], bool], console: Console
) -> dict[str, list[Observed]]:
    calls: dict[str, list[Observed]] = {name: [] for name in SETTINGS}
    for casting in suite.castings:
        if not time_left():
            console.print(f"the time is up after {len(calls['normal'])} of {len(suite.castings)} callers")
            break
        for place, (name, policy) in enumerate(SETTINGS.items()):
            number = contestants.enter(order.duplex, casting, place)
            entry = contestants.entries.pop(number)
            duplex = contestants.made(entry, Context("rehearsal", number, "", "inbound"))
            limit = casting.scenario.limit + BEYOND
            made = await Rehearsal(entry.person, duplex, casting.weather, policy=policy).run(limit)
            timeline = recorded(made.spoken, made.heard, made.happened)
            calls[name].append(Observed(casting.name, timeline, entry.person.truth, casting.caller, casting.group))
    return calls


# ------------------------------------------------------------------------------------------------------ comparing


def contrasts(measured: Mapping[str, Figures]) -> tuple[Contrast, ...]:
    """What the knob must do. A bar that only silence or haste could pass is none: often must hum, to be often."""
    often, never = measured["often"]["BC_per_min"].value, measured["never"]["BC_per_min"]
    rare = measured["rare"]["BC_per_min"].value
    loud = None if often is None or rare is None else often > 0 and often >= OFTEN_OVER_RARE * rare
    return (
        Contrast("often_over_rare", *compared(measured, "BC_per_min", "often", "rare", times), loud, "at least 2.5"),
        Contrast("never", never.value, never.interval, None if never.value is None else never.value == 0, "none"),
        more(measured, "L_R", "patient", "eager", by_median),
        more(measured, "PAUSE", "eager", "patient", by_share),
    )


def more(measured: Mapping[str, Figures], measure: str, high: str, low: str, compare: Compare) -> Contrast:
    value, interval = compared(measured, measure, high, low, compare)
    return Contrast(
        f"{measure}_{high}_less_{low}", value, interval, None if value is None else value > 0, "more than 0"
    )


def compared(
    measured: Mapping[str, Figures], measure: str, one: str, other: str, compare: Compare
) -> tuple[float | None, Interval]:
    first, second = events(measured[one], measure), events(measured[other], measure)
    return compare(first, second), contrast(first, second, compare)


def events(found: Figures, measure: str) -> list[Event]:
    """What was judged of a measure, by caller."""
    return [
        Event(judged.observed.unit, outcome.value, outcome.weight)
        for judged in found.judged
        for outcome in judged.outcomes
        if outcome.measure == measure and outcome.ok is not None
    ]


def times(one: Sequence[Event], other: Sequence[Event]) -> float | None:
    """How many times the rate of the other; something beside nothing is infinitely more."""
    if not weighed(one) or not weighed(other):
        return None
    first, second = ratio(one), ratio(other)
    return first / second if second else float("inf") if first else None


def by_share(one: Sequence[Event], other: Sequence[Event]) -> float | None:
    return ratio(one) - ratio(other) if weighed(one) and weighed(other) else None


def by_median(one: Sequence[Event], other: Sequence[Event]) -> float | None:
    if not one or not other:
        return None
    return at_quantile([e.value for e in one], 0.5) - at_quantile([e.value for e in other], 0.5)


def weighed(these: Sequence[Event]) -> bool:
    return sum(event.weight for event in these) > 0


# -------------------------------------------------------------------------------------------------------- telling


def table(measured: Mapping[str, Figures]) -> Table:
    told = Table("setting", *TOLD, title="the policy's knob: value [95 % interval] of n; rehearsed offline")
    for name, one in measured.items():
        told.add_row(name, *(f"{shown(one[m].value, one[m].interval)}\nn={one[m].n}" for m in TOLD))
    return told


def shown(value: float | None, interval: Interval) -> str:
    if value is None:
        return "-"
    return f"{value:.2f}" + (f" \\[{interval[0]:.2f} {interval[1]:.2f}]" if interval else "")


def last_line(order: Order, suite: Suite, measured: Mapping[str, Figures], found: Sequence[Contrast]) -> dict[str, Any]:
    """Plain numbers under stable keys; null where nothing was measured or where it is infinite."""
    return {
        "suite": suite.name,
        "seed": suite.seed,
        "path": "rehearsal (offline shortcut)",
        "duplex": order.duplex,
        "callers": measured["normal"].calls,
        "callers_of_suite": len(suite.castings),
        "missing": list(suite.missing),
        "settings": {
            name: {
                **{measure: plain(one[measure].value) for measure in TOLD},
                "n": {measure: one[measure].n for measure in TOLD},
                "ci": {measure: [plain(edge) for edge in one[measure].interval or (None, None)] for measure in TOLD},
            }
            for name, one in measured.items()
        },
        "contrasts": {
            one.name: {
                "value": plain(one.value),
                "ci": [plain(edge) for edge in one.interval or (None, None)],
                "passed": one.passed,
            }
            for one in found
        },
    }


def plain(value: float | None) -> float | None:
    return None if value is None or value in (float("inf"), float("-inf")) else round(value, 4)
