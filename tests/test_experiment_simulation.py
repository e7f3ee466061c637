"""The statistics of experiments, by simulating thousands of them: seeded, bounded, vectorised over experiments.

Callers call several times and resemble themselves (a share of theirs drawn from a beta distribution); a team looks
every day and stops at the first look that tells a difference. What is claimed must hold for that team.
"""

from functools import cache

import numpy as np
import pytest

from callcenter.experiment import Arm, Contact, Experiment, read
from callcenter.experiment.statistics import (
    ALARM,
    chi_square,
    cuped,
    evidence,
    half_width,
    lower_bound,
    one_sided,
    quantile_difference,
)

ALIKE = 0.3
"""How much a caller resembles itself: the intraclass correlation."""

PLANNED = 4_000
LOOKS_FROM = 200


def calls(runs, number, callers, control, arm, seed, alike=ALIKE):
    """Who calls (run, call), which arm each caller has (run, caller), and whether each call was resolved."""
    chance = np.random.default_rng(seed)
    who = chance.integers(0, callers, (runs, number))
    side = chance.integers(0, 2, (runs, callers))
    mean = np.where(side, arm, control)
    strength = 1 / alike - 1
    own = chance.beta(mean * strength, (1 - mean) * strength)
    good = chance.random((runs, number)) < np.take_along_axis(own, who, 1)
    return who, side, good


def looks(who, side, good, every):
    """At each look: the difference of callers' means, its standard error and the number of callers, for all runs."""
    runs, number = who.shape
    callers = side.shape[1]
    place = (np.arange(runs)[:, None] * callers + who).astype(np.int64)
    made, won = np.zeros(runs * callers), np.zeros(runs * callers)
    for start in range(0, number, every):
        piece = place[:, start : start + every].ravel()
        made += np.bincount(piece, minlength=runs * callers)
        won += np.bincount(piece, good[:, start : start + every].ravel(), runs * callers)
        seen = (made > 0).reshape(runs, callers)
        mean = np.divide(won, made, out=np.zeros_like(won), where=made > 0).reshape(runs, callers)
        told = []
        for arm in (0, 1):
            mask = seen & (side == arm)
            n = mask.sum(1)
            average = (mean * mask).sum(1) / n
            spread = (np.square(mean - average[:, None]) * mask).sum(1) / (n - 1)
            told.append((average, spread / n, n))
        (first, first_error, n_first), (second, second_error, n_second) = told
        yield second - first, np.sqrt(first_error + second_error), n_first + n_second


def outside(who, side, good, every, truth, planned=PLANNED, half=half_width):
    """For each run, the callers at the first look whose interval leaves out the truth; 0 if none does."""
    found = np.zeros(len(who), int)
    for value, error, n in looks(who, side, good, every):
        out = (np.abs(value - truth) > half(error, n, planned)) & (n >= LOOKS_FROM)
        found = np.where((found == 0) & out, n, found)
    return found


@cache
def honest():
    return calls(600, 4_000, 1_600, 0.7, 0.7, seed=1)


def test_daily_looks_find_no_winner_where_there_is_none():
    """40 days of 100 calls, 2.5 calls a caller: an honest interval, where a z-test looked at as often is not."""
    wrong = np.mean(outside(*honest(), 100, 0.0) > 0)
    z_test = np.mean(outside(*honest(), 100, 0.0, half=lambda error, n, planned: 1.96 * error) > 0)
    assert wrong <= 0.05
    assert z_test >= 0.15, "the simulation must be able to find a wrong method out"


def test_counting_calls_instead_of_callers_is_found_out():
    """The same calls, each taken for a caller of its own, at one look at the end: too sure."""
    who, side, good = honest()
    mine = np.take_along_axis(side, who, 1)
    n = np.array([(mine == arm).sum(1) for arm in (0, 1)])
    p = np.array([(good & (mine == arm)).sum(1) for arm in (0, 1)]) / n
    z = (p[1] - p[0]) / np.sqrt((p * (1 - p) / n).sum(0))
    assert np.mean(np.abs(z) > 1.96) >= 0.08
    *_, (value, error, _) = looks(who, side, good, 4_000)
    assert np.mean(np.abs(value / error) > 1.96) <= 0.07


@pytest.mark.parametrize("effect", [0.0, 0.06])
def test_the_sequence_covers_the_truth_at_every_look_at_once(effect):
    who, side, good = calls(400, 4_000, 1_600, 0.7, 0.7 + effect, seed=2)
    assert np.mean(outside(who, side, good, 100, effect) == 0) >= 0.95


def test_its_power_is_near_the_planned_one():
    """One call a caller, .70 against .75, looking every 50: about nine in ten within 6,000, half by about 2,500."""
    runs, number = 300, 6_000
    chance = np.random.default_rng(3)
    side = chance.integers(0, 2, (runs, number))
    good = chance.random((runs, number)) < np.where(side, 0.75, 0.70)
    who = np.tile(np.arange(number), (runs, 1))
    found = outside(who, side, good, 200, 0.0, planned=2_500)
    assert np.mean(found > 0) >= 0.85
    assert 1_800 <= np.median(found[found > 0]) <= 3_200


def test_a_large_effect_ends_soon():
    runs, number = 200, 2_000
    chance = np.random.default_rng(4)
    side = chance.integers(0, 2, (runs, number))
    good = chance.random((runs, number)) < np.where(side, 0.80, 0.70)
    who = np.tile(np.arange(number), (runs, 1))
    found = outside(who, side, good, 50, 0.0, planned=2_500)
    assert np.mean(found > 0) >= 0.9
    assert np.median(found[found > 0]) <= 1_000


