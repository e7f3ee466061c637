"""Twilio Media Streams, bidirectional: their JSON text to events, our frames to their JSON text.

What is legal is read leniently (numbers as text or as numbers, unknown events, any order and any gap of
`sequenceNumber` and `chunk`); what makes no sense is a `CarrierError` whose kind is one of `KINDS`. Audio is placed by
`media.timestamp` (milliseconds since the stream began), never by arrival. `media` passes fifty times a second and call:
both ways of it cost microseconds.
"""

import re
from binascii import a2b_base64, b2a_base64
from typing import Any, Final, Never

import orjson

from callcenter.carriers import Arrival, Caps, CarrierError, Media
from callcenter.events import Marked, Pressed, Started, Stopped
from callcenter.units import RATE

KINDS: Final = ("binary", "oversized", "not_json", "not_an_object", "bad_field", "wrong_order", "wrong_format")
KEYS: Final = frozenset("0123456789*#ABCD")
LONGEST: Final = 65_536

_PER_MS: Final = RATE // 1_000
_NAME: Final = re.compile(r"[A-Za-z0-9._:@-]{1,64}")
_QUOTED: Final = 64
_NUMBER_LENGTH: Final = 12


class Twilio:
    """One stream of one call. Remembers the stream's id, because every message of both directions carries it."""

    caps = Caps(name="twilio", marks=True, clear=True, dtmf_in=True, dtmf_out=False, max_message=LONGEST)

    def __init__(self) -> None:
        self.stream = ""
        self._stopped = False
        self._media = self._mark = self._clear = ""

    # ------------------------------------------------------------------------------------------------ wire to event

    def parse(self, message: str | bytes) -> Arrival | None:
        fields = _fields(message)
        match _text(fields, "event"):
            case "media":
                return self._heard(fields)
            case "mark":
                return Marked(_text(_part(fields, "mark"), "name")) if self._ours(fields) else None
            case "dtmf":
                return self._pressed(fields)
            case "start":
                return self._started(fields)
            case "stop":
                return self._ended(fields)
            case "connected":
                self._check_greeting(fields)
                return None
            case _:
                return None

    def _heard(self, fields: dict[str, Any]) -> Media | None:
        if not self._ours(fields):
            return None
        media = _part(fields, "media")
        if media.get("track") != "inbound":
            raise CarrierError("wrong_format", f"media.track={_quote(media.get('track'))}")
        position = _number(media, "timestamp") * _PER_MS
        audio = _audio(media)
        return Media(position, audio) if audio else None

    def _check_greeting(self, fields: dict[str, Any]) -> None:
        if self.stream:
            raise CarrierError("wrong_order", "connected after start")
        if fields.get("protocol") != "Call":
            raise CarrierError("wrong_format", f"protocol={_quote(fields.get('protocol'))}")

    def _started(self, fields: dict[str, Any]) -> Started:
        if self.stream:
            raise CarrierError("wrong_order", "a second start")
        start = _part(fields, "start")
        stream = _name(start, "streamSid")
        if fields.get("streamSid", stream) != stream:
            raise CarrierError("wrong_order", f"streamSid={_quote(fields['streamSid'])} in the start of {stream}")
        call = _name(start, "callSid")
        _check_format(start)
        params = _params(start)
        sid = orjson.dumps(stream).decode()
        self._media = f'{{"event":"media","streamSid":{sid},"media":{{"payload":"'
        self._mark = f'{{"event":"mark","streamSid":{sid},"mark":{{"name":'
        self._clear = f'{{"event":"clear","streamSid":{sid}}}'
        self.stream = stream
        return Started(stream=stream, carrier_call=call, params=params)

    def _pressed(self, fields: dict[str, Any]) -> Pressed | None:
        if not self._ours(fields):
            return None
        dtmf = _part(fields, "dtmf")
        if dtmf.get("track", "inbound_track") not in ("inbound_track", "inbound"):
            raise CarrierError("wrong_format", f"dtmf.track={_quote(dtmf['track'])}")
        digit = _text(dtmf, "digit").upper()
        if digit not in KEYS:
            raise CarrierError("bad_field", f"dtmf.digit={_quote(digit)}")
        return Pressed(digit)

    def _ended(self, fields: dict[str, Any]) -> Stopped | None:
        if not self._ours(fields):
            return None
        self._stopped = True
        return Stopped()

    def _ours(self, fields: dict[str, Any]) -> bool:
        """Whether the message is about this stream while it runs; after its stop nothing means anything."""
        if not self.stream:
            raise CarrierError("wrong_order", f"{fields['event']} before start")
        if fields.get("streamSid") != self.stream:
            raise CarrierError("wrong_order", f"streamSid={_quote(fields.get('streamSid'))} in {self.stream}")
        return not self._stopped

    # --------------------------------------------------------------------------------------------- command to wire

    def media(self, frame: bytes) -> str:
        return self._open(self._media) + b2a_base64(frame, newline=False).decode("ascii") + '"}}'

    def mark(self, name: str) -> str:
        return self._open(self._mark) + orjson.dumps(name).decode() + "}}"

    def clear(self) -> str:
        return self._open(self._clear)

    def _open(self, text: str) -> str:
        if not text:
            raise RuntimeError("nothing can be sent before the stream has started")
        return text


