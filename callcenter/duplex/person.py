"""A person in place of a model: a supervisor who has taken a call over speaks through their browser's microphone.

What the browser sends is kept until a turn asks for it, and never for long: a microphone that ran ahead loses its
oldest sound, one that is behind is silence.
"""

from collections import deque
from collections.abc import Sequence
from typing import Final

from callcenter.events import Heard, Note, Policy, Spoken
from callcenter.units import RATE, SILENT_BYTE, TURN

AHEAD: Final = RATE // 2
"""Samples that may wait to be spoken."""

VERY_MANY: Final = 1_000


class Microphone:
    """Where a supervisor's sound waits for the call."""

    def __init__(self) -> None:
        self._pieces: deque[bytes] = deque()
        self._size = 0

    def hear(self, audio: bytes) -> None:
        self._pieces.append(audio)
        self._size += len(audio)
        while self._size > AHEAD:
            self._size -= len(self._pieces.popleft())

    def take(self, samples: int) -> bytes:
        """So many samples or fewer; nothing if nothing waits."""
        whole = b"".join(self._pieces)
        taken, rest = whole[:samples], whole[samples:]
        self._pieces.clear()
        if rest:
            self._pieces.append(rest)
        self._size = len(rest)
        return taken


class Desk:
    """The microphones of calls that a person has taken over, by call."""

    def __init__(self) -> None:
        self._microphones: dict[str, Microphone] = {}

    def of(self, call_id: str) -> Microphone:
        if len(self._microphones) > VERY_MANY:
            self._microphones.pop(next(iter(self._microphones)))
        return self._microphones.setdefault(call_id, Microphone())

    def leave(self, call_id: str) -> None:
        self._microphones.pop(call_id, None)


class Person:
    def __init__(self, microphone: Microphone) -> None:
        self._microphone = microphone

    def open(self, policy: Policy, notes: Sequence[Note]) -> None:
        self._microphone.take(AHEAD)

    async def turn(self, heard: Heard) -> Spoken:
        audio = self._microphone.take(TURN)
        silence = bytes([SILENT_BYTE])
        return Spoken(heard.turn, audio.ljust(TURN, silence) if audio.strip(silence) else None)

    def close(self) -> None:
        self._microphone.take(AHEAD)
