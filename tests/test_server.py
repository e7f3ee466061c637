"""The phone call, end to end: the fake phone on a real websocket against the real server."""

import asyncio
import re
import time

import numpy as np
import pytest
from running import running, until

from callcenter import metrics
from callcenter.audio import decode
from callcenter.call import Call
from callcenter.callers.mouth import Mute, Player
from callcenter.callers.phone import Dialling, Phone
from callcenter.events import Spoken, TookFloor
from callcenter.journal import read, replay
from callcenter.store import Files
from callcenter.store.recordings import HEADER_BYTES
from callcenter.switchboard import setup_of
from callcenter.units import FRAME, RATE, TURN
from callcenter.voices import Espeak

SPEECH = Espeak().speak("hello where is my order it is number four two one seven").audio


@pytest.fixture
def serving(tmp_path, database):
    with running(tmp_path, database) as server:
        yield server


def place(server, mouth=None, **dialling):
    """One call, to its end."""
    chosen = {"seconds": 6.0, "token": server.token, **dialling}
    return asyncio.run(Phone(Dialling(url=server.url, **chosen), mouth or Player(SPEECH)).place())


def lag(one, other):
    """How many samples later `other` says what `one` said."""
    a, b = decode(one).astype(float), decode(other).astype(float)
    size = len(a) + len(b)
    product = np.fft.irfft(np.fft.rfft(b, size) * np.conj(np.fft.rfft(a, size)), size)
    return int(np.argmax(product[: len(b)]))


def row_of(server, report):
    server.settle()
    return server.house.store.row_of("twilio", report.call)


def legs_of(server, row):
    return [Files(server.house.spool.root, row.id, leg.writer) for leg in server.house.store.legs(row.id)]


def recorded(files):
    both = files.recording.read_bytes()[HEADER_BYTES:]
    return both[0::2], both[1::2]


# ---------------------------------------------------------------------------------------------------------- a call


def test_a_call_rings_talks_and_leaves_its_row_journal_and_recording(serving):
    report = place(serving)
    assert report.failure is None
    (leg,) = report.legs
    late = lag(leg.spoken, leg.heard)
    assert RATE <= late <= RATE * 1.2, "the parrot answers a second later, plus our path and the provider's buffer"
    row = row_of(serving, report)
    assert (row.state, row.outcome, row.legs) == ("ended", "caller_hung_up", 1)
    assert (row.caller, row.called) == ("+15550100001", "+15550109999")
    (files,) = legs_of(serving, row)
    left, right = recorded(files)
    assert abs(len(left) - len(leg.spoken)) <= TURN
    assert left[: len(leg.spoken)] == leg.spoken[: len(left)]
    assert abs(lag(left, right) - late) <= 40, "the channels of the recording line up within 5 ms"


def test_a_recorded_journal_replays_to_the_same_commands(serving):
    report = place(serving)
    row = row_of(serving, report)
    (files,) = legs_of(serving, row)
    lines = serving.house.store.journal(row.id, files.writer)
    assert lines == files.journal.read_bytes().splitlines(keepends=True)
    make = lambda header: Call(setup_of(header, serving.house.spool.kept))  # noqa: E731
    assert replay(lines, files.sound, make) is None
    changed = [line.replace(b'"lag":', b'"lag":1', 1) for line in lines]
    assert replay(changed, files.sound, make) is not None


def test_a_lossy_line_keeps_the_recording_on_the_callers_clock(lite):
    from callcenter.callers.network import Weather

    with running(*lite) as server:
        report = place(server, weather=Weather(seed=3, loss=0.05))
        (files,) = legs_of(server, row_of(server, report))
        left, _right = recorded(files)
        spoken = report.legs[0].spoken
        assert abs(len(left) - len(spoken)) <= TURN + 3 * FRAME
        same = sum(a == b for a, b in zip(left, spoken, strict=False)) / len(left)
        assert same > 0.9


# --------------------------------------------------------------------------------------------- strangers at the door


@pytest.mark.parametrize("path", ["voice", "action", "dialled", "status", "stream-status", "recording", "amd"])
def test_a_webhook_without_a_genuine_signature_is_refused(lite, path):
    import httpx

    with running(*lite) as server:
        form = {"CallSid": "CA1", "From": "+15550100", "To": "+15550199"}
        url = f"{server.url}/twilio/{path}?call=x"
        for headers in ({}, {"X-Twilio-Signature": "bm9uc2Vuc2U="}):
            answer = httpx.post(url, data=form, headers=headers, trust_env=False)
            assert answer.status_code == 403
        assert server.house.store.row_of("twilio", "CA1") is None


def upgrade(server, path, signature):
    from websockets.sync.client import connect

    headers = {"X-Twilio-Signature": signature} if signature else {}
    url = server.url.replace("http", "ws") + path
    return connect(url, additional_headers=headers, compression=None, proxy=None)


def signed(server, path):
    from callcenter.callers.provider import sign

    return sign(server.token, server.url.replace("http", "ws") + path)


