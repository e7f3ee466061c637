"""Watching live calls: what passes through a line reaches whoever looks on or listens, and never waits for them.

A watcher that does not keep up loses the oldest; a call never notices that it is watched.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from callcenter.events import (
    Command,
    Delivered,
    Event,
    Hear,
    Noted,
    Spoken,
    Trace,
    TurnHeard,
    Understood,
    Use,
    Utter,
)
from callcenter.line import Line
from callcenter.switchboard import Switchboard
from callcenter.units import RATE

WAITING: Final = 100
KEEP_ALIVE: Final = 5.0
"""Seconds after which something is sent to a browser, so that a dead one is noticed."""


@dataclass(slots=True, eq=False)
class Watch:
    """One who looks on: events wait here, the oldest are forgotten."""

    waiting: deque[Any] = field(default_factory=lambda: deque(maxlen=WAITING))
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    over: bool = False

    def tell(self, thing: Any) -> None:
        self.waiting.append(thing)
        self.woken.set()

    def end(self) -> None:
        self.over = True
        self.woken.set()

    async def things(self, patience: float = KEEP_ALIVE) -> AsyncIterator[Any]:
        """Everything that is told; None when nothing was for a while."""
        while True:
            while self.waiting:
                yield self.waiting.popleft()
            if self.over:
                return
            self.woken.clear()
            try:
                await asyncio.wait_for(self.woken.wait(), patience)
            except TimeoutError:
                yield None


def told(at: int, event: Event, commands: Sequence[Command]) -> list[dict[str, Any]]:
    """What a browser is told of what happened in a call."""
    found: list[dict[str, Any]] = []
    seconds = round(at / RATE, 2)
    if isinstance(event, Noted):
        found.append({"is": "note", "kind": event.note.kind, "text": event.note.text, "at": seconds})
    if isinstance(event, Spoken) and event.acts:
        found += [{"is": "act", "name": type(act).__name__, "at": seconds} for act in event.acts]
    for command in commands:
        match command:
            case Trace(_, caller, agent):
                levels = {"caller": caller.count("1") * 10, "agent": agent.count("1") * 10}
                found.append({"is": "level", "at": seconds, **levels})
            case Utter(side, start, _end, text, unheard, kind):
                line = {"side": side, "start": round(start / RATE, 2), "text": text, "unheard": unheard, "kind": kind}
                found.append({"is": "line", **line})
            case Understood(text, final) if not final:
                found.append({"is": "partial", "side": "caller", "text": text})
            case Delivered(_, text, complete) if not complete:
                found.append({"is": "partial", "side": "agent", "text": text})
            case Use(duplex):
                found.append({"is": "use", "duplex": duplex})
            case _:
                pass
    return found


class Hub:
    def __init__(self, board: Switchboard) -> None:
        self._board = board
        self.closing = False
        self._open: set[Watch] = set()

    def line(self, call_id: str) -> Line | None:
        return self._board.lines.get(call_id)

    async def events(self, call_id: str) -> AsyncIterator[bytes]:
        """Server-sent events of one call until it ends."""
        line, watch = self.line(call_id), Watch()

        def look(at: int, event: Event, commands: Sequence[Command]) -> None:
            for each in told(at, event, commands):
                watch.tell(each)

        if line is not None:
            line.watchers.add(look)
        self._open.add(watch)
        try:
            async for thing in watch.things(1.0):
                yield b"event: beat\ndata: 1\n\n" if thing is None else b"data: " + orjson.dumps(thing) + b"\n\n"
                if self.line(call_id) is not line or line is None:
                    break
            yield b'data: {"is":"end"}\n\n'
        finally:
            self._open.discard(watch)
            if line is not None:
                line.watchers.discard(look)

    async def sound(self, call_id: str) -> AsyncIterator[bytes]:
        """Both channels, turn by turn: 1,600 samples of the caller, then as many of what the caller heard."""
        line, watch = self.line(call_id), Watch()
        if line is None:
            return

        def listen(_at: int, event: Event, commands: Sequence[Command]) -> None:
            if isinstance(event, TurnHeard):
                hear = next((command for command in commands if isinstance(command, Hear)), None)
                if hear is not None:
                    watch.tell(event.audio + hear.heard.played)

        line.watchers.add(listen)
        self._open.add(watch)
        try:
            async for thing in watch.things(1.0):
                if thing is not None:
                    yield thing
                if self.line(call_id) is not line:
                    break
        finally:
            self._open.discard(watch)
            line.watchers.discard(listen)

    def start(self) -> None:
        pass

    def stop(self) -> None:
        for watch in tuple(self._open):
            watch.end()
