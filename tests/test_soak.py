"""An hour of one call, at an accelerated clock: memory does not grow, clocks do not drift, the journal replays."""

import asyncio

import numpy as np
import pytest
from serving import Served
from waiting import until

from callcenter.callers.network import Weather
from callcenter.codec import loads
from callcenter.config import Settings
from callcenter.replaying import replay_call
from callcenter.store import Files, Store
from callcenter.store.recordings import HEADER_BYTES
from callcenter.units import FRAME, RATE, SILENT_FRAME
from callcenter.voices import Espeak

MINUTES = 60
SPEED = 60.0
"""Times faster than real time: what two busy cores hold."""

WARM = 15 * 60
GROWTH_KB = 1_024
"""The server may be so much larger at the end of the call than after its first quarter: 78 bytes a turn."""


class Talker:
    """Says the same sentence again and again, with pauses."""

    def __init__(self):
        said = Espeak().speak("hello where is my order it is number four two one seven").audio
        self._frames = [said[at : at + FRAME].ljust(FRAME, b"\xff") for at in range(0, len(said), FRAME)]
        self._frames += [SILENT_FRAME] * 100
        self._at = 0

    def frame(self, heard):
        self._at += 1
        return self._frames[self._at % len(self._frames)]

    def deeds(self):
        return ()


async def hour(served):
    """The call, and the server's size every few seconds."""
    sizes = []
    weather = Weather(seed=5, loss=0.01, duplicate=0.01, reorder=0.01)
    phone = served.phone(Talker(), seconds=MINUTES * 60.0, speed=SPEED, weather=weather)
    call = asyncio.create_task(phone.place())
    while not call.done():
        sizes.append((phone._clock.now(), served.rss_kb))
        await asyncio.wait([call], timeout=1.0)
    return await call, sizes


@pytest.mark.slow
def test_an_hour_of_a_call_costs_no_memory_and_replays(tmp_path, lite):
    served = Served(tmp_path, lite[1], speed=SPEED, silence_s=0)
    served.start()
    try:
        report, sizes = asyncio.run(hour(served))
        check(served, report, sizes)
    finally:
        served.stop()


def check(served, report, sizes):
    assert report.failure is None
    (leg,) = report.legs
    assert leg.ended_by == "caller"
    warm = [size for at, size in sizes if at >= WARM]
    first, last = np.median(warm[:5]), np.median(warm[-5:])
    lag = leg.lag_ms()
    since = leg.arrivals - leg.began
    lags = [float(np.median(lag[(since >= m * 60) & (since < (m + 10) * 60)])) for m in range(0, MINUTES, 10)]
    print(f"{MINUTES} minutes at {SPEED:.0f} times: {first:.0f} kB, then {last:.0f} kB; lag by ten minutes {lags} ms")
    assert last - first < GROWTH_KB
    assert max(lags) < 500
    assert max(lags[1:]) < 2 * lags[0] + 100
    store = Store(served.database)
    until(lambda: store.row_of("twilio", report.call).outcome, 30.0)
    row = store.row_of("twilio", report.call)
    (stored,) = store.legs(row.id)
    files = Files(served.folder / "var", row.id, stored.writer)
    told = [loads(line) for line in store.journal(row.id, stored.writer)]
    store.close()
    assert (row.state, row.outcome) == ("ended", "caller_hung_up")
    assert abs(told[-1]["at"] - len(leg.spoken)) < RATE
    assert abs((files.recording.stat().st_size - HEADER_BYTES) // 2 - len(leg.spoken)) < RATE
    (replayed,) = replay_call(Settings(var=served.folder / "var"), row.id)
    assert replayed.difference is None
