"""The socket of a wild peer: plays a case and keeps what the server said, to be judged afterwards."""

import asyncio
import json
import struct
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from socket import SO_LINGER, SOL_SOCKET

from wild import Case
from wild_frames import CLOSE, PONG, TEXT, frame

CLOSES = {
    "close": b"\x03\xe8",
    "gone_away": b"\x03\xe9",
    "odd_close": b"\x0f\xa0odd",
    "bare_close": b"",
}


@dataclass
class Answer:
    """What the server said: its HTTP answer, its frames, and whether it ended the connection in time."""

    status: int = 0
    body: bytes = b""
    frames: list[tuple[int, bytes]] = field(default_factory=list)
    rest: bytes = b""
    ended: bool = False
    wrong: str = ""
    """What no provider would take of it."""

    @property
    def code(self) -> int | None:
        """The code it closed with; 1005 stands for none."""
        closes = [data for opcode, data in self.frames if opcode == CLOSE]
        return (int.from_bytes(closes[0][:2], "big") or 1005) if closes else None

    @property
    def reason(self) -> str:
        return next((data[2:].decode() for opcode, data in self.frames if opcode == CLOSE), "")


class Peer(asyncio.Protocol):
    def __init__(self) -> None:
        self.heard = bytearray()
        self.news = asyncio.Event()
        self.over = asyncio.Event()

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.heard += data
        self.news.set()

    def eof_received(self):
        self.over.set()
        self.news.set()
        return True

    def connection_lost(self, exc):
        self.over.set()
        self.news.set()

    async def answered(self) -> bool:
        """Whether the upgrade was accepted; waits for the head of the answer."""
        while b"\r\n\r\n" not in self.heard and not self.over.is_set():
            self.news.clear()
            await self.news.wait()
        return self.heard.startswith(b"HTTP/1.1 101")


async def play(case: Case, port: int, patience: float) -> Answer:
    _, peer = await asyncio.get_running_loop().create_connection(Peer, "127.0.0.1", port)
    try:
        for piece in case.handshake:
            peer.transport.write(piece)
        ended = await _until(peer, _talk(case, peer), patience)
    finally:
        peer.transport.abort()
    try:
        return judged(bytes(peer.heard), ended)
    except ValueError as error:
        return Answer(ended=ended, wrong=str(error))


async def _until(peer: Peer, talk, patience: float) -> bool:
    try:
        async with asyncio.timeout(patience):
            await talk
            await peer.over.wait()
    except TimeoutError:
        return False
    return True


async def _talk(case: Case, peer: Peer) -> None:
    if case.ending in ("eof", "reset") and not case.pieces:
        _end(case, peer)
        return
    if await peer.answered():
        for piece in case.pieces:
            if peer.transport.is_closing():
                break
            peer.transport.write(piece)
            await asyncio.sleep(0)
        with suppress(OSError):  # the server may have ended it already
            _end(case, peer)
        if case.ending == "stay" and case.number % 2 == 0:
            await _answer_the_close(peer)


async def _answer_the_close(peer: Peer) -> None:
    """As a proper provider does; an improper one lets the server wait."""
    while not peer.over.is_set():
        peer.news.clear()
        if b"\x88" in peer.heard[-200:] and judged(bytes(peer.heard), False).code is not None:
            peer.transport.write(frame(Random(0), CLOSE, CLOSES["close"]))
            return
        await peer.news.wait()


def _end(case: Case, peer: Peer) -> None:
    transport = peer.transport
    if case.ending in CLOSES:
        transport.write(frame(Random(0), CLOSE, CLOSES[case.ending]))
    elif case.ending in ("eof", "torn"):
        transport.write_eof()
    elif case.ending == "reset":
        transport.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
        peer.over.set()


def judged(heard: bytes, ended: bool) -> Answer:
    """Reads what was heard as strictly as a provider would; raises ValueError on what no provider would take."""
    if not heard:
        return Answer(ended=ended)
    head, blank, rest = heard.partition(b"\r\n\r\n")
    if not blank:
        raise ValueError(f"half an answer: {heard[:200]!r}")
    status = int(head.split(b" ", 2)[1])
    if status != 101:
        return Answer(status, rest, ended=ended)
    answer, closed = Answer(status, ended=ended), False
    while len(rest) >= 2:
        first, size = rest[0], rest[1]
        wide = {126: 2, 127: 8}.get(size, 0)
        begin = 2 + wide
        size = int.from_bytes(rest[2:begin], "big") if wide else size
        if len(rest) < begin + size:
            break
        if first & 0xF0 != 0x80 or first & 0x0F not in (TEXT, CLOSE, PONG):
            raise ValueError(f"a frame that begins with {first:#x}")
        if closed and first & 0x0F != PONG:
            raise ValueError("a frame after the close")
        closed = closed or first & 0x0F == CLOSE
        answer.frames.append((first & 0x0F, rest[begin : begin + size]))
        rest = rest[begin + size :]
    answer.rest = rest
    for opcode, data in answer.frames:
        if opcode == TEXT and json.loads(data)["event"] not in ("media", "mark", "clear"):
            raise ValueError(f"an odd message: {data[:200]!r}")
    return answer
