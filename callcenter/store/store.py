"""The store: what any process may ask or tell about any call. Synchronous; callers use threads.

A call's journal, transcript and recording come here through the spool (`ship`), never directly: what is written here
is what processes must agree on at once (a phone that rings, a token used, what a carrier is to be told next).
Everything may be told twice. A database that does not answer raises `StoreDown`; nothing else of its errors gets out.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import delete, insert, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlmodel import Session, col, exists, select, tuple_

from callcenter import numbers
from callcenter.store.database import WRITING, connect
from callcenter.store.tables import Call, Chunk, Leg, Message, Nonce, Tag, Utterance, clean, learn


class StoreDown(Exception):
    """The database does not answer. Calls go on; what they write waits in the spool."""


@dataclass(frozen=True, slots=True)
class Search:
    """Which calls, newest first; `after` is the last page's `more`."""

    state: str = ""
    caller: str = ""
    called: str = ""
    outcome: str = ""
    arm: str = ""
    flow_version: str = ""
    tag: str = ""
    since: datetime | None = None
    until: datetime | None = None
    after: str = ""
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Page:
    calls: tuple[Call, ...]
    more: str = ""
    """Where the next page begins; empty when there is none."""


class Store:
    def __init__(self, url: str, country: str = "US") -> None:
        self.engine = connect(url)
        self._country = country
        self._writing = self.engine.execution_options(**WRITING)

    def close(self) -> None:
        self.engine.dispose()

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A transaction: all of it or nothing."""
        with _told_plainly(), Session(self._writing, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        with _told_plainly(), Session(self.engine, expire_on_commit=False) as session:
            yield session

    def answers(self) -> bool:
        try:
            with self.reading() as session:
                session.execute(text("select 1"))
        except StoreDown:
            return False
        return True

    # ------------------------------------------------------------------------------------------- the life of a call

    def ring(self, call_id: str, rung_at: datetime, **facts: Any) -> Call:
        """The phone rings. A carrier that tells us twice of one call of its own gets the same row, whatever the id."""
        told = self._with_numbers({"rung_at": rung_at, **facts})
        try:
            with self.writing() as session:
                return _open_or_find(session, call_id, told)
        except IntegrityError:  # another process was told at the same time, and was first
            with self.writing() as session:
                return _open_or_find(session, call_id, told)

    def _with_numbers(self, facts: Mapping[str, Any]) -> dict[str, Any]:
        """One caller is one caller, however the number was written."""
        written = {name: facts[name] for name in ("caller", "called") if facts.get(name)}
        return {**facts, **{name: str(numbers.caller(text, self._country)) for name, text in written.items()}}

    def tell(self, call_id: str, **facts: Any) -> Call | None:
        """News about a call: any columns of its row; `state` only moves forward. None if there is no such call."""
        with self.writing() as session:
            row = session.get(Call, call_id, with_for_update=True)
            if row is not None:
                learn(row, self._with_numbers(facts))
            return row

    def started(self, call_id: str, at: datetime, **facts: Any) -> Call | None:
        return self.tell(call_id, state="live", answered_at=at, **facts)

    def ended(self, call_id: str, at: datetime, reason: str, outcome: str = "", **facts: Any) -> Call | None:
        return self.tell(call_id, state="ended", ended_at=at, ended_reason=reason, outcome=outcome, **facts)

    def give_up(self, before: datetime) -> int:
        """Calls that no process speaks for any more and that no carrier has ended; how many were marked lost."""
        speaking = exists().where(col(Leg.call_id) == Call.id, col(Leg.state) == "writing")
        last_leg = select(Leg.call_id).where(col(Leg.call_id) == Call.id, col(Leg.ended_at) >= before).exists()
        forgotten = (
            update(Call)
            .where(col(Call.state).in_(("ringing", "live")), col(Call.rung_at) < before, ~speaking, ~last_leg)
            .values(state="lost", ended_reason="nobody ended it")
        )
        with self.writing() as session:
            return _rows(session, forgotten)

    # --------------------------------------------------------------------------------------- between the processes

    def claim(self, nonce: str, expires: datetime) -> bool:
        """True for the first who shows this token, False ever after."""
        try:
            with self.writing() as session:
                session.execute(delete(Nonce).where(col(Nonce.expires) < datetime.now(UTC)))
                session.execute(insert(Nonce).values(nonce=nonce, expires=expires))
        except IntegrityError:
            return False
        return True

    def plan(self, call_id: str, plan: Mapping[str, Any]) -> None:
        """What the carrier is to be told when it asks next, in whichever process it asks."""
        with self.writing() as session:
            session.execute(update(Call).where(col(Call.id) == call_id).values(plan=dict(plan)))

    def take_plan(self, call_id: str) -> dict[str, Any] | None:
        with self.writing() as session:
            row = session.get(Call, call_id, with_for_update=True)
            if row is None or row.plan is None:
                return None
            plan, row.plan = row.plan, None
            return plan

    def send(self, call_id: str, payload: Mapping[str, Any]) -> None:
        """An order to a live call; the process that has its line takes it with `deliver`."""
        now = datetime.now(UTC)
        with self.writing() as session:
            session.add(Message(call_id=call_id, payload=dict(payload), created_at=now))

    def deliver(self, call_ids: Collection[str]) -> list[Message]:
        """The orders waiting for these calls, oldest first, each once."""
        if not call_ids:
            return []
        waiting = (
            select(Message)
            .where(col(Message.call_id).in_(call_ids), col(Message.delivered_at).is_(None))
            .order_by(col(Message.id))
        )
        with self.reading() as session:
            if session.exec(waiting.limit(1)).first() is None:
                return []
        with self.writing() as session:
            messages = list(session.exec(waiting.with_for_update()))
            for message in messages:
                message.delivered_at = datetime.now(UTC)
            return messages

    # --------------------------------------------------------------------------------------------------- reading

    def row(self, call_id: str) -> Call | None:
        with self.reading() as session:
            return session.get(Call, call_id)

    def row_of(self, carrier: str, carrier_call: str) -> Call | None:
        """The call a carrier means by its own id."""
        with self.reading() as session:
            return session.exec(select(Call).where(Call.carrier == carrier, Call.carrier_call == carrier_call)).first()

    def calls(self, search: Search) -> Page:
        """A page of calls. It costs the same at any depth: the cursor is the last row's place in an index."""
        query = select(Call)
        for name in ("state", "caller", "called", "outcome", "arm", "flow_version"):
            if wanted := getattr(search, name):
                query = query.where(getattr(Call, name) == wanted)
        if search.tag:
            query = query.where(exists().where(col(Tag.call_id) == Call.id, col(Tag.tag) == search.tag))
        if search.since:
            query = query.where(col(Call.rung_at) >= search.since)
        if search.until:
            query = query.where(col(Call.rung_at) < search.until)
        if search.after:
            moment, _, last = search.after.partition("~")
            place = (datetime.fromisoformat(moment), last)
            query = query.where(tuple_(col(Call.rung_at), col(Call.id)) < place)
        newest = query.order_by(col(Call.rung_at).desc(), col(Call.id).desc()).limit(search.limit + 1)
        with self.reading() as session:
            rows = session.exec(newest).all()
        calls = tuple(rows[: search.limit])
        more = f"{calls[-1].rung_at.isoformat()}~{calls[-1].id}" if len(rows) > search.limit else ""
        return Page(calls, more)

    def legs(self, call_id: str) -> list[Leg]:
        with self.reading() as session:
            return list(session.exec(select(Leg).where(Leg.call_id == call_id).order_by(col(Leg.started_at))))

    def journal(self, call_id: str, writer: str) -> list[bytes]:
        """The lines of one leg, as `callcenter.journal.read` takes them."""
        query = select(Chunk.lines).where(Chunk.call_id == call_id, Chunk.writer == writer)
        with self.reading() as session:
            chunks = session.exec(query.order_by(col(Chunk.first))).all()
        return "".join(chunks).encode().splitlines(keepends=True)

    def transcript(self, call_id: str) -> list[Utterance]:
        order = (col(Leg.started_at), col(Utterance.start), col(Utterance.n), col(Utterance.k))
        same = (col(Leg.call_id) == Utterance.call_id) & (col(Leg.writer) == Utterance.writer)
        query = select(Utterance).join(Leg, same).where(Utterance.call_id == call_id).order_by(*order)
        with self.reading() as session:
            return list(session.exec(query))

    def tags(self, call_id: str) -> list[str]:
        with self.reading() as session:
            return list(session.exec(select(Tag.tag).where(Tag.call_id == call_id).order_by(col(Tag.tag))))

    def tag(self, call_id: str, *tags: str) -> None:
        with self.writing() as session:
            for name in tags:
                session.merge(Tag(call_id=call_id, tag=clean(name)))