def test_a_stream_opens_only_with_a_signature_and_an_unused_token(lite):
    from websockets.exceptions import InvalidStatus

    from callcenter.events import Rang
    from callcenter.telephony.tokens import Tokens

    with running(*lite) as server:
        rung = server.call(server.house.board.ring("CA9", Rang("+15550100", "+15550199")))
        good = f"/twilio/stream/{server.house.board.mint(rung.call_id, 0)}"
        stranger = f"/twilio/stream/{Tokens(b'another secret of 16+').mint(rung.call_id, 0, time.time())}"
        old = f"/twilio/stream/{server.house.board.tokens.mint(rung.call_id, 0, time.time() - 1_000)}"
        nobody = f"/twilio/stream/{server.house.board.mint('20200101-000000-none', 0)}"
        rows = [
            (good, "", 403),
            (good, "bm9uc2Vuc2U=", 403),
            (good, signed(server, stranger), 403),
            (stranger, signed(server, stranger), 403),
            (old, signed(server, old), 403),
            (nobody, signed(server, nobody), 404),
            (good[:-1], signed(server, good[:-1]), 403),
            (good + "?x=1", signed(server, good), 403),
        ]
        for path, signature, status in rows:
            with pytest.raises(InvalidStatus) as refused:
                upgrade(server, path, signature)
            assert refused.value.response.status_code == status, path
        assert server.house.board.lines == {}
        with upgrade(server, good, signed(server, good)):
            with pytest.raises(InvalidStatus) as again:
                upgrade(server, good, signed(server, good))
            assert again.value.response.status_code == 403
            assert list(server.house.board.lines) == [rung.call_id]


def test_a_stream_that_says_it_is_another_call_is_closed(lite):
    from websockets.exceptions import ConnectionClosed

    from callcenter.events import Rang

    with running(*lite) as server:
        rung = server.call(server.house.board.ring("CA9", Rang("+15550100", "+15550199")))
        path = f"/twilio/stream/{server.house.board.mint(rung.call_id, 0)}"
        start = {
            "event": "start",
            "streamSid": "MZ1",
            "start": {
                "streamSid": "MZ1",
                "callSid": "CA8",
                "accountSid": "AC1",
                "tracks": ["inbound"],
                "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
                "customParameters": {},
            },
        }
        import json

        with upgrade(server, path, signed(server, path)) as wire:
            wire.send(json.dumps(start))
            with pytest.raises(ConnectionClosed) as closed:
                wire.recv(timeout=5)
            assert closed.value.rcvd.code == 1008
        server.settle()
        (leg,) = server.house.store.legs(rung.call_id)
        lines = list(read(server.house.store.journal(rung.call_id, leg.writer)))
        assert [type(line.event).__name__ for line in lines if line.event] == ["Broke"]


# ------------------------------------------------------------------------------------------- things that fail, live


class Failing:
    """A duplex that talks for a second and then is gone."""

    def open(self, policy, notes):
        pass

    async def turn(self, heard):
        if heard.turn > 5:
            raise ConnectionError("the model is gone")
        return Spoken(heard.turn, bytes([0x30]) * TURN, said_text="blah", acts=(TookFloor(),))

    def close(self):
        pass


class Stuck(Failing):
    """A duplex that stops answering."""

    async def turn(self, heard):
        if heard.turn > 5:
            await asyncio.Event().wait()
        return Spoken(heard.turn)


def heard_phrase(server, report, name):
    """Where a canned sentence was heard, in seconds of the first leg; None if it was not."""
    phrase = server.house.board._phrases[name].audio
    heard = report.legs[0].heard
    at = heard.find(phrase[FRAME * 5 : FRAME * 15])
    return None if at < 0 else at / RATE


def test_a_lost_duplex_falls_back_and_the_caller_hears_a_sentence_within_two_seconds(lite):
    with running(*lite, makers={"failing": lambda _c: Failing()}, duplex="failing", fallback="parrot") as server:
        report = place(server, seconds=11.0, mouth=Player(SPEECH * 2))
        assert heard_phrase(server, report, "hold") < 6 * 0.2 + 2
        late = lag(report.legs[0].spoken[5 * RATE :], report.legs[0].heard[5 * RATE :])
        assert RATE <= late <= RATE * 2, "the parrot speaks now, after the sentence"
        row = row_of(server, report)
        assert (row.assigned, row.served) == ("failing", "parrot")


def test_without_a_fallback_the_caller_hears_sorry_and_is_not_left_hanging(lite):
    with running(*lite, makers={"failing": lambda _c: Failing()}, duplex="failing") as server:
        report = place(server, seconds=20.0)
        assert heard_phrase(server, report, "sorry") is not None
        assert row_of(server, report).outcome == "failed"
        assert report.events[-1].at < 10


def test_a_stuck_duplex_is_covered_for_and_replaced(lite):
    with running(*lite, makers={"stuck": lambda _c: Stuck()}, duplex="stuck", fallback="parrot") as server:
        report = place(server, seconds=12.0, mouth=Player(SPEECH * 4))
        assert heard_phrase(server, report, "hold") < 1.2 + 3.0
        assert row_of(server, report).served == "parrot"


PERSON = {"person": {"number": "+15550177", "timeout": 5}}


