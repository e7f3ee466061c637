"""The ears of a duplex that cannot hear words itself: a turn of the caller's sound in, words with their times out.

`Ears` is what the turn-based bot listens with. Words are first uncertain and then final. `upto` says how far the ears
have got, so that whoever waits for words knows whether there were none or they have not come yet: ears that know no
words, or have lost their recogniser, simply do not get on, and their owner goes by voice and silence.
"""

from dataclasses import dataclass, field
from typing import Protocol

from callcenter.voices import Word


@dataclass(frozen=True, slots=True)
class Sound:
    """A turn of the caller, and what the voice detector made of it. Echo of ourselves is no voice."""

    turn: int
    audio: bytes = field(repr=False)
    voice: bool = False
    """Whether the caller is speaking at the end of the turn."""
    silent: int = 0
    """Samples since the last voice."""


@dataclass(frozen=True, slots=True)
class Hearing:
    """What the ears make of the caller up to now; times are samples of the call."""

    final: tuple[Word, ...] = ()
    """Words that became certain with this turn; each is told once."""
    partial: tuple[Word, ...] = ()
    """Words after those that may still change: all of them, every turn."""
    upto: int = 0
    """Everything said before this sample is in these words and the ones before."""
    p_end: float | None = None
    """How likely the caller's turn is over, if the ears can tell by more than silence."""


class Ears(Protocol):
    async def hear(self, sound: Sound) -> Hearing:
        """Every turn, in order; must answer within the turn and never raises because words are slow or missing."""
        ...

    def settle(self) -> tuple[Word, ...]:
        """The caller's turn was judged over: what was partial is final now, and not told again."""
        ...

    def expect(self, note: str) -> None:
        """What the caller is likely to say next, as an `expect` note says it. Ears may pay no attention."""
        ...

    def close(self) -> None: ...


class Deaf:
    """No words at all: their owner goes by voice and silence."""

    async def hear(self, sound: Sound) -> Hearing:
        return Hearing()

    def settle(self) -> tuple[Word, ...]:
        return ()

    def expect(self, note: str) -> None:
        pass

    def close(self) -> None:
        pass
