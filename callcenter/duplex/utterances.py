"""Ears made of something that transcribes a stretch of sound: it is asked again and again while the caller speaks.

An utterance begins a little before the first voice. It is transcribed while it grows, at once when the voice stops, and
ends when the caller's turn is over or after a pause. One question is under way at a time and its answer is awaited
beside the call, never by a turn. A recogniser that fails is asked again later; until then `upto` stands still, which
tells the owner to go by voice and silence.
"""

import asyncio
from dataclasses import dataclass
from typing import Protocol

from callcenter.duplex.ears import Hearing, Sound
from callcenter.logs import log
from callcenter.units import TURN, samples
from callcenter.voices import Word


class EarsError(Exception):
    """The recogniser did not answer, or not with words."""


class Transcriber(Protocol):
    async def transcribe(self, audio: bytes) -> tuple[Word, ...]:
        """The words of some mu-law audio, with times from its beginning; raises EarsError."""
        ...


@dataclass(frozen=True, slots=True)
class Pace:
    """When the recogniser is asked. In samples."""

    before: int = samples(0.4)
    """How much of the sound before the first voice belongs to an utterance."""
    every: int = samples(0.6)
    """So much more must have been said for it to be asked again in mid-speech."""
    settled: int = samples(0.12)
    """Silence after which a question covers all that was said."""
    ends: int = samples(1.0)
    """A pause that ends an utterance though nobody judged the turn over."""
    longest: int = samples(25.0)
    rests: int = samples(2.0)
    """After a failure it is left alone for so long."""


@dataclass(frozen=True, slots=True)
class Answer:
    words: tuple[Word, ...]
    end: int
    """The sample up to which it was asked."""


class Utterances:
    def __init__(self, transcriber: Transcriber, pace: Pace | None = None) -> None:
        self._transcriber = transcriber
        self._pace = pace or Pace()
        self._audio = bytearray()
        """From `_start` on; before an utterance only as much as it may need."""
        self._start = 0
        self._open = False
        self._voice_end = 0
        self._asked = 0
        """The end of the last question."""
        self._task: asyncio.Task[Answer] | None = None
        self._answer = Answer((), 0)
        self._again = 0
        """Not asked before this sample, because it failed."""
        self._taken = 0
        """Words that begin before this sample were told already."""

    async def hear(self, sound: Sound) -> Hearing:
        now = (sound.turn + 1) * TURN
        self._grow(sound, now)
        self._collect(now)
        if self._due(sound, now):
            self._ask(now)
        final: tuple[Word, ...] = ()
        if self._open and not sound.voice and sound.silent >= self._pace.ends and self._covered:
            final = self.settle()
        elif self._open and now - self._start >= self._pace.longest:
            final = self._shed()
        return Hearing(final, self._answer.words, self._upto(now))

    def settle(self) -> tuple[Word, ...]:
        words = self._answer.words
        if words:
            self._taken = words[-1].end
        if self._covered:
            self._open = False
            self._drop(max(self._start, self._voice_end))
        self._answer = Answer((), self._answer.end)
        return words

    def expect(self, note: str) -> None:
        """A recogniser is asked for whole utterances and is told nothing about them."""

    def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None

    # ---------------------------------------------------------------------------------------------------- the sound

    @property
    def _covered(self) -> bool:
        """The last answer was asked for after the last voice."""
        return self._answer.end >= self._voice_end + min(self._pace.settled, TURN)

    def _grow(self, sound: Sound, now: int) -> None:
        if not self._audio:
            self._start = now - TURN
        self._audio += sound.audio
        if sound.voice or sound.silent < TURN:
            self._open = True
            self._voice_end = now - sound.silent
        if not self._open:
            self._drop(now - self._pace.before)

    def _drop(self, before: int) -> None:
        extra = min(max(0, before - self._start), len(self._audio))
        del self._audio[:extra]
        self._start += extra

    def _shed(self) -> tuple[Word, ...]:
        """An utterance without a pause grows no longer than this: what is known of it is final."""
        words = self._answer.words
        end = words[-1].end if words else self._start + self._pace.longest // 2
        self._taken = end
        self._drop(end)
        self._answer = Answer((), self._answer.end)
        return words

    def _upto(self, now: int) -> int:
        """Where nobody spoke there is nothing to know."""
        return now if not self._open else self._answer.end

    # ------------------------------------------------------------------------------------------------- the questions

    def _due(self, sound: Sound, now: int) -> bool:
        if not self._open or self._task is not None or now < self._again:
            return False
        if sound.silent >= self._pace.settled:
            return not self._covered and self._asked < self._voice_end + self._pace.settled
        return now - max(self._asked, self._start) >= self._pace.every

    def _ask(self, now: int) -> None:
        self._asked = now
        self._task = asyncio.get_running_loop().create_task(self._transcribe(bytes(self._audio), self._start, now))

    async def _transcribe(self, audio: bytes, start: int, end: int) -> Answer:
        words = await self._transcriber.transcribe(audio)
        return Answer(tuple(Word(word.text, start + word.start, start + word.end) for word in words), end)

    def _collect(self, now: int) -> None:
        task = self._task
        if task is None or not task.done():
            return
        self._task = None
        try:
            answer = task.result()
        except EarsError as error:
            log.warning("the recogniser failed", error=str(error))
            self._again, self._asked = now + self._pace.rests, self._answer.end
            return
        fresh = tuple(word for word in answer.words if (word.start + word.end) // 2 >= self._taken)
        self._answer = Answer(fresh, answer.end)
