"""Finding calls: every filter on both databases, pages without gaps, and nonsense that harms nothing."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import select

from admin.search import Filter, Search, place, read_place
from admin.tables import Verdict
from callcenter.store import Store
from callcenter.store.derived import Examined, Words
from callcenter.store.tables import Call

FIRST = datetime(2026, 11, 20, 12, tzinfo=UTC)
NAMES = ("a", "b", "c", "d", "e", "f")


@pytest.fixture
def search(database):
    store = Store(database)
    with store.writing() as session:
        for place_, name in enumerate(NAMES):
            rung = FIRST + timedelta(days=place_)
            call = Call(id=name, rung_at=rung, state="ended" if name != "f" else "live", caller=f"+1555010000{place_}")
            call.outcome = "resolved" if place_ % 2 else "failed"
            call.arm, call.flow, call.flow_version, call.faults = "duplex", "retail", f"v{place_ // 3}", place_ == 2
            session.add(call)
        session.flush()
        for place_, name in enumerate(NAMES[:5]):
            rung = FIRST + timedelta(days=place_)
            figures = Examined(call_id=name, rung_at=rung, version=1, samples=8_000 * 60 * place_)
            figures.latency_ms, figures.interruptions = 300 * place_, place_
            figures.tool_errors, figures.dead = int(place_ == 3), int(place_ == 4)
            session.add(figures)
            said = f"hello this is call {name} about my grinder" if place_ else 'good morning, O\'Brien "quoted" 100%'
            session.add(Words(n=int(rung.timestamp() * 1e6), call_id=name, text=said))
        session.add(Verdict(call_id="b", reviewer="ana", at=FIRST, outcome="callback", flagged=True))
    store.tag("c", "angry", "vip")
    yield Search(store, "US", ZoneInfo("America/New_York"))
    store.close()


def found(search, **asked):
    return "".join(row.call.id for row in search.find(Filter(**asked)).rows)


@pytest.mark.parametrize(
    ("asked", "calls"),
    [
        ({}, "fedcba"),
        ({"state": "live"}, "f"),
        ({"state": "ended"}, "edcba"),
        ({"outcome": "failed"}, "eca"),
        ({"number": "555 010 0003"}, "d"),
        ({"number": "+1555010"}, "fedcba"),
        ({"version": "v1"}, "fed"),
        ({"flow": "billing"}, ""),
        ({"arm": "duplex", "outcome": "resolved"}, "fdb"),
        ({"tag": "vip"}, "c"),
        ({"since": "2026-11-23"}, "fed"),
        ({"until": "2026-11-21"}, "ba"),
        ({"since": "2026-11-21", "until": "2026-11-22"}, "cb"),
        ({"longer": "180"}, "ed"),
        ({"shorter": "60"}, "ba"),
        ({"slower": "900"}, "ed"),
        ({"slower": "300", "until": "2026-11-22"}, "cb"),
        ({"interruptions": "2"}, "edc"),
        ({"dead": "1"}, "e"),
        ({"tool_error": "1"}, "d"),
        ({"faults": "1"}, "c"),
        ({"reviewer": "ana"}, "b"),
        ({"flagged": "1"}, "b"),
        ({"reviewer": "ben", "flagged": "1"}, ""),
        ({"q": "grinder"}, "edcb"),
        ({"q": "GRINDER call d"}, "d"),
        ({"q": "o'brien"}, "a"),
        ({"q": "grinder", "outcome": "failed"}, "ec"),
        ({"q": "grinder", "slower": "900"}, "ed"),
        ({"q": "grinder", "since": "2026-11-23"}, "ed"),
        ({"q": "nothing like it"}, ""),
    ],
)
def test_a_filter_finds_its_calls_newest_first(search, asked, calls):
    assert found(search, **asked) == calls


@pytest.mark.parametrize("asked", [{}, {"q": "grinder"}, {"slower": "0"}, {"outcome": "failed"}])
def test_pages_follow_each_other_without_gap_or_double(search, asked):
    whole, paged, more = found(search, **asked), "", ""
    while True:
        results = search.find(Filter(**asked, after=more), limit=2)
        paged += "".join(row.call.id for row in results.rows)
        more = results.more
        if not more:
            break
    assert paged == whole
    assert "".join(row.call.id for row in search.every(Filter(**asked), at_once=2)) == whole


@pytest.mark.parametrize(
    "asked",
    [
        {"q": '" OR 1=1 --'},
        {"q": "words_index MATCH ("},
        {"q": "NEAR( AND * ^"},
        {"q": "\0"},
        {"q": "   "},
        {"number": "'; drop table call"},
        {"after": "yesterday~b"},
        {"after": "2026-11-20"},
        {"outcome": "%"},
    ],
)
def test_nonsense_is_searched_for_and_harms_nothing(search, asked):
    search.find(Filter(**asked))
    assert found(search) == "fedcba"


@pytest.mark.parametrize("asked", [{"since": "soon"}, {"longer": "long"}, {"slower": "1e999"}])
def test_a_filter_that_cannot_be_read_is_said_and_left_out(search, asked):
    results = search.find(Filter(**asked))
    assert len(results.problems) == 1
    assert len(results.rows) >= 5


def test_rows_come_with_their_figures_tags_and_what_a_reviewer_found(search):
    rows = {row.call.id: row for row in search.find(Filter()).rows}
    assert rows["b"].outcome == "callback"
    assert rows["d"].measured.latency_ms == 900
    assert rows["c"].tags == ("angry", "vip")
    assert rows["f"].measured is None


def test_the_neighbours_of_a_call(search):
    with search._store.reading() as session:
        calls = {call.id: call for call in session.exec(select(Call))}
    assert search.neighbours(calls["c"]) == ("b", "d")
    assert search.neighbours(calls["a"]) == ("", "b")
    assert search.neighbours(calls["f"]) == ("e", "")


def test_a_filter_lives_in_the_url():
    asked = Filter.read({"q": " a&b ", "outcome": "failed", "unknown": "x", "after": "2026~c"})
    assert (asked.q, asked.asked) == ("a&b", 1)
    assert asked.query() == "q=a%26b&outcome=failed"
    assert asked.query(state="live") == "q=a%26b&state=live&outcome=failed"


def test_a_place_is_read_as_it_was_written():
    call = Call(id="c1", rung_at=FIRST)
    assert read_place(place(call)) == (FIRST, "c1")
