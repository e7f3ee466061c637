"""The fake phone: a caller's handset and the provider in between, faithful to Twilio on the wire.

It posts the voice webhook, does what the TwiML says (opens the media stream, dials, plays, redirects ...), posts the
status callbacks, and hands back a frozen report. It decides nothing about the conversation: that is the mouth's.
"""

import asyncio
import secrets
from collections import deque
from typing import Literal

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, InvalidStatus

from callcenter.callers import twiml
from callcenter.callers.exchange import Dialling, Exchange, Outcome, Steps
from callcenter.callers.leg import Clock, Leave, Log, Stream
from callcenter.callers.mouth import Drop, HangUp, Mouth, Press
from callcenter.callers.provider import Route, WebhookError, Webhooks, sign, stream_fault
from callcenter.callers.report import Failure, Happened, Leg, Report, Side
from callcenter.callers.twiml import TwimlError
from callcenter.callers.wire import MAX_MESSAGE, Wire

MAX_STEPS = 50
CHARACTERS_PER_SECOND = 15
"""How fast the provider's own voice speaks <Say>."""


class Phone:
    """Places one call. `press`, `hang_up`, `drop` and `redirect` may be called from outside while it runs."""

    def __init__(self, dialling: Dialling, mouth: Mouth, log: Log | None = None) -> None:
        self._dialling = dialling
        self._mouth = mouth
        self._tell = log
        self._client = httpx.AsyncClient(follow_redirects=True, trust_env=False)
        self._hooks = Webhooks(Route(dialling.public or dialling.url, dialling.url), dialling.token, self._client)
        self._exchange = Exchange(dialling, self._hooks, self._log)
        self.call = self._exchange.call
        self._clock = Clock(dialling.speed)
        self._stream: Stream | None = None
        self._told: deque[Steps] = deque()
        self._over = asyncio.Event()
        self._ended: Side | None = None
        self._dials = 0
        self._failure: Failure | None = None
        self._events: list[Happened] = []
        self._steps: list[twiml.Step] = []
        self._legs: list[Leg] = []

    # ------------------------------------------------------------------------------------ what is done from outside

    def press(self, digits: str) -> None:
        if self._stream:
            self._stream.orders.append(Press(digits))

    def hang_up(self, side: Side = "caller") -> None:
        self._end(side)
        if self._stream:
            self._stream.orders.append(HangUp())

    def drop(self) -> None:
        if self._stream:
            self._stream.orders.append(Drop())

    def redirect(self, document: str) -> None:
        """The server gave the live call other instructions over REST."""
        self._told.append(twiml.parse(document))
        if self._stream:
            self._stream.orders.append(Leave())

    # ----------------------------------------------------------------------------------------------------- the call

    async def place(self) -> Report:
        async with self._client:
            try:
                await self._live()
            except WebhookError as error:
                self._fail("refused" if error.status else "unreachable", str(error), error.status)
            except TwimlError as error:
                self._fail("twiml", str(error))
            await self._finish()
        return self._report()

    async def _live(self) -> None:
        dialling, exchange = self._dialling, self._exchange
        outbound = dialling.direction != "inbound"
        if outbound:
            for status in ("initiated", "ringing", "in-progress"):
                await exchange.notify(status, self._clock.now())
        exchange.become("in-progress" if outbound else "ringing")
        steps = await exchange.ask(dialling.voice)
        if dialling.answered_by:
            await exchange.detected(dialling.answered_by)
        await self._follow(steps)

    async def _follow(self, steps: Steps) -> None:
        """Twilio's interpreter: verbs in order; some replace all that follow."""
        queue = deque(steps)
        while (queue or self._told) and self._ended is None:
            if self._told:
                queue = deque(self._told.popleft())
                continue
            step = queue.popleft()
            self._steps.append(step)
            if len(self._steps) > MAX_STEPS:
                raise TwimlError(11205, f"more than {MAX_STEPS} steps: the instructions go in a circle")
            instead = await self._do(step)
            if instead is not None:
                queue = deque(instead)
        self._end("agent")

    async def _do(self, step: twiml.Step) -> Steps | None:
        if self._exchange.status == "ringing" and not isinstance(step, twiml.Reject):
            self._exchange.become("in-progress")
        match step:
            case twiml.Connect():
                return await self._connect(step)
            case twiml.Dial():
                return await self._dial(step)
            case twiml.Say(text):
                self._log("say", text)
                await self._wait(len(text) / CHARACTERS_PER_SECOND)
            case twiml.Play(url, digits):
                self._log("play", url or digits)
                if url:
                    await self._hooks.fetch(self._exchange.absolute(url))
            case twiml.Pause(seconds):
                await self._wait(seconds)
            case twiml.Redirect(url):
                return await self._exchange.ask(url)
            case twiml.Start(what, callback):
                self._log("start", what)
                self._exchange.recording = callback or self._exchange.recording
            case twiml.Reject(reason):
                self._exchange.become("busy" if reason == "busy" else "no-answer")
                return ()
            case twiml.Hangup():
                return ()
            case twiml.Unknown(verb):
                self._log("warning", f"12200 the verb <{verb}> is not known and is skipped")
        return None

    # ----------------------------------------------------------------------------------------------------- the stream

    async def _connect(self, step: twiml.Connect) -> Steps | None:
        stream = step.stream
        sid = "MZ" + secrets.token_hex(16)
        fault = stream_fault(stream.url)
        socket = None if fault else await self._open(stream.url)
        if socket is None:
            if fault:
                self._fail("stream", fault)
            assert self._failure is not None
            await self._exchange.streamed(stream, sid, "stream-error", self._failure.detail)
        else:
            leg = await self._talk(socket, stream, sid)
            if leg.ended_by == "caller":
                self._end("caller")
        if self._told:
            return ()
        if not step.action:
            return None
        if self._ended is not None:
            self._exchange.become("completed")
            await self._exchange.post("action", step.action, {})
            return ()
        return await self._exchange.ask(step.action)

    async def _open(self, url: str) -> ClientConnection | None:
        try:
            return await connect(
                self._hooks.route.reachable(url),
                additional_headers=self._hooks.signature(url),
                user_agent_header="Twilio.TmeWs/1.0",
                compression=None,
                max_size=MAX_MESSAGE,
                ping_interval=None,
                open_timeout=5,
                proxy=None,
            )
        except InvalidStatus as error:
            self._fail("stream", f"31920 {error}", error.response.status_code)
        except (InvalidHandshake, OSError, TimeoutError) as error:
            self._fail("stream", f"31920 {type(error).__name__} {error}".strip())
        return None

    async def _talk(self, socket: ClientConnection, stream: twiml.Stream, sid: str) -> Leg:
        dialling = self._dialling
        wire = Wire(dialling.account, self.call, sid, dialling.first_ms)
        self._log("stream", sid)
        self._stream = Stream(wire, self._mouth, self._clock, self._log, dialling.weather, dialling.seconds)
        if self._told:
            self._stream.orders.append(Leave())
        if self._ended:
            self._stream.orders.append(HangUp())
        started = asyncio.create_task(self._exchange.streamed(stream, sid, "stream-started"))
        try:
            leg = await self._stream.run(socket, stream.params)
        finally:
            self._stream = None
            await started
        self._legs.append(leg)
        if leg.ended_by == "broken":
            await self._exchange.streamed(stream, sid, "stream-error", "31921 the socket broke")
        else:
            await self._exchange.streamed(stream, sid, "stream-stopped")
        return leg

    # -------------------------------------------------------------------------------------------------------- dialling

    async def _dial(self, step: twiml.Dial) -> Steps | None:
        outcome = self._dialling.outcomes[min(self._dials, len(self._dialling.outcomes) - 1)]
        self._dials += 1
        parties = ", ".join(party.value for party in step.parties)
        self._log("dial", f"{parties}: {outcome}")
        talked = self._dialling.talk if outcome == "completed" else 0.0
        if outcome == "completed":
            await self._whisper(step.parties[:1])
        await self._wait(step.timeout if outcome == "no-answer" else talked)
        if not step.action:
            return None
        form = {"DialCallStatus": outcome, "DialCallSid": "CA" + secrets.token_hex(16)}
        if outcome == "completed":
            form["DialCallDuration"] = str(round(talked))
        if self._ended is not None:
            await self._exchange.post("action", step.action, form)
            return ()
        return await self._exchange.ask(step.action, form)

    async def _whisper(self, parties: tuple[twiml.Party, ...]) -> None:
        """The answering party first hears the TwiML of its own address."""
        for party in parties:
            if party.url:
                heard = await self._hooks.ask(self._exchange.absolute(party.url), self._exchange.form())
                said = [step.text for step in twiml.parse(heard) if isinstance(step, twiml.Say)]
                self._log("whisper", " ".join(said))

    # -------------------------------------------------------------------------------------------------- small matters

    async def _wait(self, seconds: float) -> None:
        """Lets call time pass, until the caller hangs up or is given up."""
        left = min(seconds, self._dialling.seconds - self._clock.now())
        try:
            async with asyncio.timeout(max(0.0, left / self._dialling.speed)):
                await self._over.wait()
        except TimeoutError:
            if self._clock.now() >= self._dialling.seconds:
                self._end("caller")

    def _end(self, side: Side) -> None:
        self._ended = self._ended or side
        self._over.set()

    def _fail(self, kind: Literal["unreachable", "refused", "twiml", "stream"], detail: str, status: int = 0) -> None:
        self._log("error", detail)
        self._failure = self._failure or Failure(kind, detail, status)
        if kind != "stream":
            self._exchange.become("failed")
            self._end("broken")

    async def _finish(self) -> None:
        if self._exchange.status in ("in-progress", "ringing"):
            self._exchange.become("completed")
        if self._failure is None or self._failure.kind != "unreachable":
            await self._exchange.notify(self._exchange.status, self._clock.now())
            await self._exchange.recorded(self._clock.now())

    def _log(self, what: str, detail: str) -> None:
        self._events.append(Happened(self._clock.now(), what, detail))
        if self._tell:
            self._tell(what, detail)

    def _report(self) -> Report:
        return Report(
            call=self.call,
            direction=self._dialling.direction,
            status=self._exchange.status,
            ended_by=self._ended or "broken",
            seconds=self._clock.now(),
            events=tuple(self._events),
            steps=tuple(self._steps),
            legs=tuple(self._legs),
            failure=self._failure,
        )


async def place(dialling: Dialling, mouth: Mouth, log: Log | None = None) -> Report:
    return await Phone(dialling, mouth, log).place()


__all__ = ["Dialling", "Outcome", "Phone", "place", "sign"]
