"""The fake phone: a caller's handset and the provider in between, faithful to Twilio on the wire.

It posts the voice webhook, does what the TwiML says (opens the media stream, dials, plays, redirects ...), posts the
status callbacks, and hands back a frozen report. It decides nothing about the conversation: that is the mouth's.
"""

import asyncio
import secrets
from collections import deque
from dataclasses import dataclass
from email.utils import formatdate
from typing import Literal

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, InvalidStatus

from callcenter.callers import twiml
from callcenter.callers.leg import Clock, Leave, Log, Stream
from callcenter.callers.mouth import Drop, HangUp, Mouth, Press
from callcenter.callers.network import CALM, Weather
from callcenter.callers.provider import Route, WebhookError, Webhooks, sign, stream_fault
from callcenter.callers.report import Failure, Happened, Leg, Report, Side
from callcenter.callers.twiml import TwimlError
from callcenter.callers.wire import MAX_MESSAGE, Wire

MAX_STEPS = 50
CHARACTERS_PER_SECOND = 15
"""How fast the provider's own voice speaks <Say>."""

Outcome = Literal["completed", "busy", "no-answer", "failed", "canceled"]
Steps = tuple[twiml.Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialling:
    """How a call is placed. Paths are resolved against `public`, what the server calls itself (default: `url`)."""

    url: str
    public: str = ""
    token: str = ""
    """The account's auth token; empty leaves requests unsigned."""
    account: str = "AC" + "0" * 32
    call: str = ""
    caller: str = "+15550100001"
    called: str = "+15550109999"
    direction: Literal["inbound", "outbound-api"] = "inbound"
    answered_by: str = ""
    """On an outbound call: human, machine_start, fax ...; posted to `amd` as an asynchronous result."""
    voice: str = "/twilio/voice"
    status: str = "/twilio/status"
    amd: str = "/twilio/amd"
    outcomes: tuple[Outcome, ...] = ("completed",)
    """How dialled parties react, one after the other; the last one repeats."""
    talk: float = 1.0
    """Seconds that a dialled party and the caller talk."""
    seconds: float = 3600.0
    """The caller hangs up at this time."""
    first_ms: int = 0
    """The timestamp of the first frame."""
    speed: float = 1.0
    weather: Weather = CALM


class Phone:
    """Places one call. `press`, `hang_up`, `drop` and `redirect` may be called from outside while it runs."""

    def __init__(self, dialling: Dialling, mouth: Mouth, log: Log | None = None) -> None:
        self._dialling = dialling
        self._mouth = mouth
        self._tell = log
        self.call = dialling.call or "CA" + secrets.token_hex(16)
        self.status = "queued"
        self._clock = Clock(dialling.speed)
        self._stream: Stream | None = None
        self._told: deque[Steps] = deque()
        self._over = asyncio.Event()
        self._ended: Side | None = None
        self._dials = 0
        self._notices = 0
        self._recording = ""
        self._document = ""
        """Where the instructions came from; addresses in them are relative to it."""
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
        dialling = self._dialling
        async with httpx.AsyncClient(follow_redirects=True, trust_env=False) as client:
            route = Route(dialling.public or dialling.url, dialling.url)
            self._hooks = Webhooks(route, dialling.token, client)
            try:
                await self._live()
            except WebhookError as error:
                self._fail("refused" if error.status else "unreachable", str(error), error.status)
            except TwimlError as error:
                self._fail("twiml", str(error))
            await self._finish()
        return self._report()

    async def _live(self) -> None:
        outbound = self._dialling.direction != "inbound"
        if outbound:
            for status in ("initiated", "ringing", "in-progress"):
                await self._notify(status)
        self._become("in-progress" if outbound else "ringing")
        steps = await self._ask(self._absolute(self._dialling.voice))
        if self._dialling.answered_by:
            answer = {"AnsweredBy": self._dialling.answered_by, "MachineDetectionDuration": "2400"}
            await self._post("amd", self._dialling.amd, answer)
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
        if not isinstance(step, twiml.Reject):
            self._answer()
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
                    await self._hooks.fetch(self._absolute(url))
            case twiml.Pause(seconds):
                await self._wait(seconds)
            case twiml.Redirect(url):
                return await self._ask(self._absolute(url))
            case twiml.Start(what, callback):
                self._log("start", what)
                self._recording = callback or self._recording
            case twiml.Reject(reason):
                self._become("busy" if reason == "busy" else "no-answer")
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
            error = {"StreamEvent": "stream-error", "StreamError": self._failure.detail}
            await self._stream_status(stream, sid, error)
        else:
            leg = await self._talk(socket, stream, sid)
            if leg.ended_by == "caller":
                self._end("caller")
        if self._told:
            return ()
        if not step.action:
            return None
        if self._ended is not None:
            self._become("completed")
            await self._post("action", step.action, {})
            return ()
        return await self._ask(self._absolute(step.action))

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
        started = asyncio.create_task(self._stream_status(stream, sid, {"StreamEvent": "stream-started"}))
        try:
            leg = await self._stream.run(socket, stream.params)
        finally:
            self._stream = None
            await started
        self._legs.append(leg)
        told = {"StreamEvent": "stream-stopped"}
        if leg.ended_by == "broken":
            told = {"StreamEvent": "stream-error", "StreamError": "31921 the socket broke"}
        await self._stream_status(stream, sid, told)
        return leg

    async def _stream_status(self, stream: twiml.Stream, sid: str, told: dict[str, str]) -> None:
        if not stream.status_callback:
            return
        form = {"StreamSid": sid, "StreamName": stream.name or sid, "Timestamp": formatdate(), **told}
        await self._post("stream-status", stream.status_callback, form)

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
            await self._post("action", step.action, form)
            return ()
        return await self._ask(self._absolute(step.action), form)

    async def _whisper(self, parties: tuple[twiml.Party, ...]) -> None:
        """The answering party first hears the TwiML of its own address."""
        for party in parties:
            if party.url:
                heard = await self._hooks.ask(self._absolute(party.url), self._form())
                said = [step.text for step in twiml.parse(heard) if isinstance(step, twiml.Say)]
                self._log("whisper", " ".join(said))

    # -------------------------------------------------------------------------------------------- asking and notifying

    async def _ask(self, url: str, form: dict[str, str] | None = None) -> Steps:
        self._log("webhook", url)
        answer = await self._hooks.ask(url, {**self._form(), **(form or {})})
        self._document = url
        return twiml.parse(answer)

    async def _post(self, what: str, url: str, form: dict[str, str]) -> None:
        """Tells the server something whose answer the provider ignores."""
        try:
            await self._hooks.ask(self._absolute(url), {**self._form(), **form})
        except WebhookError as error:
            self._log("warning", f"11200 {what} {error}")

    async def _notify(self, status: str) -> None:
        """A status callback of the call."""
        form = {
            "CallStatus": status,
            "SequenceNumber": str(self._notices),
            "CallbackSource": "call-progress-events",
            "Timestamp": formatdate(),
        }
        if status == "completed":
            form["CallDuration"] = str(round(self._clock.now()))
        self._notices += 1
        self._log("status", status)
        if self._dialling.status:
            await self._post("status", self._dialling.status, form)

    def _form(self) -> dict[str, str]:
        dialling = self._dialling
        return {
            "CallSid": self.call,
            "AccountSid": dialling.account,
            "ApiVersion": "2010-04-01",
            "From": dialling.caller,
            "Caller": dialling.caller,
            "To": dialling.called,
            "Called": dialling.called,
            "Direction": "inbound" if dialling.direction == "inbound" else "outbound-api",
            "CallStatus": self.status,
        }

    # -------------------------------------------------------------------------------------------------- small matters

    def _absolute(self, url: str) -> str:
        return self._hooks.route.absolute(url, self._document)

    def _answer(self) -> None:
        if self.status == "ringing":
            self._become("in-progress")

    def _become(self, status: str) -> None:
        if status != self.status:
            self.status = status
            self._log("call", status)

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
            self.status = "failed"
            self._end("broken")

    async def _finish(self) -> None:
        if self.status in ("in-progress", "ringing", "completed"):
            self.status = "completed"
        if self._failure is None or self._failure.kind != "unreachable":
            await self._notify(self.status)
            await self._recorded()

    async def _recorded(self) -> None:
        if self._recording:
            form = {
                "RecordingSid": "RE" + secrets.token_hex(16),
                "RecordingStatus": "completed",
                "RecordingChannels": "2",
                "RecordingDuration": str(round(self._clock.now())),
                "RecordingUrl": f"https://api.example.com/{self.call}",
            }
            await self._post("recording", self._recording, form)

    def _log(self, what: str, detail: str) -> None:
        self._events.append(Happened(self._clock.now(), what, detail))
        if self._tell:
            self._tell(what, detail)

    def _report(self) -> Report:
        return Report(
            call=self.call,
            direction=self._dialling.direction,
            status=self.status,
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
