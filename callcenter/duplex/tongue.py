"""The tongue of a duplex: sentences made ready beside the call, spoken a turn at a time, stoppable at a word.

A text is cut into sentences; each begins to be made as soon as the text is known, so that the first is there before it
is needed. A turn of sound comes with the words whose middle lies in it, each word once.

There are two manners. `say` keeps sentences apart: a pause lies between them, and no turn holds two. It never waits.
`go_on` joins them as they are and waits for a sentence that is being made here, which is mostly no time at all; for a
voice that is far away it does not wait either.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from callcenter.events import Note
from callcenter.units import SILENT_BYTE, TURN
from callcenter.voices import Sound, Streaming, Voice

SENTENCE: Final = re.compile(r"(?<=[.!?…])\s+(?=\S*\w)")
PAUSE: Final = 1_200
"""Samples of silence between two sentences."""

UNKNOWN: Final = 5 * TURN
"""What a sentence that was not begun is taken to last, at least."""


def sentences(text: str) -> tuple[str, ...]:
    return tuple(part for part in SENTENCE.split(text.strip()) if part)


@dataclass(frozen=True, slots=True)
class Piece:
    """One sentence of a note, or of our own where `note` is empty."""

    text: str
    note: str
    sound: Sound


@dataclass(frozen=True, slots=True)
class Mouthful:
    """A turn's sound and the words it holds. `note` is whose words they are."""

    audio: bytes
    words: str
    note: str


class Tongue:
    """What is being said, and what has been made ready to be said."""

    def __init__(self, voice: Voice, inline: bool = False, pause: int = PAUSE) -> None:
        """`inline`: speech is made where it is asked for, for calls that have no clock. `pause`: between sentences."""
        self._voice = voice
        self._inline = inline
        self._pause = pause
        self._ready: dict[str, list[Piece]] = {}
        self._saying: list[Piece] = []
        self._at = 0
        """Samples of the first piece that were said; before 0 lies the silence until it begins."""
        self._told = 0
        """Words of it that were told."""
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
        if not self._here(TURN):
            return None
        audio, words = self._take(TURN)
        if self._saying and self._saying[0] is not piece:
            filled = TURN - len(audio)
            self._at = min(0, filled - self._pause)
            audio += bytes([SILENT_BYTE]) * filled
        return Mouthful(audio, " ".join(words), piece.note)

    async def go_on(self) -> Mouthful:
        """The next turn; shorter at the end, or where a voice that is far away has not come so far."""
        audio, words = bytearray(), list[str]()
        while self._saying and len(audio) < TURN:
            sound = self._saying[0].sound
            if not sound.streamed:
                await sound.whole()
            if not self._here(TURN - len(audio)):
                break
            sounds, said = self._take(TURN - len(audio))
            audio += sounds
            words += said
        return Mouthful(bytes(audio), " ".join(words), self.note)

    def skip(self, notes: Collection[str]) -> None:
        """Of what is to be said, leave out these notes, but for one that was begun."""
        left = [piece for piece in self._saying if piece.note not in notes or piece.note == self.note]
        if not left:
            self.stop()
        self._saying = left

    def stop(self) -> None:
        for piece in self._saying:
            piece.sound.cancel()
        self._saying, self._at, self._told = [], 0, 0

    @property
    def speaking(self) -> bool:
        return bool(self._saying)

    @property
    def left(self) -> int:
        """At least so many samples are still to be said."""
        if not self._saying:
            return 0
        sound = self._saying[0].sound
        begun = sound.over and self._at > 0
        return (len(sound.audio) - self._at if begun else UNKNOWN) + UNKNOWN * (len(self._saying) - 1)

    def hum(self, text: str) -> bytes:
        voice = self._voice
        return (voice.ready(text) if isinstance(voice, Streaming) else voice.speak(text)).audio

    def close(self) -> None:
        self.stop()
        self.forget(tuple(self._ready))

    # ---------------------------------------------------------------------------------------------------- sentences

    def _here(self, room: int) -> bool:
        """Whether there is sound for so much; a sentence that still comes begins when there is a turn more of it."""
        sound = self._saying[0].sound
        ahead = TURN if sound.streamed and self._at <= 0 else 0
        return sound.reaches(self._at + room + ahead)

    def _take(self, room: int) -> tuple[bytes, list[str]]:
        """So much of the first sentence, or all that is left of it, and then it is over."""
        piece = self._saying[0]
        piece.sound.check()
        audio, words = piece.sound.audio, piece.sound.words
        begin, end = self._at, self._at + room
        over = piece.sound.over and end >= len(audio)
        told = len(words)
        if not over:
            told = next((n for n in range(self._told, told) if (words[n].start + words[n].end) // 2 >= end), told)
        taken = bytes([SILENT_BYTE]) * min(room, max(0, -begin)) + bytes(audio[max(0, begin) : max(0, end)])
        said = [word.text for word in words[self._told : told]]
        self._at, self._told, self.note = end, told, piece.note
        if over:
            self._saying.pop(0)
            self._at, self._told = (-self._pause if self._saying else 0), 0
        return taken, said

    def _pieces(self, text: str, note: str) -> list[Piece]:
        return [Piece(part, note, self._made(part)) for part in sentences(text) or (text,)]

    def _made(self, text: str) -> Sound:
        if self._inline:
            return Sound.made(text, self._voice.speak(text))
        if isinstance(self._voice, Streaming):
            return self._voice.begin(text)
        return Sound.making(text, self._voice.speak)
