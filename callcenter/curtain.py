"""What is not kept of a call: what was said, heard and pressed while recording was paused, for a card number perhaps.

The curtain decides before anything reaches a disk. Audio becomes silence, words become `WITHHELD`: in the pause, for as
long after it as its words may still become certain, and whenever a line of the transcript reaches into it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final, TypeVar

from callcenter.events import (
    Ask,
    Command,
    Directed,
    Event,
    Note,
    Noted,
    Pressed,
    Record,
    Surmised,
    TurnHeard,
    Understood,
    Utter,
)
from callcenter.units import RATE

WITHHELD: Final = "[withheld]"

WORDS: Final = "words"
"""What a journal's line says of itself where only its words were taken, when the call was over."""

TAIL: Final = 2 * RATE
"""Words spoken in a pause may become certain this much later."""

T = TypeVar("T")

PRIVATE: Final[Mapping[str, tuple[str, ...]]] = {
    "Pressed": ("digit",),
    "Spoken": ("heard_text", "said_text", "hearing"),
    "Directed": ("argument",),
    "Broke": ("detail",),
    "Ask": ("text",),
    "Utter": ("text", "unheard"),
    "Understood": ("text",),
    "Surmised": ("text",),
    "Delivered": ("text",),
    "Fault": ("detail",),
}
"""Fields that may hold words of the conversation, or keys."""

_KEYS: Final = frozenset("0123456789*#ABCD")


class Curtain:
    """Drawn while recording is paused. A turn is kept as audio only if recording was on during the whole of it."""

    def __init__(self) -> None:
        self.silences = False
        self._since: int | None = None
        self._spans: list[tuple[int, int]] = []
        self._keys = False
        """Whether keys were pressed in a pause that nobody has been asked about yet."""
        self._line = False
        """Whether the caller's line that is still growing reaches into a pause."""

    def before(self, at: int, event: Event, commands: Sequence[Command]) -> None:
        if any(isinstance(c, Record) and not c.on for c in commands) and self._since is None:
            self._since = at
            self.silences = True
        if isinstance(event, Pressed) and self.hides(at):
            self._keys = True

    def after(self, at: int, event: Event, commands: Sequence[Command]) -> None:
        if self._since is None and isinstance(event, TurnHeard):
            self.silences = False
        last = [c for c in commands if isinstance(c, Record)][-1:]
        if last and last[0].on and self._since is not None:
            self._spans.append((self._since, at + TAIL))
            self._since = None

    def hides(self, at: int) -> bool:
        return self._since is not None or bool(self._spans and at < self._spans[-1][1])

    def covers(self, at: int, command: Command) -> bool:
        """Whether a command may tell what was said in a pause, now or when an utterance of then becomes certain."""
        if isinstance(command, Ask) and self._keys and command.text and _KEYS.issuperset(command.text):
            self._keys = False
            return True
        if isinstance(command, Understood):
            hidden = self._line or self.hides(at)
            self._line = hidden and not command.final
            return hidden
        if isinstance(command, Surmised):
            return self._line or self.hides(at)
        if isinstance(command, Utter) and any(s < command.end and command.start < e for s, e in self._spans):
            return True
        return self.hides(at)


def withhold(value: T) -> T:
    if isinstance(value, Noted):
        return replace(value, note=without_words(value.note))
    if isinstance(value, Directed) and value.order != "press":
        return value
    names = PRIVATE.get(type(value).__name__, ())
    hidden = {name: WITHHELD for name in names if getattr(value, name)}
    return replace(value, **hidden) if hidden else value  # type: ignore[type-var]


def without_words(note: Note) -> Note:
    return replace(note, text=WITHHELD, source=())
