"""`callcenter experiment`: from the plan to the decision, as people type it."""

import csv
import json
from hashlib import sha256

import pytest
from test_trials import filled
from typer.testing import CliRunner

from callcenter.__main__ import app
from callcenter.experiment import ExperimentError
from callcenter.store import Store, experiments

ARMS = ("--arm", "bot=turnbased,eagerness=patient", "--arm", "echo=parrot,fallback=turnbased")


@pytest.fixture
def run(lite, monkeypatch):
    folder, database = lite
    monkeypatch.setenv("CALLCENTER_DATABASE", database)
    monkeypatch.setenv("CALLCENTER_VAR", str(folder / "var"))
    monkeypatch.setenv("CALLCENTER_FALLBACK", "")
    monkeypatch.setenv("CALLCENTER_FLOW", "")
    monkeypatch.setenv("COLUMNS", "200")

    def command(*words):
        done = CliRunner().invoke(app, ["experiment", *words])
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == 0, done.output
        return done.output

    command.database = database
    return command


def gate(tmp_path, failed=0, **calls):
    path = tmp_path / f"gate{failed}{len(calls)}.txt"
    line = {"suite": "quick", "failed_calls": failed, "duplex": {name: {"calls": n} for name, n in calls.items()}}
    path.write_text("a table for people\n" + json.dumps(line) + "\n")
    return str(path)


def test_the_whole_life_of_an_experiment(run, tmp_path):
    told = run("create", "spring", *ARMS, "--resolved", "completed", "--repeat-days", "0")
    assert "needs 2502 callers for one look at the end" in told
    run("start", "spring", "--gate", gate(tmp_path, turnbased=8, parrot=8))
    store = Store(run.database)
    kept = experiments.running(store)
    assert [(arm.name, arm.duplex, arm.fallback, arm.voice) for arm in kept.experiment.arms] == [
        ("bot", "turnbased", "", "en-us"),
        ("echo", "parrot", "turnbased", "en-us"),
    ]
    assert kept.experiment.arms[0].policy.eagerness == "patient"
    assert kept.row.gate["duplex"]["parrot"]["calls"] == 8
    filled(store, 0.6)
    told = run("status", "spring")
    line = json.loads(told.strip().splitlines()[-1])
    assert (line["callers"], line["state"], line["alarm"]) == (300, "running", False)
    assert line["verdict"] == "echo breaks abandoned: stop"
    run("stop", "spring", "--why", "callers give up")
    told = run("decide", "spring", "--why", "the bot is better", "--by", "Ada", "--promote", "bot")
    assert "CALLCENTER_DUPLEX=turnbased" in told
    decision = experiments.named(store, "spring").row.decision
    assert (decision["verdict"], decision["by"], decision["arm"]["duplex"]) == ("promote", "Ada", "turnbased")
    assert decision["reading"]["callers"] == 300
    assert decision["fingerprint"] == kept.row.fingerprint
    store.close()
    run("export", "spring", "--out", str(tmp_path / "rows.csv"))
    with (tmp_path / "rows.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 300
    assert {row["arm"] for row in rows} == {"bot", "echo"}
    assert not any(row["caller"].startswith("+") for row in rows)
    assert len({row["caller"] for row in rows}) == 300
    assert "spring: decided" in run("status")


def test_no_live_traffic_without_a_benchmark_or_a_reason(run, tmp_path):
    run("create", "spring", *ARMS)
    for words, why in (
        ((), "show the arms offline first"),
        (("--gate", gate(tmp_path, turnbased=8)), "no calls of parrot"),
        (("--gate", gate(tmp_path, failed=2, turnbased=8, parrot=8)), "2 calls failed"),
    ):
        with pytest.raises(ExperimentError, match=why):
            run("start", "spring", *words)
    (tmp_path / "gate.txt").write_text("no json")
    with pytest.raises(ExperimentError, match="does not end with"):
        run("start", "spring", "--gate", str(tmp_path / "gate.txt"))
    run("start", "spring", "--without-gate", "both arms are live already")


@pytest.mark.parametrize(
    ("arms", "why"),
    [
        (("--arm", "a=nobody", "--arm", "b=parrot"), "no duplex is called 'nobody'"),
        (("--arm", "a=parrot,colour=red", "--arm", "b=turnbased"), "colour in"),
        (("--arm", "a=parrot,eagerness=hasty", "--arm", "b=turnbased"), "one of patient, normal, eager"),
        (("--arm", "a=parrot", "--arm", "b=parrot"), "the same but for their names"),
        (("--arm", "a=parrot"), "two arms or more"),
        (("--arm", "a", "--arm", "b=parrot"), "NAME=DUPLEX"),
    ],
)
def test_what_can_be_no_experiment_is_refused(run, arms, why):
    with pytest.raises(ExperimentError, match=why):
        run("create", "spring", *arms)


def test_weights_are_frozen_by_their_hash(run, tmp_path):
    (tmp_path / "w").write_bytes(b"weights")
    run("create", "spring", "--arm", "a=turnbased", "--arm", f"b=parrot,weights={tmp_path / 'w'}")
    store = Store(run.database)
    arm = experiments.named(store, "spring").experiment.arms[1]
    store.close()
    assert arm.weights == sha256(b"weights").hexdigest()


def test_status_of_nothing_says_so(run):
    assert "no experiments" in run("status")
