from datetime import UTC, datetime, timedelta, timezone
from itertools import permutations

import pytest
from sqlalchemy import select, text

from callcenter.store import Store
from callcenter.store.tables import Call, clean, learn

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def row_after(*news):
    row = Call(id="c1", rung_at=NOON)
    for facts in news:
        learn(row, facts)
    return row.model_dump()


NEWS = (
    {"rung_at": NOON, "caller": "+15550100"},
    {"state": "live", "answered_at": NOON + timedelta(seconds=2)},
    {"amd": "human"},
    {"state": "ended", "ended_at": NOON + timedelta(seconds=60), "ended_reason": "hangup", "outcome": "resolved"},
    {"state": "lost"},
)


@pytest.mark.parametrize("order", list(permutations(range(len(NEWS))))[::7])
def test_news_in_any_order_and_twice_make_the_same_row(order):
    assert row_after(*(NEWS[i] for i in order), *(NEWS[i] for i in order)) == row_after(*NEWS)


@pytest.mark.parametrize(
    ("first", "then", "state"),
    [
        ("ringing", "live", "live"),
        ("live", "ringing", "live"),
        ("ended", "live", "ended"),
        ("lost", "ended", "lost"),
        ("ended", "lost", "lost"),
    ],
)
def test_a_call_never_goes_back(first, then, state):
    assert row_after({"state": first}, {"state": then})["state"] == state


def test_nothing_is_forgotten_because_somebody_does_not_know_it():
    row = row_after({"outcome": "resolved", "ended_at": NOON}, {"outcome": "", "ended_at": None})
    assert (row["outcome"], row["ended_at"]) == ("resolved", NOON)


@pytest.mark.parametrize("facts", [{"colour": "red"}, {"legs": 7}, {"id": "c2"}, {"plan": {}}])
def test_what_is_no_fact_of_a_row_is_an_error_of_ours(facts):
    with pytest.raises(KeyError):
        row_after(facts)


def test_a_state_that_does_not_exist_is_an_error_of_ours():
    with pytest.raises(ValueError):
        row_after({"state": "happy"})


@pytest.mark.parametrize(("given", "kept"), [("a\0b", "ab"), ("\ud800", "?"), ("日本", "日本"), ("\n", "\n")])
def test_text_is_made_fit_for_every_database(given, kept):
    assert clean(given) == kept
    assert row_after({"outcome": given})["outcome"] == kept


def test_times_come_back_as_the_moments_they_were(database):
    store = Store(database)
    berlin = NOON.astimezone(timezone(timedelta(hours=2)))
    store.ring("c1", berlin)
    row = store.row("c1")
    assert row.rung_at == NOON
    assert row.rung_at.tzinfo is UTC
    assert row.answered_at is None
    with store.reading() as session:
        assert session.scalars(select(Call.id).where(Call.rung_at == berlin)).all() == ["c1"]
        assert "2026-03-01 12:00" in str(session.execute(text("select rung_at from call")).scalar())
    store.close()


def test_a_time_without_a_zone_is_an_error_of_ours(database):
    store = Store(database)
    with pytest.raises(Exception, match="without a zone"):
        store.ring("c1", datetime(2026, 3, 1))
    store.close()
