"""The tables of the embedded CRM. Amounts are minor units of US dollars; days and times are those of the business.

Ids are the numbers people say on the telephone. A person's record is found by `folded`, the name without case,
accents and punctuation, because that is all an ear can tell.
"""

import unicodedata
from datetime import date, datetime
from typing import Any, ClassVar, Final

from sqlalchemy import JSON, Column, DateTime, Index, MetaData
from sqlmodel import Field, SQLModel

NAMES: Final = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

metadata = MetaData(naming_convention=NAMES)


class Row(SQLModel):
    metadata: ClassVar[MetaData] = metadata


def folded(name: str) -> str:
    """ "O'Brien, Seán" and "obrien sean" are one sound apart from their order: "obrien sean"."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    return " ".join("".join(c if c.isalpha() else " " * (c in " ,-") for c in plain).split())


class Customer(Row, table=True):
    __tablename__ = "crm_customers"

    id: int | None = Field(default=None, primary_key=True)
    name: str
    folded: str = Field(index=True)
    born: date
    phone: str = Field(index=True)
    email: str
    street: str
    postcode: str
    city: str
    card: str = ""
    """Last four digits of the card on file; empty if there is none."""
    card_until: date | None = None
    card_declined: bool = False
    fee_waived: date | None = None
    """When a late fee was last waived."""


class Order(Row, table=True):
    __tablename__ = "crm_orders"

    id: int | None = Field(default=None, primary_key=True)
    customer_id: int = Field(foreign_key="crm_customers.id", index=True)
    status: str
    """placed, packed, shipped, delivered, returning, cancelled"""
    placed: date
    shipped: date | None = None
    expected: date | None = None
    delivered: date | None = None
    carrier: str = ""
    address: str
    total: int


class OrderLine(Row, table=True):
    __tablename__ = "crm_order_lines"

    id: int | None = Field(default=None, primary_key=True)
    order_id: int = Field(foreign_key="crm_orders.id", index=True)
    name: str
    quantity: int
    price: int


class Return(Row, table=True):
    __tablename__ = "crm_returns"

    id: int | None = Field(default=None, primary_key=True)
    order_id: int = Field(foreign_key="crm_orders.id", index=True)
    opened: date
    reason: str
    send_by: date
    refund: int


class Bill(Row, table=True):
    __tablename__ = "crm_bills"

    id: int | None = Field(default=None, primary_key=True)
    customer_id: int = Field(foreign_key="crm_customers.id", index=True)
    issued: date
    due: date
    amount: int
    late_fee: int = 0
    paid: int = 0
    disputed: bool = False


class Payment(Row, table=True):
    __tablename__ = "crm_payments"

    id: int | None = Field(default=None, primary_key=True)
    bill_id: int = Field(foreign_key="crm_bills.id", index=True)
    made: date
    amount: int
    card: str


class Appointment(Row, table=True):
    __tablename__ = "crm_appointments"

    id: int | None = Field(default=None, primary_key=True)
    customer_id: int = Field(foreign_key="crm_customers.id", index=True)
    purpose: str
    starts: datetime = Field(sa_type=DateTime)
    status: str
    """booked, cancelled"""


class Slot(Row, table=True):
    """Half an hour of one of the staff; free while no appointment takes it."""

    __tablename__ = "crm_slots"
    __table_args__ = (Index(None, "starts", "staff", unique=True),)

    id: int | None = Field(default=None, primary_key=True)
    starts: datetime = Field(sa_type=DateTime)
    staff: int
    appointment_id: int | None = Field(default=None, foreign_key="crm_appointments.id", index=True)
    taken: bool = False
    """Taken by something that is no appointment of ours."""


class Ticket(Row, table=True):
    __tablename__ = "crm_tickets"

    id: int | None = Field(default=None, primary_key=True)
    customer_id: int | None = Field(default=None, foreign_key="crm_customers.id", index=True)
    opened: datetime = Field(sa_type=DateTime)
    kind: str
    """question, dispute, payment_link, callback"""
    status: str
    """open, closed"""
    subject: str
    text: str = ""
    phone: str = ""
    callback: datetime | None = Field(default=None, sa_type=DateTime)


class Memo(Row, table=True):
    """A line that staff should see beside a customer."""

    __tablename__ = "crm_memos"

    id: int | None = Field(default=None, primary_key=True)
    customer_id: int = Field(foreign_key="crm_customers.id", index=True)
    written: datetime = Field(sa_type=DateTime)
    text: str


class Done(Row, table=True):
    """A change that has been made, under its key: asked again, it answers the same and does nothing."""

    __tablename__ = "crm_done"

    key: str = Field(primary_key=True)
    request: str
    at: datetime = Field(sa_type=DateTime)
    value: Any = Field(default=None, sa_column=Column(JSON))
