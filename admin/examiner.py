"""Works out what lists are searched and filtered by, call after call, as they end; in a thread that gives way.

Every process may do it; whoever comes second finds it done, or does the same again.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import delete
from sqlmodel import Session, col, exists, select

from admin.review import VERSION, measured
from admin.reviews import Reviews
from admin.rounds import Rounds
from callcenter.store import Call, Store
from callcenter.store.derived import Examined, Words
from callcenter.store.tables import Leg, Utterance

RECENT: Final = timedelta(days=2)
AT_ONCE: Final = 20


class Examiner(Rounds):
    name = "examiner"
    every = 2.0

    def __init__(self, store: Store, reviews: Reviews) -> None:
        super().__init__()
        self._store = store
        self._reviews = reviews
        self._refused: set[str] = set()
        self._since: datetime | None = None
        """The first look goes back to the beginning."""

    def work(self) -> None:
        while self.examine(self._since) == AT_ONCE and not self._stop.is_set():
            pass
        self._since = datetime.now(UTC) - RECENT

    def examine(self, since: datetime | None = None) -> int:
        """The next calls that have ended and are not worked out yet; how many there were."""
        calls = [call for call in self._waiting(since) if call.id not in self._refused]
        for call in calls:
            if self._stop.is_set():
                break
            self._refused.add(call.id)
            self.work_out(call)
            self._refused.discard(call.id)
        return len(calls)

    def _waiting(self, since: datetime | None) -> list[Call]:
        done = exists().where(col(Examined.call_id) == Call.id, col(Examined.version) == VERSION)
        writing = exists().where(col(Leg.call_id) == Call.id, col(Leg.state) == "writing")
        query = select(Call).where(col(Call.state).in_(("ended", "lost")), ~done, ~writing)
        if since is not None:
            query = query.where(col(Call.rung_at) >= since)
        with self._store.reading() as session:
            return list(session.exec(query.order_by(col(Call.rung_at).desc()).limit(AT_ONCE)))

    def work_out(self, call: Call) -> None:
        figures = measured(self._reviews.of(call.id))
        with self._store.writing() as session:
            if session.get(Call, call.id, with_for_update=True) is None:
                return  # the row is held: nobody takes words out while they are read
            session.execute(delete(Examined).where(col(Examined.call_id) == call.id))
            session.add(Examined(call_id=call.id, rung_at=call.rung_at, **figures))
            keep_words(session, call)


def keep_words(session: Session, call: Call) -> None:
    lines = session.exec(select(Utterance).where(Utterance.call_id == call.id).order_by(col(Utterance.start)))
    said = " \n".join(f"{line.text} {line.unheard}".strip() for line in lines)
    old = session.exec(select(Words).where(Words.call_id == call.id)).first()
    if old is not None:
        old.text = said
        return
    n = int(call.rung_at.timestamp() * 1_000_000)
    while session.get(Words, n) is not None:
        n += 1
    session.add(Words(n=n, call_id=call.id, text=said))


def forgotten(session: Session, call_id: str) -> None:
    for table in (Examined, Words):
        session.execute(delete(table).where(_of(table, call_id)))


def _of(table: Any, call_id: str) -> Any:
    return table.call_id == call_id
