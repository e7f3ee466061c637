"""Arms and assignment, what a reading tells, and the planner."""

import subprocess
import sys
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import numpy as np
import pytest

from callcenter.events import Policy
from callcenter.experiment import (
    Arm,
    Contact,
    Experiment,
    ExperimentError,
    Guardrail,
    as_data,
    assign,
    checked,
    from_data,
    read,
    shares,
)
from callcenter.experiment.planning import for_mean, for_share
from callcenter.experiment.statistics import chi_square, tail

ARMS = (Arm("bot", "turnbased", voice="en-us"), Arm("duplex", "interaction", "turnbased", "abc", voice="en-us"))
EXPERIMENT = Experiment("spring", ARMS, (5_000, 5_000), "pepper", 4_000, excluded=("+1555999",))
CALLERS = [f"+1555{n:07d}" for n in range(4_000)]


def arms_of(experiment=EXPERIMENT, callers=CALLERS):
    return [assign(experiment, caller, "call").arm.name for caller in callers]


def test_the_same_caller_gets_the_same_arm_on_every_call():
    assert [assign(EXPERIMENT, c, "another").arm.name for c in CALLERS] == arms_of()


def test_another_process_assigns_alike():
    code = "from test_experiment import *; print(''.join(name[0] for name in arms_of(callers=CALLERS[:50])))"
    here = Path(__file__).parent
    told = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=here.parent,
        env={"PYTHONPATH": f"{here}:{here.parent}"},
    )  # fmt: skip
    assert told.stdout.strip() == "".join(name[0] for name in arms_of(callers=CALLERS[:50]))


def test_callers_are_split_as_the_shares_say():
    assert arms_of().count("bot") == pytest.approx(2_000, abs=130)
    uneven = replace(EXPERIMENT, shares=shares((90, 10)))
    assert arms_of(uneven).count("bot") == pytest.approx(3_600, abs=80)


def test_two_experiments_split_callers_independently():
    other = replace(EXPERIMENT, name="summer")
    both = sum(a == b for a, b in zip(arms_of(), arms_of(other), strict=True))
    assert both == pytest.approx(2_000, abs=130)


def test_a_withheld_number_is_assigned_by_the_call_and_kept_apart():
    calls = [assign(EXPERIMENT, "anonymous", f"call-{n}") for n in range(400)]
    assert all(assigned.apart for assigned in calls)
    assert 140 <= sum(assigned.arm.name == "bot" for assigned in calls) <= 260
    assert assign(EXPERIMENT, "anonymous", "call-7") == calls[7]


def test_excluded_callers_take_no_part():
    assert assign(EXPERIMENT, "+15559990001", "call") is None


def test_an_arm_is_frozen_and_its_fingerprint_covers_everything():
    with pytest.raises(FrozenInstanceError):
        ARMS[0].duplex = "parrot"
    changed = [
        replace(EXPERIMENT, arms=(replace(ARMS[0], policy=Policy(eagerness="eager")), ARMS[1])),
        replace(EXPERIMENT, salt="salt"),
        replace(EXPERIMENT, resolved=("answered",)),
        replace(EXPERIMENT, guardrails=(Guardrail("slow", 0.2),)),
    ]
    assert len({e.fingerprint for e in (EXPERIMENT, *changed)}) == 5


def test_an_experiment_survives_being_written_down():
    assert from_data(as_data(EXPERIMENT)) == EXPERIMENT
    assert from_data(as_data(EXPERIMENT)).fingerprint == EXPERIMENT.fingerprint


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.pop("salt"),
        lambda data: data.update(colour="red"),
        lambda data: data["arms"][0].update(colour="red"),
        lambda data: data.update(arms=[{"name": "a"}]),
    ],
)
def test_what_cannot_be_read_is_an_error(change):
    data = as_data(EXPERIMENT)
    change(data)
    with pytest.raises(ExperimentError):
        from_data(data)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"arms": ARMS[:1], "shares": (10_000,)}, "two arms or more"),
        ({"arms": (ARMS[0], replace(ARMS[1], name="bot"))}, "a name of its own"),
        ({"arms": (ARMS[0], replace(ARMS[0], name="twin"))}, "the same but for their names"),
        ({"arms": (ARMS[0], replace(ARMS[1], voice="en-gb"))}, "the same voice"),
        ({"shares": (5_000, 4_000)}, "together 10000"),
        ({"shares": (10_000, 0)}, "together 10000"),
        ({"callers": 100}, "the first look is at 200"),
    ],
)
def test_what_can_be_no_experiment_is_refused(change, why):
    with pytest.raises(ExperimentError, match=why):
        checked(replace(EXPERIMENT, **change))


# ------------------------------------------------------------------------------------------------------------ reading


def contacts(n=800, seed=1, **rates):
    """Two calls a caller; `rates` are (control, arm) of each metric."""
    chance = np.random.default_rng(seed)
    found = []
    for caller in range(n):
        arm = ("bot", "duplex")[caller % 2]
        for call in range(2):
            values = {m: float(chance.random() < pair[caller % 2]) for m, pair in rates.items()}
            found.append(
                Contact(
                    f"{caller}-{call}",
                    f"c{caller}",
                    arm,
                    after_s=86_400.0 * 12 * call,
                    values=values,
                    latencies=(0.5 + (caller % 2) * 0.5,) * 3,
                    before=float(caller % 5),
                )
            )
    return found