def _fields(message: str | bytes) -> dict[str, Any]:
    if not isinstance(message, str):
        raise CarrierError("binary", f"{len(message)} bytes")
    if len(message) > LONGEST or (not message.isascii() and len(message.encode(errors="surrogatepass")) > LONGEST):
        raise CarrierError("oversized", f"{len(message)} characters")
    try:
        fields = orjson.loads(message)
    except orjson.JSONDecodeError as error:
        raise CarrierError("not_json", _quote(str(error))) from None
    if type(fields) is not dict:
        raise CarrierError("not_an_object", _quote(fields))
    return fields


def _part(fields: dict[str, Any], key: str) -> dict[str, Any]:
    value = fields.get(key)
    return value if isinstance(value, dict) else _bad(key, value)


def _text(fields: dict[str, Any], key: str) -> str:
    value = fields.get(key)
    return value if isinstance(value, str) else _bad(key, value)


def _name(fields: dict[str, Any], key: str) -> str:
    """An identifier: it goes into logs, journals and our own messages, so it has no room for anything else."""
    value = _text(fields, key)
    return value if _NAME.fullmatch(value) else _bad(key, value)


def _number(fields: dict[str, Any], key: str) -> int:
    """A count, as they write it (text) or as others who speak this protocol do (a number)."""
    value = fields.get(key)
    text = str(value) if type(value) is int else value
    if type(text) is not str:
        _bad(key, value)
    fine = text.isascii() and text.isdecimal() and len(text) <= _NUMBER_LENGTH
    return int(text) if fine else _bad(key, value)


def _audio(media: dict[str, Any]) -> bytes:
    payload = _text(media, "payload")
    try:
        return a2b_base64(payload, strict_mode=True)
    except ValueError:
        return _bad("payload", payload)


def _check_format(start: dict[str, Any]) -> None:
    tracks = start.get("tracks")
    if not isinstance(tracks, list):
        _bad("tracks", tracks)
    if tracks != ["inbound"]:
        raise CarrierError("wrong_format", f"tracks={_quote(','.join(map(str, tracks[:4])))}")
    audio = _part(start, "mediaFormat")
    if audio.get("encoding") != "audio/x-mulaw":
        raise CarrierError("wrong_format", f"encoding={_quote(audio.get('encoding'))}")
    for key, only in (("sampleRate", RATE), ("channels", 1)):
        if _number(audio, key) != only:
            raise CarrierError("wrong_format", f"{key}={_quote(audio[key])}")


def _params(start: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    params = start.get("customParameters", {})
    if not isinstance(params, dict):
        _bad("customParameters", params)
    for key, value in params.items():
        if not isinstance(value, str):
            _bad(f"customParameters.{key}", value)
    return tuple(params.items())


def _bad(key: str, value: object) -> Never:
    raise CarrierError("bad_field", f"{key[:_QUOTED]}={_quote(value)}")


def _quote(value: object) -> str:
    """A short quotation for a log line; containers only by type, for they may be deep."""
    if isinstance(value, str):
        return repr(value[:_QUOTED])
    return repr(value) if isinstance(value, int | float | None) else type(value).__name__
