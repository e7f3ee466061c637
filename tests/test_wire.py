"""The wire, row by row: what each fault is called, and what is delivered, bounded and ended."""

import asyncio
import json
import sqlite3
from contextlib import contextmanager
from datetime import UTC, datetime
from random import Random

import httpx
import pytest
from running import running, until
from wild import Case, Door, handshake
from wild_frames import BINARY, CLOSE, PING, TEXT, frame
from wild_messages import media, start
from wild_peer import Peer, play

from callcenter.callers.mouth import Player
from callcenter.callers.phone import Dialling, Phone
from callcenter.callers.provider import sign
from callcenter.codec import loads
from callcenter.door import HEAD_AT_MOST, REQUEST_WITHIN
from callcenter.events import Rang, Spoken
from callcenter.line import START_WITHIN
from callcenter.switchboard import BROKEN, Ringing, new_call_id
from callcenter.units import TURN
from callcenter.wire import STALLED_AT, Wire

SID = "CA" + "7" * 32
STREAM = "MZ" + SID
CONNECTED = {"event": "connected", "protocol": "Call", "version": "1.0.0"}
DICE = Random(7)


def texts(*things):
    return [frame(DICE, TEXT, json.dumps(thing).encode()) for thing in things]


OPENED = texts(CONNECTED, start(STREAM, SID))
STOP = texts({"event": "stop", "streamSid": STREAM, "stop": {"accountSid": "AC1", "callSid": SID}})
FIVE = texts({"event": "dtmf", "streamSid": STREAM, "dtmf": {"track": "inbound_track", "digit": "5"}})
GOODBYE = [frame(DICE, CLOSE, b"\x03\xe8")]


@pytest.fixture(scope="module")
def house(tmp_path_factory, upgraded):
    with running(tmp_path_factory.mktemp("wire"), upgraded["sqlite"]) as server:
        yield server


def door(server):
    """A phone rang and was told to open a stream here."""
    call_id = new_call_id(datetime.now(UTC))
    ringing = Ringing(call_id, SID, Rang("+15550100", "+15550199"), datetime.now(UTC))
    server.loop.call_soon_threadsafe(server.house.board.hold, ringing)
    path = "/twilio/stream/" + server.house.board.mint(call_id, 0)
    return Door(path, sign(server.token, server.url.replace("http", "ws") + path), SID, call_id)


def told(server, frames, ending="stay", one_segment=False):
    """Opens a stream and sends this; how it was answered, and the journal's events and end."""
    drawn = door(server)
    pieces = (b"".join(frames),) if one_segment else tuple(frames)
    case = Case(0, drawn, (handshake(DICE, drawn),), True, pieces, ending)
    answer = asyncio.run(play(case, server.settings.port, 20.0))
    assert answer.ended
    asyncio.run(until(lambda: drawn.call_id not in server.house.board.lines))
    server.settle()
    (path,) = (server.house.spool.root / "calls" / drawn.call_id).glob("*.jsonl")
    lines = [loads(line) for line in path.read_bytes().splitlines()]
    return answer, [line["event"] for line in lines if "event" in line], lines[-1]["end"]


ROWS = [
    ([frame(DICE, BINARY, b"{}")], 1003, "binary"),
    ([frame(DICE, TEXT, b"x" * 65_537)], 1009, "oversized"),
    ([frame(DICE, TEXT, b"x" * 40_000, fin=0), frame(DICE, 0, b"x" * 40_000)], 1009, "oversized"),
    ([frame(DICE, TEXT, b"\xff\xfe")], 1007, "not_utf8"),
    ([frame(DICE, TEXT, b'{"event')], 1007, "not_json"),
    (texts([]), 1007, "not_an_object"),
    (texts({"event": 7}), 1008, "bad_field"),
    (texts(start(STREAM, "CA" + "8" * 32)), 1008, "wrong_order"),
    (OPENED + texts(start(STREAM, SID)), 1008, "wrong_order"),
    (texts(media(STREAM, 0)), 1008, "wrong_order"),
    (OPENED + texts(media(STREAM, 0), media(STREAM, 20_000)), 1008, "position_jump"),
    (OPENED + texts(media(STREAM, 60_000), media(STREAM, 40_000)), 1008, "position_jump"),
    (OPENED + texts(*(media(STREAM, n * 9_900) for n in range(5))), 1008, "too_fast"),
    ([frame(DICE, TEXT, b"{}", masked=False)], 1002, "bad_frame"),
    ([frame(DICE, TEXT, b"{}", rsv=4)], 1002, "bad_frame"),
    ([frame(DICE, 3, b"{}")], 1002, "bad_frame"),
    ([frame(DICE, PING, bytes(126))], 1002, "bad_frame"),
    ([frame(DICE, 0, b"{}")], 1002, "bad_frame"),
    ([b"\x81\xff" + (2**63).to_bytes(8, "big") + b"abcd"], 1009, "oversized"),
    ([frame(DICE, CLOSE, b"\x03\xed")], 1002, "bad_frame"),
]


