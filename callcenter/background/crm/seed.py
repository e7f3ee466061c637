"""Demo data: 200 customers and all they have, the same for the same day, every date relative to it.

The cast comes first; the rest is drawn with a fixed seed. Appointments are
numbered from 3001, orders 4201, returns 6001, bills 7001, tickets 8012, payments 9001.
"""

import random
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from sqlalchemy import Engine, insert, text
from sqlmodel import Session, select

from callcenter.background.crm.cast import BILLS, BOOKED, CAST, GOODS, ORDERS, Billed, Bought, Person
from callcenter.background.crm.customers import one_line
from callcenter.background.crm.tables import (
    Appointment,
    Bill,
    Customer,
    Order,
    OrderLine,
    Payment,
    Return,
    Row,
    Slot,
    Ticket,
    folded,
    metadata,
)

CUSTOMERS: Final = 200
STAFF: Final = 2
DAYS_OPEN: Final = 20
FULL_DAYS: Final = (0, 3)
"""Working days after the day of the seed on which no time is free."""
HALF_HOURS: Final = [time(hour, minute) for hour in (9, 10, 11, 13, 14, 15, 16) for minute in (0, 30)]
DRAWN: Final = range(1001 + len(CAST), 1001 + CUSTOMERS)

FIRST: Final = (
    "Alice Benjamin Carla David Elena Frank Georgia Henry Irene Jacob Karen Louis Monica "
    "Nathan Olivia Peter Quinn Rachel Steven Teresa Ursula Victor Wendy Xavier Yolanda Zachary"
)
LAST: Final = (
    "Adams Bennett Campbell Diaz Edwards Foster Gray Hughes Ingram Jenkins Keller Lawson "
    "Mitchell Norris Owens Parker Ramirez Sanders Turner Underwood Vaughn Walker Young Zimmerman"
)
STREETS: Final = ("Oak Street", "Park Avenue", "Hill Road", "Station Road", "Bridge Street", "Meadow Lane")
CITIES: Final = (("Dallas", "752"), ("Columbus", "432"), ("Atlanta", "303"), ("Omaha", "681"), ("Tucson", "857"))


def seed(engine: Engine, day: date) -> None:
    """Fill empty tables; leave tables that hold customers as they are."""
    with Session(engine) as session:
        if session.exec(select(Customer.id).limit(1)).first() is not None:
            return
        for kind, rows in _tables(day):
            session.execute(insert(kind), rows)
        if engine.dialect.name == "postgresql":
            _advance_sequences(session)
        session.commit()


def create_tables(engine: Engine) -> None:
    """For databases that live as long as a test or a benchmark; others are migrated."""
    metadata.create_all(engine)


def _tables(day: date) -> Iterator[tuple[type[Row], list[dict[str, Any]]]]:
    """Rows by table, in an order that foreign keys allow."""
    chance = random.Random("demo")
    people = [*CAST, *_drawn_people(chance)]
    orders = [*ORDERS, *_drawn_orders(chance)]
    bills = [*BILLS, *_drawn_bills(chance)]
    where = {one.id: one_line(one.street, one.city, one.postcode) for one in people}
    yield Customer, [_customer(one, day) for one in people]
    yield Order, [_order(one, where[one.customer], day) for one in orders]
    yield OrderLine, _numbered(_line(one.id, *line) for one in orders for line in one.lines)
    yield Return, [{"id": 6001, "order_id": 4205, "reason": "unwanted", "refund": 9900} | _sent_back(day)]
    yield Bill, [_bill(one, day) for one in bills]
    cards = {one.id: one.card for one in people}
    paid = (one for one in bills if one.paid)
    yield Payment, [_payment(9001 + nth, one, cards[one.customer], day) for nth, one in enumerate(paid)]
    booked = _booked(_working_days(day), chance)
    yield Appointment, list(booked.values())
    yield Slot, _numbered(_slots(_working_days(day), booked, chance))
    yield Ticket, [_ticket(8012, 1012, "Refund of order 4212", day), *_drawn_tickets(chance, day)]


def _numbered(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"id": number, **row} for number, row in enumerate(rows, start=1)]


def _on(day: date, shift: int | None) -> date | None:
    return None if shift is None else day + timedelta(days=shift)


def _drawn_people(chance: random.Random) -> Iterator[Person]:
    names = [f"{first} {last}" for first in FIRST.split() for last in LAST.split()]
    for number, name in zip(DRAWN, chance.sample(names, len(DRAWN)), strict=True):
        city, prefix = chance.choice(CITIES)
        yield Person(
            id=number,
            name=name,
            born=date(1940, 1, 1) + timedelta(days=chance.randrange(23_000)),
            street=f"{chance.randrange(1, 400)} {chance.choice(STREETS)}",
            city=city,
            postcode=f"{prefix}{chance.randrange(1, 100):02d}",
            card=f"{chance.randrange(1000, 10_000)}" if chance.random() < 0.8 else "",
        )


def _drawn_orders(chance: random.Random) -> Iterator[Bought]:
    number = 4301
    for customer in DRAWN:
        for _ in range(chance.choice((0, 1, 1, 2, 3))):
            age = chance.randrange(60)
            sent = -age + 2 if age >= 2 else None
            there = -age + 6 if age >= 6 else None
            status = "delivered" if there is not None else "shipped" if sent is not None else "placed"
            lines = tuple(
                (good, chance.choice((1, 1, 1, 2)))
                for good in chance.sample(range(len(GOODS)), chance.choice((1, 1, 2)))
            )
            yield Bought(number, customer, status, -age, lines, sent, -age + 6, there)
            number += 1


