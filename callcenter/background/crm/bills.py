"""Bills: what is owed, paying with the card on file, disputing, and waiving a late fee once a year.

No tool takes a card number: what is not on file is paid through a link that goes to the customer's own telephone.
"""

from datetime import timedelta
from typing import Annotated

from pydantic import Field
from sqlmodel import Session, col, select

from callcenter.background.arguments import Digits, Key, Money, money
from callcenter.background.crm.books import Answer, Books, customer_of, dollars, id_of, owned, told
from callcenter.background.crm.tables import Bill, Customer, Payment, Ticket
from callcenter.background.outcome import ToolError

WAIVER_DAYS = 365
"""A late fee is waived at most once in so many days."""


class Bills:
    def __init__(self, books: Books) -> None:
        self.books = books

    def balance(self, customer: Digits) -> Answer:
        """Tell what a customer owes in all, what of it is overdue, and which bill is due next."""
        with self.books.read() as session:
            bills = [bill for bill in bills_of(session, customer_of(session, customer)) if still_open(bill)]
        late = sum(still_open(bill) for bill in bills if bill.due < self.books.today())
        return {
            "balance": money(sum(map(still_open, bills))),
            "overdue": money(late),
            "open_bills": len(bills),
            "next_due": bills[0].due if bills else None,
            "bill": str(bills[0].id) if bills else None,
        }

    def list_bills(self, customer: Digits) -> Answer:
        """List a customer's latest bills, the newest first."""
        with self.books.read() as session:
            bills = bills_of(session, customer_of(session, customer))[::-1][:5]
        return {"count": len(bills), "bills": [self._seen(bill) for bill in bills]}

    def bill_status(self, customer: Digits, bill: Digits) -> Answer:
        """Tell amount, late fee, due date and what is still open of one bill."""
        with self.books.read() as session:
            return self._seen(owned(session, Bill, bill, customer, "bill"))

    def pay_bill(
        self,
        customer: Digits,
        bill: Digits,
        key: Key,
        amount: Annotated[Money | None, Field(description="Less than the whole, if the caller says so.")] = None,
    ) -> Answer:
        """Pay a bill, or a part of it, with the card on file."""

        def work(session: Session) -> Answer:
            found = owned(session, Bill, bill, customer, "bill", lock=True)
            person = customer_of(session, customer)
            sum_ = still_open(found) if amount is None else amount
            self._refuse_payment(found, person, sum_)
            found.paid += sum_
            made = Payment(bill_id=id_of(bill), made=self.books.today(), amount=sum_, card=person.card)
            session.add(made)
            session.flush()
            return {
                "payment": str(made.id),
                "bill": bill,
                "paid": money(sum_),
                "open": money(still_open(found)),
                "card": person.card,
                "done": "paid",
            }

        return self.books.change(key, "pay_bill", {"customer": customer, "bill": bill, "amount": amount}, work)

    def send_payment_link(self, customer: Digits, bill: Digits, key: Key) -> Answer:
        """Send a link for paying a bill to the telephone on record."""

        def work(session: Session) -> Answer:
            found = owned(session, Bill, bill, customer, "bill")
            if not still_open(found):
                raise ToolError("refused", f"Bill {bill} is already paid.")
            phone = customer_of(session, customer).phone
            session.add(
                Ticket(
                    customer_id=id_of(customer),
                    opened=self.books.now(),
                    kind="payment_link",
                    status="open",
                    subject=f"Payment link for bill {bill}",
                    phone=phone,
                )
            )
            return {"bill": bill, "open": money(still_open(found)), "phone_ends": phone[-4:], "done": "sent"}

        return self.books.change(key, "send_payment_link", {"customer": customer, "bill": bill}, work)

    def dispute_bill(
        self, customer: Digits, bill: Digits, reason: Annotated[str, Field(min_length=3, max_length=500)], key: Key
    ) -> Answer:
        """Note that a customer disagrees with a bill; it is on hold until somebody has looked at it."""

        def work(session: Session) -> Answer:
            found = owned(session, Bill, bill, customer, "bill", lock=True)
            if found.disputed:
                raise ToolError("refused", f"Bill {bill} is already disputed.")
            found.disputed = True
            ticket = Ticket(
                customer_id=id_of(customer),
                opened=self.books.now(),
                kind="dispute",
                status="open",
                subject=f"Dispute of bill {bill}",
                text=reason,
            )
            session.add(ticket)
            session.flush()
            return {"bill": bill, "ticket": str(ticket.id), "amount": money(found.amount), "done": "disputed"}

        return self.books.change(key, "dispute_bill", {"customer": customer, "bill": bill, "reason": reason}, work)

    def waive_late_fee(self, customer: Digits, bill: Digits, key: Key) -> Answer:
        """Waive the late fee of a bill. Possible once a year."""

        def work(session: Session) -> Answer:
            found = owned(session, Bill, bill, customer, "bill", lock=True)
            person = customer_of(session, customer)
            today = self.books.today()
            if not found.late_fee:
                raise ToolError("refused", f"Bill {bill} has no late fee.")
            if person.fee_waived and today - person.fee_waived < timedelta(days=WAIVER_DAYS):
                raise ToolError("refused", f"A late fee was already waived on {told(person.fee_waived)}.")
            waived, found.late_fee, person.fee_waived = found.late_fee, 0, today
            return {"bill": bill, "waived": money(waived), "open": money(still_open(found)), "done": "waived"}

        return self.books.change(key, "waive_late_fee", {"customer": customer, "bill": bill}, work)

    def _refuse_payment(self, found: Bill, person: Customer, sum_: int) -> None:
        if found.disputed:
            raise ToolError("refused", f"Bill {found.id} is disputed and on hold.")
        if not still_open(found):
            raise ToolError("refused", f"Bill {found.id} is already paid.")
        if not 0 < sum_ <= still_open(found):
            raise ToolError("refused", f"Only {dollars(still_open(found))} is open.")
        if not person.card:
            raise ToolError("refused", "There is no card on file.")
        if person.card_until is None or person.card_until < self.books.today():
            raise ToolError("refused", f"The card ending in {person.card} has expired.")
        if person.card_declined:
            raise ToolError("refused", f"The card ending in {person.card} was declined.")

    def _seen(self, bill: Bill) -> Answer:
        overdue = bool(still_open(bill)) and bill.due < self.books.today()
        status = "disputed" if bill.disputed else "overdue" if overdue else "open" if still_open(bill) else "paid"
        return {
            "bill": str(bill.id),
            "status": status,
            "issued": bill.issued,
            "due": bill.due,
            "amount": money(bill.amount),
            "late_fee": money(bill.late_fee) if bill.late_fee else None,
            "paid": money(bill.paid),
            "open": money(still_open(bill)),
        }


def bills_of(session: Session, person: Customer) -> list[Bill]:
    wanted = select(Bill).where(Bill.customer_id == person.id).order_by(col(Bill.due), col(Bill.id))
    return list(session.exec(wanted).all())


def still_open(bill: Bill) -> int:
    return bill.amount + bill.late_fee - bill.paid
