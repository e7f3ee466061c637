"""One media stream of a call, from the handset's side: a mouth and an ear on one 20 ms clock.

In each tick the frame that was in the ear for the last 20 ms and the frame spoken meanwhile belong together; then the
next frame goes into the ear. So the two tracks are sample-aligned by construction, and a reacting caller hears and
speaks at the same instant, as people do.
"""

import asyncio
import time
from array import array
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from callcenter.callers.ear import Ear
from callcenter.callers.mouth import Deed, Drop, HangUp, Mouth, Press
from callcenter.callers.network import Network, Weather
from callcenter.callers.report import TICK, Leg, Marked, Side
from callcenter.callers.wire import Audio, Cleared, MarkSet, Wire, WireError
from callcenter.units import SILENT_FRAME


@dataclass(frozen=True, slots=True)
class Leave:
    """The provider takes the call out of its stream, because it was given other instructions."""


Order = Deed | Leave

PATIENCE = 5.0
"""Seconds a socket may refuse our frames before the stream is given up as broken."""

Log = Callable[[str, str], None]


class Clock:
    """Call time: seconds since the number was dialled, `speed` times as fast as the wall's."""

    def __init__(self, speed: float = 1.0) -> None:
        self.speed = speed
        self._start = time.monotonic()

    def now(self) -> float:
        return (time.monotonic() - self._start) * self.speed

    async def until(self, at: float) -> None:
        await asyncio.sleep(max(0.0, (at - self.now()) / self.speed))


class Stream:
    """Runs the socket of one stream until either side ends it."""

    def __init__(self, wire: Wire, mouth: Mouth, clock: Clock, log: Log, weather: Weather, deadline: float) -> None:
        self._wire = wire
        self._mouth = mouth
        self._clock = clock
        self._log = log
        self._deadline = deadline
        self._network = Network(weather)
        self._ear = Ear()
        self._heard = SILENT_FRAME
        self.orders: deque[Order] = deque()
        """What is done to the phone from outside, beside what the caller does."""
        self._ended: Side | None = None
        self._spoken, self._listened = bytearray(), bytearray()
        self._arrivals, self._lengths = array("d"), array("q")
        self._positions, self._waits = array("q"), array("q")
        self._pending: deque[float] = deque()
        self._marks: list[Marked] = []
        self._clears: list[float] = []
        self._complaints: list[str] = []

    async def run(self, socket: ClientConnection, params: tuple[tuple[str, str], ...]) -> Leg:
        await socket.send(self._wire.connected())
        await socket.send(self._wire.start(params))
        began = self._clock.now()
        listening = asyncio.create_task(self._listen(socket))
        try:
            await self._talk(socket, began)
        except TimeoutError:
            self._end("broken", f"the agent's side took nothing for {PATIENCE:.0f} s")
        except ConnectionClosed:
            pass
        finally:
            await self._close(socket)
            await listening
        return self._leg(began, socket)

    async def _talk(self, socket: ClientConnection, began: float) -> None:
        tick = 0
        while self._ended is None:
            tick += 1
            await self._clock.until(began + tick * TICK)
            if self._ended is None:
                await self._tick(socket)
            if self._clock.now() >= self._deadline:
                self.orders.append(HangUp())

    async def _tick(self, socket: ClientConnection) -> None:
        await self._echo(socket, flushed=False)
        spoken = self._mouth.frame(self._heard)
        self._spoken += spoken
        self._listened += self._heard
        for message in self._network.carry(self._wire.media(spoken)):
            await patiently(socket, message)
        self._heard = self._ear.play()
        self.orders.extend(self._mouth.deeds())
        while self.orders and self._ended is None:
            await self._do(socket, self.orders.popleft())

    async def _do(self, socket: ClientConnection, order: Order) -> None:
        match order:
            case Press(digits):
                for digit in digits:
                    self._log("key", digit)
                    await patiently(socket, self._wire.dtmf(digit))
            case HangUp():
                await self._stop(socket)
                self._end("caller", "the caller hung up")
            case Leave():
                await self._stop(socket)
                self._end("carrier", "the carrier took the call out of the stream")
            case Drop():
                socket.transport.abort()
                self._end("broken", "the socket was dropped")

    async def _stop(self, socket: ClientConnection) -> None:
        for message in (*self._network.flush(), self._wire.stop()):
            await patiently(socket, message)

    async def _listen(self, socket: ClientConnection) -> None:
        try:
            async for message in socket:
                await self._hear(socket, message)
        except (ConnectionClosed, TimeoutError):
            pass
        if socket.close_code in (None, 1006):
            self._end("broken", "the socket broke")
        self._end("agent", f"the agent closed the stream: {socket.close_code} {socket.close_reason}".strip())

    async def _hear(self, socket: ClientConnection, message: str | bytes) -> None:
        now = self._clock.now()
        try:
            match self._wire.parse(message):
                case Audio(payload):
                    self._take(now, payload)
                case MarkSet(name):
                    self._ear.mark(name)
                    self._pending.append(now)
                    await self._echo(socket, flushed=False)
                case Cleared():
                    self._clears.append(now)
                    self._log("clear", f"{self._ear.clear() / 8:.0f} ms dropped")
                    await self._echo(socket, flushed=True)
        except WireError as error:
            self._complain(str(error))

    def _take(self, now: float, payload: bytes) -> None:
        self._arrivals.append(now)
        self._lengths.append(len(payload))
        self._positions.append(self._ear.arrived)
        self._waits.append(self._ear.waiting)
        discarded = self._ear.discarded
        self._ear.put(payload)
        if self._ear.discarded > discarded:
            self._complain(f"31931: {self._ear.discarded - discarded} samples did not fit into the buffer")

    async def _echo(self, socket: ClientConnection, *, flushed: bool) -> None:
        for name in self._ear.reached():
            self._marks.append(Marked(name, self._pending.popleft(), self._clock.now(), flushed))
            if self._ended is None:
                await patiently(socket, self._wire.mark(name))

    def _complain(self, complaint: str) -> None:
        self._complaints.append(complaint)
        self._log("complaint", complaint)

    def _end(self, side: Side, why: str) -> None:
        if self._ended is None:
            self._ended = side
            self._log("stopped", why)

    async def _close(self, socket: ClientConnection) -> None:
        if self._ended == "broken":
            socket.transport.abort()
        await socket.close()

    def _leg(self, began: float, socket: ClientConnection) -> Leg:
        return Leg(
            stream=self._wire.stream,
            began=began,
            spoken=bytes(self._spoken),
            heard=bytes(self._listened),
            arrivals=np.array(self._arrivals, dtype=np.float64),
            lengths=np.array(self._lengths, dtype=np.int64),
            positions=np.array(self._positions, dtype=np.int64),
            waits=np.array(self._waits, dtype=np.int64),
            sent=len(self._spoken) // len(SILENT_FRAME),
            lost=self._network.lost,
            marks=tuple(self._marks),
            clears=tuple(self._clears),
            complaints=tuple(self._complaints),
            ended_by=self._ended or "broken",
            close_code=socket.close_code,
            close_reason=socket.close_reason or "",
        )


async def patiently(socket: ClientConnection, message: str) -> None:
    async with asyncio.timeout(PATIENCE):
        await socket.send(message)