def _drawn_bills(chance: random.Random) -> Iterator[Billed]:
    number = 7101
    for customer in DRAWN:
        for _ in range(chance.choice((0, 1, 1, 2))):
            age, amount = chance.randrange(5, 80), chance.randrange(1_500, 40_000)
            paid = amount if age > 30 and chance.random() < 0.9 else 0
            yield Billed(number, customer, -age, 30 - age, amount, 2500 if age > 40 and not paid else 0, paid)
            number += 1


def _working_days(day: date) -> list[date]:
    coming = (day + timedelta(days=shift) for shift in range(1, 2 * DAYS_OPEN))
    return [one for one in coming if one.weekday() < 5][:DAYS_OPEN]


def _booked(days: list[date], chance: random.Random) -> dict[datetime, dict[str, Any]]:
    """Appointments by their time: those of the cast, and one a day of somebody else's."""
    fixed = {
        datetime.combine(days[nth], at): {"id": number, "customer_id": customer, "purpose": purpose}
        for number, customer, nth, at, purpose in BOOKED
    }
    for number, day in enumerate(days, start=3101):
        drawn = {"id": number, "customer_id": chance.choice(DRAWN), "purpose": "installation"}
        fixed.setdefault(datetime.combine(day, chance.choice(HALF_HOURS)), drawn)
    return {starts: one | {"starts": starts, "status": "booked"} for starts, one in fixed.items()}


def _slots(days: list[date], booked: dict[datetime, dict[str, Any]], chance: random.Random) -> Iterator[dict[str, Any]]:
    for nth, one in enumerate(days):
        for starts in (datetime.combine(one, at) for at in HALF_HOURS):
            for staff in range(1, STAFF + 1):
                ours = booked.get(starts) if staff == 1 else None
                taken = ours is None and (nth in FULL_DAYS or chance.random() < 0.5)
                yield {"starts": starts, "staff": staff, "appointment_id": ours and ours["id"], "taken": taken}


def _drawn_tickets(chance: random.Random, day: date) -> Iterator[dict[str, Any]]:
    subjects = ("Wrong colour", "Invoice copy", "Late delivery", "Change of name")
    for number in range(8101, 8121):
        yield _ticket(number, chance.choice(DRAWN), chance.choice(subjects), day)


def _customer(one: Person, day: date) -> dict[str, Any]:
    number = one.id - 1001
    return {
        "id": one.id,
        "name": one.name,
        "folded": folded(one.name),
        "born": one.born,
        "phone": f"+1{202 + number // 100}55501{number % 100:02d}",
        "email": folded(one.name).replace(" ", ".") + f"{one.id % 100 if one.id < 1003 else ''}@example.com",
        "street": one.street,
        "postcode": one.postcode,
        "city": one.city,
        "card": one.card,
        "card_until": _on(day, one.card_days) if one.card else None,
        "card_declined": one.declined,
        "fee_waived": _on(day, None if one.waived is None else -one.waived),
    }


def _order(one: Bought, address: str, day: date) -> dict[str, Any]:
    return {
        "id": one.id,
        "customer_id": one.customer,
        "status": one.status,
        "placed": _on(day, one.placed),
        "shipped": _on(day, one.shipped),
        "expected": _on(day, one.expected),
        "delivered": _on(day, one.delivered),
        "carrier": "Blue Arrow" if one.shipped is not None else "",
        "address": address,
        "total": sum(GOODS[good][1] * quantity for good, quantity in one.lines),
    }


def _line(order: int, good: int, quantity: int) -> dict[str, Any]:
    return {"order_id": order, "name": GOODS[good][0], "quantity": quantity, "price": GOODS[good][1]}


def _bill(one: Billed, day: date) -> dict[str, Any]:
    return {
        "id": one.id,
        "customer_id": one.customer,
        "issued": _on(day, one.issued),
        "due": _on(day, one.due),
        "amount": one.amount,
        "late_fee": one.late_fee,
        "paid": one.paid,
        "disputed": one.disputed,
    }


def _payment(number: int, one: Billed, card: str, day: date) -> dict[str, Any]:
    return {"id": number, "bill_id": one.id, "made": _on(day, one.due - 2), "amount": one.paid, "card": card}


def _sent_back(day: date) -> dict[str, Any]:
    return {"opened": _on(day, -3), "send_by": _on(day, 11)}


def _ticket(number: int, customer: int, subject: str, day: date) -> dict[str, Any]:
    opened = datetime.combine(day - timedelta(days=3), time(11, 20))
    return {
        "id": number,
        "customer_id": customer,
        "opened": opened,
        "kind": "question",
        "status": "open",
        "subject": subject,
        "text": "",
        "phone": "",
        "callback": None,
    }


def _advance_sequences(session: Session) -> None:
    """PostgreSQL does not learn from ids that were given; the next one must not be one of them."""
    for table in metadata.sorted_tables:
        if "id" in table.c:
            name = table.name
            last = (
                f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), max(id)) FROM {name} HAVING max(id) IS NOT NULL"
            )
            session.execute(text(last))
