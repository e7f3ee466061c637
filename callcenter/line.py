"""One phone line: a socket, a pacer and a duplex around a call. It does what the call says and decides nothing.

Everything that happens passes through `feed`, on the event loop's one thread: the journal's order is the order of
those calls. The pacer keeps an absolute clock, `due += 20 ms`; its phase follows the caller's frames by a little, so
that an answer that takes no time leaves in the very next frame.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from callcenter import metrics
from callcenter.audio import Anchor, Reel
from callcenter.call import Call
from callcenter.carriers import Carrier, CarrierError, Media
from callcenter.duplex import Duplex
from callcenter.events import (
    Ask,
    Broke,
    Clear,
    Command,
    Delivered,
    Event,
    Fault,
    HangUp,
    Hear,
    Mark,
    Policy,
    Record,
    Send,
    Started,
    Stopped,
    Surmised,
    Ticked,
    Trace,
    Transfer,
    TurnHeard,
    Understood,
    Use,
    Utter,
)
from callcenter.liaison import Liaison
from callcenter.logs import log
from callcenter.talker import Talker
from callcenter.tracing import Span
from callcenter.units import FRAME, RATE, TURN
from callcenter.wire import FAULTS, By, Wire

START_WITHIN = 5.0
"""Seconds from the handshake to the stream's start message, and from that to its first audio."""

PHASE = 0.010
"""Seconds the pacer's grid lies behind the arrival of the caller's frames."""

AHEAD_AT_MOST = 30 * RATE
"""Nobody speaks faster than time passes: a stream may be so far ahead of it, because its first frames came late."""

CLOSE_CODES = {"binary": 1003, "oversized": 1009, "not_json": 1007, "not_an_object": 1007}


Watcher = Callable[[int, Event, Sequence[Command]], None]
"""Somebody who looks on; must not block."""


class Diary(Protocol):
    """Where a line writes what happens; must not block."""

    def add(self, at: int, event: Event, commands: Sequence[Command]) -> None: ...


@dataclass(frozen=True, slots=True)
class End:
    """How a line ended. A transfer leaves the caller with the carrier, who asks us what to do next."""

    last: HangUp | Transfer
    samples: int


