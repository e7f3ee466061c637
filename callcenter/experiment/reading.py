"""What an experiment says now: callers are averaged first, then arms are compared, then guardrails are looked at.

Intention to treat: a call counts for the arm it was assigned, whatever served it in the end. Calls whose window for a
repeat contact is still open do not count as resolved or not; they wait. Callers without a number are analysed apart,
and so is the first week, in which the new is new.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from callcenter.experiment.arms import Experiment, Guardrail
from callcenter.experiment.statistics import (
    ALARM,
    Difference,
    Floats,
    Quantiles,
    chi_square,
    cuped,
    difference,
    evidence,
    lower_bound,
    quantile_difference,
)

PRIMARY: Final = "resolved"
METRICS: Final = (
    PRIMARY, "contained", "handling_s", "transferred", "talk_over_caller", "talk_over_agent", "slow", "dead", "rating",
)  # fmt: skip
"""What is compared, in the order in which it is told; only the first decides."""

HISTORY: Final = frozenset([PRIMARY, "handling_s"])
"""Compared once more with the caller's past taken out."""

WEEK_S: Final = 7 * 86_400.0
SLOW_S: Final = 2.0
GUARD_FROM: Final = 100
"""Callers from which on a guardrail may stop an experiment."""

QUANTILES: Final = (0.5, 0.95)


@dataclass(frozen=True, slots=True)
class Contact:
    """One call, as the analysis sees it."""

    call: str
    caller: str
    arm: str
    as_assigned: bool = True
    """The duplex it was assigned spoke to its end."""
    apart: bool = False
    after_s: float = 0.0
    """Seconds since the experiment started."""
    values: Mapping[str, float] = field(default_factory=dict)
    """By metric; what is not known of this call is not there."""
    latencies: tuple[float, ...] = ()
    """From the end of each of the caller's turns to the answer, in seconds."""
    before: float | None = None
    """What is known of the caller from before the experiment: contacts in the 90 days before."""


@dataclass(frozen=True, slots=True)
class Breach:
    """A guardrail that an arm has broken."""

    arm: str
    guardrail: Guardrail
    worse_by: float
    at_least: float


@dataclass(frozen=True, slots=True)
class Ratio:
    """Whether callers were split as they should be; if not, nothing else here may be believed."""

    counts: Mapping[str, int]
    evidence: float
    p: float

    @property
    def alarm(self) -> bool:
        return self.evidence >= ALARM


@dataclass(frozen=True, slots=True)
class Against:
    """One arm against the control."""

    arm: str
    metrics: Mapping[str, Difference]
    adjusted: Mapping[str, Difference]
    quantiles: Mapping[float, Quantiles | None]
    first_week: Difference
    later: Difference
    apart: Difference


@dataclass(frozen=True, slots=True)
class Reading:
    callers: int
    calls: int
    served_otherwise: int
    ratio: Ratio
    against: tuple[Against, ...]
    breaches: tuple[Breach, ...]

    @property
    def verdict(self) -> str:
        if self.ratio.alarm:
            return "callers are not split as they should be: find out why; nothing else here may be believed"
        if self.breaches:
            return "; ".join(f"{b.arm} breaks {b.guardrail.metric}" for b in self.breaches) + ": stop"
        decided = [a for a in self.against if a.metrics[PRIMARY].decided]
        if decided:
            better = [f"{a.arm} is {'better' if a.metrics[PRIMARY].value > 0 else 'worse'}" for a in decided]
            return ", ".join(better)
        return "no difference can be told yet"


def read(experiment: Experiment, contacts: Sequence[Contact], seed: int = 0) -> Reading:
    known = [contact for contact in contacts if not contact.apart]
    return Reading(
        callers=len({contact.caller for contact in known}),
        calls=len(contacts),
        served_otherwise=sum(not contact.as_assigned for contact in contacts),
        ratio=split(experiment, known),
        against=tuple(_against(experiment, contacts, known, arm.name, seed) for arm in experiment.arms[1:]),
        breaches=breaches(experiment, known),
    )


