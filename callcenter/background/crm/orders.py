"""Orders: where they stand, returning, cancelling, and sending them elsewhere. The rules of the shop stand here."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field
from sqlmodel import Session, col, select

from callcenter.background.arguments import Digits, Key, money
from callcenter.background.crm.books import Answer, Books, customer_of, id_of, owned, told
from callcenter.background.crm.customers import Postcode, one_line
from callcenter.background.crm.tables import Order, OrderLine, Return
from callcenter.background.outcome import ToolError

RETURN_DAYS = 30
"""After delivery, for any reason."""
SEND_BACK_DAYS = 14
REFUND_DAYS = 5
STILL_HERE = ("placed", "packed")
"""States in which an order can be cancelled and its address changed."""

Street = Annotated[str, Field(description="House number and street.", min_length=3, max_length=80)]
City = Annotated[str, Field(min_length=2, max_length=60)]


class Orders:
    def __init__(self, books: Books) -> None:
        self.books = books

    def list_orders(self, customer: Digits) -> Answer:
        """List a customer's latest orders, the newest first."""
        with self.books.read() as session:
            person = customer_of(session, customer)
            wanted = select(Order).where(Order.customer_id == person.id).order_by(col(Order.id).desc()).limit(5)
            orders = [self._summary(session, one) for one in session.exec(wanted).all()]
        return {"count": len(orders), "orders": orders}

    def order_status(self, customer: Digits, order: Digits) -> Answer:
        """Tell where an order stands, what is in it, and whether it can be cancelled or returned."""
        with self.books.read() as session:
            found = owned(session, Order, order, customer, "order")
            until = found.delivered + timedelta(days=RETURN_DAYS) if found.delivered else None
            return {
                **self._summary(session, found),
                "shipped": found.shipped,
                "expected": found.expected,
                "delivered": found.delivered,
                "carrier": found.carrier or None,
                "address": found.address,
                "cancellable": found.status in STILL_HERE,
                "returnable": found.status == "delivered" and until is not None and until >= self.books.today(),
                "return_until": until,
            }

    def cancel_order(self, customer: Digits, order: Digits, key: Key) -> Answer:
        """Cancel an order that has not been shipped, and refund it."""

        def work(session: Session) -> Answer:
            found = owned(session, Order, order, customer, "order", lock=True)
            _refuse_unless_here(found, "cancelled")
            found.status = "cancelled"
            refunded = self.books.today() + timedelta(days=REFUND_DAYS)
            return {"order": order, "done": "cancelled", "refund": money(found.total), "refund_by": refunded}

        return self.books.change(key, "cancel_order", {"customer": customer, "order": order}, work)

    def return_order(
        self,
        customer: Digits,
        order: Digits,
        reason: Literal["damaged", "wrong_item", "unwanted", "other"],
        key: Key,
    ) -> Answer:
        """Open the return of a delivered order: a label goes out by e-mail, the refund follows the parcel."""

        def work(session: Session) -> Answer:
            found = owned(session, Order, order, customer, "order", lock=True)
            today = self.books.today()
            if found.status != "delivered" or found.delivered is None:
                raise ToolError("refused", f"Order {order} is {found.status} and cannot be returned.")
            last = found.delivered + timedelta(days=RETURN_DAYS)
            if last < today:
                raise ToolError("refused", f"Order {order} could be returned until {told(last)}.")
            found.status = "returning"
            made = Return(
                order_id=id_of(order),
                opened=today,
                reason=reason,
                send_by=today + timedelta(days=SEND_BACK_DAYS),
                refund=found.total,
            )
            session.add(made)
            session.flush()
            email = customer_of(session, customer).email
            return {
                "return": str(made.id),
                "order": order,
                "refund": money(made.refund),
                "send_by": made.send_by,
                "email": email,
                "done": "return opened, label sent",
            }

        return self.books.change(key, "return_order", {"customer": customer, "order": order, "reason": reason}, work)

    def change_address(
        self,
        customer: Digits,
        street: Street,
        city: City,
        postcode: Postcode,
        key: Key,
        order: Annotated[Digits | None, Field(description="Only for this order, if it has not been shipped.")] = None,
    ) -> Answer:
        """Change where a customer lives, or where one order goes."""

        def work(session: Session) -> Answer:
            address = one_line(street, city, postcode)
            if order is not None:
                found = owned(session, Order, order, customer, "order", lock=True)
                _refuse_unless_here(found, "sent elsewhere")
                found.address = address
            else:
                person = customer_of(session, customer)
                person.street, person.city, person.postcode = street, city, postcode
            return {"customer": customer, "order": order, "address": address, "done": "changed"}

        asked = {"customer": customer, "street": street, "city": city, "postcode": postcode, "order": order}
        return self.books.change(key, "change_address", asked, work)

    def _summary(self, session: Session, found: Order) -> Answer:
        lines = session.exec(select(OrderLine).where(OrderLine.order_id == found.id).order_by(col(OrderLine.id))).all()
        return {
            "order": str(found.id),
            "status": found.status,
            "placed": found.placed,
            "items": _listed([f"{one.quantity} {one.name}{'s' * (one.quantity > 1)}" for one in lines]),
            "total": money(found.total),
        }


def _listed(things: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(things[:-1]), *things[-1:])))


def _refuse_unless_here(found: Order, what: str) -> None:
    if found.status not in STILL_HERE:
        raise ToolError("refused", f"Order {found.id} is already {found.status} and cannot be {what} any more.")
