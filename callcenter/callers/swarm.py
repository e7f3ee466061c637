"""Hundreds of callers in one thread, as lean as Python allows, so that what is measured is the server.

Each caller is an asyncio protocol on uvloop. The library's sans-IO core makes the handshake; after it frames are
written and read by hand: a caller's frame is a few bytes joined, masked with the key zero (legal, and masking costs
nothing then), a server's frame is cut out by its length. One wheel of 1 ms slots paces all of them on an absolute
clock, each at its own phase of the 20 ms.
"""

import asyncio
import time
from array import array
from binascii import a2b_base64
from collections import deque
from collections.abc import Sequence
from typing import Any

import orjson
from websockets.client import ClientProtocol
from websockets.http11 import Response
from websockets.uri import parse_uri

from callcenter.callers.book import Reader
from callcenter.callers.wire import Wire
from callcenter.units import FRAME, RATE

TICK = FRAME / RATE
SLOTS = 20
TEXT, CLOSE, PING, PONG = 0x81, 0x88, 0x89, 0x8A
NO_MASK = b"\x00\x00\x00\x00"


def masked(opcode: int, payload: bytes) -> bytes:
    size = len(payload)
    if size < 126:
        return bytes((opcode, 0x80 | size)) + NO_MASK + payload
    return bytes((opcode, 0xFE, size >> 8, size & 0xFF)) + NO_MASK + payload


def cut(data: bytes) -> tuple[list[tuple[int, bytes]], bytes]:
    """The whole frames of a server at the front of `data`, and the rest."""
    frames: list[tuple[int, bytes]] = []
    at, end = 0, len(data)
    while end - at >= 2:
        size, start = data[at + 1], at + 2
        if size >= 126:
            start += 2 if size == 126 else 8
            size = int.from_bytes(data[at + 2 : start], "big")
        if start > end or start + size > end:
            break
        frames.append((data[at], data[start : start + size]))
        at = start + size
    return frames, data[at:]


