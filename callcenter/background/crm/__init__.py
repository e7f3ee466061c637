"""The embedded CRM: customers, orders, bills, appointments and tickets on the store's database, as tools.

What a customer must be verified for is `private` and takes the customer's number; a record of somebody else is "not
found". Every change happens once per key, in one transaction. Answers are flat: numbers of things are strings of
digits, amounts read "12.50 USD", days "2026-11-24", times "2026-11-24T09:30".
"""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Engine

from callcenter.background.crm.appointments import Appointments
from callcenter.background.crm.bills import Bills
from callcenter.background.crm.books import Books
from callcenter.background.crm.customers import Customers
from callcenter.background.crm.orders import Orders
from callcenter.background.crm.tickets import Tickets
from callcenter.background.tools import Tool, tool


def crm_tools(engine: Engine, now: Callable[[], datetime]) -> list[Tool]:
    books = Books(engine, now)
    customers, orders, bills = Customers(books), Orders(books), Bills(books)
    appointments, tickets = Appointments(books), Tickets(books)
    return [
        tool(customers.find_customer),
        tool(customers.verify_customer),
        tool(customers.customer_overview, private=True),
        tool(customers.change_contact, changes=True, private=True),
        tool(customers.add_note, changes=True, private=True),
        tool(orders.list_orders, private=True),
        tool(orders.order_status, private=True),
        tool(orders.cancel_order, changes=True, private=True),
        tool(orders.return_order, changes=True, private=True),
        tool(orders.change_address, changes=True, private=True),
        tool(bills.balance, private=True),
        tool(bills.list_bills, private=True),
        tool(bills.bill_status, private=True),
        tool(bills.pay_bill, changes=True, private=True),
        tool(bills.send_payment_link, changes=True, private=True),
        tool(bills.dispute_bill, changes=True, private=True),
        tool(bills.waive_late_fee, changes=True, private=True),
        tool(appointments.free_slots),
        tool(appointments.list_appointments, private=True),
        tool(appointments.book_appointment, changes=True, private=True),
        tool(appointments.move_appointment, changes=True, private=True),
        tool(appointments.cancel_appointment, changes=True, private=True),
        tool(tickets.open_ticket, changes=True),
        tool(tickets.request_callback, changes=True),
        tool(tickets.ticket_status, private=True),
    ]
