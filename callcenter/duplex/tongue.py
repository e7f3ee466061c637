"""The voice of a duplex: sentences made ready beside the call, spoken a turn at a time, stoppable at a word.

A text is cut into sentences; each is synthesized in a thread as soon as the text is known, so that the first is there
before it is needed. What our own sentences sound like is kept for ever, what notes sound like until they are said.
"""

import asyncio
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Protocol

from callcenter.events import Note
from callcenter.units import SILENT_BYTE, TURN
from callcenter.voices import Espeak, Speech, Word

SENTENCE: Final = re.compile(r"(?<=[.!?])\s+")
QUIET: Final = frozenset(range(0x78, 0x80)) | frozenset(range(0xF8, 0x100))
"""Mu-law bytes of next to nothing."""

PAUSE: Final = 1_200
"""Samples of silence between two sentences."""


class Voice(Protocol):
    """Text to 8 kHz speech."""

    def speak(self, text: str) -> Speech: ...


class EspeakVoice:
    def __init__(self, name: str, engine: Espeak | None = None) -> None:
        self._name = name
        self._engine = engine or Espeak()
        self._kept = lru_cache(maxsize=512)(self._speak)

    def speak(self, text: str) -> Speech:
        return self._kept(text)

    def _speak(self, text: str) -> Speech:
        return trimmed(self._engine.speak(text, self._name))


def trimmed(speech: Speech) -> Speech:
    """Without the silence before and after: the caller waits for the first sound."""
    audio = speech.audio
    first = next((at for at, byte in enumerate(audio) if byte not in QUIET), 0)
    last = next((at for at in range(len(audio), 0, -1) if audio[at - 1] not in QUIET), len(audio))
    first = max(0, first - 40)
    words = tuple(Word(w.text, *(min(max(at, first), last) - first for at in (w.start, w.end))) for w in speech.words)
    return Speech(audio[first:last], words)


def sentences(text: str) -> tuple[str, ...]:
    return tuple(part for part in SENTENCE.split(text.strip()) if part)


@dataclass(frozen=True, slots=True)
class Piece:
    """One sentence of a note, or of our own where `note` is empty."""

    text: str
    note: str
    sound: "asyncio.Future[Speech]"


@dataclass(frozen=True, slots=True)
class Mouthful:
    """A turn's sound and the words it holds. `note` is whose words they are."""

    audio: bytes
    words: str
    note: str


class Tongue:
    """What is being said, and what has been made ready to be said."""

    def __init__(self, voice: Voice, inline: bool = False) -> None:
        """`inline`: speech is made where it is asked for, for calls that have no clock."""
        self._voice = voice
        self._inline = inline
        self._ready: dict[str, list[Piece]] = {}
        self._saying: list[Piece] = []
        self._at = 0
        self.note = ""
        """Whose words were said last."""

    def prepare(self, note: Note) -> None:
        """Begin to make the sound of a note."""
        if note.id not in self._ready:
            self._ready[note.id] = self._pieces(note.text, note.id)

    def forget(self, notes: Sequence[str]) -> None:
        for name in notes:
            for piece in self._ready.pop(name, ()):
                piece.sound.cancel()

    def begin(self, note: str, text: str) -> None:
        """From the next turn on, this is said; after what is being said already."""
        pieces = self._ready.pop(note, None) if note else None
        self._saying += pieces if pieces is not None else self._pieces(text, note)

    def say(self) -> Mouthful | None:
        """A turn of it; None where its sound is not there yet. A sentence's last turn is filled up with silence, for
        the words of two notes are never in one."""
        piece = self._saying[0]
        if not piece.sound.done():
            return None
        speech, begin, end = piece.sound.result(), self._at, self._at + TURN
        left = len(speech.audio) - end
        words = [w.text for w in speech.words if begin <= (w.start + w.end) // 2 < (end if left > 0 else end + TURN)]
        audio = bytes([SILENT_BYTE]) * min(TURN, max(0, -begin)) + speech.audio[max(0, begin) : max(0, end)]
        if left > 0:
            self._at = end
        else:
            self._saying.pop(0)
            self._at = min(0, -left - PAUSE) if self._saying else 0
            audio = audio.ljust(TURN, bytes([SILENT_BYTE])) if self._saying else audio
        self.note = piece.note
        return Mouthful(audio, " ".join(words), piece.note)

    def skip(self, notes: Collection[str]) -> None:
        """Of what is to be said, leave out these notes, but for one that was begun."""
        left = [piece for piece in self._saying if piece.note not in notes or piece.note == self.note]
        if not left:
            self.stop()
        self._saying = left

    def stop(self) -> None:
        for piece in self._saying:
            piece.sound.cancel()
        self._saying, self._at = [], 0

    @property
    def speaking(self) -> bool:
        return bool(self._saying)

    def hum(self, text: str) -> bytes:
        return self._voice.speak(text).audio

    def _pieces(self, text: str, note: str) -> list[Piece]:
        return [Piece(part, note, self._made(part)) for part in sentences(text) or (text,)]

    def _made(self, text: str) -> "asyncio.Future[Speech]":
        if not self._inline:
            return asyncio.ensure_future(asyncio.to_thread(self._voice.speak, text))
        made: asyncio.Future[Speech] = asyncio.get_running_loop().create_future()
        made.set_result(self._voice.speak(text))
        return made

    def close(self) -> None:
        self.stop()
        self.forget(tuple(self._ready))
