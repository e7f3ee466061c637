"""What else happens around calls: told twice, stopped while talking, stopped again, a disk that is full."""

import asyncio
import resource
import signal
import time
from datetime import UTC, datetime, timedelta

import httpx
import numpy as np
import pytest
from running import running
from running import until as eventually
from serving import TOKEN, Served
from waiting import until
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from callcenter.callers import twiml
from callcenter.callers.mouth import Drop, Player
from callcenter.callers.phone import Dialling, Phone
from callcenter.callers.provider import sign
from callcenter.codec import loads
from callcenter.config import Settings
from callcenter.replaying import replay_call
from callcenter.store import Files, Store
from callcenter.store.recordings import HEADER_BYTES
from callcenter.units import RATE

SAID = bytes(range(0x10, 0x70)) * 4_000
RESCUE = {"transfers": {"person": {"number": "+15550177"}}, "rescue": "person", "dial_allowed": ("+1555",)}


def ring(url, token, sid):
    """The provider tells us of a call; what it is to do."""
    form = {"CallSid": sid, "From": "+15550100001", "To": "+15550109999", "CallStatus": "ringing"}
    address = f"{url}/twilio/voice"
    headers = {"X-Twilio-Signature": sign(token, address, form)}
    return twiml.parse(httpx.post(address, data=form, headers=headers, trust_env=False).content)


# ---------------------------------------------------------------------------------------------------------- told twice


def test_a_call_told_twice_keeps_its_slot_and_opens_one_stream(lite):
    with running(*lite, max_calls=1) as server:
        sid = "CA" + "4" * 32
        first, again = (ring(server.url, server.token, sid)[0].stream for _ in range(2))
        assert dict(first.params) == dict(again.params)
        assert ring(server.url, server.token, "CA" + "3" * 32)[0] != first, "the house is full"
        signed = lambda url: {"X-Twilio-Signature": sign(server.token, url)}  # noqa: E731
        with connect(first.url, additional_headers=signed(first.url), proxy=None):
            with pytest.raises(InvalidStatus) as second:
                connect(again.url, additional_headers=signed(again.url), proxy=None)
            assert second.value.response.status_code == 409
            assert len(server.house.board.lines) == 1
            assert isinstance(ring(server.url, server.token, sid)[0], twiml.Connect), (
                "told a third time, while it lives"
            )
            assert len(server.house.board._ringing) == 0


class Dropper(Player):
    """Talks for a while, then the socket breaks; the call itself goes on at the provider."""

    def deeds(self):
        return (Drop(),) if self._at == 50 else ()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("settings", "outcomes", "steps", "legs"),
    [
        ({}, (), ["Connect", "Say", "Hangup"], 1),
        (RESCUE, ("completed",), ["Connect", "Dial", "Hangup"], 1),
        (RESCUE, ("busy",), ["Connect", "Dial", "Say", "Connect"], 2),
    ],
)
def test_whoever_loses_the_socket_hears_a_sentence_or_a_person(lite, settings, outcomes, steps, legs):
    with running(*lite, **settings) as server:
        dialling = Dialling(url=server.url, token=server.token, seconds=8.0, outcomes=outcomes or ("completed",))
        report = asyncio.run(Phone(dialling, Dropper(SAID)).place())
        assert [type(step).__name__ for step in report.steps][: len(steps)] == steps
        assert len(report.legs) == legs
        server.settle()
        row = server.house.store.row_of("twilio", report.call)
        assert row.legs == legs
        assert row.state == "ended"


def test_calls_that_nobody_ended_are_told_as_lost(lite):
    old = datetime.now(UTC) - timedelta(days=1)
    store = Store(lite[1])
    store.ring("old", old, carrier="twilio", carrier_call="CA0")
    store.ring("new", datetime.now(UTC), carrier="twilio", carrier_call="CA1")
    with running(*lite) as server:
        asyncio.run(eventually(lambda: server.house.store.row("old").state == "lost"))
        assert server.house.store.row("new").state == "ringing"
    store.close()


# ------------------------------------------------------------------------------------------------------------- stopped


@pytest.fixture
def served(tmp_path, lite):
    served = Served(tmp_path, lite[1], drain_s=6)
    served.start()
    yield served
    served.stop()


async def live(served, count):
    await asyncio.to_thread(until, lambda: served.get("/readyz").json()["calls"] == count, 30.0)


def told(served, store, report):
    row = store.row_of("twilio", report.call)
    (leg,) = store.legs(row.id)
    files = Files(served.folder / "var", row.id, leg.writer)
    lines = [loads(line) for line in files.journal.read_bytes().splitlines()]
    assert store.journal(row.id, leg.writer) == files.journal.read_bytes().splitlines(keepends=True)
    (replayed,) = replay_call(Settings(var=served.folder / "var"), row.id)
    assert replayed.difference is None
    return row, files, lines