@pytest.mark.parametrize(("frames", "code", "kind"), ROWS)
def test_a_fault_of_the_provider_has_a_code_a_name_and_a_journal(house, frames, code, kind):
    answer, events, end = told(house, frames)
    assert answer.code == code
    assert (events[-1]["is"], events[-1]["reason"]) == ("Broke", kind)
    assert (end["reason"], end["outcome"]) == (kind, "failed")
    assert kind in BROKEN


@pytest.mark.parametrize("store", ["answers", "is busy"])
def test_one_token_shown_by_many_at_once_opens_one_stream(lite, store):
    """Whether or not the store can say that it was used."""
    with running(*lite) as server, sqlite(lite[1]) as database:
        if store == "is busy":
            database.execute("begin immediate")
        drawn = door(server)

        async def all_at_once():
            shown = [Case(n, drawn, (handshake(DICE, drawn),), None, (), "gone_away") for n in range(20)]
            return await asyncio.gather(*(play(case, server.settings.port, 20.0) for case in shown))

        statuses = sorted(answer.status for answer in asyncio.run(all_at_once()))
        assert statuses == [101, *[403] * 19]


@contextmanager
def sqlite(url):
    database = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    yield database
    if database.in_transaction:
        database.execute("rollback")
    database.close()


def test_what_arrives_together_with_a_close_is_still_heard(house):
    answer, events, _ = told(house, [*OPENED, *FIVE, *GOODBYE], one_segment=True)
    assert answer.code == 1000
    assert [event["is"] for event in events] == ["Started", "Pressed", "Stopped"]
    _, events, end = told(house, [*OPENED, *FIVE, frame(DICE, 3, b"")], one_segment=True)
    assert [event["is"] for event in events] == ["Started", "Pressed", "Broke"]
    assert end["reason"] == "bad_frame"


@pytest.mark.parametrize(("ending", "reason"), [("eof", "dropped"), ("reset", "dropped"), ("bare_close", "dropped")])
def test_a_socket_that_goes_without_a_word_is_a_drop(house, ending, reason):
    _, events, end = told(house, OPENED, ending)
    assert (events[-1]["is"], end["reason"]) == ("Broke", reason)


@pytest.mark.slow
def test_whoever_keeps_us_waiting_is_shown_out(house):
    """No start, no audio, half a request: each in its time, and nothing is left."""
    port = house.settings.port

    async def unanswered(data):
        began = asyncio.get_running_loop().time()
        _, peer = await asyncio.get_running_loop().create_connection(Peer, "127.0.0.1", port)
        peer.transport.write(data)
        async with asyncio.timeout(REQUEST_WITHIN + 5):
            await peer.over.wait()
        peer.transport.abort()
        return asyncio.get_running_loop().time() - began

    async def opened(frames):
        drawn = door(house)
        return await play(Case(0, drawn, (handshake(DICE, drawn),), True, tuple(frames), "stay"), port, 20.0)

    async def all_at_once():
        half = b"POST /twilio/voice HTTP/1.1\r\ncontent-length: 9\r\n\r\nC"
        halves = [b"", b"G", b"GET /healthz HTTP/1.1\r\nHost: a", half]
        return await asyncio.gather(opened([]), opened(OPENED), *map(unanswered, halves))

    silent, mute, *times = asyncio.run(all_at_once())
    assert (silent.code, silent.reason) == (1008, "no_start")
    assert (mute.code, mute.reason) == (1008, "no_media")
    assert all(REQUEST_WITHIN - 0.5 < took < REQUEST_WITHIN + 3 for took in times), times
    assert START_WITHIN < REQUEST_WITHIN
    assert not house.house.board.lines