@pytest.mark.parametrize(
    ("outcomes", "legs", "outcome"),
    [(("completed",), 1, "transferred"), (("busy",), 2, "caller_hung_up"), (("no-answer", "completed"), 2, None)],
)
def test_a_transfer_connects_or_brings_the_caller_back_with_the_reason(lite, outcomes, legs, outcome):
    with running(*lite, transfers=PERSON, dial_allowed=("+1555",)) as server:

        async def talk():
            phone = Phone(Dialling(url=server.url, token=server.token, seconds=16.0, outcomes=outcomes), Player(SPEECH))
            call = asyncio.create_task(phone.place())
            await transferred(server)
            return await call

        report = asyncio.run(talk())
        assert len(report.legs) == legs
        says = [step for step in map(str, report.steps) if "sorry" in step]
        assert bool(says) == (legs > 1)
        row = row_of(server, report)
        assert row.outcome == outcome or outcome is None
        if legs > 1:
            second = legs_of(server, row)[1]
            started = [
                line.event
                for line in read(second.journal.read_bytes().splitlines(keepends=True))
                if type(line.event).__name__ == "Started"
            ]
            assert dict(started[0].params)["returned"] == outcomes[0].replace("-", "_")


async def transferred(server):
    """Once the line is open and talking, order a transfer from outside."""
    await until(lambda: any(line.at > RATE for line in server.house.board.lines.values()))
    (call_id,) = server.house.board.lines
    server.house.store.send(call_id, {"is": "Directed", "order": "transfer", "argument": "person", "by": "test"})


def test_keys_pressed_are_in_the_transcript(lite):
    with running(*lite) as server:

        async def talk():
            phone = Phone(Dialling(url=server.url, token=server.token, seconds=4.0), Mute())
            call = asyncio.create_task(phone.place())
            await until(lambda: any(line.at > RATE // 2 for line in server.house.board.lines.values()))
            phone.press("42#")
            return await call

        row = row_of(server, asyncio.run(talk()))
        told = server.get(f"/v1/calls/{row.id}").json()["transcript"]
        assert [line["text"] for line in told] == ["pressed 4", "pressed 2", "pressed #"]


def test_a_full_house_asks_callers_to_hold_and_takes_them_when_there_is_room(lite):
    with running(*lite, max_calls=1) as server:

        async def two():
            first = Phone(Dialling(url=server.url, token=server.token, seconds=3.0), Mute())
            second = Phone(Dialling(url=server.url, token=server.token, seconds=25.0), Player(SPEECH, after=50))
            one = asyncio.create_task(first.place())
            await until(lambda: server.house.board.lines)
            return await asyncio.gather(one, second.place())

        first, second = asyncio.run(two())
        assert len(first.legs) == 1
        assert len(second.legs) == 1
        assert any("busy" in str(step) for step in second.steps)


def test_a_draining_server_finishes_its_call_and_takes_no_other(lite):
    with running(*lite) as server:

        async def both():
            first = asyncio.create_task(
                Phone(Dialling(url=server.url, token=server.token, seconds=4.0), Mute()).place()
            )
            await until(lambda: any(line.at > RATE // 4 for line in server.house.board.lines.values()))
            drain = asyncio.run_coroutine_threadsafe(server.house.board.drain(10.0), server.loop)
            await until(lambda: server.house.board.draining)
            assert server.get("/readyz").status_code == 503
            second = await Phone(Dialling(url=server.url, token=server.token, seconds=4.0), Mute()).place()
            done = await first
            await asyncio.wrap_future(drain)
            return done, second

        first, second = asyncio.run(both())
        assert len(first.legs) == 1
        assert first.failure is None
        assert second.legs == ()
        assert server.house.board.lines == {}


# -------------------------------------------------------------------------------------------------------- operations


def test_operations_are_answered(lite):
    with running(*lite) as server:
        assert server.get("/healthz").text == "ok\n"
        ready = server.get("/readyz")
        assert ready.json() == {"admission": "admitted", "calls": 0, "database": "up"}
        place(server, seconds=1.0)
        assert "calls_active 0.0" in server.get("/metrics").text


def test_labels_of_metrics_stay_few_and_never_name_a_call_or_a_number(lite):
    with running(*lite) as server:
        for _ in range(2):
            place(server, seconds=1.0)
        page = server.get("/metrics").text
    labels = re.findall(r'=("[^"]*")', page)
    assert not [label for label in labels if re.search(r"\d{6,}|CA[0-9a-f]{8}|\+\d", label)]
    series = [line for line in page.splitlines() if line and not line.startswith("#")]
    assert len(series) < 300
    metrics.fault("something nobody thought of")
    assert 'kind="other"' in metrics.page().decode()


def test_the_api_is_for_those_who_hold_the_key(lite):
    import httpx

    from callcenter.config import Secret

    with running(*lite, api_key=Secret("let-me-in")) as server:
        assert server.get("/v1/calls").status_code == 401
        headers = {"Authorization": "Bearer let-me-in"}
        assert httpx.get(server.url + "/v1/calls", headers=headers, trust_env=False).json() == {"calls": [], "more": ""}
