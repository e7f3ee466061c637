"""Appointments: what is free, booking, moving, cancelling. One statement takes a slot: nobody gets it twice."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from typing import Annotated, Literal

from pydantic import Field, NaiveDatetime
from sqlalchemy import update
from sqlmodel import Session, col, select

from callcenter.background.arguments import Digits, Key
from callcenter.background.crm.books import Answer, Books, customer_of, id_of, owned, told
from callcenter.background.crm.tables import Appointment, Slot
from callcenter.background.outcome import ToolError

Purpose = Literal["consultation", "repair", "installation"]
Starts = Annotated[NaiveDatetime, Field(description="Day and time at the business, such as 2026-11-24T09:30.")]


class Appointments:
    def __init__(self, books: Books) -> None:
        self.books = books

    def free_slots(
        self,
        day: Annotated[date | None, Field(description="Only this day.")] = None,
        after: Annotated[date | None, Field(description="From this day on.")] = None,
        part: Literal["morning", "afternoon"] | None = None,
        limit: Annotated[int, Field(ge=1, le=10)] = 3,
    ) -> Answer:
        """Find free times for an appointment, the earliest first."""
        begin = max(self.books.now(), datetime.combine(day or after or date.min, time()))
        wanted = select(Slot.starts).where(
            Slot.starts > begin, col(Slot.appointment_id).is_(None), col(Slot.taken).is_(False)
        )
        if day:
            wanted = wanted.where(Slot.starts < datetime.combine(day + timedelta(days=1), time()))
        with self.books.read() as session:
            starts = session.exec(wanted.distinct().order_by(col(Slot.starts))).all()
        free = [one for one in starts if part is None or (part == "morning") == (one.hour < 12)]
        return {"count": len(free), "slots": [_slot(one) for one in free[:limit]]}

    def list_appointments(self, customer: Digits) -> Answer:
        """List the appointments that a customer still has."""
        with self.books.read() as session:
            customer_of(session, customer)
            found = coming(session, customer, self.books.now())
            return {"count": len(found), "appointments": [_seen(one) for one in found]}

    def book_appointment(self, customer: Digits, starts: Starts, purpose: Purpose, key: Key) -> Answer:
        """Book an appointment at a free time."""

        def work(session: Session) -> Answer:
            customer_of(session, customer)
            self._refuse_past(starts)
            made = Appointment(customer_id=id_of(customer), purpose=purpose, starts=starts, status="booked")
            session.add(made)
            session.flush()
            _take(session, made)
            return {**_seen(made), "done": "booked"}

        asked = {"customer": customer, "starts": starts, "purpose": purpose}
        return self.books.change(key, "book_appointment", asked, work)

    def move_appointment(self, customer: Digits, appointment: Digits, starts: Starts, key: Key) -> Answer:
        """Move an appointment to another free time. The old time stays until the new one is sure."""

        def work(session: Session) -> Answer:
            found = self._changeable(session, appointment, customer)
            self._refuse_past(starts)
            before, found.starts = found.starts, starts
            _release(session, found)
            _take(session, found)
            return {**_seen(found), "before": _minute(before), "done": "moved"}

        asked = {"customer": customer, "appointment": appointment, "starts": starts}
        return self.books.change(key, "move_appointment", asked, work)

    def cancel_appointment(self, customer: Digits, appointment: Digits, key: Key) -> Answer:
        """Cancel an appointment and give its time free."""

        def work(session: Session) -> Answer:
            found = self._changeable(session, appointment, customer)
            found.status = "cancelled"
            _release(session, found)
            return {**_seen(found), "done": "cancelled"}

        asked = {"customer": customer, "appointment": appointment}
        return self.books.change(key, "cancel_appointment", asked, work)

    def _changeable(self, session: Session, appointment: str, customer: str) -> Appointment:
        found = owned(session, Appointment, appointment, customer, "appointment", lock=True)
        if found.status != "booked":
            raise ToolError("refused", f"Appointment {appointment} is already {found.status}.")
        self._refuse_past(found.starts)
        return found

    def _refuse_past(self, starts: datetime) -> None:
        if starts <= self.books.now():
            raise ToolError("refused", "That time has already passed.")


def coming(session: Session, customer: str, now: datetime) -> list[Appointment]:
    """What this customer still has booked, the earliest first."""
    wanted = select(Appointment).where(
        Appointment.customer_id == id_of(customer), Appointment.status == "booked", Appointment.starts >= now
    )
    return list(session.exec(wanted.order_by(col(Appointment.starts))).all())


def _take(session: Session, appointment: Appointment) -> None:
    """Put the appointment into one free slot of its time, or refuse."""
    ids = session.exec(
        select(Slot.id).where(
            Slot.starts == appointment.starts, col(Slot.appointment_id).is_(None), col(Slot.taken).is_(False)
        )
    ).all()
    if not any(_won(session, one, appointment) for one in _ids(ids)):
        raise ToolError("refused", f"{told(appointment.starts)} at {appointment.starts:%H:%M} is not free.")


def _won(session: Session, slot: int, appointment: Appointment) -> bool:
    taking = (
        update(Slot)
        .where(col(Slot.id) == slot, col(Slot.appointment_id).is_(None))
        .values(appointment_id=appointment.id)
    )
    return bool(session.execute(taking).rowcount)  # type: ignore[attr-defined]


def _ids(found: Iterable[int | None]) -> Iterable[int]:
    return (one for one in found if one is not None)


def _release(session: Session, appointment: Appointment) -> None:
    session.execute(update(Slot).where(col(Slot.appointment_id) == appointment.id).values(appointment_id=None))


def _slot(moment: datetime) -> Answer:
    return {"starts": _minute(moment), "day": moment.date(), "time": f"{moment:%H:%M}"}


def _minute(moment: datetime) -> str:
    return moment.isoformat(timespec="minutes")


def _seen(one: Appointment) -> Answer:
    return {
        "appointment": str(one.id),
        "purpose": one.purpose,
        **_slot(one.starts),
        "status": one.status,
    }
