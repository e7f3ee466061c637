"""The event loop stands still for half a second: nothing of the caller is lost, and the delay does not stay."""

import asyncio
import time

import numpy as np
import pytest
from running import running

from callcenter.callers.mouth import Player
from callcenter.callers.phone import Dialling, Phone
from callcenter.config import Settings
from callcenter.duplex.parrot import Parrot
from callcenter.replaying import replay_call
from callcenter.store import Files
from callcenter.store.recordings import HEADER_BYTES
from callcenter.units import TURN

SAID = bytes(range(0x10, 0x70)) * 2_000
STALL = 0.5


class Staller(Parrot):
    """Holds up everybody, twice."""

    async def turn(self, heard):
        if heard.turn in (15, 25):
            time.sleep(STALL)  # noqa: ASYNC251
        return await super().turn(heard)


@pytest.mark.slow
def test_a_stall_of_the_loop_loses_nothing_and_its_delay_does_not_stay(lite):
    with running(*lite, makers={"staller": lambda _c: Staller()}, duplex="staller") as server:
        report = asyncio.run(Phone(Dialling(url=server.url, token=server.token, seconds=10.0), Player(SAID)).place())
        assert report.failure is None
        (leg,) = report.legs
        lag = leg.lag_ms()
        since = leg.arrivals - leg.began
        before, after = (float(np.median(lag[span])) for span in (since < 2.8, since > 7.0))
        print(
            f"waiting at the provider: {before:.0f} ms before, {after:.0f} ms after two stalls of {STALL * 1000:.0f} ms"
        )
        assert after < before + 60
        server.settle()
        row = server.house.store.row_of("twilio", report.call)
        (stored,) = server.house.store.legs(row.id)
        files = Files(server.house.spool.root, row.id, stored.writer)
        left = files.recording.read_bytes()[HEADER_BYTES::2]
        assert left[: len(leg.spoken)] == leg.spoken[: len(left)]
        assert abs(len(left) - len(leg.spoken)) <= TURN
        (replayed,) = replay_call(Settings(var=server.settings.var), row.id)
        assert replayed.difference is None
