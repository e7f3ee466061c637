"""95 % intervals by caller: events of one caller resemble each other, so callers are resampled, not events.

The bootstrap says nothing where there are few callers or where every event came out alike; there the exact-like
intervals take over (Wilson for shares, Byar for rates, order statistics for quantiles), with the number of *callers* in
the place of the number of events, which is the cautious end. Elsewhere the interval covers the bootstrap's and the one
that independent events would have. It is never of zero width, and there is none where nothing could be said (no
events; fewer than six for a quantile).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, comb, sqrt

import numpy as np

from callcenter.units import FRAME, RATE

Z = 1.959964
DRAWS = 2000
FEW = 10
"""Fewer callers than this are not resampled."""

RESOLUTION = FRAME / RATE / 2
"""Times are known to half a frame."""

Interval = tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class Event:
    """A judged event: its caller, its value and its weight."""

    caller: str
    value: float
    weight: float = 1.0


def share(events: Sequence[Event], seed: int = 0) -> Interval:
    if not events:
        return None
    value = ratio(events)
    callers = len({event.caller for event in events})
    if callers < FEW or value in (0.0, 1.0):
        return wilson(value, callers)
    return _covering(_resampled_ratio(events, seed), wilson(value, len(events)))


def rate(events: Sequence[Event], seed: int = 0) -> Interval:
    weight = sum(event.weight for event in events)
    if weight <= 0:
        return None
    count = sum(event.value for event in events)
    callers = len({event.caller for event in events})
    units = sum(event.weight > 0 for event in events)
    if callers < FEW or count == 0:
        return byar(count / weight, weight, min(1.0, callers / units))
    return _covering(_resampled_ratio(events, seed), byar(count / weight, weight, 1.0))


def quantile(events: Sequence[Event], q: float, seed: int = 0) -> Interval:
    if len(events) < 6:
        return None
    values = sorted(event.value for event in events)
    callers = len({event.caller for event in events})
    if callers < FEW:
        low, high = _ordered(values, q)
    else:
        low, high = _resampled_quantile(events, q, seed)
    return max(0.0, low - RESOLUTION), high + RESOLUTION


def contrast(
    one: Sequence[Event],
    other: Sequence[Event],
    compare: Callable[[Sequence[Event], Sequence[Event]], float | None],
    seed: int = 0,
) -> Interval:
    """Of a comparison of the same callers in two conditions: a caller is drawn with what it met in both. A draw that
    cannot be compared says nothing; none of this is said of few callers, or where most draws say nothing."""
    callers = list(dict.fromkeys(event.caller for event in (*one, *other)))
    if len(callers) < FEW:
        return None
    by_caller = [tuple([e for e in events if e.caller == name] for events in (one, other)) for name in callers]
    found = []
    for drawn in _draws(len(callers), seed):
        first, second = (
            [event for index in np.flatnonzero(drawn) for event in by_caller[index][side] * int(drawn[index])]
            for side in (0, 1)
        )
        value = compare(first, second)
        if value is not None:
            found.append(value)
    if len(found) < DRAWS / 2:
        return None
    low, high = np.quantile(found, [0.025, 0.975], method="nearest")
    return float(low), float(high)


def ratio(events: Sequence[Event]) -> float:
    return sum(event.value for event in events) / sum(event.weight for event in events)


def wilson(value: float, n: int) -> tuple[float, float]:
    middle = (value + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z / (1 + Z * Z / n) * sqrt(value * (1 - value) / n + Z * Z / (4 * n * n))
    return (0.0 if value == 0 else max(0.0, middle - half)), (1.0 if value == 1 else min(1.0, middle + half))


def byar(value: float, weight: float, thinned: float) -> tuple[float, float]:
    """A Poisson rate. `thinned`: the share of the evidence that counts as independent."""
    count = value * weight * thinned
    above = count + 1
    high = above * (1 - 1 / (9 * above) + Z / (3 * sqrt(above))) ** 3
    low = count * max(0.0, 1 - 1 / (9 * count) - Z / (3 * sqrt(count))) ** 3 if count > 0 else 0.0
    return low / (weight * thinned), high / (weight * thinned)


def _sums(events: Sequence[Event]) -> tuple[np.ndarray, np.ndarray]:
    """Value and weight of each caller, in the order in which callers first appear."""
    callers = {name: index for index, name in enumerate(dict.fromkeys(event.caller for event in events))}
    values, weights = np.zeros(len(callers)), np.zeros(len(callers))
    for event in events:
        values[callers[event.caller]] += event.value
        weights[callers[event.caller]] += event.weight
    return values, weights


def _draws(callers: int, seed: int) -> np.ndarray:
    """How often each caller is drawn, a row a resample."""
    chance = np.random.default_rng(seed)
    return chance.multinomial(callers, np.full(callers, 1 / callers), size=DRAWS)


def _resampled_ratio(events: Sequence[Event], seed: int) -> tuple[float, float]:
    values, weights = _sums(events)
    drawn = _draws(len(values), seed)
    totals = drawn @ weights
    ratios = (drawn @ values)[totals > 0] / totals[totals > 0]
    low, high = np.percentile(ratios, [2.5, 97.5])
    return float(low), float(high)


def _resampled_quantile(events: Sequence[Event], q: float, seed: int) -> tuple[float, float]:
    callers = {name: index for index, name in enumerate(dict.fromkeys(event.caller for event in events))}
    ordered = sorted(events, key=lambda event: event.value)
    values = np.array([event.value for event in ordered])
    owner = np.array([callers[event.caller] for event in ordered])
    drawn = _draws(len(callers), seed)
    reached = np.cumsum(drawn[:, owner], axis=1)
    first = (reached >= q * reached[:, -1:]).argmax(axis=1)
    low, high = np.percentile(values[first], [2.5, 97.5])
    return float(low), float(high)


def _ordered(values: Sequence[float], q: float) -> tuple[float, float]:
    """The order statistics that hold the quantile with 95 %, or the extremes."""
    n = len(values)
    below, low, high = 0.0, 0, n - 1
    for k in range(n + 1):
        below += comb(n, k) * q**k * (1 - q) ** (n - k)
        if below <= 0.025:
            low = k
        if below >= 0.975:
            high = min(high, k)
            break
    return values[low], values[min(high, n - 1)]


def at_quantile(values: Sequence[float], q: float) -> float:
    """The smallest value that a share `q` of all does not exceed; the mean of the middle two for a median of many."""
    ordered = sorted(values)
    if q == 0.5 and len(ordered) % 2 == 0:
        return (ordered[len(ordered) // 2 - 1] + ordered[len(ordered) // 2]) / 2
    return ordered[max(0, ceil(q * len(ordered)) - 1)]


def _covering(one: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
    return min(one[0], other[0]), max(one[1], other[1])
