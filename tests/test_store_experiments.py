"""Experiments as they are kept: fixed, then started, stopped and decided, and never changed."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import update

from callcenter.experiment import Arm, Experiment, ExperimentError, as_data
from callcenter.store import Store, experiments
from callcenter.store.tables import Trial

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
EXPERIMENT = Experiment("spring", (Arm("a", "parrot"), Arm("b", "turnbased")), (5_000, 5_000), "salt", 1_000)


@pytest.fixture
def store(database):
    store = Store(database)
    yield store
    store.close()


def test_its_life_goes_one_way(store):
    assert experiments.running(store) is None
    assert experiments.create(store, EXPERIMENT, NOW).row.state == "draft"
    assert experiments.running(store) is None
    experiments.start(store, "spring", NOW, {"without": "a test"})
    assert experiments.running(store).experiment == EXPERIMENT
    experiments.stop(store, "spring", NOW, "enough")
    assert experiments.running(store) is None
    experiments.decide(store, "spring", {"verdict": "stop"})
    row = experiments.named(store, "spring").row
    assert (row.state, row.why, row.decision, row.gate) == (
        "decided",
        "enough",
        {"verdict": "stop"},
        {"without": "a test"},
    )
    assert (row.started_at, row.stopped_at) == (NOW, NOW)
    for step in (
        lambda: experiments.start(store, "spring", NOW, {}),
        lambda: experiments.stop(store, "spring", NOW, ""),
        lambda: experiments.decide(store, "spring", {}),
    ):
        with pytest.raises(ExperimentError, match="spring is decided"):
            step()


def test_a_name_is_fixed_for_ever(store):
    experiments.create(store, EXPERIMENT, NOW)
    with pytest.raises(ExperimentError, match="cannot be changed"):
        experiments.create(store, replace(EXPERIMENT, shares=(9_000, 1_000)), NOW)
    assert experiments.named(store, "spring").experiment.shares == (5_000, 5_000)


def test_one_runs_at_a_time(store):
    for name in ("spring", "summer"):
        experiments.create(store, replace(EXPERIMENT, name=name), NOW)
    experiments.start(store, "spring", NOW, {})
    with pytest.raises(ExperimentError, match="spring is running"):
        experiments.start(store, "summer", NOW, {})


@pytest.mark.parametrize(
    "edit",
    [
        {"fixed": {}},
        {"fixed": as_data(replace(EXPERIMENT, arms=(Arm("a", "parrot"), Arm("b", "jumpy"))))},
        {"fixed": as_data(replace(EXPERIMENT, shares=(9_000, 1_000)))},
        {"fingerprint": "0" * 64},
        {"name": "autumn"},
    ],
)
def test_a_running_one_that_was_edited_by_hand_is_found_out(store, edit):
    experiments.create(store, EXPERIMENT, NOW)
    experiments.start(store, "spring", NOW, {})
    with store.writing() as session:
        session.execute(update(Trial).values(**edit))
    with pytest.raises(ExperimentError):
        experiments.running(store)


def test_unknown_ones_are_told(store):
    for ask in (experiments.named, lambda s, n: experiments.stop(s, n, NOW, "")):
        with pytest.raises(ExperimentError, match="no experiment is called 'x'"):
            ask(store, "x")
    assert experiments.listed(store) == []