class Line:
    def __init__(
        self,
        *,
        call_id: str,
        call: Call,
        carrier: Carrier,
        expect: str,
        leg: int,
        make: Callable[[str], Duplex],
        policy: Policy,
        diary: Diary,
        span: Span,
        liaison: Liaison | None,
        clock: Callable[[], float],
        speed: float,
        leaving: Callable[[HangUp | Transfer], Awaitable[None]],
        ended: Callable[["Line", End], None],
    ) -> None:
        self.call_id = call_id
        self.call = call
        self.leg = leg
        self.carrier = carrier
        self._expect = expect
        self._make = make
        self._policy = policy
        self._diary = diary
        self._span = span
        self.liaison = liaison
        self._clock = clock
        self._speed = speed
        self._leaving = leaving
        self._ended = ended
        self._log = log.bind(call=call_id, leg=leg)
        self.watchers: set[Watcher] = set()
        self._reel = Reel()
        self._anchor = Anchor()
        self._wire: Wire | None = None
        self._talker: Talker | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._goodbye: asyncio.Task[None] | None = None
        self._began = 0.0
        self._due = 0.0
        self._late = 0.0
        self._end: End | None = None

    # ------------------------------------------------------------------------------------------- the wire's side

    def opened(self, wire: Wire) -> None:
        self._wire = wire
        self._loop = asyncio.get_running_loop()
        self._timer = self._loop.call_later(START_WITHIN, self.fail, "no_start", f"within {START_WITHIN:.0f} s")

    def message(self, text: str | bytes) -> None:
        try:
            arrival = self.carrier.parse(text)
            if isinstance(arrival, Media):
                self._media(arrival)
            elif isinstance(arrival, Started):
                self._start(arrival)
            elif arrival is not None:
                self.feed(arrival)
        except CarrierError as error:
            self.fail(error.kind, error.detail)

    def closed(self, code: int, reason: str, by: By) -> None:
        metrics.CLOSES.labels("ours" if self._end else "clean" if code in (1000, 1001) else "broken").inc()
        kind = FAULTS.get(code, "dropped") if by == "wire" else "dropped"
        self.feed(Stopped() if code in (1000, 1001) else Broke(kind, f"{code} {reason}".strip()))
        self._finish()

    # ------------------------------------------------------------------------------------------- what happens, in order

    @property
    def at(self) -> int:
        """Samples heard so far, between two frames too."""
        return self._anchor.at(self._clock())

    def feed(self, event: Event) -> None:
        if self._end is not None:
            return
        at = self.at
        try:
            commands = self.call.receive(at, event)
            self._diary.add(at, event, commands)
            for watcher in tuple(self.watchers):
                watcher(at, event, commands)
            for command in commands:
                self._do(at, command)
            if self.liaison is not None:
                self.liaison.saw(at, event, commands)
        except Exception as error:
            self._crash(event, error)

    def fail(self, kind: str, detail: str = "") -> None:
        """The carrier's fault: the call hears why, and the peer gets a typed close, never a traceback."""
        self.feed(Broke(kind, detail))
        if self._wire is not None:
            self._wire.close(CLOSE_CODES.get(kind, 1008), kind)

    def _crash(self, event: Event, error: Exception) -> None:
        """Our own fault: this call ends, the caller is helped on by whoever is asked next, no other call notices."""
        self._log.error("crashed", event_=type(event).__name__, error=repr(error), exc_info=error)
        metrics.fault("crashed")
        if self._end is None:
            self._leave(HangUp("crashed"))
        if self._wire is not None:
            self._wire.close(1011, "our fault")

    def _media(self, media: Media) -> None:
        turns = self._reel.push(media)
        now = self._clock()
        self._anchor.saw(self._reel.reach, now)
        self._began = self._began or now
        if self._reel.reach > (now - self._began) * RATE + AHEAD_AT_MOST:
            raise CarrierError("too_fast", f"{self._reel.reach} samples in {now - self._began:.1f} s")
        if not self._due:
            self._due = self._loop.time() + PHASE / self._speed
            self._cancel_timer()
            self._timer = self._loop.call_at(self._due, self._tick)
        for turn in turns:
            self._heard(turn)

    def _heard(self, turn: TurnHeard) -> None:
        if turn.lost:
            metrics.SAMPLES_LOST.inc(turn.lost)
        self.feed(turn)

    def _start(self, started: Started) -> None:
        if started.carrier_call != self._expect:
            raise CarrierError("wrong_order", f"callSid={started.carrier_call} where {self._expect} was answered")
        self._cancel_timer()
        if self.liaison is not None:
            self.liaison.attach(self)
        self._timer = self._loop.call_later(START_WITHIN, self.fail, "no_media", f"within {START_WITHIN:.0f} s")
        self._use(self.call.setup.duplex)
        self.feed(Started(started.stream, started.carrier_call, self.leg, started.params))

    # ------------------------------------------------------------------------------------------------------ pacing

    def _tick(self) -> None:
        if self._end is not None:
            return
        late = self._loop.time() - self._due
        self._late = max(self._late, late)
        self._due += (1 + self._missed(late)) * FRAME / RATE / self._speed
        self._timer = self._loop.call_at(self._due, self._tick)
        self.feed(Ticked())

    def _missed(self, late: float) -> int:
        """Frames to leave out after a stall. What the carrier held ahead is made up for; more would stay as a delay."""
        return max(0, (int(late * RATE * self._speed) - self.call.setup.lead) // FRAME)

    # ----------------------------------------------------------------------------------------------------- commands

    def _do(self, at: int, command: Command) -> None:
        wire = self._wire
        assert wire is not None
        match command:
            case Send(frame):
                wire.send(self.carrier.media(frame))
            case Mark(name):
                wire.send(self.carrier.mark(name))
            case Hear(heard):
                if self._talker is not None:
                    self._talker.give(heard)
            case Trace():
                metrics.PLAYOUT_LAG.observe(command.lag / RATE)
                metrics.FRAME_LATENESS.observe(self._late)
                self._late = 0.0
            case Clear():
                wire.send(self.carrier.clear())
            case Use(duplex):
                self._use(duplex)
            case HangUp() | Transfer():
                self._leave(command)
            case Fault(kind, detail):
                metrics.fault(kind)
                self._span.note("fault", kind=kind, detail=detail, at=at)
                self._log.warning("fault", kind=kind, detail=detail, turn=at // TURN)
            case Utter():
                self._span.note("utterance", side=command.side, start=command.start, end=command.end)
            case Ask() | Record() | Understood() | Surmised() | Delivered():
                pass

    def _leave(self, last: HangUp | Transfer) -> None:
        """The carrier asks what comes next as soon as the socket closes, so that is written down first."""
        self._end = End(last, self._reel.position)
        self._cancel_timer()
        self._goodbye = self._loop.create_task(self._close(last))

    async def _close(self, last: HangUp | Transfer) -> None:
        await self._leaving(last)
        if self._wire is not None:
            self._wire.close(1000, "")

    def _finish(self) -> None:
        self._stop_duplex()
        end = self._end or End(HangUp("dropped"), self._reel.position)
        self._end = end
        self._span.end(reason=end.last.reason, samples=end.samples)
        self._ended(self, end)

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    # ----------------------------------------------------------------------------------------------------- the duplex

    def _use(self, name: str) -> None:
        self._stop_duplex()
        self._talker = Talker(
            name, self._make, policy=self._policy, feed=self.feed, speed=self._speed, call_id=self.call_id
        )

    def _stop_duplex(self) -> None:
        talker, self._talker = self._talker, None
        if talker is not None:
            talker.stop()
