"""Speaking a note: a sentence is made while the one before is said, and a turn of sound is handed out at a time."""

import asyncio
import re
from collections import deque
from collections.abc import Callable
from typing import Final

from callcenter.events import Note
from callcenter.units import TURN
from callcenter.voices import Speech

SENTENCE: Final = re.compile(r"(?<=[.!?…])\s+(?=\S*\w)")


def sentences(text: str) -> list[str]:
    return [part for part in SENTENCE.split(text.strip()) if part]


class Mouth:
    def __init__(self, speak: Callable[[str], Speech]) -> None:
        self._speak = speak
        self.note: Note | None = None
        """What is being said."""
        self._todo: deque[str] = deque()
        self._coming: asyncio.Task[Speech] | None = None
        self._speech: Speech | None = None
        self._at = 0

    @property
    def left(self) -> int:
        """At least so many samples are still to be said."""
        if self.note is None:
            return 0
        more = len(self._todo) + (self._coming is not None)
        return (len(self._speech.audio) - self._at if self._speech else 0) + more * TURN * 5

    def begin(self, note: Note) -> None:
        self.stop()
        self.note = note
        self._todo.extend(sentences(note.text))
        self._make()

    async def go_on(self) -> tuple[bytes, str]:
        """The sound of the next turn and the words whose middle lies in it; shorter at the end of the note."""
        audio, words = bytearray(), list[str]()
        while len(audio) < TURN and await self._ready():
            speech = self._speech
            assert speech is not None
            begin, end = self._at, min(self._at + TURN - len(audio), len(speech.audio))
            last = end >= len(speech.audio)
            audio += speech.audio[begin:end]
            words += [
                w.text for w in speech.words if begin <= (w.start + w.end) // 2 < end or (last and w.start >= end)
            ]
            self._at = end
            if last:
                self._speech = None
        if self._speech is None and self._coming is None:
            self.note = None
        return bytes(audio), " ".join(words)

    def stop(self) -> None:
        if self._coming is not None:
            self._coming.cancel()
        self._todo.clear()
        self.note = self._coming = self._speech = None

    async def _ready(self) -> bool:
        """Whether there is a sentence to say; it is waited for, mostly no time at all."""
        if self._speech is None and self._coming is not None:
            self._speech, self._at = await self._coming, 0
            self._coming = None
            self._make()
        return self._speech is not None

    def _make(self) -> None:
        if self._todo:
            text = self._todo.popleft()
            self._coming = asyncio.get_running_loop().create_task(asyncio.to_thread(self._speak, text))
