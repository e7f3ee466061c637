"""The stand-in for a background: it keeps one fresh `say` note at a duplex that has no words of its own.

A duplex that speaks notes is mute where nobody writes any, as in the interaction benchmark. `Prompted` is that duplex
with a drawer of texts: the next note goes with the turn after the last one was spoken to its end, or was cut off by the
duplex yielding. When to speak it, and whether to go on, stays the duplex's own decision, and that is what is measured.
"""

from collections.abc import Sequence
from dataclasses import replace

from callcenter.duplex import Duplex
from callcenter.events import Heard, Note, Policy, Spoken, Yielded


class Prompted:
    """The texts are told in order, for ever, as notes `prompt-0`, `prompt-1` and so on."""

    def __init__(self, duplex: Duplex, texts: Sequence[str]) -> None:
        if not texts:
            raise ValueError("nothing to say")
        self._duplex = duplex
        self._texts = texts
        self._given = 0
        self._note: Note | None = None
        """The one that is outstanding."""
        self._words = 0
        """How many of its words were said."""

    def open(self, policy: Policy, notes: Sequence[Note]) -> None:
        self._duplex.open(policy, notes)

    async def turn(self, heard: Heard) -> Spoken:
        if self._note is None:
            self._note = self._next()
            heard = replace(heard, notes=(*heard.notes, self._note))
        spoken = await self._duplex.turn(heard)
        self._follow(self._note, spoken)
        return spoken

    def close(self) -> None:
        self._duplex.close()

    def _next(self) -> Note:
        text = self._texts[self._given % len(self._texts)]
        self._given += 1
        self._words = 0
        return Note(f"prompt-{self._given - 1}", "say", text)

    def _follow(self, note: Note, spoken: Spoken) -> None:
        cut = self._words > 0 and any(isinstance(act, Yielded) for act in spoken.acts)
        if spoken.note == note.id:
            self._words += len(spoken.said_text.split())
        if cut or self._words >= len(note.text.split()):
            self._note = None