def test_a_head_without_an_end_is_refused(house):
    async def endless():
        _, peer = await asyncio.get_running_loop().create_connection(Peer, "127.0.0.1", house.settings.port)
        peer.transport.write(b"GET / HTTP/1.1\r\n" + b"X-Y: zzzzzzzz\r\n" * (HEAD_AT_MOST // 10))
        async with asyncio.timeout(5):
            await peer.over.wait()
        peer.transport.abort()
        return bytes(peer.heard)

    assert asyncio.run(endless()).startswith(b"HTTP/1.1 431 ")
    body = {"CallSid": "CA1", "x": "y" * 60_000}
    answer = httpx.post(house.url + "/twilio/voice", data=body, trust_env=False)
    assert answer.status_code == 403, "a long body is no long head"


def test_a_peer_that_leaves_while_it_is_admitted_leaves_nothing_behind(lite):
    """The database is busy, so that admission takes a while."""
    folder, url = lite
    with running(folder, url) as server:
        drawn = door(server)
        with sqlite(url) as busy:
            busy.execute("begin immediate")

            async def come_and_go():
                _, peer = await asyncio.get_running_loop().create_connection(Peer, "127.0.0.1", server.settings.port)
                peer.transport.write(handshake(DICE, drawn))
                await until(lambda: server.house.board._nonces.facts)
                peer.transport.abort()
                await until(lambda: not server.server.server_state.connections)

            asyncio.run(come_and_go())
        journals = lambda: list((folder / "var" / "calls").glob("*/*.jsonl"))  # noqa: E731
        asyncio.run(until(lambda: journals() and not server.house.board.lines))
        server.settle()
        (path,) = journals()
        assert loads(path.read_bytes().splitlines()[-1])["end"]["reason"] == "dropped"


# --------------------------------------------------------------------------------------------- a wire and nothing else


class Ear:
    """Listens to a wire and writes down what it is told."""

    def __init__(self):
        self.told = []

    def opened(self, wire):
        self.wire = wire

    def message(self, text):
        self.told.append(text)

    def closed(self, code, reason, by):
        self.told.append((code, reason, by))


class Reluctant(asyncio.Protocol):
    """A peer that reads nothing from the moment it is connected."""

    def connection_made(self, transport):
        self.transport = transport
        transport.pause_reading()


async def wired(admit, work):
    """Runs work(port) against a server of bare wires."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Wire(admit), "127.0.0.1", 0)
    async with asyncio.timeout(20):
        result = await work(server.sockets[0].getsockname()[1])
    server.close()
    return result


NOBODY = Door("/", "", "", "")


@pytest.mark.parametrize("flood", ["pings", "speech"])
def test_a_peer_that_reads_nothing_is_dropped_before_it_costs_memory(flood):
    ear = Ear()

    async def admit(_upgrade):
        return ear

    async def read_nothing(port):
        _, peer = await asyncio.get_running_loop().create_connection(Reluctant, "127.0.0.1", port)
        peer.transport.write(handshake(DICE, NOBODY))
        await until(lambda: hasattr(ear, "wire"))
        most = 0
        while not ear.told:
            if flood == "pings" and not peer.transport.is_closing():
                peer.transport.write(frame(DICE, PING, bytes(125)) * 200)
            elif flood == "speech":
                ear.wire.send("x" * 20_000)
            most = max(most, ear.wire._transport.get_write_buffer_size())
            await asyncio.sleep(0)
        peer.transport.abort()
        return most

    most = asyncio.run(wired(admit, read_nothing))
    assert ear.told == [(1008, "reads nothing", "wire")]
    assert most < 2 * STALLED_AT


def test_a_message_in_countless_empty_parts_costs_nothing():
    ear = Ear()

    async def admit(_upgrade):
        return ear

    async def send(port):
        _, peer = await asyncio.get_running_loop().create_connection(Peer, "127.0.0.1", port)
        peer.transport.write(handshake(DICE, NOBODY))
        await until(lambda: hasattr(ear, "wire"))
        parts = frame(DICE, TEXT, b"", fin=0) + frame(DICE, 0, b"", fin=0) * 20_000
        peer.transport.write(parts + frame(DICE, 0, b"ab", fin=0) + frame(DICE, 0, b"c"))
        peer.transport.write(frame(DICE, TEXT, b"next") + frame(DICE, CLOSE, b"\x03\xe9bye"))
        await until(lambda: len(ear.told) == 3)
        peer.transport.abort()

    asyncio.run(wired(admit, send))
    assert ear.told == ["abc", "next", (1001, "bye", "peer")]


def test_bytes_that_look_like_a_frame_in_the_middle_of_another_are_not_taken_for_one():
    """The first segment ends after two bytes of a frame whose rest begins and measures like a whole one."""
    ear = Ear()

    async def admit(_upgrade):
        return ear

    size = 0x81FE
    mask = (2 + 4 + size - 8).to_bytes(2, "big") + b"\0\0"
    text = b"t" * size
    masked = bytes(letter ^ mask[n % 4] for n, letter in enumerate(text))

    async def send(port):
        _, peer = await asyncio.get_running_loop().create_connection(Peer, "127.0.0.1", port)
        peer.transport.write(handshake(DICE, NOBODY))
        await until(lambda: hasattr(ear, "wire"))
        peer.transport.write(b"\x81\xfe")
        await until(lambda: not ear.wire._between_frames())
        peer.transport.write(size.to_bytes(2, "big") + mask + masked)
        await until(lambda: ear.told)
        peer.transport.write(frame(DICE, TEXT, b"n" * 500))
        await until(lambda: len(ear.told) == 2)
        peer.transport.abort()

    asyncio.run(wired(admit, send))
    assert ear.told[:2] == [text.decode(), "n" * 500]


def test_a_fault_of_ours_in_admission_is_a_plain_500(caplog):
    async def admit(_upgrade):
        raise ZeroDivisionError("our fault")

    async def knock(port):
        _, peer = await asyncio.get_running_loop().create_connection(Peer, "127.0.0.1", port)
        peer.transport.write(handshake(DICE, NOBODY))
        await peer.over.wait()
        peer.transport.abort()
        return bytes(peer.heard)

    heard = asyncio.run(wired(admit, knock))
    assert heard.startswith(b"HTTP/1.1 500 ")
    assert b"Zero" not in heard


# ----------------------------------------------------------------------------------------------- faults of ours, live


class Nonsense:
    """A duplex that does one thing wrong."""

    def __init__(self, wrong):
        self.wrong = wrong

    def open(self, policy, notes):
        if self.wrong == "open":
            raise TypeError("cannot open")

    async def turn(self, heard):
        match self.wrong:
            case "answer":
                return {"audio": "none"}
            case "audio":
                return Spoken(heard.turn, "not bytes")
            case "words":
                return Spoken(heard.turn) if heard.turn else Spoken(0, bytes([0x30]) * TURN, said_text=5)
            case _:
                raise OSError("no model")

    def close(self):
        if self.wrong == "close":
            raise RuntimeError("will not close")


@pytest.mark.parametrize("wrong", ["open", "answer", "audio", "close"])
def test_a_duplex_that_does_anything_wrong_is_lost_and_replaced(lite, wrong):
    with running(*lite, makers={"odd": lambda _c: Nonsense(wrong)}, duplex="odd", fallback="parrot") as server:
        report = asyncio.run(
            Phone(Dialling(url=server.url, token=server.token, seconds=1.5), Player(b"\x30" * 8_000)).place()
        )
        assert report.failure is None
        server.settle()
        row = server.house.store.row_of("twilio", report.call)
        assert (row.served, row.outcome) == ("parrot", "caller_hung_up")


@pytest.mark.slow
def test_a_crash_of_ours_ends_one_call_with_a_sentence_and_no_other(lite):
    """Words that are no words pass the duplex and break the call itself."""
    makers = {"odd": lambda context: Nonsense("words") if context.caller.endswith("666") else Nonsense("none")}
    person = {"person": {"number": "+15550177"}}
    with running(
        *lite,
        makers=makers,
        duplex="odd",
        fallback="parrot",
        transfers=person,
        rescue="person",
        dial_allowed=("+1555",),
    ) as server:

        def phone(caller):
            dialling = Dialling(url=server.url, token=server.token, seconds=5.0, caller=caller)
            return Phone(dialling, Player(b"\x30" * 8_000)).place()

        async def both():
            return await asyncio.gather(phone("+15550100666"), phone("+15550100001"))

        crashed, other = asyncio.run(both())
        server.settle()
        (leg,) = crashed.legs
        assert (leg.close_code, leg.close_reason) == (1011, "our fault")
        assert crashed.of("dial"), "the caller is put through to a person"
        assert server.house.store.row_of("twilio", crashed.call).ended_reason == "crashed"
        assert other.legs[0].ended_by == "caller"
        assert server.house.store.row_of("twilio", other.call).outcome == "caller_hung_up"
