"""Which call has which row. Pure; a row that was left is given out again last, so that late answers find nobody."""

from collections import deque


class Full(Exception):
    """Every row is taken."""


class Slots:
    def __init__(self, rows: int) -> None:
        self.rows = rows
        self._free = deque(range(rows))
        self._taken: set[int] = set()

    def take(self) -> int:
        if not self._free:
            raise Full(f"all {self.rows} places are taken")
        row = self._free.popleft()
        self._taken.add(row)
        return row

    def leave(self, row: int) -> None:
        """Leaving twice is leaving once."""
        if row in self._taken:
            self._taken.remove(row)
            self._free.append(row)

    @property
    def taken(self) -> int:
        return len(self._taken)
