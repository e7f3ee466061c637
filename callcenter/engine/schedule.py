"""Which turns are taken together, and when that is late. Pure: the clock is handed in.

A device that is free takes what waits, the turn that waits longest first; nothing waits for company, for a turn that
could have begun has never been answered sooner by waiting. A row has one turn at a time in the batch: its second one
stays for the next.
"""

from collections import deque
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Turn = TypeVar("Turn")


@dataclass(frozen=True, slots=True)
class Waiting(Generic[Turn]):
    row: Hashable
    turn: Turn
    since: float


@dataclass
class Schedule(Generic[Turn]):
    """`most`: rows of a batch. `budget`: seconds from a turn's arrival to its answer beyond which it is late."""

    most: int
    budget: float = 0.2
    waited: list[float] = field(default_factory=list)
    late: int = 0
    _queue: "deque[Waiting[Turn]]" = field(default_factory=deque)

    def add(self, row: Hashable, turn: Turn, now: float) -> None:
        self._queue.append(Waiting(row, turn, now))

    def drop(self, row: Hashable) -> "list[Waiting[Turn]]":
        """Forget what a row still waits for; returns it."""
        gone = [one for one in self._queue if one.row == row]
        self._queue = deque(one for one in self._queue if one.row != row)
        return gone

    def due(self) -> "list[Waiting[Turn]]":
        """The next batch, removed from what waits."""
        batch: list[Waiting[Turn]] = []
        rows: set[Hashable] = set()
        left: deque[Waiting[Turn]] = deque()
        while self._queue:
            one = self._queue.popleft()
            if len(batch) < self.most and one.row not in rows:
                batch.append(one)
                rows.add(one.row)
            else:
                left.append(one)
        self._queue = left
        return batch

    def done(self, batch: "list[Waiting[Turn]]", now: float) -> int:
        """A batch is answered; how many of it were late."""
        late = sum(now - one.since > self.budget for one in batch)
        self.late += late
        return late

    def __len__(self) -> int:
        return len(self._queue)