def test_a_reading_tells_a_clear_difference_and_nothing_too_early():
    clear = read(EXPERIMENT, contacts(resolved=(0.5, 0.8)))
    assert clear.verdict == "duplex is better"
    assert clear.against[0].metrics["resolved"].low > 0.15
    early = read(EXPERIMENT, contacts(150, resolved=(0.2, 0.9)))
    assert early.against[0].metrics["resolved"].low is None
    assert early.verdict == "no difference can be told yet"


def test_weeks_and_quantiles_and_history_are_told_apart():
    against = read(EXPERIMENT, contacts(resolved=(0.5, 0.8))).against[0]
    assert against.first_week.n_arm == against.later.n_arm == 400
    assert against.quantiles[0.5].value == pytest.approx(0.5)
    assert against.quantiles[0.5].low <= 0.5 <= against.quantiles[0.5].high
    assert against.adjusted["resolved"].value == pytest.approx(against.metrics["resolved"].value, abs=0.05)


def test_what_is_not_known_yet_does_not_count():
    known = contacts(400, resolved=(0.6, 0.6))
    waiting = [Contact(f"w{n}", f"w{n}", "bot", values={}) for n in range(300)]
    told = read(EXPERIMENT, [*known, *waiting])
    assert told.against[0].metrics["resolved"].n_control == 200
    assert told.ratio.counts["bot"] == 500


def test_callers_without_a_number_are_analysed_apart():
    apart = [replace(c, caller="anonymous", apart=True) for c in contacts(300, resolved=(0.1, 0.9))]
    told = read(EXPERIMENT, [*contacts(resolved=(0.6, 0.6)), *apart])
    assert told.callers == 800
    assert told.verdict == "no difference can be told yet"
    assert told.against[0].apart.value > 0.6
    assert told.against[0].apart.n_arm == 300


def test_a_wrong_split_is_shown_over_everything():
    skewed = [c for c in contacts(resolved=(0.2, 0.9)) if c.arm == "duplex" or int(c.caller[1:]) % 3]
    told = read(EXPERIMENT, [*skewed, *[replace(c, caller=f"x{c.caller}") for c in skewed]])
    assert told.ratio.alarm
    assert "not split" in told.verdict


def test_a_broken_guardrail_says_stop():
    told = read(EXPERIMENT, contacts(resolved=(0.6, 0.6), abandoned=(0.02, 0.3)))
    assert [(b.arm, b.guardrail.metric) for b in told.breaches] == [("duplex", "abandoned")]
    assert told.verdict == "duplex breaks abandoned: stop"
    assert not read(EXPERIMENT, contacts(resolved=(0.6, 0.6), abandoned=(0.3, 0.02))).breaches


def test_a_call_that_another_duplex_served_still_counts_for_its_arm():
    fallen = [replace(c, as_assigned=False) if c.arm == "duplex" else c for c in contacts(resolved=(0.5, 0.8))]
    told = read(EXPERIMENT, fallen)
    assert told.served_otherwise == 800
    assert told.against[0].metrics["resolved"].n_arm == 400


def test_nothing_at_all_can_be_read_too():
    told = read(EXPERIMENT, [])
    assert (told.callers, told.ratio.p, told.verdict) == (0, 1.0, "no difference can be told yet")


# ----------------------------------------------------------------------------------------------------------- planning


@pytest.mark.parametrize(("effect", "per_arm"), [(0.03, 3_554), (0.05, 1_251), (0.10, 294)])
def test_the_planner_knows_the_textbook(effect, per_arm):
    planned = for_share(0.70, effect)
    assert planned.fixed == pytest.approx(2 * per_arm, abs=2)
    assert 1.5 * planned.fixed < planned.sequential < 2.5 * planned.fixed


def test_means_are_planned_alike():
    assert for_mean(150, 15).fixed == pytest.approx(2 * 1_570, abs=2)
    assert for_mean(150, 30).sequential < for_mean(150, 15).sequential


@pytest.mark.parametrize("bad", [(0.7, 0.0), (0.98, 0.05), (0.0, 0.1)])
def test_what_cannot_be_planned_is_refused(bad):
    with pytest.raises(ValueError):
        for_share(*bad)


@pytest.mark.parametrize(
    ("x", "degrees", "p"), [(3.841, 1, 0.05), (5.991, 2, 0.05), (7.815, 3, 0.05), (9.488, 4, 0.05)]
)
def test_the_chi_square_tail_is_the_table_s(x, degrees, p):
    assert tail(x, degrees) == pytest.approx(p, abs=2e-4)


def test_chi_square_of_a_fair_split_is_one():
    assert chi_square((100, 100), (1, 1)) == pytest.approx(1.0)
    assert chi_square((), ()) == 1.0
