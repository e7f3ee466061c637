"""How many callers an experiment needs, before it starts."""

from dataclasses import dataclass
from math import ceil, sqrt
from statistics import NormalDist
from typing import Final

from callcenter.experiment.statistics import half_width

MOST: Final = 10_000_000


@dataclass(frozen=True, slots=True)
class Planned:
    """Callers over both arms: for one look at the end, and for looking as often as one likes."""

    fixed: int
    sequential: int


def for_share(share: float, effect: float, alpha: float = 0.05, power: float = 0.8) -> Planned:
    """To see a share change by this much, such as .70 to .75."""
    other = share + effect
    if not 0 < share < 1 or not 0 < other < 1 or not effect:
        raise ValueError(f"shares {share:g} and {other:g} must differ and lie between 0 and 1")
    mean = (share + other) / 2
    each = share * (1 - share) + other * (1 - other)
    z, z_power = _z(alpha, power)
    per_arm = ((z * sqrt(2 * mean * (1 - mean)) + z_power * sqrt(each)) / effect) ** 2
    return Planned(2 * ceil(per_arm), _sequential(2 * each, abs(effect), alpha, z_power))


def for_mean(deviation: float, effect: float, alpha: float = 0.05, power: float = 0.8) -> Planned:
    """To see a mean change by this much, such as 15 s where callers deviate by 150 s."""
    if deviation <= 0 or not effect:
        raise ValueError("a deviation above 0 and an effect other than 0 are needed")
    z, z_power = _z(alpha, power)
    per_arm = 2 * ((z + z_power) * deviation / effect) ** 2
    return Planned(2 * ceil(per_arm), _sequential(4 * deviation**2, abs(effect), alpha, z_power))


def _z(alpha: float, power: float) -> tuple[float, float]:
    return NormalDist().inv_cdf(1 - alpha / 2), NormalDist().inv_cdf(power)


def _sequential(variance: float, effect: float, alpha: float, z_power: float) -> int:
    """Callers at which the sequence, tuned to that number, excludes zero with the wanted power.

    `variance` is that of the difference times the number of callers.
    """
    low, high = 2, MOST
    while low < high:
        n = (low + high) // 2
        error = sqrt(variance / n)
        if effect >= float(half_width(error, n, n, alpha)) + z_power * error:
            high = n
        else:
            low = n + 1
    return low
