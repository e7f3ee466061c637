"""A browser's own telephone: our admin site's phone page over one websocket, with nobody in between.

A frame of sound is a binary message either way; what comes from the browser begins with its place, four bytes counting
frames of 20 ms. Everything else is a JSON text: `{"start": CALL}` once, `{"mark": NAME}` and `{"clear": true}` from us,
`{"mark": NAME}` (played, or flushed), `{"press": KEY}` and `{"stop": true}` from the browser.
"""

from typing import Any, Final

import orjson

from callcenter.carriers import Arrival, Caps, CarrierError, Media
from callcenter.events import Marked, Pressed, Started, Stopped
from callcenter.units import FRAME

KEYS: Final = frozenset("0123456789*#ABCD")
LONGEST: Final = 4_096
PLACE: Final = 4
CLEAR: Final = '{"clear":true}'


class Browser:
    """One stream of one call."""

    caps = Caps(name="browser", marks=True, clear=True, dtmf_in=True, dtmf_out=False, max_message=LONGEST)

    def __init__(self) -> None:
        self._call = ""
        self._stopped = False

    def parse(self, message: str | bytes) -> Arrival | None:
        if len(message) > LONGEST:
            raise CarrierError("oversized", f"{len(message)}")
        if isinstance(message, bytes):
            return self._heard(message)
        return self._told(_fields(message))

    def _heard(self, message: bytes) -> Media | None:
        if not self._call:
            raise CarrierError("wrong_order", "sound before start")
        if len(message) <= PLACE:
            raise CarrierError("bad_field", f"a frame of {len(message)} bytes")
        place = int.from_bytes(message[:PLACE], "little")
        return None if self._stopped else Media(place * FRAME, message[PLACE:])

    def _told(self, fields: dict[str, Any]) -> Arrival | None:
        match fields:
            case {"start": str(call)} if not self._call and call:
                self._call = call
                return Started(stream=call, carrier_call=call)
            case {"start": _}:
                raise CarrierError("wrong_order", "a second start")
            case _ if not self._call:
                raise CarrierError("wrong_order", "something before start")
            case _ if self._stopped:
                return None
            case {"mark": str(name)}:
                return Marked(name)
            case {"press": str(key)} if key in KEYS:
                return Pressed(key)
            case {"stop": True}:
                self._stopped = True
                return Stopped()
            case _:
                raise CarrierError("bad_field", f"{list(fields)[:3]!r:.64}")

    def media(self, frame: bytes) -> bytes:
        return frame

    def mark(self, name: str) -> str:
        return orjson.dumps({"mark": name}).decode()

    def clear(self) -> str:
        return CLEAR


def _fields(message: str) -> dict[str, Any]:
    try:
        fields = orjson.loads(message)
    except orjson.JSONDecodeError as error:
        raise CarrierError("not_json", f"{error!s:.64}") from None
    if not isinstance(fields, dict):
        raise CarrierError("not_an_object", type(fields).__name__)
    return fields
