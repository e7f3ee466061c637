"""One level of load: so many callers who ring, talk for so long, wait for their last echo and hang up."""

import asyncio
import os
import secrets
import ssl
import time
from collections import Counter
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
import numpy as np
from rich.console import Console

from callcenter.callers import process, twiml
from callcenter.callers.book import Reader, book
from callcenter.callers.provider import Route, WebhookError, Webhooks, stream_fault
from callcenter.callers.swarm import Caller, Wheel
from callcenter.callers.tape import Figures, Tape, figures
from callcenter.callers.wire import Wire
from callcenter.units import FRAME

SETTLE = 2.0
LAST_ECHO = 4.0
"""Seconds that a call waits at most for the last of its echoes."""

GOODBYE = 5.0
LIMIT_MS = 20.0
"""The jitter that a level may have to be good."""

ACCOUNT = "AC" + "0" * 32


@dataclass(frozen=True, slots=True)
class Stand:
    """Where and how the calls are placed."""

    url: str
    public: str = ""
    token: str = ""
    duplex: str = "parrot"
    ramp: float = 40.0
    """Calls placed a second."""
    pid: int | None = None
    seed: int = 0
    voice: str = "/twilio/voice"
    status: str = "/twilio/status"
    settle: float = SETTLE


@dataclass(frozen=True, slots=True)
class Outcome:
    """One level of load: its figures and what it cost both sides."""

    asked: int
    seconds: float
    figures: Figures
    failures: tuple[tuple[str, int], ...]
    cut_off: int
    rss_per_call_kb: float | None
    server_cores: float | None
    load_cores: float
    own_late_p99_ms: float

    @property
    def failed(self) -> int:
        return sum(count for _, count in self.failures) + self.cut_off

    @property
    def good(self) -> bool:
        jitter = self.figures.jitter_p99_ms
        return not self.failed and jitter is not None and jitter <= LIMIT_MS


class Crowd:
    """The callers of one level."""

    def __init__(self, stand: Stand, hooks: Webhooks, wheel: Wheel) -> None:
        self._stand = stand
        self._hooks = hooks
        self._wheel = wheel
        self._book = book(stand.seed)
        self._actions: list[tuple[str, str]] = []
        self.callers: list[Caller] = []
        self.failures: Counter[str] = Counter()

    async def gather(self, calls: int) -> None:
        start = time.monotonic()
        ringing = []
        for number in range(calls):
            await asyncio.sleep(max(0.0, start + number / self._stand.ramp - time.monotonic()))
            ringing.append(asyncio.create_task(self._ring(number)))
        await asyncio.gather(*ringing)

    async def _ring(self, number: int) -> None:
        call = "CA" + secrets.token_hex(16)
        try:
            connect = await self._ask(number, call)
            await self._open(number, call, connect)
        except (WebhookError, twiml.TwimlError, OSError, TimeoutError) as error:
            self.failures[" ".join(str(error).split()) or type(error).__name__] += 1

    async def _ask(self, number: int, call: str) -> twiml.Connect:
        route, stand = self._hooks.route, self._stand
        steps = twiml.parse(await self._hooks.ask(route.absolute(stand.voice), form(number, call, "ringing")))
        connect = next((step for step in steps if isinstance(step, twiml.Connect)), None)
        if connect is None:
            did = ", ".join(type(step).__name__ for step in steps) or "nothing"
            raise ConnectionError(f"the server did not connect a stream: {did}")
        if fault := stream_fault(connect.stream.url):
            raise ConnectionError(fault)
        return connect

    async def _open(self, number: int, call: str, connect: twiml.Connect) -> None:
        url = self._hooks.route.reachable(connect.stream.url)
        page = number * 61 % len(self._book.payloads)
        wire = Wire(ACCOUNT, call, "MZ" + secrets.token_hex(16))
        caller = Caller(wire, Reader(self._book, page), connect.stream.params)
        shaking = caller.shake(url, self._hooks.signature(connect.stream.url))
        secure = ssl.create_default_context() if shaking.uri.secure else None
        loop = asyncio.get_running_loop()
        await loop.create_connection(lambda: caller, shaking.uri.host, shaking.uri.port, ssl=secure)
        async with asyncio.timeout(10):
            await caller.opened
        self.callers.append(caller)
        self._actions.append((call, connect.action))
        self._wheel.join(caller)

    async def echoed(self, frames: list[int]) -> None:
        """Until everything counted has come back, or there is no use in waiting."""
        give_up = time.monotonic() + LAST_ECHO
        while time.monotonic() < give_up:
            if all(c.leaving or c.reader.heard >= n * FRAME for c, n in zip(self.callers, frames, strict=True)):
                return
            await asyncio.sleep(0.02)

    async def leave(self) -> None:
        for caller in self.callers:
            if not caller.leaving:
                caller.stop()
        self._wheel.leave(self.callers)
        await asyncio.wait([asyncio.ensure_future(caller.closed) for caller in self.callers], timeout=GOODBYE)
        for first in range(0, len(self._actions), 20):
            await asyncio.gather(*(self._goodbye(*told) for told in self._actions[first : first + 20]))

    async def _goodbye(self, call: str, action: str) -> None:
        """The provider's last words on a call; the server's answers do not matter."""
        for url in filter(None, (action, self._stand.status)):
            try:
                await self._hooks.ask(self._hooks.route.absolute(url), form(0, call, "completed"))
            except WebhookError as error:
                self.failures[str(error)] += 1