def split(experiment: Experiment, known: Sequence[Contact]) -> Ratio:
    arms = {contact.caller: contact.arm for contact in known}
    counted = Counter(arms.values())
    counts = {arm.name: counted[arm.name] for arm in experiment.arms}
    numbers = list(counts.values())
    return Ratio(counts, evidence(numbers, experiment.shares), chi_square(numbers, experiment.shares))


def breaches(experiment: Experiment, known: Sequence[Contact]) -> tuple[Breach, ...]:
    """One-sided, each at its own level, valid at every look."""
    found = []
    for rail in experiment.guardrails:
        control = means(known, experiment.control.name, rail.metric)
        for arm in experiment.arms[1:]:
            theirs = means(known, arm.name, rail.metric)
            worse = lower_bound(control, theirs, experiment.callers, rail.alpha, GUARD_FROM)
            if worse is not None and worse > rail.margin:
                found.append(Breach(arm.name, rail, float(np.mean(theirs) - np.mean(control)), worse))
    return tuple(found)


def means(contacts: Sequence[Contact], arm: str, metric: str) -> Floats:
    """The mean of each caller of an arm, in the order in which callers first appear."""
    return _by_caller(contacts, arm, lambda contact: contact.values.get(metric))[0]


def _by_caller(
    contacts: Sequence[Contact], arm: str, value: Callable[[Contact], float | None]
) -> tuple[Floats, tuple[str, ...]]:
    found: dict[str, list[float]] = defaultdict(list)
    for contact in contacts:
        one = value(contact)
        if contact.arm == arm and one is not None:
            found[contact.caller].append(one)
    return np.array([sum(row) / len(row) for row in found.values()]), tuple(found)


def _against(
    experiment: Experiment, contacts: Sequence[Contact], known: Sequence[Contact], arm: str, seed: int
) -> Against:
    alpha = experiment.alpha / (len(experiment.arms) - 1)

    def compared(of: Sequence[Contact], metric: str, apart: bool = False) -> Difference:
        if apart:  # nobody knows which of these calls are one caller's
            of = [Contact(c.call, c.call, c.arm, values=c.values) for c in of]
        control, theirs = means(of, experiment.control.name, metric), means(of, arm, metric)
        return difference(control, theirs, experiment.callers, alpha, experiment.looks_from)

    first = [contact for contact in known if contact.after_s < WEEK_S]
    later = [contact for contact in known if contact.after_s >= WEEK_S]
    return Against(
        arm=arm,
        metrics={metric: compared(known, metric) for metric in METRICS},
        adjusted={metric: _adjusted(experiment, known, arm, metric, alpha) for metric in METRICS if metric in HISTORY},
        quantiles={q: _quantiles(experiment, known, arm, q, seed) for q in QUANTILES},
        first_week=compared(first, PRIMARY),
        later=compared(later, PRIMARY),
        apart=compared([c for c in contacts if c.apart], PRIMARY, apart=True),
    )


def _adjusted(experiment: Experiment, known: Sequence[Contact], arm: str, metric: str, alpha: float) -> Difference:
    """The same difference with what the callers' past explains taken out."""
    past = {contact.caller: contact.before for contact in known}
    sides = [
        _by_caller(known, name, lambda contact: contact.values.get(metric)) for name in (experiment.control.name, arm)
    ]
    callers = [caller for _, names in sides for caller in names]
    before = np.array([np.nan if (b := past[caller]) is None else b for caller in callers])
    values = cuped(np.concatenate([side for side, _ in sides]), before)
    cut = len(sides[0][0])
    return difference(values[:cut], values[cut:], experiment.callers, alpha, experiment.looks_from)


def _quantiles(experiment: Experiment, known: Sequence[Contact], arm: str, q: float, seed: int) -> Quantiles | None:
    def rows(name: str) -> list[list[float]]:
        found: dict[str, list[float]] = defaultdict(list)
        for contact in known:
            if contact.arm == name:
                found[contact.caller] += contact.latencies
        return list(found.values())

    return quantile_difference(rows(experiment.control.name), rows(arm), q, seed, experiment.alpha)