def test_500_honest_splits_raise_no_alarm_and_60_to_40_does():
    """Looked at after every 100 callers of 5,000."""
    chance = np.random.default_rng(5)
    counts = np.cumsum(chance.binomial(100, 0.5, (500, 50)), axis=1)
    alarms = sum(
        any(evidence((int(k), 100 * (look + 1) - int(k)), (1, 1)) >= ALARM for look, k in enumerate(run))
        for run in counts
    )
    assert alarms == 0
    faulty = np.cumsum(chance.binomial(100, 0.6, (100, 20)), axis=1)
    found = [
        next(
            (look for look, k in enumerate(run) if evidence((int(k), 100 * (look + 1) - int(k)), (1, 1)) >= ALARM), None
        )
        for run in faulty
    ]
    assert None not in found
    assert np.median(found) <= 8, "within 900 callers"


def test_uneven_shares_and_three_arms_are_checked_as_they_are():
    chance = np.random.default_rng(6)
    shares = (7_000, 2_000, 1_000)
    honest_counts = chance.multinomial(5_000, np.array(shares) / 10_000, 200)
    assert not any(evidence(tuple(map(int, c)), shares) >= ALARM for c in honest_counts)
    assert np.mean([chi_square(tuple(map(int, c)), shares) < 0.05 for c in honest_counts]) == pytest.approx(
        0.05, abs=0.04
    )
    assert evidence((3_300, 1_000, 700), shares) >= ALARM


def test_a_guardrail_stops_a_bad_arm_and_leaves_good_ones_alone():
    """2 % of callers abandon; the bad arm makes it 12 %, the margin allows 3 points."""
    chance = np.random.default_rng(7)
    stops = {}
    for bad in (0.02, 0.12):
        runs, number = 400, 2_000
        side = chance.integers(0, 2, (runs, number))
        gone = chance.random((runs, number)) < np.where(side, bad, 0.02)
        who = np.tile(np.arange(number), (runs, 1))
        found = np.zeros(runs, int)
        for value, error, n in looks(who, side, gone, 50):
            out = (value - one_sided(error, n, PLANNED, 0.01) > 0.03) & (n >= 100)
            found = np.where((found == 0) & out, n, found)
        stops[bad] = found
    assert np.mean(stops[0.02] > 0) <= 0.01
    assert np.mean(stops[0.12] > 0) >= 0.99
    assert np.median(stops[0.12]) <= 1_000


def test_a_guardrail_without_a_margin_is_as_wrong_as_it_says():
    """Both arms alike, every look of 40: one-sided at 1 %."""
    chance = np.random.default_rng(8)
    runs, number = 600, 4_000
    side = chance.integers(0, 2, (runs, number))
    gone = chance.random((runs, number)) < 0.05
    who = np.tile(np.arange(number), (runs, 1))
    found = np.zeros(runs, bool)
    for value, error, n in looks(who, side, gone, 100):
        found |= (value - one_sided(error, n, PLANNED, 0.01) > 0) & (n >= 100)
    assert np.mean(found) <= 0.015


def test_the_bootstrap_of_quantiles_covers_by_callers():
    """Callers have a pace of their own; values of one caller are no independent evidence."""
    chance = np.random.default_rng(9)
    inside, runs = 0, 80
    for run in range(runs):
        sides = []
        for _ in range(2):
            pace = np.exp(chance.normal(-0.7, 0.4, 80))
            sides.append([list(p * np.exp(chance.normal(0, 0.2, 6))) for p in pace])
        found = quantile_difference(*sides, 0.5, seed=run)
        inside += found.low <= 0 <= found.high
    assert inside / runs >= 0.90


def test_cuped_takes_out_what_the_past_explains():
    chance = np.random.default_rng(10)
    before = chance.normal(0, 1, 4_000)
    values = 0.8 * before + chance.normal(0, 0.6, 4_000)
    adjusted = cuped(values, before)
    assert np.var(adjusted) == pytest.approx(0.36, rel=0.1)
    assert np.mean(adjusted) == pytest.approx(np.mean(values), abs=1e-9)
    unknown = before.copy()
    unknown[::2] = np.nan
    assert np.var(cuped(values, unknown)) < np.var(values)
    assert np.array_equal(cuped(values, np.full(4_000, np.nan)), values)


def test_the_reading_of_an_experiment_says_what_the_simulation_says():
    """The vectorised figures above and the product's own, on the same calls."""
    experiment = Experiment("x", (Arm("a", "one"), Arm("b", "two")), (5_000, 5_000), "salt", PLANNED)
    who, side, good = (part[0] for part in honest())
    contacts = [
        Contact(str(n), str(c), "ab"[side[c]], values={"resolved": float(g)})
        for n, (c, g) in enumerate(zip(who, good, strict=True))
    ]
    (value, error, n), *_ = list(looks(who[None], side[None], good[None], 4_000))
    told = read(experiment, contacts).against[0].metrics["resolved"]
    assert told.value == pytest.approx(float(value[0]))
    assert told.high - told.value == pytest.approx(float(half_width(error, n, PLANNED)[0]))
    assert told.n_control + told.n_arm == n[0]
    bound = lower_bound(np.zeros(90), np.ones(90), PLANNED, 0.01, 200)
    assert bound is None
