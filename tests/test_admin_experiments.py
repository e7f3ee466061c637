"""Experiments on the site: what people can do to one, in the order in which it can be done, and what they are shown."""

import json
import shutil

import pytest
from running import running
from test_trials import filled
from visitor import visitor_of
from waiting import until

from admin import audit
from admin.experiments import arm_text, need, wanted
from admin.readings import Readings, rows
from callcenter import comparing
from callcenter.experiment import ExperimentError
from callcenter.experiment.statistics import Difference
from callcenter.store import experiments

FORM = {
    "name": "spring",
    "arm1": "bot",
    "duplex1": "turnbased",
    "eagerness1": "patient",
    "arm2": "echo",
    "duplex2": "parrot",
    "fallback2": "turnbased",
    "resolved": "completed",
    "repeat_days": "0",
}
GATE = json.dumps({"suite": "quick", "failed_calls": 0, "duplex": {"turnbased": {"calls": 8}, "parrot": {"calls": 8}}})


@pytest.fixture
def served(tmp_path, upgraded):
    shutil.copy(upgraded["sqlite"].removeprefix("sqlite:///"), tmp_path / "e.db")
    with running(tmp_path, f"sqlite:///{tmp_path / 'e.db'}") as server:
        yield server


def test_the_whole_life_of_an_experiment(served):
    store, author = served.house.store, visitor_of(served, "author")
    author.get("/experiments")
    assert author.post("/experiments", FORM).headers["location"] == "/experiments/spring"
    kept = experiments.named(store, "spring")
    assert [(arm.name, arm.duplex, arm.fallback, arm.policy.eagerness) for arm in kept.experiment.arms] == [
        ("bot", "turnbased", "", "patient"),
        ("echo", "parrot", "turnbased", "normal"),
    ]
    assert kept.experiment.shares == (5_000, 5_000)
    assert "has not been started" in author.get("/experiments/spring").text
    assert author.post("/experiments/spring/start", {}).status_code == 422
    assert author.post("/experiments/spring/start", {"gate": "nonsense"}).status_code == 422
    assert author.post("/experiments/spring/start", {"gate": f"a table\n{GATE}\n"}).status_code == 303
    assert experiments.running(store).row.gate["duplex"]["parrot"]["calls"] == 8
    filled(store, 0.6)
    until(lambda: "Echo breaks abandoned: stop." in author.get("/experiments/spring").text)
    page = author.get("/experiments/spring")
    assert "echo broke it" in page.text
    assert "300 of" in page.text
    assert 'class="interval' in page.text
    reading = comparing.look(store, experiments.named(store, "spring"))
    low = reading.against[0].metrics["contained"].low
    assert f"{low:+.3f} to" in page.text, "the site shows what the command line shows"
    assert author.get("/calls?experiment=spring").text.count('class="row"') == 50
    assert author.post("/experiments/spring/stop", {}).status_code == 422
    author.post("/experiments/spring/stop", {"why": "callers give up"})
    assert experiments.named(store, "spring").row.state == "stopped"
    author.post("/experiments/spring/decide", {"why": "the bot is better", "arm": "bot"})
    decision = experiments.named(store, "spring").row.decision
    assert (decision["verdict"], decision["by"], decision["reading"]["callers"]) == (
        "promote",
        "author@example.com",
        300,
    )
    page = author.get("/experiments/spring").text
    assert "CALLCENTER_DUPLEX=turnbased" in page
    assert "Stop it" not in page
    lines = author.get("/experiments/spring/calls.csv").text.splitlines()
    assert len(lines) == 301
    assert "+1555" not in "".join(lines)
    deeds = [entry.what for entry in audit.entries(store, about="spring")]
    assert deeds == [f"{deed} experiment" for deed in ("exported", "decided", "stopped", "started", "fixed")]
    author.close()


