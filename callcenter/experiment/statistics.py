"""Intervals that stay true however often one looks, quantiles by caller, variance taken out, ratios checked.

All functions take numbers or arrays of numpy and give the same. A confidence sequence holds at every look at once: a
team may look daily and stop when it excludes zero, and is wrong in no more than `alpha` of its experiments.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import erfc, exp, gamma, lgamma, log, sqrt
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

DRAWS: Final = 1_000
AT_ONCE: Final = 2_000_000
"""Values of all resamples held in memory together."""

STRENGTH: Final = 100.0
"""How sure the sample-ratio check is beforehand that the shares are what they should be, in callers."""

ALARM: Final = 1_000.0
"""Evidence (an e-value) against the shares from which on nothing else may be believed."""


# ---------------------------------------------------------------------------------------------- confidence sequences


def tuning(planned: float, alpha: float) -> float:
    """Squared; makes the interval narrowest at the planned number."""
    return (-2 * log(alpha) + log(-2 * log(alpha) + 1)) / planned


def half_width(error: Any, n: Any, planned: float, alpha: float = 0.05) -> Any:
    """Half the asymptotic confidence sequence of a mean with this standard error over `n` units."""
    growth = n * tuning(planned, alpha) + 1
    return error * np.sqrt(2 * growth / (growth - 1) * np.log(np.sqrt(growth) / alpha))


def one_sided(error: Any, n: Any, planned: float, alpha: float) -> Any:
    """How far below the mean a bound lies that only looks downwards."""
    growth = n * tuning(planned, 2 * alpha) + 1
    return error * np.sqrt(2 * growth / (growth - 1) * np.log(1 + np.sqrt(growth) / (2 * alpha)))


@dataclass(frozen=True, slots=True)
class Difference:
    """An arm against the control, in the mean of callers. Without bounds it is too early to say anything."""

    control: float
    arm: float
    n_control: int
    n_arm: int
    low: float | None = None
    high: float | None = None

    @property
    def value(self) -> float:
        return self.arm - self.control

    @property
    def decided(self) -> bool:
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)


def standard_error(control: Floats, arm: Floats) -> float:
    return float(np.sqrt(np.var(control, ddof=1) / len(control) + np.var(arm, ddof=1) / len(arm)))


def difference(control: Floats, arm: Floats, planned: float, alpha: float = 0.05, looks_from: int = 200) -> Difference:
    """The difference of two sets of callers' means, with its confidence sequence."""
    n = len(control) + len(arm)
    means = (float(np.mean(control)) if len(control) else 0.0, float(np.mean(arm)) if len(arm) else 0.0)
    if n < looks_from or min(len(control), len(arm)) < 2:
        return Difference(*means, len(control), len(arm))
    half = float(half_width(standard_error(control, arm), n, planned, alpha))
    value = means[1] - means[0]
    return Difference(*means, len(control), len(arm), value - half, value + half)


def lower_bound(control: Floats, arm: Floats, planned: float, alpha: float, looks_from: int) -> float | None:
    """How much worse the arm is at least; None while it is too early."""
    n = len(control) + len(arm)
    if n < looks_from or min(len(control), len(arm)) < 2:
        return None
    value = float(np.mean(arm) - np.mean(control))
    return value - float(one_sided(standard_error(control, arm), n, planned, alpha))


def cuped(values: Floats, before: Floats) -> Floats:
    """Values with what a caller's past explains taken out; the mean stays. Where no past is known it is NaN."""
    known = ~np.isnan(before)
    if known.sum() < 2 or np.var(before[known]) == 0:
        return values
    past = np.where(known, before, np.mean(before[known]))
    theta = np.cov(values[known], before[known])[0, 1] / np.var(before[known], ddof=1)
    return np.asarray(values - theta * (past - np.mean(past)), float)


# --------------------------------------------------------------------------------------------------------- quantiles


@dataclass(frozen=True, slots=True)
class Quantiles:
    control: float
    arm: float
    low: float
    high: float
    """Bounds of the difference, for one look."""

    @property
    def value(self) -> float:
        return self.arm - self.control


def quantile_difference(
    control: Sequence[Sequence[float]], arm: Sequence[Sequence[float]], q: float, seed: int = 0, alpha: float = 0.05
) -> Quantiles | None:
    """The difference of two quantiles; a row is one caller's values. Callers are resampled, not values."""
    rows = [[list(row) for row in side if len(row)] for side in (control, arm)]
    if min(len(side) for side in rows) < 10:
        return None
    chance = np.random.default_rng(seed)
    drawn = [_resampled(side, q, chance) for side in rows]
    low, high = np.percentile(drawn[1] - drawn[0], [50 * alpha, 100 - 50 * alpha])
    at = [float(np.quantile(np.concatenate([np.asarray(row) for row in side]), q)) for side in rows]
    return Quantiles(at[0], at[1], float(low), float(high))


def _resampled(rows: Sequence[Sequence[float]], q: float, chance: np.random.Generator) -> Floats:
    """The quantile of each resample: callers are drawn, and with them all their values."""
    owner = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
    values = np.concatenate([np.asarray(row, float) for row in rows])
    order = np.argsort(values, kind="stable")
    values, owner = values[order], owner[order]
    found: list[Floats] = []
    block = max(1, min(DRAWS, AT_ONCE // len(values)))
    for start in range(0, DRAWS, block):
        size = min(block, DRAWS - start)
        weight = chance.multinomial(len(rows), np.full(len(rows), 1 / len(rows)), size)[:, owner]
        total = np.cumsum(weight, axis=1)
        found.append(values[(total < q * total[:, -1:]).sum(axis=1)])
    return np.concatenate(found)


# ------------------------------------------------------------------------------------------------------ sample ratios


def evidence(counts: Sequence[int], shares: Sequence[float], strength: float = STRENGTH) -> float:
    """The e-value against these shares: below 1/alpha at every look in all but `alpha` of honest experiments."""
    whole, n = sum(shares), sum(counts)
    odds = [strength * share / whole for share in shares]
    told = lgamma(strength) - lgamma(strength + n)
    for count, prior, share in zip(counts, odds, shares, strict=True):
        told += lgamma(prior + count) - lgamma(prior) - count * log(share / whole)
    return exp(min(told, 700.0))


def chi_square(counts: Sequence[int], shares: Sequence[float]) -> float:
    """The p-value of a single look."""
    whole, n = sum(shares), sum(counts)
    if not n:
        return 1.0
    wanted = [n * share / whole for share in shares]
    return tail(sum((count - want) ** 2 / want for count, want in zip(counts, wanted, strict=True)), len(counts) - 1)


def tail(x: float, degrees: int) -> float:
    """How likely chi-square with so many degrees of freedom exceeds x."""
    found, at = (erfc(sqrt(x / 2)), 1) if degrees % 2 else (exp(-x / 2), 2)
    while at < degrees:
        found += (x / 2) ** (at / 2) * exp(-x / 2) / gamma(at / 2 + 1)
        at += 2
    return found
