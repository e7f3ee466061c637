"""Our own model as the ears of another duplex: its words, and nothing of what it thinks about the floor.

So the turn-based bot hears exactly what the interaction model hears. Ears whose session is lost hear nothing more.
"""

from collections.abc import Callable, Iterable

from callcenter.duplex.ears import Hearing, Sound
from callcenter.engine import Engine, EngineError, Session
from callcenter.model.config import LATE
from callcenter.model.expectations import read
from callcenter.model.phones import LABEL
from callcenter.model.search import Word as Found
from callcenter.units import SILENT_TURN, TURN
from callcenter.voices import Word


class OwnEars:
    def __init__(self, engine: Callable[[], Engine]) -> None:
        self._session: Session | None = engine().join()
        self._partial: tuple[Word, ...] = ()
        """What is told when the caller's turn is judged over."""

    async def hear(self, sound: Sound) -> Hearing:
        if self._session is None:
            return Hearing()
        try:
            answer = await self._session.turn(sound.audio, SILENT_TURN, ())
        except EngineError:
            self._session = None
            return Hearing()
        self._partial = placed(answer.ending)
        return Hearing(placed(answer.words), placed(answer.partial), (sound.turn + 1) * TURN - LATE * LABEL)

    def settle(self) -> tuple[Word, ...]:
        told, self._partial = self._partial, ()
        if self._session is not None:
            self._session.settle()
        return told

    def expect(self, note: str) -> None:
        if self._session is not None:
            self._session.expect(read(note))

    def close(self) -> None:
        if self._session is not None:
            self._session.close()


def placed(words: Iterable[Found]) -> tuple[Word, ...]:
    """Words at their samples of the call: the ear answers late."""
    return tuple(Word(w.text, max(0, (w.start - LATE) * LABEL), max(0, (w.end - LATE) * LABEL)) for w in words)