def test_an_experiment_that_cannot_be_is_refused_with_what_was_typed(served):
    author = visitor_of(served, "author")
    author.get("/experiments")
    for wrong, says in (
        ({"name": "Spring!"}, "lower case"),
        ({"duplex2": "nobody"}, "no duplex is called"),
        ({"arm2": "bot", "duplex2": "parrot"}, "a name of its own"),
        ({"arm2": "echo,weights=/etc/passwd"}, "no spaces, commas"),
        ({"share1": "30", "share2": "30"}, "together 10000"),
        ({"base": "99", "effect": "5"}, "must differ and lie between"),
        ({"callers": "many"}, "is no number"),
    ):
        answer = author.post("/experiments", FORM | wrong)
        assert answer.status_code == 422
        assert says in answer.text
        assert 'value="echo"' in answer.text or "arm2" in wrong
    author.post("/experiments", FORM)
    assert "already" in author.post("/experiments", FORM).text
    assert author.post("/experiments/spring/stop", {"why": "x"}).status_code == 422, "it does not run"
    assert author.get("/experiments/none").status_code == 404
    author.close()


def test_a_viewer_reads_and_changes_nothing(served):
    author, viewer = visitor_of(served, "author"), visitor_of(served, "viewer")
    author.get("/experiments")
    author.post("/experiments", FORM)
    assert "New experiment" not in viewer.get("/experiments").text
    assert "<h2>Start</h2>" not in viewer.get("/experiments/spring").text
    assert viewer.post("/experiments/spring/start", {"without": "because"}).status_code == 403
    author.close()
    viewer.close()


def test_a_reading_that_fails_says_so_and_the_next_is_tried(served, tmp_path):
    author = visitor_of(served, "author")
    author.get("/experiments")
    author.post("/experiments", FORM)
    author.post("/experiments/spring/start", {"without": "a try"})
    kept = experiments.named(served.house.store, "spring")
    readings = Readings(served.house.store)
    fine = until(lambda: looked if (looked := readings.look(kept)).reading else None)
    assert (fine.reading.callers, fine.trouble) == (0, "")
    assert readings.look(kept).at == fine.at, "a fresh one is kept"
    readings.forget("spring")
    broken = experiments.Kept(None, kept.row)
    assert "failed" in until(lambda: readings.look(broken).trouble)
    assert until(lambda: readings.look(kept).reading) is not None
    readings.stop()
    author.close()


def test_what_the_arms_of_a_form_become():
    assert arm_text(FORM, 1) == "bot=turnbased,eagerness=patient"
    assert arm_text(FORM, 2) == "echo=parrot,fallback=turnbased"
    assert arm_text(FORM, 3) == ""
    assert wanted(FORM | {"share1": "20", "share2": "80"}).percents == [20.0, 80.0]
    with pytest.raises(ExperimentError):
        wanted(FORM | {"name": "plan"})


def test_how_many_callers_it_takes():
    assert need(0.7, 0.05).startswith("From 70% to 75% takes 2,502 callers for one look")
    assert "must differ" in need(0.7, 0.4)


class Found:
    """As much of a comparison as rows need."""

    def __init__(self, **metrics):
        nothing = Difference(0, 0, 0, 0)
        self.metrics, self.adjusted = metrics, {}
        self.first_week = self.later = self.apart = nothing


@pytest.mark.parametrize(
    ("metric", "found", "tone"),
    [
        ("resolved", Difference(0.7, 0.8, 150, 150, 0.05, 0.15), "better"),
        ("resolved", Difference(0.8, 0.7, 150, 150, -0.15, -0.05), "worse"),
        ("dead", Difference(1.0, 0.5, 150, 150, -0.9, -0.1), "better"),
        ("handling_s", Difference(100, 80, 150, 150, -30, -10), "differs"),
        ("resolved", Difference(0.7, 0.8, 150, 150, -0.05, 0.25), ""),
        ("resolved", Difference(0.7, 0.8, 5, 5), ""),
    ],
)
def test_a_difference_is_good_or_bad_only_once_it_is_decided(metric, found, tone):
    (row,) = rows(Found(**{metric: found}))
    assert row.tone == tone
    assert 0 <= row.low <= row.at <= row.high <= 100
