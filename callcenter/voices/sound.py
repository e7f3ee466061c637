"""The sound of a sentence as it comes: whole at once from a voice of this machine, bit by bit from one far away.

Whoever says it takes what is there. Where its words are is known with the last of its sound; before that they are
guessed by their letters, and what is guessed of the rest is mended as the sound turns out longer or shorter.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final, Protocol, Self, runtime_checkable

from callcenter.units import RATE
from callcenter.voices.speech import WRITTEN, Speech, Word, shared, spread

LETTER: Final = RATE // 14
"""How long a letter lasts, blanks shared among them, before it is known better."""


class Sound:
    def __init__(self, text: str, streamed: bool = False) -> None:
        """`streamed`: the beginning may be said before the end is there."""
        self.text = text
        self.streamed = streamed
        self.audio = bytearray()
        self.over = False
        self._words: tuple[Word, ...] | None = None
        self._error: BaseException | None = None
        self._came = asyncio.Event()
        self._task: asyncio.Task[Any] | None = None

    # --------------------------------------------------------------------------------------------- who makes it

    @classmethod
    def made(cls, text: str, speech: Speech) -> Self:
        """All of it."""
        sound = cls(text)
        sound.take(speech)
        return sound

    @classmethod
    def making(cls, text: str, speak: Callable[[str], Speech]) -> Self:
        """It is being made in a thread."""
        sound = cls(text)

        async def make() -> None:
            sound.take(await asyncio.to_thread(speak, text))

        sound.run(make())
        return sound

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Make it by this, beside everything else; what it raises is told to whoever wants the sound."""
        self._task = asyncio.get_running_loop().create_task(work)
        self._task.add_done_callback(self._ran)

    def add(self, audio: bytes) -> None:
        self.audio += audio
        self._came.set()

    def take(self, speech: Speech) -> None:
        """A speech says what is left of the text, and with it the sound is whole."""
        at = len(self.audio)
        self._words = (*self._said, *(Word(w.text, w.start + at, w.end + at) for w in speech.words))
        self.audio += speech.audio
        self.finish()

    def finish(self) -> None:
        self.over = True
        self._came.set()

    def _ran(self, task: "asyncio.Task[Any]") -> None:
        if not task.cancelled():
            self._error = task.exception()
        self._came.set()

    # ------------------------------------------------------------------------------------------------ who says it

    def done(self) -> bool:
        """Nothing more will come of it."""
        return self.over or self._error is not None

    def check(self) -> None:
        """Raises what its making has raised."""
        if self._error is not None:
            raise self._error

    def reaches(self, end: int) -> bool:
        return self.done() or len(self.audio) >= end

    async def whole(self) -> None:
        while not self.done():
            self._came.clear()
            await self._came.wait()

    def cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()

    @property
    def words(self) -> tuple[Word, ...]:
        """All words of the text, those to come included."""
        if self._words is not None:
            return self._words
        length = len(self.audio)
        return spread(self.text, 0, length if self.over else max(length, len(self.text) * LETTER))

    @property
    def rest(self) -> str:
        """The text that the sound does not hold yet: from the first word on that is not in it to its end."""
        if not self.audio:
            return self.text
        said = len(self._said)
        left = [found.start() for found in WRITTEN.finditer(self.text)][said:]
        return self.text[left[0] :] if left else ""

    @property
    def _said(self) -> tuple[Word, ...]:
        """Words that the sound holds to their end."""
        if not self.audio:
            return ()
        whole = [word.text for word in self.words if word.end <= len(self.audio)]
        return tuple(shared(whole, 0, len(self.audio)))


class Voice(Protocol):
    """Text to 8 kHz speech, made where it is asked for: it may take a while."""

    def speak(self, text: str) -> Speech: ...


@runtime_checkable
class Streaming(Protocol):
    """A voice that is far away: it is heard while it is still speaking."""

    def speak(self, text: str) -> Speech: ...

    def begin(self, text: str) -> Sound:
        """Speech begins to be made, and never fails to come, from somewhere."""
        ...

    def ready(self, text: str) -> Speech:
        """What can be had at once."""
        ...

    def learn(self, texts: Sequence[str]) -> None:
        """These will be wanted at once, some time."""
        ...
