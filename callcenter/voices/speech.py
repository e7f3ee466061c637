"""Speech that is there: mu-law at 8 kHz, and when each of its words is said."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

WRITTEN: Final = re.compile(r"\S*[^\W_]\S*")
"""A word as it is written: what stands between blanks, if there is anything to say in it."""

QUIET: Final = frozenset(range(0x78, 0x80)) | frozenset(range(0xF8, 0x100))
"""Mu-law bytes of next to nothing."""

LEAD: Final = 40
"""Samples of quiet that are left before the first sound."""


class VoiceError(Exception):
    """Speech cannot be made; the message says what to do."""


class Word(NamedTuple):
    """A word and the samples it lasts from and to."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Speech:
    audio: bytes = field(repr=False)
    """Mu-law at 8 kHz."""
    words: tuple[Word, ...]


def shared(told: Sequence[str], start: int, end: int) -> Iterator[Word]:
    """Words that were said as one, each with its share of the time by its letters."""
    letters = sum(map(len, told))
    said = 0
    for word in told:
        first, said = said, said + len(word)
        yield Word(word, start + (end - start) * first // letters, start + (end - start) * said // letters)


def spread(text: str, start: int, end: int) -> tuple[Word, ...]:
    """The words of a text, where they would be if all letters took the same time."""
    return tuple(shared(WRITTEN.findall(text), start, end))


def trimmed(speech: Speech) -> Speech:
    """Without the silence before and after: the caller waits for the first sound."""
    audio = speech.audio
    first = next((at for at, byte in enumerate(audio) if byte not in QUIET), 0)
    last = next((at for at in range(len(audio), 0, -1) if audio[at - 1] not in QUIET), len(audio))
    first = max(0, first - LEAD)
    words = tuple(Word(w.text, *(min(max(at, first), last) - first for at in (w.start, w.end))) for w in speech.words)
    return Speech(audio[first:last], words)
