"""What a caller is to a phone: something that is given what it just heard and says its next 20 ms.

A mouth is a plain object: no clock, no socket. Time is the number of frames asked of it, so a caller that reacts to
the agent is a state machine that tests can run at any speed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from callcenter.units import FRAME, SILENT_FRAME


@dataclass(frozen=True, slots=True)
class Press:
    """Press these keys, one after the other."""

    digits: str


@dataclass(frozen=True, slots=True)
class HangUp:
    pass


@dataclass(frozen=True, slots=True)
class Drop:
    """The socket breaks without a word; the call itself goes on, as when a network fails."""


Deed = Press | HangUp | Drop


class Mouth(Protocol):
    def frame(self, heard: bytes) -> bytes:
        """The 160 bytes spoken during the same 20 ms in which `heard` was in the ear."""

    def deeds(self) -> Sequence[Deed]:
        """What else the caller did since the last asking."""


class Mute:
    """A caller who says nothing and does nothing."""

    def frame(self, heard: bytes) -> bytes:
        return SILENT_FRAME

    def deeds(self) -> Sequence[Deed]:
        return ()


class Player:
    """Plays recorded mu-law, then is silent; hangs up `after` frames of silence, or never."""

    def __init__(self, audio: bytes, after: int | None = None) -> None:
        self._audio = audio
        self._at = 0
        self._end = None if after is None else -(-len(audio) // FRAME) + after

    def frame(self, heard: bytes) -> bytes:
        start = self._at * FRAME
        self._at += 1
        return self._audio[start : start + FRAME].ljust(FRAME, b"\xff")

    def deeds(self) -> Sequence[Deed]:
        return (HangUp(),) if self._end is not None and self._at >= self._end else ()
