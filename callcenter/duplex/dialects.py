"""What hosted duplex models speak over their websockets, without the sockets: messages in, happenings out, and back.

`GptLive` is the protocol of models that hear and speak at once (`session.*`): mu-law passes through, appended notes go
to three channels (spoken, silent, behaviour), and the model says when it wants something looked up. `Realtime` is the
turn-taking protocol many servers share (`response.*`): audio comes faster than it is spoken, the server says when the
caller begins, and what was not heard is cut from its memory. What neither can read is an error of theirs.
"""

import json
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from callcenter.events import Note
from callcenter.units import RATE

Message = Mapping[str, Any]

LONGEST_APPEND: Final = 480
"""Bytes of one appended note; a longer one is cut between words."""

SAY: Final = "Say this to the caller now, with these facts and no others: "
TAKEN_BACK: Final = "This is no longer right, do not say it any more: "


class HostedError(Exception):
    """A hosted model cannot go on. `kind` is a bounded label."""

    def __init__(self, kind: str, detail: str = "") -> None:
        super().__init__(f"{kind}: {detail}" if detail else kind)
        self.kind = kind
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Persona:
    """How a session begins; it cannot be changed afterwards."""

    model: str
    voice: str
    instructions: str


# ------------------------------------------------------------------------------------------------------- what happens


@dataclass(frozen=True, slots=True)
class Sounded:
    audio: bytes
    item: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """A piece of what the model says; not always whole words."""

    text: str


