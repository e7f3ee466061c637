"""The page of a half-hour call comes within 0.3 s once the call is worked out, its drawing too."""

import time

import pytest
from kept_call import keep
from running import running
from visitor import visitor_of

from admin.review import Reviews

BOUND_S = 0.3


@pytest.mark.slow
def test_a_half_hour_call_opens_at_once(lite):
    with running(*lite) as server:
        call = keep(server.house, 1_800)
        start = time.perf_counter()
        Reviews(server.house.store, server.house.spool.root).of(call)
        shown = Reviews(server.house.store, server.house.spool.root).of(call)
        print({k: len(v) for k, v in shown.items() if isinstance(v, list)})
        print(f"worked out once in {time.perf_counter() - start:.2f} s")
        visitor = visitor_of(server, "reviewer")
        for path in ("", "/review.json", "/peaks"):
            taken = []
            for _ in range(5):
                start = time.perf_counter()
                assert visitor.get(f"/calls/{call}{path}").status_code == 200
                taken.append(time.perf_counter() - start)
            print(f"{path or 'page'}: {[round(1_000 * t) for t in taken]} ms")
            assert min(taken) <= BOUND_S
        visitor.close()
