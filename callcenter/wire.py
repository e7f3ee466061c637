"""The websocket of a phone provider: bytes on a socket in, whole text messages out, and a reason when it ends.

Media streams carry a hundred small messages a second and call, so they skip the web framework: the protocol itself is
the sans-IO core of `websockets`, driven straight from the event loop (measured here: 38 us of CPU for one message in
and one out, against 52 us through uvicorn and Starlette). Every other websocket of the server takes the usual way.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, Literal, Protocol, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.datastructures import Headers
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol

from callcenter.logs import log

try:
    from websockets.speedups import apply_mask
except ImportError:
    from websockets.utils import apply_mask

MAX_MESSAGE = 65_536
TEXT, BINARY = 0x81, 0x82
MASKED_MIDDLING = 0xFE
"""The second byte of a client's frame of 126 to 65,535 bytes."""
CLOSE_WITHIN = 2.0
"""Seconds a peer has to answer our close before the socket is cut."""

STALLED_AT = 262_144
"""Bytes waiting to be read by the peer beyond which it counts as stalled (30 s of audio on the wire)."""

By = Literal["peer", "wire", "line", "nobody"]
"""Who ended a wire: the peer's close, a fault on the wire, our own line, or nobody (the connection was lost)."""

FAULTS: Final = {1002: "bad_frame", 1007: "not_utf8", 1008: "stalled_peer", 1009: "oversized"}
"""What the codes mean with which the wire itself closes."""


class Ear(Protocol):
    """Who listens to a wire."""

    def opened(self, wire: "Wire") -> None: ...

    def message(self, text: str | bytes) -> None: ...

    def closed(self, code: int, reason: str, by: By) -> None: ...


@dataclass(frozen=True, slots=True)
class Upgrade:
    """A websocket handshake, before it is answered."""

    path: str
    headers: Headers
    host: str


@dataclass(frozen=True, slots=True)
class Refused:
    status: HTTPStatus
    reason: str


Admit = Callable[[Upgrade], Awaitable[Ear | Refused]]


