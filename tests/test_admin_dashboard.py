"""The dashboard adds up what the calls' rows and figures say, in the company's days."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from statistics import median
from zoneinfo import ZoneInfo

import pytest
from many_calls import FIRST, fill
from running import running
from sqlmodel import select
from visitor import visitor_of

from admin.dashboard import ALL, Dashboard
from admin.outcomes import UNRESOLVED, tone
from admin.tables import Verdict
from callcenter.store import Call, Store
from callcenter.store.derived import Examined

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def store(database):
    store = Store(database)
    yield store
    store.close()


def test_what_is_told_is_what_the_calls_say(store):
    fill(store, 2_000)  # four and a half days
    with store.writing() as session:
        first = session.exec(select(Call.id).where(Call.outcome == "abandoned").limit(1)).one()
        session.add(Verdict(call_id=first, reviewer="ana", at=datetime.now(UTC), outcome="resolved"))
    today = FIRST.date() + timedelta(days=4)
    told = Dashboard(store, BERLIN).add_up(3, "retail", today)
    with store.reading() as session:
        rows = session.exec(select(Call, Examined).join(Examined).where(Call.flow == "retail")).all()
    days = defaultdict(list)
    for call, measured in rows:
        days[call.rung_at.astimezone(BERLIN).date()].append((call, measured))
    shown = [today - timedelta(days=back) for back in (2, 1, 0)]
    assert list(told.days) == shown
    within = [row for day in shown for row in days[day]]
    assert told.now.calls == len(within) > 300
    assert told.now.latency == median(measured.latency_ms for _, measured in within) / 1_000
    good = [call for call, _ in within if call.outcome not in UNRESOLVED or call.id == first]
    assert told.now.resolved == pytest.approx(len(good) / len(within))
    assert told.now.interruptions == sum(measured.interruptions for _, measured in within)
    assert told.now.dead == pytest.approx(100 * sum(measured.dead for _, measured in within) / len(within))
    assert told.before.calls == sum(len(days[today - timedelta(days=back)]) for back in (3, 4, 5))
    assert told.arms == ("duplex", "turns")
    calls = told.series["panels"][0]["lines"]
    assert told.series["names"] == ["duplex", "turns"]
    for arm, line in zip(told.arms, calls, strict=True):
        assert line == [sum(call.arm == arm for call, _ in days[day]) for day in shown]
    assert sum(sums.calls for _, sums in told.by_arm) == told.now.calls


def test_a_store_without_calls_tells_nothing_and_divides_by_nothing(store):
    told = Dashboard(store, BERLIN).told(7, "", date(2026, 3, 29))  # a day of 23 hours
    assert (told.now.calls, told.now.resolved, told.now.latency, told.now.yielded, told.now.dead) == (0, *[None] * 4)
    assert told.series["names"] == [ALL]


def test_the_page_has_its_series(lite):
    with running(*lite) as server:
        fill(server.house.store, 50)
        visitor = visitor_of(server, "viewer")
        page = visitor.get("/dashboard?days=90&flow=%22%3E%3Cscript%3E").text
        assert 'data-series="{&#34;days&#34;' in page
        assert "<script>" not in page.split("<main")[1]
        assert visitor.get("/dashboard?days=nonsense").status_code == 200
        visitor.close()


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [("order cancelled", "good"), ("nothing done", "warn"), ("handed over", "on"), ("failed", "bad"), ("", "")],
)
def test_an_outcome_has_a_tone(outcome, expected):
    assert tone(outcome) == expected
