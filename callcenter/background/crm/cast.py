"""The cast of the demo data: people whose situation is written down, for tests, demos and the benchmark.

Days are counted from the day of the seed: -5 is five days before it.
"""

from dataclasses import dataclass
from datetime import date, time
from typing import Final


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody of the cast; days are counted from the day of the seed."""

    id: int
    name: str
    born: date
    street: str
    city: str
    postcode: str
    card: str = "4242"
    card_days: int = 700
    declined: bool = False
    waived: int | None = None
    """How long ago a late fee was waived."""


@dataclass(frozen=True, slots=True)
class Bought:
    """An order; the numbers are days from the day of the seed."""

    id: int
    customer: int
    status: str
    placed: int
    lines: tuple[tuple[int, int], ...]
    """Place in `GOODS`, quantity."""
    shipped: int | None = None
    expected: int | None = None
    delivered: int | None = None


@dataclass(frozen=True, slots=True)
class Billed:
    id: int
    customer: int
    issued: int
    due: int
    amount: int
    late_fee: int = 0
    paid: int = 0
    disputed: bool = False


CAST: Final = (
    # Shares her name; order 4201 can be returned; bill 7001 is due in 10 days.
    Person(1001, "Maria Lopez", date(1984, 3, 12), "12 Elm Street", "Chicago", "60614"),
    # Shares her name; order 4202 is shipped.
    Person(1002, "Maria Lopez", date(1991, 7, 30), "480 Cedar Avenue", "Austin", "73301"),
    # Order 4217 is shipped, 4218 can be cancelled.
    Person(1003, "James Carter", date(1975, 11, 2), "9 Harbor Road", "Seattle", "98101"),
    # Bill 7004 is overdue with a late fee that can be waived.
    Person(1004, "Priya Natarajan", date(1988, 5, 19), "77 Maple Drive", "Denver", "80202"),
    # Bill 7005 has a late fee, and one was waived four months ago.
    Person(1005, "Thomas Oakley", date(1962, 1, 25), "3 Mill Lane", "Boston", "02108", waived=120),
    # Order 4205 is on its way back (return 6001), 4206 is too old to return, 4207 is not.
    Person(1006, "Grace Kim", date(1995, 9, 8), "150 Lake View", "Portland", "97204"),
    # Bill 7007 is open, the card is declined.
    Person(1007, "Daniel Novak", date(1980, 12, 1), "21 Birch Court", "Cleveland", "44113", card="0002", declined=True),
    # Bill 7008 is open, no card on file.
    Person(1008, "Sophie Laurent", date(1993, 4, 4), "6 Garden Place", "New Orleans", "70112", card=""),
    # Appointment 3009 on the next working day at 10:00, which is otherwise full.
    Person(1009, "Omar Haddad", date(1970, 8, 17), "300 Sunset Boulevard", "Phoenix", "85004"),
    # Appointment 3010 in three working days at 14:30; order 4210 is packed.
    Person(1010, "Hannah Fischer", date(1986, 2, 28), "58 River Street", "Milwaukee", "53202"),
    # Owes nothing, has ordered nothing.
    Person(1011, "Samuel O'Brien", date(1999, 10, 31), "1 Church Hill", "Albany", "12207"),
    # Order 4212 was cancelled; ticket 8012 is open.
    Person(1012, "Lan Nguyen", date(1978, 6, 6), "94 Orchard Way", "San Jose", "95113"),
    # Bill 7013 is disputed.
    Person(1013, "Charlotte Dubois", date(1957, 3, 3), "17 Old Post Road", "Savannah", "31401"),
    # Bill 7014 is open, the card has expired.
    Person(
        1014,
        "William Johnson",
        date(1990, 12, 24),
        "202 King Street",
        "Charleston",
        "29401",
        card="1881",
        card_days=-40,
    ),
)


GOODS: Final = (
    ("desk lamp", 3490),
    ("floor cushion", 2450),
    ("coffee grinder", 5900),
    ("wool blanket", 7900),
    ("bookcase", 12900),
    ("tea kettle", 4590),
    ("wall clock", 2990),
    ("bath towel", 1590),
    ("office chair", 18900),
    ("picture frame", 1250),
    ("garden hose", 2799),
    ("bread box", 3350),
    ("night stand", 9900),
    ("umbrella stand", 4125),
    ("door mat", 1999),
)

ORDERS: Final = (
    Bought(4201, 1001, "delivered", -12, ((0, 1), (1, 2)), shipped=-9, expected=-6, delivered=-5),
    Bought(4202, 1002, "shipped", -4, ((2, 1),), shipped=-2, expected=1),
    Bought(4205, 1006, "returning", -20, ((12, 1),), shipped=-18, expected=-15, delivered=-14),
    Bought(4206, 1006, "delivered", -52, ((3, 1),), shipped=-49, expected=-46, delivered=-45),
    Bought(4207, 1006, "delivered", -16, ((4, 1), (5, 1)), shipped=-13, expected=-10, delivered=-10),
    Bought(4210, 1010, "packed", -1, ((6, 1),), expected=4),
    Bought(4212, 1012, "cancelled", -8, ((7, 4),)),
    Bought(4217, 1003, "shipped", -5, ((8, 1),), shipped=-2, expected=2),
    Bought(4218, 1003, "placed", 0, ((0, 1), (9, 3)), expected=6),
)
BILLS: Final = (
    Billed(7001, 1001, -20, 10, 6420),
    Billed(7003, 1003, -50, -20, 18900, paid=18900),
    Billed(7004, 1004, -50, -20, 12850, late_fee=2500),
    Billed(7005, 1005, -45, -15, 8940, late_fee=2500),
    Billed(7007, 1007, -15, 15, 4590),
    Billed(7008, 1008, -12, 18, 10325),
    Billed(7013, 1013, -25, 5, 31200, disputed=True),
    Billed(7014, 1014, -10, 20, 5475),
)
BOOKED: Final = ((3009, 1009, 0, time(10), "consultation"), (3010, 1010, 2, time(14, 30), "repair"))
"""Appointment, customer, working day, time, purpose."""
