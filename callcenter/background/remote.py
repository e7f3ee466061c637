"""Questions to a remote planner: one at a time, about one utterance, for so long.

A question that was overtaken by new words is dropped, and so is its answer. Look-ups that the planner asked for lead to
the next round; after a few rounds, or when the planner fails, the embedded planner takes the utterance over.
"""

from dataclasses import dataclass, field
from typing import Final

from callcenter.units import samples

ROUNDS: Final = 5
PATIENCE: Final = samples(8)


@dataclass(slots=True)
class Consulting:
    asked: int = 0
    request: str = ""
    """The question that is open; empty if none is."""
    text: str = ""
    """What the caller said."""
    since: int = 0
    rounds: int = 0
    looking: set[str] = field(default_factory=set)
    """Look-ups that the planner waits for."""

    def begin(self, text: str, at: int) -> str:
        """A new utterance; one that is still being thought about is taken into it."""
        self.text = f"{self.text} {text}".strip() if self.open else text
        self.rounds, self.looking = 0, set()
        return self.next(at)

    def next(self, at: int) -> str:
        self.asked += 1
        self.rounds += 1
        self.request, self.since = f"c{self.asked}", at
        return self.request

    def close(self) -> None:
        self.request, self.text, self.looking = "", "", set()

    @property
    def open(self) -> bool:
        return bool(self.request or self.looking)

    def answered(self, request: str) -> bool:
        """One of its look-ups is back; whether it was the last."""
        if request not in self.looking:
            return False
        self.looking.discard(request)
        return not self.looking

    def overdue(self, at: int) -> bool:
        return bool(self.request) and at - self.since >= PATIENCE
