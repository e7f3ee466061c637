"""A signal as loud and uneven as speech in which every moment can be recognised: what `load` speaks, and finds again.

It is noise in the shape of speech (syllables, sentences, never silent), so any 32 samples occur once only; a frame
that comes back therefore says which frame it is, to the sample, and whose. All calls read one book from different
places.
"""

from base64 import b64encode
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from callcenter.audio import encode
from callcenter.units import FRAME, RATE, SILENT_BYTE

FRAMES = 6_000
"""Two minutes; longer calls begin again, and an echo is known to be of the latest reading."""

KEY = 32
"""Samples that tell a place."""


@dataclass(frozen=True, slots=True)
class Book:
    audio: bytes = field(repr=False)
    """Once and a bit: a reading may run over the end."""
    size: int
    payloads: tuple[bytes, ...] = field(repr=False)
    """Each frame as the wire wants it, so that sending costs no encoding."""

    def place(self, key: bytes, near: int) -> int:
        """Where these samples are, looked for from `near` on and then from the beginning; -1 for nowhere."""
        found = self.audio.find(key, near % self.size)
        return found if found >= 0 else self.audio.find(key)


@cache
def book(seed: int = 0, frames: int = FRAMES) -> Book:
    chance = np.random.default_rng(seed)
    samples = frames * FRAME
    at = np.arange(samples) / RATE
    syllables = 0.6 + 0.4 * np.sin(2 * np.pi * 4.1 * at) * np.sin(2 * np.pi * 0.37 * at)
    noise = np.convolve(chance.standard_normal(samples), [0.5, 1.0, 0.5], "same")
    audio = np.frombuffer(encode(np.clip(noise * syllables * 3_500, -30_000, 30_000).astype(np.int16)), np.uint8).copy()
    audio[audio == SILENT_BYTE] = SILENT_BYTE - 1  # so that silence is never part of it
    said = audio.tobytes()
    payloads = tuple(b64encode(said[start : start + FRAME]) for start in range(0, samples, FRAME))
    return Book(said + said[: 10 * FRAME], samples, payloads)


class Reader:
    """One call's reading: what it sends, and how much of what comes back is what it sent.

    `heard` is the sample of the reading that the next echo should begin with.
    """

    def __init__(self, book: Book, page: int) -> None:
        self._book = book
        self._page = page
        self._start = page * FRAME
        self.sent = 0
        """Frames."""
        self.heard = 0
        self.missing = 0
        """Samples that were skipped on the way back."""
        self.strange = 0
        """Messages with a sound that this call never made."""

    def next(self) -> bytes:
        payload = self._book.payloads[(self._page + self.sent) % len(self._book.payloads)]
        self.sent += 1
        return payload

    def hear(self, audio: bytes) -> int:
        """The sample of the reading that `audio` begins with; -1 if it is silence or none of ours."""
        place = (self._start + self.heard) % self._book.size
        if self._book.audio[place : place + len(audio)] == audio:
            at = self.heard
            self.heard += len(audio)
            return at
        return self._search(audio)

    def _search(self, audio: bytes) -> int:
        sound = audio.strip(bytes([SILENT_BYTE]))
        if not sound:
            return -1
        place = (self._start + self.heard) % self._book.size
        found = self._book.place(sound[:KEY], place)
        at = self.heard + (found - place) % self._book.size
        if len(sound) < KEY or found < 0 or at + len(sound) > self.sent * FRAME:
            self.strange += 1
            return -1
        self.missing += at - self.heard
        self.heard = at + len(sound)
        return at - audio.index(sound[:KEY])