@dataclass(frozen=True, slots=True)
class Understood:
    """A piece of what the caller said."""

    text: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """The model wants something looked up."""


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The caller has begun to speak: what is not played yet is not to be heard."""


@dataclass(frozen=True, slots=True)
class Ready:
    """The session is as it was asked for."""


@dataclass(frozen=True, slots=True)
class Complained:
    """Something we sent was refused, and the session goes on."""

    detail: str


Happening = Sounded | Said | Understood | Wanted | Interrupted | Ready | Complained


class Dialect(Protocol):
    paced: bool
    """Sound comes as it is to be heard; if not, it comes as fast as it is made."""

    def opening(self, persona: Persona) -> Sequence[Message]: ...

    def hear(self, audio: bytes) -> Message: ...

    def note(self, note: Note) -> Sequence[Message]: ...

    def receive(self, text: str | bytes) -> tuple[Sequence[Happening], Sequence[Message]]:
        """What a message means, and what it makes us answer; raises HostedError where the session is over."""
        ...

    def unheard(self, item: str, heard: int) -> Sequence[Message]:
        """So many samples of an item were handed out before the caller spoke."""
        ...


def read(text: str | bytes) -> Message:
    try:
        message = json.loads(text)
    except ValueError:
        raise HostedError("protocol", f"no JSON: {text[:60]!r}") from None
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise HostedError("protocol", f"no type: {text[:60]!r}")
    return message


def sound(message: Message) -> bytes:
    try:
        return b64decode(message["delta"], validate=True)
    except (KeyError, TypeError, NotBase64, ValueError):
        raise HostedError("protocol", f"{message['type']} without sound") from None


def words(message: Message, name: str = "delta") -> str:
    if not isinstance(message.get(name), str):
        raise HostedError("protocol", f"{message['type']} without {name}")
    return str(message[name])


def refusal(message: Message) -> tuple[str, str]:
    error = message.get("error")
    error = error if isinstance(error, dict) else {}
    return str(error.get("code") or error.get("type") or "error"), str(error.get("message") or "")[:200]


def pieces(text: str, most: int = LONGEST_APPEND) -> list[str]:
    """Cut between words, so that no piece has more bytes than may be appended at once."""
    found: list[str] = []
    for word in text.split():
        longer = f"{found[-1]} {word}" if found else word
        if found and len(longer.encode()) <= most:
            found[-1] = longer
        else:
            found.append(word.encode()[:most].decode(errors="ignore"))
    return found


# -------------------------------------------------------------------------------------------------------- GPT-Live


CHANNELS: Final = {
    "say": "session.commentary.append",
    "know": "session.thinking.append",
    "be": "session.instructions.append",
}


class GptLive:
    paced = True

    def __init__(self) -> None:
        self._started = False
        self._delegation: str | None = None
        self._said: dict[str, str] = {}
        self._count = 0

    def opening(self, persona: Persona) -> Sequence[Message]:
        self._started, self._delegation = False, None
        session = {
            "model": persona.model,
            "instructions": persona.instructions,
            "audio": {"format": {"type": "audio/pcmu", "rate": RATE}, "output": {"voice": persona.voice}},
            "delegation": {"type": "client"},
        }
        return [{"type": "session.start", "session": session}]

    def hear(self, audio: bytes) -> Message:
        return {"type": "session.input_audio.append", "audio": b64encode(audio).decode()}

    def note(self, note: Note) -> Sequence[Message]:
        told: list[Message] = []
        for old in note.supersedes:
            if text := self._said.pop(old, ""):
                told += self._append("session.instructions.append", TAKEN_BACK + text)
        if note.kind == "expect":
            return told
        if note.kind == "say":
            self._said[note.id] = note.text
        return [*told, *self._append(CHANNELS[note.kind], note.text)]

    def receive(self, text: str | bytes) -> tuple[Sequence[Happening], Sequence[Message]]:
        message = read(text)
        match message["type"]:
            case "session.started":
                self._started = True
                return [Ready()], []
            case "session.output_audio.delta":
                return [Sounded(sound(message))], []
            case "session.output_transcript.delta":
                return [Said(words(message))], []
            case "session.input_transcript.delta":
                return [Understood(words(message))], []
            case "session.delegation.created":
                return self._delegated(message), []
            case "session.closed":
                reason = str(message.get("reason"))
                raise HostedError("expired" if reason == "expired" else "closed", reason)
            case "error":
                return self._refused(message), []
            case _:
                return [], []  # acknowledgements, usage, and what newer servers may add

    def unheard(self, item: str, heard: int) -> Sequence[Message]:
        return []

    def _append(self, kind: str, text: str) -> list[Message]:
        """An interruption does not cancel what was delegated; the id says which request an answer belongs to."""
        told: list[Message] = []
        for piece in pieces(text):
            self._count += 1
            told.append(
                {"type": kind, "event_id": f"append-{self._count}", "delegation_id": self._delegation, "content": piece}
            )
        return told

    def _delegated(self, message: Message) -> list[Happening]:
        delegation = message.get("delegation")
        if not isinstance(delegation, dict) or not isinstance(delegation.get("id"), str):
            raise HostedError("protocol", "a delegation without an id")
        self._delegation = delegation["id"]
        return [Wanted()]

    def _refused(self, message: Message) -> list[Happening]:
        code, told = refusal(message)
        if not self._started:
            raise HostedError("rejected", f"{code} {told}")
        return [Complained(f"{code} {told}")]


# --------------------------------------------------------------------------------------------------------- Realtime


class Realtime:
    paced = False

    def __init__(self) -> None:
        self._persona = Persona("", "", "")
        self._ready = False
        self._active = False
        """A response is being made; a second one would be refused."""
        self._waiting: deque[Note] = deque()

    def opening(self, persona: Persona) -> Sequence[Message]:
        self._persona, self._ready, self._active = persona, False, False
        hears = {
            "format": {"type": "audio/pcmu"},
            "transcription": {"model": "gpt-4o-mini-transcribe"},
            "turn_detection": {"type": "semantic_vad", "create_response": True, "interrupt_response": True},
        }
        session = {
            "type": "realtime",
            "instructions": persona.instructions,
            "output_modalities": ["audio"],
            "audio": {"input": hears, "output": {"format": {"type": "audio/pcmu"}, "voice": persona.voice}},
        }
        return [{"type": "session.update", "session": session}]

    def hear(self, audio: bytes) -> Message:
        return {"type": "input_audio_buffer.append", "audio": b64encode(audio).decode()}

    def note(self, note: Note) -> Sequence[Message]:
        self._waiting = deque(one for one in self._waiting if one.id not in note.supersedes)
        if note.kind == "expect":
            return []
        if note.kind == "be":
            told = f"{self._persona.instructions}\n{note.text}"
            return [{"type": "session.update", "session": {"type": "realtime", "instructions": told}}]
        if note.kind == "know":
            return [_item(note.text)] if note.text else []
        self._waiting.append(note)
        return self._next()

    def receive(self, text: str | bytes) -> tuple[Sequence[Happening], Sequence[Message]]:
        message = read(text)
        match message["type"]:
            case "session.updated" if not self._ready:
                self._ready = True
                return [Ready()], self._next()
            case "response.output_audio.delta" | "response.audio.delta":
                return [Sounded(sound(message), str(message.get("item_id", "")))], []
            case "response.output_audio_transcript.delta" | "response.audio_transcript.delta":
                return [Said(words(message))], []
            case "conversation.item.input_audio_transcription.completed":
                return [Understood(words(message, "transcript") + " "), Wanted()], []
            case "input_audio_buffer.speech_started":
                return [Interrupted()], []
            case "response.created":
                self._active = True
                return [], []
            case "response.done":
                self._active = False
                return self._done(message), self._next()
            case "error":
                return self._refused(message), []
            case _:
                return [], []

    def unheard(self, item: str, heard: int) -> Sequence[Message]:
        if not item:
            return []
        end = heard * 1_000 // RATE
        return [{"type": "conversation.item.truncate", "item_id": item, "content_index": 0, "audio_end_ms": end}]

    def _next(self) -> list[Message]:
        """One response at a time; a note that waits is said when the last one is done."""
        if self._active or not self._ready or not self._waiting:
            return []
        self._active = True
        told = SAY + self._waiting.popleft().text
        return [{"type": "response.create", "response": {"instructions": told}}]

    def _done(self, message: Message) -> list[Happening]:
        response = message.get("response")
        if isinstance(response, dict) and response.get("status") == "failed":
            return [Complained(f"response failed: {response.get('status_details')!r:.160}")]
        return []

    def _refused(self, message: Message) -> list[Happening]:
        code, told = refusal(message)
        if not self._ready or code in ("session_expired", "invalid_api_key"):
            raise HostedError("expired" if code == "session_expired" else "rejected", f"{code} {told}")
        if code == "conversation_already_has_active_response":
            self._active = True
        return [Complained(f"{code} {told}")]


def _item(text: str) -> Message:
    content = [{"type": "input_text", "text": text}]
    return {"type": "conversation.item.create", "item": {"type": "message", "role": "system", "content": content}}


DIALECTS: Final[Mapping[str, type[GptLive] | type[Realtime]]] = {"gpt-live": GptLive, "realtime": Realtime}