@pytest.mark.slow
def test_a_server_told_to_stop_says_goodbye_to_those_who_talk_on_and_goes(served):
    async def stop_while_they_talk():
        phones = [served.phone(Player(SAID), seconds=4.0 if n == 0 else 60.0) for n in range(4)]
        calls = [asyncio.create_task(phone.place()) for phone in phones]
        await live(served, 4)
        served.signal(signal.SIGTERM)
        await asyncio.to_thread(until, lambda: served.get("/readyz").status_code == 503)
        late = await served.phone(Player(SAID), seconds=9.0).place()
        reports = await asyncio.gather(*calls)
        assert await asyncio.to_thread(served.gone, 20.0) == 0
        return reports, late

    reports, late = asyncio.run(stop_while_they_talk())
    assert late.legs == ()
    assert [type(step).__name__ for step in late.steps] == ["Say", "Hangup"]
    assert [report.failure for report in reports] == [None] * 4
    assert [report.ended_by for report in reports] == ["caller", "agent", "agent", "agent"]
    store = Store(served.database)
    for report in reports[1:]:
        assert (report.legs[0].close_code, report.seconds < 15) == (1000, True)
        row, _, lines = told(served, store, report)
        assert (row.state, row.ended_reason, lines[-1]["end"]["state"]) == ("ended", "shutdown", "ended")
    store.close()


@pytest.mark.slow
def test_a_server_told_twice_to_stop_goes_at_once_and_every_journal_has_its_end(served):
    async def stop_twice():
        calls = [asyncio.create_task(served.phone(Player(SAID), seconds=60.0).place()) for _ in range(3)]
        await live(served, 3)
        await asyncio.sleep(1.0)  # they talk
        served.signal(signal.SIGTERM)
        await asyncio.to_thread(until, lambda: served.get("/readyz").status_code == 503)
        began = time.monotonic()
        served.signal(signal.SIGTERM)
        code = await asyncio.to_thread(served.gone, 20.0)
        return await asyncio.gather(*calls), code, time.monotonic() - began

    reports, code, took = asyncio.run(stop_twice())
    print(f"gone {took:.1f} s after the second signal")
    assert code == 0
    assert took < 8.0
    store = Store(served.database)
    for report in reports:
        assert report.legs[0].close_code == 1012
        row, files, lines = told(served, store, report)
        assert (row.state, lines[-1]["end"]["reason"]) == ("ended", "dropped")
        assert abs(len(files.recording.read_bytes()[HEADER_BYTES::2]) - len(report.legs[0].spoken)) < RATE
    store.close()


# ----------------------------------------------------------------------------------------------------------- disk full


@pytest.mark.slow
def test_a_full_disk_admits_nobody_and_what_the_calls_say_meanwhile_is_not_lost(served):
    """No file may grow beyond 30 kB for some seconds: neither recordings nor journals, database or log."""
    limit = lambda size: resource.prlimit(served.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))  # noqa: E731

    async def fill_the_disk():
        calls = [asyncio.create_task(served.phone(Player(SAID), seconds=13.0).place()) for _ in range(3)]
        await live(served, 3)
        await asyncio.to_thread(until, lambda: served.get("/v1/calls").json()["calls"])
        with (served.folder / "log").open("a") as log:
            log.write("#" * 40_000 + "\n")
        limit(30_000)
        try:
            await asyncio.to_thread(until, lambda: served.get("/readyz").json()["admission"] == "stalled")
            (said, *_) = await asyncio.to_thread(ring, served.url, TOKEN, "CA" + "2" * 32)
            await asyncio.sleep(5.0)  # they talk
        finally:
            limit(resource.RLIM_INFINITY)
        await asyncio.to_thread(until, lambda: served.get("/readyz").status_code == 200)
        return said, await asyncio.gather(*calls)

    said, reports = asyncio.run(fill_the_disk())
    assert isinstance(said, twiml.Say)
    assert "busy" in said.text
    store = Store(served.database)
    until(lambda: all((row := store.row_of("twilio", r.call)) and row.outcome for r in reports), 30.0)
    for report in reports:
        assert report.failure is None
        (leg,) = report.legs
        assert float(np.diff(leg.arrivals).max()) < 0.5, "the caller hears no pause"
        row, files, lines = told(served, store, report)
        assert (row.outcome, lines[-1]["end"].get("lines_lost")) == ("caller_hung_up", None)
        left = files.recording.read_bytes()[HEADER_BYTES::2]
        assert left[: len(leg.spoken)] == leg.spoken[: len(left)]
        assert abs(len(left) - len(leg.spoken)) < RATE
    store.close()
