"""The load generator against a small parrot with known faults: what it reports is what was done to it."""

import asyncio
import io
import json
import os
import socket
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import numpy as np
import pytest
import uvicorn
from rich.console import Console
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from callcenter.callers import crowd, load, process
from callcenter.callers.book import KEY, Reader, book
from callcenter.callers.crowd import Stand
from callcenter.callers.load import Climb
from callcenter.callers.swarm import cut, masked
from callcenter.callers.tape import PARROT, Tape, figures
from callcenter.store import Search
from callcenter.units import FRAME, RATE

STREAM = '<Response><Connect action="/after"><Stream url="ws://127.0.0.1:{port}/stream"/></Connect></Response>'
SECOND = 50


@dataclass
class Parrot:
    """Sends each payload back when the one a second later comes; a fault may be asked for by the frame's number."""

    lose: frozenset[int] = frozenset()
    hold: frozenset[int] = frozenset()
    """Frames that leave together with the next."""
    cut_at: int = 10**9
    document: str = STREAM
    port: int = 0
    posts: list[tuple[str, str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    marks: list[str] = field(default_factory=list)

    async def hook(self, request) -> Response:
        form = await request.form()
        self.posts.append((request.url.path, form["CallStatus"]))
        return Response(self.document.format(port=self.port), media_type="text/xml")

    async def stream(self, peer: WebSocket) -> None:
        await peer.accept()
        try:
            await self.listen(peer)
        except WebSocketDisconnect as gone:
            if gone.code != 1000:
                self.problems.append(f"closed with {gone.code}")

    async def listen(self, peer: WebSocket) -> None:
        memory, held, sequence = [], [], 0
        assert json.loads(await peer.receive_text())["event"] == "connected"
        while True:
            told = json.loads(await peer.receive_text())
            sequence += 1
            if told["sequenceNumber"] != str(sequence):
                self.problems.append(f"{told['sequenceNumber']} where {sequence} is due")
            if told["event"] == "mark":
                self.marks.append(told["mark"]["name"])
            if told["event"] != "media":
                continue
            number = len(memory)
            if (told["media"]["chunk"], told["media"]["timestamp"]) != (str(number + 1), str(20 * number)):
                self.problems.append(f"chunk {told['media']} where {number + 1} is due")
            memory.append(told["media"]["payload"])
            held.append(number - SECOND)
            if number >= self.cut_at:
                return await peer.close(1011)
            if number - SECOND in self.hold:
                continue
            for back in [n for n in held if n >= 0 and n not in self.lose]:
                await self.send(peer, told["streamSid"], event="media", media={"payload": memory[back]})
            if number % 25 == 0:
                await self.send(peer, told["streamSid"], event="mark", mark={"name": f"m{number}"})
            held.clear()

    async def send(self, peer: WebSocket, stream: str, **message) -> None:
        with suppress(WebSocketDisconnect):  # what was on its way when the caller hung up
            await peer.send_text(json.dumps({"streamSid": stream, **message}))

    @contextmanager
    def serving(self):
        app = Starlette(
            routes=[WebSocketRoute("/stream", self.stream), Route("/{path:path}", self.hook, methods=["POST"])]
        )
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
            listening.bind(("127.0.0.1", 0))
            self.port = listening.getsockname()[1]
            server = uvicorn.Server(uvicorn.Config(app, log_level="error", ws="websockets-sansio", lifespan="off"))
            thread = threading.Thread(target=server.run, args=([listening],))
            thread.start()
            try:
                yield f"http://127.0.0.1:{self.port}"
            finally:
                server.should_exit = True
                thread.join()


def loaded(parrot: Parrot, calls: int = 4, seconds: float = 1.6):
    console = Console(file=io.StringIO())
    with parrot.serving() as url:
        stand = Stand(url, ramp=200, settle=0.2)
        return asyncio.run(crowd.level(stand, calls, seconds, console))


def test_a_faultless_parrot_loses_nothing_and_adds_next_to_nothing():
    parrot = Parrot()
    outcome = loaded(parrot)
    assert outcome.failed == 0
    told = outcome.figures
    assert (told.calls, told.frames_lost, told.frames_strange) == (4, 0, 0)
    assert told.frames > 4 * 20
    assert abs(told.added_ms_mean) < 100
    assert told.jitter_p50_ms < 20
    assert parrot.problems == []
    assert len(parrot.marks) > 4 * 3
    assert sorted(parrot.posts) == sorted(
        [("/twilio/voice", "ringing"), ("/after", "completed"), ("/twilio/status", "completed")] * 4
    )


def test_every_lost_frame_is_counted():
    outcome = loaded(Parrot(lose=frozenset({3, 4, 40, 55})))
    assert outcome.figures.frames_lost == 4 * 4
    assert outcome.figures.frames_strange == 0
    assert outcome.failed == 0


def test_frames_that_are_held_back_are_late_by_a_frame():
    outcome = loaded(Parrot(hold=frozenset(range(10, 2000, 10))))
    assert outcome.figures.frames_lost == 0
    assert outcome.figures.jitter_max_ms > 15
    assert outcome.figures.added_ms_p99 > 15


def test_a_call_that_the_server_cuts_off_counts_as_failed_and_its_frames_as_lost():
    outcome = loaded(Parrot(cut_at=70), calls=2)
    assert outcome.cut_off == outcome.failed == 2
    assert not outcome.good
    assert outcome.figures.frames_lost > 40


def test_a_server_that_takes_no_calls_is_quoted():
    parrot = Parrot(document="<Response><Say>All lines are busy.</Say><Reject/></Response>")
    outcome = loaded(parrot, seconds=0.1)
    assert outcome.failures == (("the server did not connect a stream: Say, Reject", 4),)
    assert outcome.figures.frames == 0


def test_a_stream_that_is_refused_is_quoted():
    parrot = Parrot(document=STREAM.replace("/stream", "/nowhere"))
    ((reason, count),) = loaded(parrot, seconds=0.1).failures
    assert "HTTP 403" in reason
    assert count == 4


KEYS = "duplex calls seconds jitter_p99_ms frames_lost added_ms_mean rss_per_call_kb calls_at_20ms"


def test_the_last_line_is_the_figures(capsys):
    with Parrot().serving() as url:
        status = load.run(url, calls=2, seconds=2.5, ramp=100, duplex="parrot", pid=os.getpid())
    lines = capsys.readouterr().out.splitlines()
    told = json.loads(lines[-1])
    assert status == 0
    assert set(told) >= set(KEYS.split())
    assert (told["duplex"], told["calls"], told["seconds"], told["frames_lost"]) == ("parrot", 2, 2.5, 0)
    assert all(value is None or isinstance(value, int | float | str) for value in told.values())
    assert any("jitter p99 ms" in line for line in lines)
    assert "\x1b" not in "".join(lines)


@pytest.mark.slow
def test_people_keep_the_measured_calls_company(lite, capsys):
    from running import running

    with running(*lite) as server:
        status = load.run(server.url, calls=2, seconds=6.0, people=2, token=server.token)
        told = json.loads(capsys.readouterr().out.splitlines()[-1])
        assert status == 0
        assert told["people_calls"] >= 2
        assert told["people_failed"] == 0
        assert told["people_jitter_p99_ms"] is not None
        assert told["frames_lost"] == 0
        server.settle()
        callers = {call.caller for call in server.house.store.calls(Search()).calls}
    assert len(callers) >= 4


def test_people_and_a_climb_do_not_go_together():
    with pytest.raises(ValueError, match="leave out"):
        load.run("http://127.0.0.1:9", climb=True, people=2)


def test_nobody_there_is_a_failure_with_the_address(capsys):
    assert load.run("http://127.0.0.1:9", calls=2, seconds=0.1) == 1
    out = capsys.readouterr().out
    assert "http://127.0.0.1:9" in out
    assert json.loads(out.splitlines()[-1])["calls_failed"] == 2


@pytest.mark.parametrize("limit", [0, 1, 40, 117, 333, 999, 1000, 5000])
def test_a_climb_finds_the_limit_in_few_steps(limit):
    climb, asked = Climb(100, most=1000), []
    while (number := climb.next()) is not None:
        asked.append(number)
        climb.saw(number, number <= limit)
    assert climb.good <= limit
    assert min(limit, 1000) - climb.good <= max(1, 0.06 * limit)
    assert len(asked) < 18


# ----------------------------------------------------------------------------------------------------- reading by ear


def test_any_moment_of_the_book_is_found_again_and_none_is_silent():
    told = book(0, 500)
    keys = [told.audio[at : at + KEY] for at in range(told.size)]
    assert len(set(keys)) == len(keys)
    assert b"\xff" not in told.audio
    levels = np.array([np.frombuffer(told.audio, np.uint8)[at : at + FRAME].std() for at in range(0, told.size, FRAME)])
    assert levels.min() > 0
    assert book(0, 500) is told
    assert book(1, 500).audio != told.audio


def reading(frames: int = 100, page: int = 7) -> tuple[Reader, bytes]:
    """A reader that has sent so many frames, and their audio."""
    told = book(0, 500)
    reader = Reader(told, page)
    for _ in range(frames):
        reader.next()
    twice = told.audio[: told.size] * 2
    return reader, twice[page * FRAME : (page + frames) * FRAME]


@pytest.mark.parametrize("page", [0, 7, 450])
@pytest.mark.parametrize("size", [FRAME, 2 * FRAME, 37 + KEY])
def test_what_comes_back_whole_is_all_heard_in_any_cut(page, size):
    reader, sent = reading(page=page)
    places = [reader.hear(sent[at : at + size]) for at in range(0, len(sent) - size + 1, size)]
    assert places == list(range(0, len(sent) - size + 1, size))
    assert (reader.missing, reader.strange) == (0, 0)


def test_gaps_silence_and_strangers_are_told_apart():
    reader, sent = reading()
    assert reader.hear(b"\xff" * FRAME) == -1
    assert reader.hear(sent[:FRAME]) == 0
    assert reader.hear(sent[5 * FRAME : 6 * FRAME]) == 5 * FRAME
    assert reader.missing == 4 * FRAME
    half = b"\xff" * 80 + sent[6 * FRAME : 6 * FRAME + 80]
    assert reader.hear(half) == 6 * FRAME - 80
    assert reader.hear(sent[6 * FRAME + 80 : 7 * FRAME + 80]) == 6 * FRAME + 80
    _, others = reading(page=300)
    assert reader.hear(others[:FRAME]) == -1
    assert reader.hear(b"\x11" * FRAME) == -1
    assert (reader.strange, reader.missing) == (2, 4 * FRAME)
    assert reader.hear(sent[50 * FRAME : 51 * FRAME][:10] + b"\xff" * 150) == -1


# -------------------------------------------------------------------------------------------------- frames on the wire


@pytest.mark.parametrize("size", [0, 1, 125, 126, 300, 65_535])
def test_frames_are_what_the_library_reads_and_writes(size):
    from websockets.client import ClientProtocol
    from websockets.frames import Frame, Opcode
    from websockets.protocol import State
    from websockets.server import ServerProtocol
    from websockets.uri import parse_uri

    payload = bytes(n % 200 for n in range(size))
    server = ServerProtocol(state=State.OPEN)
    server.receive_data(masked(0x82, payload))
    (frame,) = server.events_received()
    assert (frame.opcode, bytes(frame.data)) == (Opcode.BINARY, payload)
    server.send_binary(payload)
    written = b"".join(server.data_to_send())
    assert cut(written + b"\x81") == ([(0x82, payload)], b"\x81")
    assert Frame(Opcode.BINARY, payload).serialize(mask=False) == written
    assert ClientProtocol(parse_uri("ws://x")) is not None


def test_frames_are_cut_out_however_the_bytes_arrive():
    from websockets.frames import Frame, Opcode

    stream = b"".join(Frame(Opcode.TEXT, b"x" * size).serialize(mask=False) for size in (0, 5, 130, 70_000))
    for step in (1, 7, 1000, len(stream)):
        found, rest = [], b""
        for at in range(0, len(stream), step):
            frames, rest = cut(rest + stream[at : at + step])
            found += frames
        assert ([len(payload) for _, payload in found], rest) == ([0, 5, 130, 70_000], b"")


# -------------------------------------------------------------------------------------------------------- the figures


def tape(late=lambda n: 0.0, frames: int = 500, **options) -> Tape:
    sends = 10.0 + 0.02 * np.arange(frames)
    arrivals = sends + PARROT + np.array([late(n) for n in range(frames)])
    told = {"counted": frames * FRAME, "heard": frames * FRAME, "missing": 0, "strange": 0}
    places = FRAME * np.arange(frames)
    return Tape(sends, arrivals, places, arrivals, places, **{**told, **options})


def test_a_perfect_echo_has_no_jitter_and_adds_nothing():
    told = figures([tape(), tape()], 0, 100)
    assert (told.jitter_max_ms, told.added_ms_mean, told.frames_lost, told.frames) == (0.0, 0.0, 0, 1000)


def test_a_steady_delay_is_no_jitter():
    told = figures([tape(lambda n: 0.015), tape(lambda n: 0.030)], 0, 100)
    assert told.jitter_max_ms == pytest.approx(0, abs=1e-3)
    assert told.added_ms_mean == pytest.approx(22.5)


def test_stragglers_do_not_move_the_grid():
    told = figures([tape(lambda n: 0.2 * (n % 50 == 0))], 0, 100)
    assert (told.jitter_p50_ms, told.jitter_max_ms) == (0.0, 200.0)
    assert told.jitter_p99_ms == 200.0


def test_only_what_arrives_in_the_measured_time_counts_but_losses_always_do():
    told = figures([tape(lambda n: 0.5 * (n < 100), heard=400 * FRAME, missing=150)], 13.5, 100)
    assert told.jitter_max_ms == 0
    assert told.frames_lost == 101


def test_an_echo_between_two_frames_is_timed_to_the_sample():
    shifted = tape(lambda n: 0.01)
    came, places = shifted.arrivals[:-1], shifted.places[:-1]
    moved = Tape(shifted.sends, came, places, came, places + 80, 0, 0, 0, 0)
    assert figures([moved], 0, 100).added_ms_mean == pytest.approx(0, abs=1e-6)
    assert RATE * 0.01 == 80


def test_silence_put_into_an_echo_is_a_gap_and_no_jitter():
    told = figures([tape()], 0, 100)
    assert (told.jitter_max_ms, told.gaps) == (0.0, 0)
    whole = tape()
    late = whole.arrivals + 0.02 * (np.arange(500) >= 200) + 0.04 * (np.arange(500) >= 300)
    came = np.sort(np.concatenate([late, late[[200, 300, 300]] - [0.02, 0.04, 0.02]]))
    echo = Tape(whole.sends, came, FRAME * np.arange(503), late, whole.places, 500 * FRAME, 500 * FRAME, 0, 0)
    told = figures([echo], 0, 100)
    assert told.jitter_max_ms == pytest.approx(0, abs=1e-3)
    assert told.gaps == 3
    straggler = tape(lambda n: 0.05 * (n == 250))
    assert figures([straggler], 0, 100).gaps == 0


def test_without_any_echo_nothing_is_claimed():
    told = figures([], 0, 1)
    assert (told.jitter_p99_ms, told.added_ms_mean, told.frames) == (None, None, 0)


# ------------------------------------------------------------------------------------------------------- the processes


def test_the_process_behind_a_port_is_found():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        assert process.listener(port) == os.getpid()
    assert process.listener(port) is None


def test_memory_and_processor_time_are_read():
    assert process.rss_kb(os.getpid()) > 1000
    assert process.cpu_seconds(os.getpid()) > 0
    assert process.rss_kb(None) is process.cpu_seconds(None) is None
