"""The database is gone for half a minute, or hangs: calls ring, go on and end, and afterwards nothing is missing."""

import asyncio
import re
import time

import httpx
import numpy as np
import pytest
from postgres import another
from serving import TOKEN, Served
from waiting import until

from callcenter.callers.mouth import Drop, Player
from callcenter.callers.provider import sign
from callcenter.codec import loads
from callcenter.config import Settings
from callcenter.replaying import replay_call
from callcenter.store import Files, Search, Store
from callcenter.store.recordings import HEADER_BYTES
from callcenter.units import RATE

OUTAGE = 30.0
SAID = bytes(range(0x10, 0x70)) * 9_000
RESCUE = {
    "transfers": '{"person": {"number": "+15550177"}}',
    "rescue": "person",
    "dial_allowed": "+1555",
}


class Dropper(Player):
    """Talks for a while, then the socket breaks; the call itself goes on at the provider."""

    def __init__(self, seconds):
        super().__init__(SAID)
        self._drop_at = int(seconds * 50)

    def deeds(self):
        return (Drop(),) if self._at == self._drop_at else ()


@pytest.fixture
def served(cluster, tmp_path, upgraded):
    served = Served(tmp_path, another(cluster, upgraded, "outage"), drain_s=1, **RESCUE)
    served.start()
    yield served
    served.stop()


async def live(served, count):
    await asyncio.to_thread(until, lambda: served.get("/readyz").json()["calls"] >= count, 30.0)


def gaps(report, began, ended):
    """The longest pause between two frames that reached the caller in a span of the phone's clock, in seconds."""
    arrivals = np.concatenate([leg.arrivals for leg in report.legs])
    inside = arrivals[(arrivals > began) & (arrivals < ended)]
    return float(np.diff(inside).max())


def check(served, store, report, outcome, unrecorded=0.5):
    """The call's row, its journal and its recording are whole and there once.

    A caller may be heard for a while after the last word: the time it takes to give up on a database that hangs.
    """
    row = store.row_of("twilio", report.call)
    assert row is not None, "no row"
    assert (row.state, row.outcome) == ("ended", outcome)
    assert row.caller == "+15550100001"
    legs = store.legs(row.id)
    assert len(legs) == len(report.legs) == row.legs
    for leg, heard in zip(legs, report.legs, strict=True):
        files = Files(served.folder / "var", row.id, leg.writer)
        lines = store.journal(row.id, leg.writer)
        assert lines == files.journal.read_bytes().splitlines(keepends=True)
        told = [loads(line) for line in lines]
        assert [line["n"] for line in told] == list(range(len(told)))
        assert told[-1]["end"]["state"] == "ended"
        left = files.recording.read_bytes()[HEADER_BYTES::2]
        assert heard.spoken.startswith(left[: len(heard.spoken)])
        assert abs(len(heard.spoken) - len(left)) < unrecorded * RATE
    assert not [leg for leg in replay_call(Settings(var=served.folder / "var"), row.id) if leg.differs]


def rings_only(served):
    """A phone that rings, twice told of, and is put down before it is answered; the ids that we gave the call."""
    form = {"CallSid": "CA" + "5" * 32, "From": "+15550100001", "To": "+15550109999", "CallStatus": "ringing"}
    given = []
    for path, told in (("voice", {}), ("voice", {}), ("status", {"CallStatus": "completed"})):
        url = f"{served.url}/twilio/{path}"
        sent = form | told
        answer = httpx.post(url, data=sent, headers={"X-Twilio-Signature": sign(TOKEN, url, sent)}, trust_env=False)
        assert answer.is_success
        given += re.findall(r'name="call" value="([^"]+)"', answer.text)
    return given


def shipped(served):
    return not [
        marker
        for home in (served.folder / "var" / "open").iterdir()
        if not home.name.startswith(".")
        for marker in home.iterdir()
        if marker.name != "lock"
    ]


