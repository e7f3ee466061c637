"""The books of the company: reads in one session, changes in one transaction that happens once per key."""

import json
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, TypeVar

from pydantic_core import to_jsonable_python
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from callcenter.background.crm.tables import Customer, Done, Row
from callcenter.background.outcome import ToolError

Kind = TypeVar("Kind", bound=Row)
Answer = dict[str, Any]


class Books:
    """`now` is the clock of the business; it is handed in so that a day can be played again."""

    def __init__(self, engine: Engine, now: Callable[[], datetime]) -> None:
        self.engine = engine
        self.now = now

    def today(self) -> date:
        return self.now().date()

    def read(self) -> Session:
        return Session(self.engine)

    def change(self, key: str, tool: str, asked: Mapping[str, Any], work: Callable[[Session], Answer]) -> Answer:
        """Do `work` and remember its answer under `key`, both or neither.

        The key is written first: whoever comes second with it waits for the first, or finds it done.
        """
        request = json.dumps([tool, to_jsonable_python(asked)], sort_keys=True)
        done = Done(key=key, request=request, at=self.now())
        with Session(self.engine) as session:
            session.add(done)
            try:
                session.flush()
            except IntegrityError:
                session.rollback()
                return self._first(session, key, request)
            answer: Answer = to_jsonable_python(work(session))
            done.value = answer
            session.commit()
            return answer

    def _first(self, session: Session, key: str, request: str) -> Answer:
        done = session.get_one(Done, key)
        if done.request != request:
            raise ToolError("invalid", "This key already belongs to another request.")
        answer: Answer = done.value
        return answer


def told(day: date) -> str:
    """A day in a sentence; in answers days stand as 2026-11-24."""
    return f"{day:%B} {day.day}"


def dollars(minor: int) -> str:
    """An amount in a sentence; in answers amounts stand as "12.50 USD"."""
    return f"${minor // 100}.{minor % 100:02d}"


def id_of(number: str) -> int:
    """A number that is too long for a row of ours is nobody's."""
    return int(number) if len(number) < 10 else 0


def customer_of(session: Session, customer: str) -> Customer:
    found = session.get(Customer, id_of(customer))
    if found is None:
        raise ToolError("not_found", f"There is no customer {customer}.")
    return found


def owned(session: Session, kind: type[Kind], number: str, customer: str, name: str, *, lock: bool = False) -> Kind:
    """A record of this customer. Somebody else's is not found, and nothing tells that it exists."""
    found = session.get(kind, id_of(number), with_for_update=True if lock else None)
    if found is None or getattr(found, "customer_id", None) != id_of(customer):
        raise ToolError("not_found", f"There is no {name} {number} under this customer.")
    return found
