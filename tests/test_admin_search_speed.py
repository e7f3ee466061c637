"""A hundred thousand calls: the list, its filters and the search for words answer within a tenth of a second, and the
dashboard adds up half of them in one."""

import json
import shutil
import time
from datetime import timedelta
from math import ceil
from zoneinfo import ZoneInfo

import pytest
from many_calls import FIRST, fill
from postgres import another

from admin.dashboard import Dashboard
from admin.search import Filter, Search
from callcenter.store import Store

CALLS = 100_000
BOUND_MS = 100.0
TIMES = 20
ROUNDS = 3
"""A machine that does something else meanwhile may be late; a slow query is slow every time."""

ADDED_UP_S = 1.0

ASKED = {
    "newest": {},
    "second page": {"after": "page"},
    "deep page": {"after": "deep"},
    "outcome": {"outcome": "failed"},
    "caller": {"number": "+15550000123"},
    "flow version": {"version": f"{1:016x}"},
    "arm": {"arm": "turns"},
    "day": {"since": "2026-04-10", "until": "2026-04-10"},
    "long": {"longer": "900"},
    "long and rare": {"longer": "1500", "outcome": "failed"},
    "slow": {"slower": "1500"},
    "slow and of one arm": {"slower": "1200", "arm": "duplex"},
    "interrupted": {"interruptions": "6"},
    "tool error": {"tool_error": "1"},
    "faults": {"faults": "1"},
    "common word": {"q": "hello"},
    "common words": {"q": "hello order please"},
    "common word, second page": {"q": "hello", "after": "page"},
    "rare word": {"q": "rare"},
    "rare and common": {"q": "rare hello"},
    "no such word": {"q": "zyzzyva"},
    "word and outcome": {"q": "refund", "outcome": "failed"},
    "word and slow": {"q": "refund", "slower": "1500"},
}


pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def crowded(request, upgraded, tmp_path_factory):
    """A store with all these calls, and the rare words in them."""
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("crowd") / "crowd.db"
        shutil.copy(upgraded["sqlite"].removeprefix("sqlite:///"), path)
        url = f"sqlite:///{path}"
    else:
        url = another(request.getfixturevalue("cluster"), upgraded, "crowd")
    store = Store(url)
    yield store, fill(store, CALLS)
    store.close()


def test_a_hundred_thousand_calls_are_listed_filtered_and_searched_in_time(crowded):
    store, rare = crowded
    search = Search(store, "US", ZoneInfo("UTC"))
    first = search.find(Filter())
    deep = search.find(Filter(until="2026-04-01"))
    places = {"page": first.more, "deep": deep.more}
    taken = {}
    for name, asked in ASKED.items():
        told = Filter(**{k: places.get(v, v).replace("rare", rare[7]) for k, v in asked.items()})
        for _ in range(ROUNDS):
            taken[name] = p95(search, told)
            if taken[name] <= BOUND_MS:
                break
    print(json.dumps({"database": store.engine.dialect.name, "calls": CALLS, "p95_ms": taken}))
    assert {name: ms for name, ms in taken.items() if ms > BOUND_MS} == {}


def test_a_quarter_of_them_is_added_up_in_a_second(crowded):
    board = Dashboard(crowded[0], ZoneInfo("Europe/Berlin"))
    today, taken = FIRST.date() + timedelta(days=230), []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        board.add_up(90, "", today)
        taken.append(time.perf_counter() - start)
    took, told = min(taken), board.told(90, "", today)
    assert board.told(90, "", today) is told, "what was added up is kept for a while"
    print(f"{told.now.calls + told.before.calls} calls in {took:.2f} s")
    assert told.now.calls > 38_000
    assert took < ADDED_UP_S


def p95(search, asked):
    spent = []
    for _ in range(TIMES):
        start = time.perf_counter()
        search.find(asked)
        spent.append((time.perf_counter() - start) * 1_000)
    return round(sorted(spent)[ceil(0.95 * TIMES) - 1], 1)
