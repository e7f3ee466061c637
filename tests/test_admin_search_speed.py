"""A hundred thousand calls: the list, its filters and the search for words answer within a tenth of a second."""

import json
import time
from zoneinfo import ZoneInfo

import pytest
from many_calls import fill

from admin.search import Filter, Search
from callcenter.store import Store

CALLS = 100_000
BOUND_MS = 100.0
ROUNDS = 3
"""A machine that does something else meanwhile may be late; a slow query is slow every time."""

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


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_hundred_thousand_calls_are_listed_filtered_and_searched_in_time(database):
    store = Store(database)
    rare = fill(store, CALLS)
    search = Search(store, "US", ZoneInfo("UTC"))
    first = search.find(Filter())
    deep = search.find(Filter(until="2026-04-01"))
    places = {"page": first.more, "deep": deep.more}
    taken = {}
    for name, asked in ASKED.items():
        told = Filter(**{k: places.get(v, v).replace("rare", rare[7]) for k, v in asked.items()})
        taken[name] = min(p95(search, told) for _ in range(ROUNDS))
    print(json.dumps({"database": store.engine.dialect.name, "calls": CALLS, "p95_ms": taken}))
    store.close()
    assert {name: ms for name, ms in taken.items() if ms > BOUND_MS} == {}


def p95(search, asked, times=10):
    spent = []
    for _ in range(times):
        start = time.perf_counter()
        search.find(asked)
        spent.append((time.perf_counter() - start) * 1_000)
    return round(sorted(spent)[-1 if times < 20 else int(times * 0.95)], 1)
