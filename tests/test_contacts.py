"""From the calls in the store to what an experiment counts."""

from datetime import UTC, datetime, timedelta

import pytest
from journalled import Kept, converse
from sqlalchemy import delete

from callcenter.contacts import contacts, observe, repeated
from callcenter.experiment import Arm, Experiment
from callcenter.store import Store, experiments
from callcenter.store.tables import Call, Chunk, Leg
from callcenter.units import RATE

START = datetime(2026, 11, 2, 9, tzinfo=UTC)
LATER = START + timedelta(days=30)
ARMS = (Arm("a", "one"), Arm("b", "two"))
EXPERIMENT = Experiment("spring", ARMS, (5_000, 5_000), "salt", 1_000, resolved=("answered",))


@pytest.fixture
def store(database):
    store = Store(database)
    experiments.create(store, EXPERIMENT, START)
    experiments.start(store, "spring", START, {})
    yield store
    store.close()


def rang(store, call, after_days, caller="+15550100001", **facts):
    told = {
        "experiment": "spring",
        "arm": "a",
        "assigned": "one",
        "served": "one",
        "state": "ended",
        "outcome": "answered",
        **facts,
    }
    when = START + timedelta(days=after_days)
    store.ring(call, when, carrier="test", carrier_call=call, called="+15550109999", caller=caller, **told)


def counted(store, now=LATER):
    return {contact.call: contact for contact in contacts(store, experiments.named(store, "spring"), now)}


def test_a_call_is_resolved_if_nobody_calls_again_in_time(store):
    rang(store, "first", 0)
    rang(store, "again", 3)
    rang(store, "month", 12)
    rang(store, "bad", 0, "+15550100002", outcome="callback")
    found = counted(store)
    assert {name: c.values["resolved"] for name, c in found.items()} == {"first": 0, "again": 1, "month": 1, "bad": 0}


def test_a_repeat_outside_the_experiment_counts_too(store):
    rang(store, "first", 0)
    rang(store, "other", 1, experiment="", arm="")
    assert counted(store)["first"].values["resolved"] == 0


def test_nothing_is_judged_before_its_time_is_over_good_or_bad(store):
    rang(store, "good", 0)
    rang(store, "bad", 0, "+15550100002", outcome="callback")
    rang(store, "again", 2)
    early = counted(store, START + timedelta(days=5))
    assert [c.values.get("resolved") for c in early.values()] == [None, None, None]


def test_what_the_row_tells(store):
    rang(store, "short", 0)
    rang(store, "moved", 0, "+15550100002", outcome="transferred")
    rang(store, "fell", 0, "+15550100003", served="three")
    with store.writing() as session:
        session.get(Call, "short").duration = 10 * RATE
        session.get(Call, "short").ended_reason = "hangup"
        session.get(Call, "moved").duration = 90 * RATE
    found = counted(store)
    assert found["short"].values["abandoned"] == 1
    assert (found["moved"].values["transferred"], found["moved"].values["contained"]) == (1, 0)
    assert found["moved"].values["handling_s"] == 90
    assert [found[name].as_assigned for name in ("short", "moved", "fell")] == [True, True, False]


def test_people_know_more_and_say_it_by_tags(store):
    rang(store, "rated", 0)
    store.tag("rated", "complaint", "rating-4", "anything")
    values = counted(store)["rated"].values
    assert (values["complaint"], values["wrong_action"], values["rating"]) == (1, 0, 4)


def test_withheld_numbers_are_apart_and_have_no_past(store):
    rang(store, "dark", 0, "anonymous")
    rang(store, "darker", 1, "anonymous")
    found = counted(store, START + timedelta(days=1, hours=1))
    assert all(c.apart and c.before is None and c.values["resolved"] == 1 for c in found.values())


def test_the_past_counts_contacts_before_the_experiment(store):
    for n in (1, 5, 89, 95):
        rang(store, f"past{n}", -n, experiment="", arm="")
    rang(store, "now", 1)
    assert counted(store)["now"].before == 3


def test_calls_that_still_go_on_wait(store):
    rang(store, "live", 0, state="live")
    assert counted(store) == {}


@pytest.mark.parametrize(("days", "again"), [(0.5, True), (6.9, True), (7.1, False)])
def test_repeats(days, again):
    times = [START, START + timedelta(days=days)]
    assert repeated(START, times, timedelta(days=7)) is again


def journalled(seconds=20):
    kept = Kept()
    converse(kept, seconds)
    kept.end()
    return kept.lines


def test_journals_are_measured_once_by_the_benchmark_s_measures(store):
    lines = journalled()
    rang(store, "told", 0)
    with store.writing() as session:
        session.get(Call, "told").legs = 1
        session.add(Leg(call_id="told", writer="w", started_at=START, lines=len(lines)))
        session.flush()
        session.add(Chunk(call_id="told", writer="w", first=0, last=len(lines), lines=b"".join(lines).decode()))
    first = counted(store)["told"]
    assert first.values["dead"] >= 0
    assert set(experiments.measured_of(store, "spring")) == {"told"}
    with store.writing() as session:
        session.execute(delete(Chunk))
    assert counted(store)["told"] == first


def test_a_journal_is_seen_as_the_call_review_sees_it():
    seen = observe("c", "+1", journalled())
    assert seen.timeline.length > 15 * RATE
    assert seen.timeline.caller
    assert seen.timeline.agent