class Wire(asyncio.Protocol):
    """One websocket. Calls its ear in order: `opened`, messages, and exactly once `closed`, the last of all.

    What came before a close or a damaged frame is still delivered; nothing is after we closed.
    """

    def __init__(self, admit: Admit, connections: set[Any] | None = None) -> None:
        self._admit = admit
        self._connections = connections if connections is not None else set()
        self._protocol = ServerProtocol(max_size=MAX_MESSAGE)
        self._ear: Ear | None = None
        self._part: bytearray | None = None
        """A message of which the rest is still to come."""
        self._end: tuple[int, str, By] = (1006, "connection lost", "nobody")
        self._deaf = False
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    # --------------------------------------------------------------------------------------------- asyncio's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._connections.add(self)

    def data_received(self, data: bytes) -> None:
        text = self._usual(data)
        if text and self._ear is not None:
            self._ear.message(text)
            return
        self._protocol.receive_data(data)
        self._advance()

    def eof_received(self) -> bool:
        self._protocol.receive_eof()
        self._advance()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.discard(self)
        if self._timer is not None:
            self._timer.cancel()
        if self._protocol.state is not State.CLOSED:
            self._protocol.receive_eof()
        ear, self._ear = self._ear, None
        if ear is not None:
            ear.closed(*self._end)

    def shutdown(self) -> None:
        """The server goes down."""
        if self._protocol.state is State.CONNECTING:
            self.drop()
        self.close(1012, "going down")

    # ----------------------------------------------------------------------------------------------- the line's side

    def send(self, message: str | bytes) -> None:
        """One unfragmented frame. Written by hand, because it is written fifty times a second and call."""
        if self._protocol.state is State.OPEN:
            text = isinstance(message, str)
            data = message.encode() if isinstance(message, str) else message
            self._transport.write(framed(TEXT if text else BINARY, data))
            self._mind_the_bound()

    def close(self, code: int = 1000, reason: str = "") -> None:
        self._close(code, reason, "line")

    def drop(self) -> None:
        """Cut the socket without a word."""
        self._transport.abort()

    # ------------------------------------------------------------------------------------------------------- inside

    def _usual(self, data: bytes) -> str:
        """The message, where the bytes are one whole masked text frame of middling size and nothing is half-way.

        So comes nearly every frame of audio, and reading it here saves a third of what hearing a caller costs. Anything
        else, whatever it is, is the library's.
        """
        if len(data) < 134 or data[0] != TEXT or data[1] != MASKED_MIDDLING:
            return ""
        protocol = self._protocol
        whole = len(data) == 8 + (data[2] << 8 | data[3])
        if not whole or self._part is not None or self._deaf:
            return ""
        if protocol.state is not State.OPEN or not self._between_frames():
            return ""
        try:
            return apply_mask(data[8:], data[4:8]).decode()
        except UnicodeDecodeError:
            return ""

    def _between_frames(self) -> bool:
        """Whether the library's parser waits for a frame to begin: it may have taken the beginning of one already."""
        parser: Any = self._protocol.parser
        parsing = parser.gi_yieldfrom
        waiting = parsing and parsing.gi_yieldfrom
        return bool(waiting and waiting.__name__ == "at_eof") and not self._protocol.reader.buffer

    def _advance(self) -> None:
        for event in self._protocol.events_received():
            if isinstance(event, Request):
                self._spawn(self._answer(event))
            elif isinstance(event, Frame):
                self._frame(event)
        sent = self._protocol.close_sent
        if self._protocol.parser_exc is not None and sent is not None:
            self._ends(sent.code, sent.reason, "wire")
        self._flush()
        if self._protocol.close_expected():
            self._expect_end()

    def _frame(self, frame: Frame) -> None:
        match frame.opcode:
            case Opcode.TEXT | Opcode.BINARY | Opcode.CONT:
                self._take(frame)
            case Opcode.CLOSE:
                received = self._protocol.close_rcvd
                assert received is not None
                self._ends(received.code, received.reason, "peer")
            case _:
                pass

    def _take(self, frame: Frame) -> None:
        if frame.opcode is not Opcode.CONT:
            self._binary = frame.opcode is Opcode.BINARY
        data = bytes(frame.data)
        if self._part is not None or not frame.fin:
            self._part = self._part or bytearray()
            self._part += data
            if not frame.fin:
                return
            data, self._part = bytes(self._part), None
        if self._ear is None or self._deaf:
            return
        if self._binary:
            self._ear.message(data)
            return
        try:
            text = data.decode()
        except UnicodeDecodeError:
            self._close(1007, "not utf-8", "wire")
            return
        self._ear.message(text)

    async def _answer(self, request: Request) -> None:
        host = (self._transport.get_extra_info("peername") or ("",))[0]
        response = self._protocol.accept(request)
        if response.status_code != HTTPStatus.SWITCHING_PROTOCOLS:
            self._protocol.send_response(response)
            self._flush()
            return
        try:
            verdict = await self._admit(Upgrade(request.path, request.headers, host))
        except Exception as error:
            log.error("a stream could not be admitted", error=repr(error), exc_info=error)
            verdict = Refused(HTTPStatus.INTERNAL_SERVER_ERROR, "our_fault")
        if self._transport.is_closing() or self._protocol.state is not State.CONNECTING:
            if not isinstance(verdict, Refused):
                verdict.opened(self)
                verdict.closed(*self._end)
            return
        if isinstance(verdict, Refused):
            self._protocol.send_response(self._protocol.reject(verdict.status, verdict.reason + "\n"))
            self._flush()
            self._expect_end()
            return
        self._ear = verdict
        self._protocol.send_response(response)
        self._flush()
        verdict.opened(self)

    def _close(self, code: int, reason: str, by: By) -> None:
        self._deaf = True
        if self._protocol.state is not State.OPEN:
            return
        self._ends(code, reason, by)
        self._protocol.send_close(code, reason)
        self._flush()
        self._expect_end()

    def _ends(self, code: int, reason: str, by: By) -> None:
        """Why it ended; the first reason is the true one."""
        if self._end[2] == "nobody":
            self._end = (code, reason, by)

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                self._transport.write(data)
            elif self._transport.can_write_eof():
                self._transport.write_eof()
        self._mind_the_bound()

    def _mind_the_bound(self) -> None:
        if self._transport.get_write_buffer_size() > STALLED_AT and not self._transport.is_closing():
            self._ends(1008, "reads nothing", "wire")
            self.drop()

    def _expect_end(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(CLOSE_WITHIN, self._transport.abort)
        if self._protocol.state is State.CLOSED:
            self._transport.close()

    def _spawn(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def framed(opcode: int, data: bytes) -> bytes:
    """A server's frame: final, unmasked."""
    size = len(data)
    if size < 126:
        return bytes((opcode, size)) + data
    if size < 65_536:
        return bytes((opcode, 126, size >> 8, size & 0xFF)) + data
    return bytes((opcode, 127)) + size.to_bytes(8) + data


class Fork(asyncio.Protocol):
    """What uvicorn builds for every upgrade: our own wire under some paths, the usual websocket for all others."""

    prefixes: tuple[bytes, ...]
    admit: Admit

    def __init__(self, config: Any, server_state: Any, app_state: dict[str, Any], _loop: Any = None) -> None:
        self._config, self._server_state, self._app_state = config, server_state, app_state
        self._chosen: asyncio.Protocol | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if self._chosen is None:
            self._chosen = self._choose(data)
            self._chosen.connection_made(self._transport)
            asyncio.get_running_loop().call_soon(self._step_aside)
        self._chosen.data_received(data)

    def eof_received(self) -> bool | None:
        return self._chosen.eof_received() if self._chosen else None

    def connection_lost(self, exc: Exception | None) -> None:
        if self._chosen is not None:
            self._chosen.connection_lost(exc)

    def _choose(self, data: bytes) -> asyncio.Protocol:
        path = data.split(b" ", 2)[1] if data.count(b" ") > 1 else b""
        if path.startswith(self.prefixes):
            return Wire(self.admit, self._server_state.connections)
        return WebSocketsSansIOProtocol(self._config, self._server_state, self._app_state)

    def _step_aside(self) -> None:
        """Uvicorn installs us after the first bytes; what comes later goes straight to the chosen one."""
        if self._chosen is not None and not self._transport.is_closing():
            self._transport.set_protocol(self._chosen)


def fork(prefixes: tuple[str, ...], admit: Admit) -> type[Fork]:
    """The class to hand to uvicorn as its websocket protocol."""
    paths = tuple(prefix.encode() for prefix in prefixes)
    return type("Fork", (Fork,), {"prefixes": paths, "admit": staticmethod(admit)})