@pytest.mark.slow
def test_calls_begin_go_on_and_end_while_the_database_is_stopped_and_nothing_is_missing(served, cluster):
    phones = {
        "through": served.phone(Player(SAID), seconds=OUTAGE + 9),
        "out": served.phone(Player(SAID), seconds=15.0),
    }

    async def live_through_it():
        calls = {name: asyncio.create_task(phone.place()) for name, phone in phones.items()}
        await live(served, 2)
        began = time.monotonic()
        await asyncio.to_thread(cluster.stop)
        try:
            within = served.phone(Player(SAID), seconds=12.0)
            broken = served.phone(Dropper(5.0), seconds=14.0, outcomes=("busy",))
            into = served.phone(Player(SAID), seconds=OUTAGE + 5)
            rings = {"within": within, "broken": broken, "into": into}
            calls |= {name: asyncio.create_task(phone.place()) for name, phone in rings.items()}
            await live(served, 5)
            answered = time.monotonic() - began
            ready = await asyncio.to_thread(served.get, "/readyz")
            once, again = await asyncio.to_thread(rings_only, served)
            assert once == again, "one call, however often we are told of it"
            await asyncio.wait([calls["within"], calls["out"], calls["broken"]])
            await asyncio.sleep(max(0.0, began + OUTAGE - time.monotonic()))
        finally:
            await asyncio.to_thread(cluster.start)
        return {name: await call for name, call in calls.items()}, answered, ready

    reports, answered, ready = asyncio.run(live_through_it())
    assert answered < 5.0
    assert (ready.status_code, ready.json()["database"]) == (200, "down")
    assert {name: report.failure for name, report in reports.items()} == dict.fromkeys(reports)
    assert "dial" in [event.what for event in reports["broken"].events], "a broken stream helps its caller on"
    assert len(reports["broken"].legs) == 2, "and takes them back"
    longest = gaps(reports["through"], 3.0, OUTAGE)
    print(f"longest pause between two frames in the outage: {longest * 1000:.0f} ms")
    assert longest < 0.5
    store = Store(served.database)
    try:
        until(lambda: shipped(served), 30.0)
        until(lambda: all(row.state == "ended" for row in store.calls(Search()).calls), 20.0)
        for report in reports.values():
            check(served, store, report, "caller_hung_up")
        silent = store.row_of("twilio", "CA" + "5" * 32)
        assert (silent.state, silent.outcome, silent.legs) == ("ended", "abandoned", 0)
        assert len(store.calls(Search()).calls) == len(reports) + 1
    finally:
        store.close()


@pytest.mark.slow
def test_a_database_that_hangs_keeps_nobody_waiting(served, cluster):
    """It accepts connections and answers nothing: the phone is answered all the same, and the server can stop."""

    async def ring_meanwhile():
        before = asyncio.create_task(served.phone(Player(SAID), seconds=11.0).place())
        await live(served, 1)
        cluster.freeze()
        try:
            began = time.monotonic()
            ringing = [asyncio.create_task(served.phone(Player(SAID), seconds=9.0).place()) for _ in range(12)]
            await live(served, 13)
            answered = time.monotonic() - began
            reports = await asyncio.gather(before, *ringing)
        finally:
            cluster.thaw()
        return reports, answered

    reports, answered = asyncio.run(ring_meanwhile())
    print(f"twelve calls answered in {answered:.1f} s while the database hung")
    assert answered < 7.0
    assert [report.failure for report in reports] == [None] * 13
    assert gaps(reports[0], 3.0, 10.0) < 0.5
    store = Store(served.database)
    try:
        until(lambda: shipped(served), 30.0)
        for report in reports:
            check(served, store, report, "caller_hung_up")
        assert len(store.calls(Search()).calls) == 13
        leaver = asyncio.run(leave_meanwhile(served, cluster))
        served.start()
        until(lambda: store.row_of("twilio", leaver.call).ended_reason, 30.0)
        until(lambda: shipped(served), 30.0)
        check(served, store, leaver, "completed", unrecorded=3.0)
    finally:
        store.close()


async def leave_meanwhile(served, cluster):
    """The server is told to stop while a call is live and the database hangs."""
    call = asyncio.create_task(served.phone(Player(SAID), seconds=60.0).place())
    await live(served, 1)
    await asyncio.sleep(1.0)  # it talks
    cluster.freeze()
    try:
        served.process.terminate()
        assert await asyncio.to_thread(served.gone, 25.0) == 0
    finally:
        cluster.thaw()
    return await call
