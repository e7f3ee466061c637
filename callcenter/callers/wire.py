"""The provider's end of the media stream: numbers and words the messages exactly as Twilio does.

Written from the provider's documentation, not from our own parser, so that each checks the other: every number is a
string, sequence numbers count messages, chunks count frames, timestamps are milliseconds since the stream began.
"""

import binascii
from base64 import b64encode
from dataclasses import dataclass

import orjson

MAX_MESSAGE = 64 * 1024


class WireError(Exception):
    """The other side sent what the protocol does not allow. `code` is Twilio's error number."""

    def __init__(self, code: int, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Audio:
    payload: bytes


@dataclass(frozen=True, slots=True)
class MarkSet:
    name: str


@dataclass(frozen=True, slots=True)
class Cleared:
    pass


Received = Audio | MarkSet | Cleared


class Wire:
    """One stream's messages. `position` is the sample count of the next frame since the stream began."""

    def __init__(self, account: str, call: str, stream: str, first_ms: int = 0) -> None:
        self.account = account
        self.call = call
        self.stream = stream
        self._sequence = 0
        self._chunk = 0
        self._ms = first_ms

    def connected(self) -> str:
        return text({"event": "connected", "protocol": "Call", "version": "1.0.0"})

    def start(self, params: tuple[tuple[str, str], ...]) -> str:
        described = {
            "accountSid": self.account,
            "streamSid": self.stream,
            "callSid": self.call,
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            "customParameters": dict(params),
        }
        return self._numbered({"event": "start", "start": described})

    def media(self, frame: bytes) -> str:
        self._chunk += 1
        told = {
            "track": "inbound",
            "chunk": str(self._chunk),
            "timestamp": str(self._ms),
            "payload": b64encode(frame).decode(),
        }
        self._ms += len(frame) // 8
        return self._numbered({"event": "media", "media": told})

    def dtmf(self, digit: str) -> str:
        return self._numbered({"event": "dtmf", "dtmf": {"track": "inbound_track", "digit": digit}})

    def mark(self, name: str) -> str:
        return self._numbered({"event": "mark", "mark": {"name": name}})

    def stop(self) -> str:
        return self._numbered({"event": "stop", "stop": {"accountSid": self.account, "callSid": self.call}})

    def parse(self, message: str | bytes) -> Received:
        if isinstance(message, bytes):
            raise WireError(31951, f"a binary message of {len(message)} bytes")
        if len(message) > MAX_MESSAGE:
            raise WireError(31951, f"a message of {len(message)} bytes")
        try:
            told = orjson.loads(message)
            if told["streamSid"] != self.stream:
                raise WireError(31951, f"the streamSid {told['streamSid']!r} is not this stream's")
            return received(told)
        except (orjson.JSONDecodeError, KeyError, TypeError, binascii.Error) as error:
            raise WireError(31951, f"{type(error).__name__} {error} in {message[:120]!r}") from error

    def _numbered(self, message: dict[str, object]) -> str:
        self._sequence += 1
        return text({**message, "sequenceNumber": str(self._sequence), "streamSid": self.stream})


def received(told: dict[str, dict[str, str]]) -> Received:
    match told["event"]:
        case "media":
            payload = binascii.a2b_base64(told["media"]["payload"], strict_mode=True)
            if not payload:
                raise WireError(31951, "a media message without audio")
            return Audio(payload)
        case "mark":
            name = told["mark"]["name"]
            if not isinstance(name, str) or not name:
                raise WireError(31951, f"a mark named {name!r}")
            return MarkSet(name)
        case "clear":
            return Cleared()
        case unknown:
            raise WireError(31951, f"an unknown event {unknown!r}")


def text(message: dict[str, object]) -> str:
    return orjson.dumps(message).decode()
