"""Phone providers, one sans-IO file each: wire messages to events, commands to wire messages.

A second provider is one file that satisfies `Carrier`; nothing else in the project knows a wire format.
"""

from dataclasses import dataclass
from typing import Protocol

from callcenter.audio.media import CarrierError, Media
from callcenter.events import Marked, Pressed, Started, Stopped

__all__ = ["Arrival", "Caps", "Carrier", "CarrierError", "Media"]


@dataclass(frozen=True, slots=True)
class Caps:
    """What a provider's stream can do."""

    name: str
    marks: bool
    clear: bool
    dtmf_in: bool
    dtmf_out: bool
    """Whether keys can be sent as a message; otherwise they are sent as tones in the audio."""
    max_message: int
    """Bytes of the longest legal message."""


Arrival = Started | Media | Marked | Pressed | Stopped


class Carrier(Protocol):
    """One stream of one call. Holds what the wire format needs remembered (the stream's id), and no more."""

    caps: Caps

    def parse(self, message: str | bytes) -> Arrival | None:
        """The event in a message, None for one that means nothing to a call; raises CarrierError on nonsense."""

    def media(self, frame: bytes) -> str | bytes: ...

    def mark(self, name: str) -> str | bytes: ...

    def clear(self) -> str | bytes: ...