class Caller(asyncio.Protocol):
    """One call's stream: the handset, the provider and the measuring tape."""

    def __init__(self, wire: Wire, reader: Reader, params: tuple[tuple[str, str], ...]) -> None:
        self.reader = reader
        self.sends = array("d")
        """When each frame was sent."""
        self.received, self.ordinals = array("d"), array("q")
        self._samples = 0
        self.arrivals, self.places = array("d"), array("q")
        """When an echo came, and the sample of the reading that it began with."""
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.leaving = False
        self.cut_off = False
        """The server ended the stream before we did."""
        self._wire = wire
        self._params = params
        self._rest = b""
        self._handshake: ClientProtocol | None = None
        self._marks: deque[tuple[float, str]] = deque()
        self._played = 0.0
        """When what has arrived will have been played."""
        self._sequence = 1
        self._middle = f'","streamSid":"{wire.stream}","media":{{"track":"inbound","chunk":"'.encode()

    # -------------------------------------------------------------------------------------------------- the handshake

    def shake(self, url: str, signature: dict[str, str]) -> ClientProtocol:
        self._handshake = ClientProtocol(parse_uri(url))
        request = self._handshake.connect()
        request.headers.update(signature)
        self._handshake.send_request(request)
        return self._handshake

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        assert self._handshake is not None
        for data in self._handshake.data_to_send():
            transport.write(data)

    def _shaken(self, protocol: ClientProtocol, data: bytes) -> None:
        head, blank, self._rest = (self._rest + data).partition(b"\r\n\r\n")
        if not blank:
            self._rest = head
            return
        self._handshake = None
        protocol.receive_data(head + blank)
        answer = next(iter(protocol.events_received()), None)
        status = answer.status_code if isinstance(answer, Response) else 0
        if protocol.handshake_exc is not None or status != 101:
            self._refused(f"the stream was refused: HTTP {status} {protocol.handshake_exc or ''}".strip())
            return
        for message in (self._wire.connected(), self._wire.start(self._params)):
            self._transport.write(masked(TEXT, message.encode()))
        self.opened.set_result(None)

    def _refused(self, why: str) -> None:
        if not self.opened.done():
            self.opened.set_exception(ConnectionError(why))
        self._transport.close()

    # ------------------------------------------------------------------------------------------------------ the media

    def speak(self, now: float) -> None:
        """Sends one frame and the marks that playback has reached."""
        number = self.reader.sent
        payload = self.reader.next()
        self._sequence += 1
        message = b'{"event":"media","sequenceNumber":"%d%b%d","timestamp":"%d","payload":"%b"}}' % (
            self._sequence,
            self._middle,
            number + 1,
            number * 20,
            payload,
        )
        size = len(message)
        self._transport.write(bytes((TEXT, 0xFE, size >> 8, size & 0xFF, 0, 0, 0, 0)) + message)
        self.sends.append(now)
        while self._marks and self._marks[0][0] <= now:
            self._echo(self._marks.popleft()[1])

    def stop(self) -> None:
        self.leaving = True
        if not self._transport.is_closing():
            self._tell({"event": "stop", "stop": {"accountSid": self._wire.account, "callSid": self._wire.call}})
            self._transport.write(masked(CLOSE, (1000).to_bytes(2, "big")))

    def _echo(self, name: str) -> None:
        self._tell({"event": "mark", "mark": {"name": name}})

    def _tell(self, told: dict[str, object]) -> None:
        self._sequence += 1
        numbered = {**told, "sequenceNumber": str(self._sequence), "streamSid": self._wire.stream}
        self._transport.write(masked(TEXT, orjson.dumps(numbered)))

    def data_received(self, data: bytes) -> None:
        now = time.monotonic()
        if self._handshake is not None:
            self._shaken(self._handshake, data)
            data = b""
        frames, self._rest = cut(self._rest + data if self._rest else data)
        for opcode, payload in frames:
            if opcode == TEXT:
                self._hear(now, orjson.loads(payload))
            elif opcode == PING:
                self._transport.write(masked(PONG, payload))
            elif opcode == CLOSE:
                if not self.leaving:
                    self._transport.write(masked(CLOSE, payload[:2]))
                self._transport.close()

    def _hear(self, now: float, told: dict[str, Any]) -> None:
        match told["event"]:
            case "media":
                audio = a2b_base64(told["media"]["payload"])
                self._played = max(self._played, now) + len(audio) / RATE
                self.received.append(now)
                self.ordinals.append(self._samples)
                self._samples += len(audio)
                place = self.reader.hear(audio)
                if place >= 0:
                    self.arrivals.append(now)
                    self.places.append(place)
            case "mark":
                self._marks.append((self._played, told["mark"]["name"]))
            case "clear":
                self._played = now
                while self._marks:
                    self._echo(self._marks.popleft()[1])
            case _:
                pass

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self.cut_off, self.leaving = not self.leaving, True
        if not self.opened.done():
            self.opened.set_exception(ConnectionError("the stream was closed in its handshake"))
        self.closed.set_result(None)


class Wheel:
    """Paces every caller: slot n of 20 is due n ms after each full 20 ms."""

    def __init__(self) -> None:
        self._slots: list[list[Caller]] = [[] for _ in range(SLOTS)]
        self._joined = 0
        self._loop = asyncio.get_running_loop()
        self._start = time.monotonic()
        self._turn = 0
        self._timer: asyncio.TimerHandle | None = None
        self.lateness = array("d")
        """Seconds that each slot was late: our own part in all that is measured."""
        self._next()

    def join(self, caller: Caller) -> None:
        self._slots[self._joined * 7 % SLOTS].append(caller)
        self._joined += 1

    def leave(self, callers: Sequence[Caller]) -> None:
        gone = set(callers)
        self._slots = [[caller for caller in slot if caller not in gone] for slot in self._slots]

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _next(self) -> None:
        due = self._start + self._turn * TICK / SLOTS
        self._timer = self._loop.call_later(max(0.0, due - time.monotonic()), self._spin)

    def _spin(self) -> None:
        """Every slot that is due by now, in order: after a stall frames leave in a burst, and none is left out."""
        now = time.monotonic()
        while (due := self._start + self._turn * TICK / SLOTS) <= now:
            self.lateness.append(now - due)
            for caller in self._slots[self._turn % SLOTS]:
                if not caller.leaving:
                    caller.speak(time.monotonic())
            self._turn += 1
        self._next()