def open_row(session: Session, call_id: str, facts: Mapping[str, Any]) -> Call:
    """The call's row, made if it is not there yet, with these facts learned."""
    row = session.exec(select(Call).where(Call.id == call_id).with_for_update()).first()
    if row is None:
        row = Call(id=call_id, rung_at=facts["rung_at"])
        session.add(row)
    learn(row, facts)
    return row


def _open_or_find(session: Session, call_id: str, facts: Mapping[str, Any]) -> Call:
    """The row of the carrier's own call, whatever its id, or a new one."""
    theirs = carriers_row(session, facts)
    return open_row(session, call_id if theirs is None else theirs.id, facts)


def carriers_row(session: Session, facts: Mapping[str, Any]) -> Call | None:
    """The row that has the carrier's id told in these facts."""
    if not facts.get("carrier_call"):
        return None
    same = (Call.carrier == facts.get("carrier", "")) & (col(Call.carrier_call) == facts["carrier_call"])
    return session.exec(select(Call).where(same).with_for_update()).first()


def _rows(session: Session, statement: Any) -> int:
    """How many rows a statement changed."""
    changed: int = session.execute(statement).rowcount  # type: ignore[attr-defined]
    return changed


@contextmanager
def _told_plainly() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeout) as error:
        raise StoreDown(_first_line(error)) from error
    except DBAPIError as error:
        if error.connection_invalidated:
            raise StoreDown(_first_line(error)) from error
        raise


def _first_line(error: Exception) -> str:
    return str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
