"""The shipper: brings the spool into the database, once a second, everything that is new in one transaction.

The files are the queue, so a database that is down costs nothing but patience: the shipper keeps asking, and then reads
on from where the database says it is. A leg that cannot be shipped (a file damaged by hand) does not hold up the
others: it is set aside, `stuck` says why, and it is tried again later.
"""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Final

from callcenter.store.files import Files, Growth
from callcenter.store.project import Batch, Cursor, legs_of, place, read, write
from callcenter.store.spool import Spool
from callcenter.store.store import Store, StoreDown
from callcenter.store.tables import Leg

PERIOD_S: Final = 1.0
PATIENCE_S: Final = (0.5, 1.0, 2.0, 5.0)
"""Waits after the first, second ... failure in a row; the last one is kept."""

LAST_S: Final = 5.0
"""Seconds a round has to come to its end when we stop."""

STUCK_S: Final = 60.0
"""A leg that was set aside is tried again after 2, 4, 8 ... seconds, and at last this often."""

MOST: Final = 8 << 20
"""Bytes in one transaction, about."""


class Shipper:
    def __init__(self, spool: Spool, store: Store) -> None:
        self._spool = spool
        self._store = store
        self._cursors: dict[Files, Cursor] = {}
        self.stuck: dict[Files, str] = {}
        """Legs that cannot be shipped, and why."""
        self.failure = ""
        """What the database said last, while it is down."""
        self.lines = 0
        """Lines shipped since the start."""
        self._tries: dict[Files, int] = {}
        self._retry: dict[Files, float] = {}
        self._closing = False
        self._wake = threading.Event()
        self._rounds = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="shipper", daemon=True)
        self._thread.start()

    def backlog(self) -> int:
        """Bytes of journals on disk that the database lacks."""
        return sum(growth.written - self._offset(growth) for growth in self._spool.growing())

    def flush(self, timeout: float) -> bool:
        """Waits until the database has all that was told before; False if it does not come to that in time."""
        deadline = time.monotonic() + timeout
        with self._rounds:
            while not self._level():
                self._wake.set()
                if time.monotonic() >= deadline:
                    return False
                self._rounds.wait(0.1)
        return True

    def close(self) -> None:
        """Stops, whether or not the database lets go. What is not shipped waits in the spool for the next process."""
        self._closing = True
        self._wake.set()
        self._thread.join(LAST_S)

    def _level(self) -> bool:
        behind = (g for g in self._spool.growing() if g.files not in self.stuck)
        return not self._spool.waiting and not any(g.closed or g.written > self._offset(g) for g in behind)

    def _offset(self, growth: Growth) -> int:
        cursor = self._cursors.get(growth.files)
        return cursor.offset if cursor else 0

    # ------------------------------------------------------------------------------------------------------ the thread

    def _run(self) -> None:
        failures = 0
        while not self._closing:
            self._wake.wait(PATIENCE_S[min(failures, len(PATIENCE_S)) - 1] if failures else PERIOD_S)
            self._wake.clear()
            failures = 0 if self._round() else failures + 1
            with self._rounds:
                self._rounds.notify_all()

    def _round(self) -> bool:
        """Ships everything there is; False if the database is down."""
        for files in [files for files, due in self._retry.items() if due <= time.monotonic()]:
            del self._retry[files], self.stuck[files]
        try:
            while not self._closing and (batches := self._batches()):
                if self._attempt(self._ship, batches):
                    self._ship_apart()
        except StoreDown as error:
            self.failure = str(error)
            return False
        self.failure = ""
        return True

    def _ship(self, batches: Sequence[Batch]) -> None:
        with self._store.writing() as session:
            write(session, batches)
        for batch in batches:
            self._cursors[batch.files] = batch.after
            self._tries.pop(batch.files, None)
            self.lines += len(batch.lines)

    def _ship_apart(self) -> None:
        """Something in the transaction was refused: leg by leg, from where the database says each is."""
        self._find(list(self._cursors))
        for batch in self._batches():
            if problem := self._attempt(self._ship, [batch]):
                self._set_aside(batch.files, problem)

    def _batches(self) -> list[Batch]:
        """What there is to ship. A leg of which nothing is left is done."""
        due = [g for g in self._spool.growing() if g.written and g.files not in self.stuck]
        self._find([growth.files for growth in due if growth.files not in self._cursors])
        batches: list[Batch] = []
        room = MOST
        for growth in due:
            if room > 0 and growth.files not in self.stuck:
                room -= self._read(growth, batches)
        return batches

    def _read(self, growth: Growth, batches: list[Batch]) -> int:
        """Adds what is new of one leg, and says how much it is."""
        files, closed = growth.files, growth.closed
        if not closed and growth.written <= self._offset(growth):
            return 0
        count = len(batches)
        if problem := self._attempt(lambda: batches.append(read(files, self._cursors[files]))):
            self._set_aside(files, problem)
        elif not batches[-1].lines:
            batches.pop()
            if closed:
                self._spool.shipped(files)
                del self._cursors[files]
        return batches[-1].size if len(batches) > count else 0

    def _find(self, unknown: Sequence[Files]) -> None:
        """Asks the database how far these journals have come."""
        if not unknown:
            return
        with self._store.reading() as session:
            legs = legs_of(session, [files.call_id for files in unknown])
        for files in unknown:
            if problem := self._attempt(self._place, files, legs.get((files.call_id, files.writer))):
                self._set_aside(files, problem)

    def _place(self, files: Files, leg: Leg | None) -> None:
        cursor = self._cursors.get(files)
        if cursor is None or cursor.next != (leg.lines if leg else 0):
            self._cursors[files] = place(files, leg)

    def _set_aside(self, files: Files, problem: str) -> None:
        tries = self._tries[files] = self._tries.get(files, 0) + 1
        self._retry[files] = time.monotonic() + min(2.0**tries, STUCK_S)
        self.stuck[files] = problem
        self._cursors.pop(files, None)

    def _attempt(self, work: Callable[..., None], *given: object) -> str:
        """What went wrong, if anything. A database that is down is no leg's fault and goes on up."""
        try:
            work(*given)
        except StoreDown:
            raise
        except Exception as error:
            return repr(error)
        return ""
