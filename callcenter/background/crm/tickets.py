"""Tickets: what a person has to look at, and calls that somebody has to return."""

from typing import Annotated

from pydantic import Field, NaiveDatetime
from sqlmodel import Session

from callcenter.background.arguments import Digits, Key, Phone, Subject, Text
from callcenter.background.crm.books import Answer, Books, customer_of, owned
from callcenter.background.crm.tables import Ticket
from callcenter.background.outcome import ToolError


class Tickets:
    def __init__(self, books: Books) -> None:
        self.books = books

    def open_ticket(self, subject: Subject, key: Key, text: Text = "", customer: Digits | None = None) -> Answer:
        """Write a question down for the staff."""
        ticket = Ticket(opened=self.books.now(), kind="question", status="open", subject=subject, text=text)
        asked = {"subject": subject, "text": text, "customer": customer}
        return self.books.change(key, "open_ticket", asked, lambda session: _filed(session, ticket, customer))

    def request_callback(
        self,
        phone: Annotated[Phone, Field(description="Where to call.")],
        reason: Subject,
        key: Key,
        when: Annotated[NaiveDatetime | None, Field(description="Not before; at once if it is left out.")] = None,
        customer: Digits | None = None,
    ) -> Answer:
        """Have a person call back."""

        def work(session: Session) -> Answer:
            now = self.books.now()
            if when is not None and when < now:
                raise ToolError("refused", "That time has already passed.")
            ticket = Ticket(opened=now, kind="callback", status="open", subject=reason, phone=phone, callback=when)
            return _filed(session, ticket, customer)

        asked = {"phone": phone, "reason": reason, "when": when, "customer": customer}
        return self.books.change(key, "request_callback", asked, work)

    def ticket_status(self, customer: Digits, ticket: Digits) -> Answer:
        """Tell how a ticket stands."""
        with self.books.read() as session:
            return _seen(owned(session, Ticket, ticket, customer, "ticket"))


def _filed(session: Session, ticket: Ticket, customer: str | None) -> Answer:
    if customer is not None:
        ticket.customer_id = customer_of(session, customer).id
    session.add(ticket)
    session.flush()
    return {**_seen(ticket), "done": "opened"}


def _seen(ticket: Ticket) -> Answer:
    return {
        "ticket": str(ticket.id),
        "kind": ticket.kind,
        "status": ticket.status,
        "subject": ticket.subject,
        "opened": ticket.opened.date(),
        "phone": ticket.phone or None,
        "callback": ticket.callback.isoformat(timespec="minutes") if ticket.callback else None,
    }
