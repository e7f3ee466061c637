"""Who is calling: finding a customer, checking that it is them, and what is worth knowing about them."""

from datetime import date
from typing import Annotated

from pydantic import Field
from sqlmodel import Session, col, func, select

from callcenter.background.arguments import Digits, Email, Key, Name, Phone, Text, money
from callcenter.background.crm.appointments import coming
from callcenter.background.crm.bills import bills_of, still_open
from callcenter.background.crm.books import Answer, Books, customer_of, id_of
from callcenter.background.crm.tables import Customer, Memo, Order, Ticket, folded
from callcenter.background.identity import Claim, Person
from callcenter.background.outcome import ToolError

Postcode = Annotated[Digits, Field(description="Five digits.")]


class Customers:
    def __init__(self, books: Books) -> None:
        self.books = books

    def find_customer(
        self,
        name: Name | None = None,
        phone: Phone | None = None,
        email: str | None = None,
        number: Digits | None = None,
    ) -> Answer:
        """Count the customers who fit what is known, and give the number if there is just one.

        Tells nothing about them: for that, identity must be verified.
        """
        if not (name or phone or email or number):
            raise ToolError("invalid", "A name, a telephone number, an e-mail or a customer number is needed.")
        with self.books.read() as session:
            found = _matching(session, name, phone, email, number)
        if not found:
            raise ToolError("not_found", "There is no such customer.")
        return {"matches": len(found), "customer": str(found[0].id) if len(found) == 1 else None}

    def verify_customer(
        self,
        name: Name | None = None,
        number: Digits | None = None,
        phone: Phone | None = None,
        born: Annotated[date | None, Field(description="Date of birth.")] = None,
        postcode: Postcode | None = None,
    ) -> Answer:
        """Verify who is calling: who they say they are, and a date of birth or postcode that only they know.

        Answers `verified`, and `need` if one more detail would settle it. A name that only sounds like the customer's
        is enough where date of birth and postcode are both right.
        """
        claim = Claim(name, number, phone, born, postcode)
        if claim.need:
            return claim.verdict(())
        with self.books.read() as session:
            fit = [
                one
                for one in _matching(session, name, phone, None, number)
                if (born is None or one.born == born) and (postcode is None or one.postcode == postcode)
            ]
            fit = fit or [one for one in _proven(session, claim, phone, number) if claim.about(one.name)]
            people = [Person(str(one.id), one.name, one.name.split()[0]) for one in fit]
        return claim.verdict(people)

    def customer_overview(self, customer: Digits) -> Answer:
        """Sum up a customer: open orders, unpaid bills, next appointment, open tickets, contact details."""
        with self.books.read() as session:
            person = customer_of(session, customer)
            orders = session.exec(select(Order.status).where(Order.customer_id == person.id)).all()
            tickets = session.exec(select(Ticket.status).where(Ticket.customer_id == person.id)).all()
            bills = bills_of(session, person)
            appointments = coming(session, customer, self.books.now())
        return {
            "customer": customer,
            "name": person.name,
            "first_name": person.name.split()[0],
            "open_orders": sum(one in ("placed", "packed", "shipped") for one in orders),
            "balance": money(sum(map(still_open, bills))),
            "next_appointment": appointments[0].starts.isoformat(timespec="minutes") if appointments else None,
            "open_tickets": tickets.count("open"),
            "email": person.email,
            "phone": person.phone,
            "address": one_line(person.street, person.city, person.postcode),
            "card": person.card or None,
        }

    def change_contact(
        self, customer: Digits, key: Key, phone: Phone | None = None, email: Email | None = None
    ) -> Answer:
        """Change the telephone number or the e-mail of a customer."""
        if not (phone or email):
            raise ToolError("invalid", "A new telephone number or a new e-mail is needed.")

        def work(session: Session) -> Answer:
            person = customer_of(session, customer)
            person.phone = phone or person.phone
            person.email = email or person.email
            return {"customer": customer, "phone": person.phone, "email": person.email, "done": "changed"}

        return self.books.change(key, "change_contact", {"customer": customer, "phone": phone, "email": email}, work)

    def add_note(self, customer: Digits, text: Text, key: Key) -> Answer:
        """Leave a line for the staff beside a customer's record."""

        def work(session: Session) -> Answer:
            customer_of(session, customer)
            memo = Memo(customer_id=id_of(customer), written=self.books.now(), text=text)
            session.add(memo)
            session.flush()
            return {"note": str(memo.id), "customer": customer, "done": "filed"}

        return self.books.change(key, "add_note", {"customer": customer, "text": text}, work)


def one_line(street: str, city: str, postcode: str) -> str:
    return f"{street}, {city} {postcode}"


def _matching(
    session: Session, name: str | None, phone: str | None, email: str | None, number: str | None
) -> list[Customer]:
    wanted = select(Customer).order_by(col(Customer.id))
    if number:
        wanted = wanted.where(Customer.id == id_of(number))
    if name:
        wanted = wanted.where(Customer.folded == folded(name))
    if phone:
        wanted = wanted.where(Customer.phone == phone)
    if email:
        wanted = wanted.where(func.lower(col(Customer.email)) == email.strip().lower())
    return list(session.exec(wanted.limit(20)).all())


def _proven(session: Session, claim: Claim, phone: str | None, number: str | None) -> list[Customer]:
    """Whoever was born that day and lives there, whatever they are called."""
    if claim.born is None or claim.postcode is None:
        return []
    wanted = select(Customer).where(Customer.born == claim.born, Customer.postcode == claim.postcode)
    if number:
        wanted = wanted.where(Customer.id == id_of(number))
    if phone:
        wanted = wanted.where(Customer.phone == phone)
    return list(session.exec(wanted.order_by(col(Customer.id)).limit(20)).all())
