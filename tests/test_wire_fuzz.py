"""Whatever arrives on the websocket is survived: ten thousand wild peers against the real server.

Every case ends: the peer gets a typed close or a plain refusal, the call's journal says what happened, and nothing is
left of it in the server: no line, no task, no connection, no exception that nobody caught.
"""

import asyncio
import gc
import logging
import os
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
import structlog
from running import running, until
from wild import Door, case
from wild_peer import play

from callcenter.callers.mouth import Player
from callcenter.callers.phone import Dialling, Phone
from callcenter.callers.provider import sign
from callcenter.codec import loads
from callcenter.events import Rang
from callcenter.switchboard import BROKEN, Ringing, new_call_id

CASES = 10_000
AT_ONCE = 300
PATIENCE = 90.0
CODES = {None, 1000, 1001, 1002, 1003, 1005, 1007, 1008, 1009, 4000}


class Watch(logging.Handler):
    """Everything that the server complains of."""

    def __init__(self, server):
        super().__init__(logging.WARNING)
        self.complaints = []
        server.loop.set_exception_handler(lambda _loop, context: self.complaints.append(context))

    def emit(self, record):
        told = record.getMessage()
        if told not in ("Invalid HTTP request received.", "Unsupported upgrade request."):
            self.complaints.append(told)


@pytest.fixture
def watched(lite):
    with structlog.testing.capture_logs() as told, running(*lite, max_calls=10_000) as server:
        server.watch = Watch(server)
        logging.getLogger().addHandler(server.watch)
        try:
            yield server
        finally:
            logging.getLogger().removeHandler(server.watch)
    assert server.watch.complaints == []
    assert [line for line in told if line.get("exc_info") or line["log_level"] == "error"] == []


def door(server) -> Door:
    """A phone rang and was told to open a stream here."""
    call_id = new_call_id(datetime.now(UTC))
    sid = "CA" + os.urandom(16).hex()
    rang = Rang("+15550100", "+15550199")
    server.loop.call_soon_threadsafe(server.house.board.hold, Ringing(call_id, sid, rang, datetime.now(UTC)))
    path = "/twilio/stream/" + server.house.board.mint(call_id, 0)
    return Door(path, sign(server.token, server.url.replace("http", "ws") + path), sid, call_id)


async def attack(server, numbers):
    """Plays cases, many at once; what each was and how it was answered."""
    played = []
    used = door(server)
    first = case(0, used, "")
    await play(first, server.settings.port, PATIENCE)
    queue = iter(numbers)

    async def one_after_the_other():
        for number in queue:
            drawn = case(number, door(server), f"{used.path} {used.signature}")
            played.append((drawn, await play(drawn, server.settings.port, PATIENCE)))

    async with asyncio.TaskGroup() as tasks:
        for _ in range(AT_ONCE):
            tasks.create_task(one_after_the_other())
    return played


def journal_of(server, call_id):
    folder = server.house.spool.root / "calls" / call_id
    return [loads(line) for path in folder.glob("*.jsonl") for line in path.read_bytes().splitlines()]


def verdict(server, drawn, answer):
    """What is wrong with how a case ended; nothing if all is well."""
    lines = journal_of(server, drawn.door.call_id)
    if not answer.ended:
        return "the server did not end the connection"
    if answer.wrong:
        return answer.wrong
    if b"Traceback" in answer.body or (answer.status >= 400 and len(answer.body) > 500):
        return f"a long answer: {answer.body[:200]!r}"
    if answer.status >= 500 or answer.code not in CODES or answer.rest:
        return f"answered {answer.status} {answer.code} {answer.reason} {answer.rest[:50]!r}"
    opened = answer.status == 101 or bool(lines)
    if drawn.opens is not None and opened and not drawn.opens:
        return "a stranger's stream opened"
    if drawn.opens and not lines and drawn.ending not in ("reset", "eof"):
        return f"a proper stream was refused: {answer.status} {answer.body!r}"
    if opened:
        return badly_ended(lines)
    return ""


def badly_ended(lines):
    if not lines or "end" not in lines[-1]:
        return f"the journal has no end: {lines[-1:]}"
    events = [line["event"]["is"] for line in lines if "event" in line]
    end = lines[-1]["end"]
    if [line["n"] for line in lines] != list(range(len(lines))):
        return "the journal's lines are not numbered one by one"
    if events[-1:] == ["Stopped"] and end["reason"] == "hangup":
        return ""
    if end["reason"] not in BROKEN or end["outcome"] != "failed":
        return f"a journal that ends so: {end}"
    if events[-1:] not in (["Broke"], ["Ticked"]):
        return f"the last event is {events[-1:]}"
    return ""


def clean(server):
    """Nothing is left of any call."""
    board = server.house.board
    return not board.lines and len(server.server.server_state.connections) == 0


async def tasks_of():
    return len(asyncio.all_tasks())


def held(server):
    """Sockets, and files of calls, that the process holds open."""
    calls = str(server.house.spool.root / "calls")
    paths = list(Path("/proc/self/fd").iterdir())
    links = [str(path.readlink()) for path in paths if path.is_symlink()]
    return {link for link in links if link.startswith(("socket:", calls))}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_ten_thousand_wild_peers_are_survived(watched):
    server = watched
    before = server.call(tasks_of())
    files = held(server)

    async def both():
        neighbour = Phone(Dialling(url=server.url, token=server.token, seconds=1e9), Player(bytes(range(1, 200)) * 400))
        calling = asyncio.create_task(neighbour.place())
        await until(lambda: server.house.board.lines)
        played = await attack(server, range(CASES))
        neighbour.hang_up()
        return played, await calling

    played, neighbour = asyncio.run(both())
    assert neighbour.failure is None
    assert neighbour.complaints == ()
    server.settle()
    bad = [
        (drawn.number, drawn.damage, drawn.ending, wrong)
        for drawn, answer in played
        if (wrong := verdict(server, drawn, answer))
    ]
    assert bad == [], (
        f"{len(bad)} cases; tell them apart with Random(number): {Counter(w[:60] for *_, w in bad)} {bad[:20]}"
    )
    assert len(played) == CASES
    asyncio.run(until(lambda: clean(server), 60.0))
    gc.collect()
    asyncio.run(until(lambda: server.call(tasks_of()) == before, 60.0))
    deadline = time.monotonic() + 60.0
    while (left := held(server) - files) and time.monotonic() < deadline:
        time.sleep(0.1)  # the spool's thread closes a journal a moment after the call's last task is gone
    assert left == set()
    codes = Counter(answer.code or answer.status for _, answer in played)
    assert all(codes[code] > CASES // 200 for code in (1002, 1003, 1007, 1008, 1009, 403, 404)), codes
