"""The provider's books on one call: how it was placed, its status, and what the server is asked and told about it."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import formatdate
from typing import Literal

from callcenter.callers import twiml
from callcenter.callers.network import CALM, Weather
from callcenter.callers.provider import WebhookError, Webhooks

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


class Exchange:
    """`status` is what the provider calls the call's state; every message to the server carries it."""

    def __init__(self, dialling: Dialling, hooks: Webhooks, log: Callable[[str, str], None]) -> None:
        self.call = dialling.call or "CA" + secrets.token_hex(16)
        self.status = "queued"
        self.hooks = hooks
        self.recording = ""
        """Where the server wants to be told of the provider's recording."""
        self._dialling = dialling
        self._log = log
        self._notices = 0
        self._document = ""
        """Where the instructions came from; addresses in them are relative to it."""

    def absolute(self, url: str) -> str:
        return self.hooks.route.absolute(url, self._document)

    async def ask(self, url: str, form: dict[str, str] | None = None) -> Steps:
        """What to do next, according to this address."""
        self._log("webhook", self.absolute(url))
        self._document = self.absolute(url)
        return twiml.parse(await self.hooks.ask(self._document, {**self.form(), **(form or {})}))

    async def post(self, what: str, url: str, form: dict[str, str]) -> None:
        """Tells the server something whose answer the provider ignores."""
        try:
            await self.hooks.ask(self.absolute(url), {**self.form(), **form})
        except WebhookError as error:
            self._log("warning", f"11200 {what} {error}")

    def become(self, status: str) -> None:
        if status != self.status:
            self.status = status
            self._log("call", status)

    async def notify(self, status: str, seconds: float) -> None:
        """A status callback of the call."""
        form = {
            "CallStatus": status,
            "SequenceNumber": str(self._notices),
            "CallbackSource": "call-progress-events",
            "Timestamp": formatdate(),
        }
        if status == "completed":
            form["CallDuration"] = str(round(seconds))
        self._notices += 1
        self._log("status", status)
        if self._dialling.status:
            await self.post("status", self._dialling.status, form)

    async def detected(self, party: str) -> None:
        """The asynchronous result of answering machine detection."""
        await self.post("amd", self._dialling.amd, {"AnsweredBy": party, "MachineDetectionDuration": "2400"})

    async def streamed(self, stream: twiml.Stream, sid: str, happened: str, error: str = "") -> None:
        """A status callback of the media stream."""
        if not stream.status_callback:
            return
        form = {"StreamSid": sid, "StreamName": stream.name or sid, "StreamEvent": happened, "Timestamp": formatdate()}
        await self.post("stream-status", stream.status_callback, {**form, **({"StreamError": error} if error else {})})

    async def recorded(self, seconds: float) -> None:
        if self.recording:
            form = {
                "RecordingSid": "RE" + secrets.token_hex(16),
                "RecordingStatus": "completed",
                "RecordingChannels": "2",
                "RecordingDuration": str(round(seconds)),
                "RecordingUrl": f"https://api.example.com/{self.call}",
            }
            await self.post("recording", self.recording, form)

    def form(self) -> dict[str, str]:
        dialling = self._dialling
        return {
            "CallSid": self.call,
            "AccountSid": dialling.account,
            "ApiVersion": "2010-04-01",
            "From": dialling.caller,
            "Caller": dialling.caller,
            "To": dialling.called,
            "Called": dialling.called,
            "Direction": dialling.direction,
            "CallStatus": self.status,
        }