def form(number: int, call: str, status: str) -> dict[str, str]:
    caller = f"+1555{number:07d}"
    told = {"CallSid": call, "AccountSid": ACCOUNT, "From": caller, "To": "+15550109999", "CallStatus": status}
    return {**told, "Direction": "inbound", "ApiVersion": "2010-04-01", "Caller": caller, "Called": told["To"]}


async def level(stand: Stand, calls: int, seconds: float, console: Console) -> Outcome:
    """So many calls for so long."""
    async with httpx.AsyncClient(trust_env=False) as client:
        wheel = Wheel()
        crowd = Crowd(stand, Webhooks(Route(stand.public or stand.url, stand.url), stand.token, client), wheel)
        pid = stand.pid or process.listener(urlsplit(stand.url).port or 80)
        before = process.rss_kb(pid)
        try:
            await crowd.gather(calls)
            began, used = time.monotonic(), cpu(pid)
            turns = len(wheel.lateness)
            await hold(seconds, len(crowd.callers), console)
            ended, spent = time.monotonic(), cpu(pid)
            full = process.rss_kb(pid)
            late = np.array(wheel.lateness)[turns:]
            counted = [caller.reader.sent for caller in crowd.callers]
            cut_off = sum(caller.cut_off for caller in crowd.callers)
            await crowd.echoed(counted)
            if crowd.callers:
                await crowd.leave()
        finally:
            wheel.close()
    tapes = [taped(caller, frames) for caller, frames in zip(crowd.callers, counted, strict=True)]
    both = [
        (b - a) / (ended - began) if a is not None and b is not None else None for a, b in zip(used, spent, strict=True)
    ]
    return Outcome(
        asked=calls,
        seconds=seconds,
        figures=figures(tapes, began + stand.settle, ended),
        failures=tuple(crowd.failures.most_common()),
        cut_off=cut_off,
        rss_per_call_kb=round((full - before) / calls, 1) if before is not None and full is not None else None,
        server_cores=None if both[0] is None else round(both[0], 3),
        load_cores=round(both[1] or 0.0, 3),
        own_late_p99_ms=round(float(np.percentile(late, 99)) * 1000, 3) if len(late) else 0.0,
    )


def cpu(pid: int | None) -> tuple[float | None, float | None]:
    return process.cpu_seconds(pid), process.cpu_seconds(os.getpid())


async def hold(seconds: float, calls: int, console: Console) -> None:
    """Lets the measured time pass, and says so now and then."""
    end = time.monotonic() + seconds
    every = 1.0 if console.is_terminal else 10.0
    with console.status(f"{calls} calls") as status:
        while (left := end - time.monotonic()) > 0:
            status.update(f"{calls} calls, {left:.0f} s to go")
            if not console.is_terminal:
                console.print(f"{calls} calls, {left:.0f} s to go")
            await asyncio.sleep(min(every, left))


def taped(caller: Caller, frames: int) -> Tape:
    reader = caller.reader
    return Tape(
        sends=np.array(caller.sends),
        received=np.array(caller.received),
        ordinals=np.array(caller.ordinals, np.int64),
        arrivals=np.array(caller.arrivals),
        places=np.array(caller.places, np.int64),
        counted=frames * FRAME,
        heard=reader.heard,
        missing=reader.missing,
        strange=reader.strange,
    )
