"""A conversation with an agent by hand: say words, answer its tools, see what it writes. Time passes only when told."""

from dataclasses import dataclass

import flows
from callcenter.background.agent import Agent, Setting
from callcenter.background.exchange import (
    Began,
    CallTool,
    CancelTool,
    Consult,
    Passed,
    SpokenHeard,
    ToolAnswered,
    Withdraw,
    Withhold,
    Words,
    Write,
)
from callcenter.background.grammar import Day
from callcenter.units import TURN, samples

TUESDAY = Day(2026, 11, 24)
FLOWS = flows.shipped()
MARIA = {"verified": True, "customer": "1001", "name": "Maria Lopez", "first_name": "Maria"}
ORDERS = {
    "count": 2,
    "orders": [
        {"order": "4218", "status": "placed", "items": "1 desk lamp", "total": "34.90 USD"},
        {"order": "4217", "status": "shipped", "items": "1 office chair", "total": "189.00 USD"},
    ],
}
LAMP = {**ORDERS["orders"][0], "shipped": None, "expected": "2026-11-30", "delivered": None, "returnable": False}
CHAIR = {
    **ORDERS["orders"][1],
    "shipped": "2026-11-22",
    "expected": "2026-11-26",
    "delivered": None,
    "returnable": False,
}
CANCELLED = {"order": "4218", "refund": "34.90 USD", "refund_by": "2026-11-29"}


@dataclass(frozen=True)
class Card:
    name: str
    changes: bool = False
    private: bool = True
    description: str = "Does it."

    @property
    def parameters(self):
        return {}


READS = "list_orders order_status balance list_bills bill_status list_appointments"
CHANGES = (
    "cancel_order return_order change_address pay_bill dispute_bill waive_late_fee send_payment_link "
    "book_appointment move_appointment cancel_appointment"
)
CARDS = {
    **{name: Card(name) for name in READS.split()},
    **{name: Card(name, changes=True) for name in CHANGES.split()},
    **{name: Card(name, private=False) for name in ("verify_customer", "free_slots")},
    "request_callback": Card("request_callback", changes=True, private=False),
}


class Talk:
    """An agent and everything it has wished for."""

    def __init__(self, flow="retail", minute=600, remote=False, day=TUESDAY):
        self.agent = Agent(Setting("call", FLOWS[flow], CARDS, day, minute, remote=remote))
        self.at = 0
        self.wishes = []
        self.tell(Began(0))
        self.listen()

    def tell(self, *told):
        new = [wish for one in told for wish in self.agent.receive(one)]
        self.wishes += new
        return new

    def wait(self, seconds):
        """Time passes, turn by turn."""
        new = []
        for _ in range(samples(seconds) // TURN):
            self.at += TURN
            new += self.tell(Passed(self.at))
        return new

    def say(self, text, final=True, pace=0.3):
        """Word by word."""
        new = []
        spoken = text.split()
        for end in range(1, len(spoken) + 1):
            self.at += samples(pace)
            new += self.tell(Words(self.at, " ".join(spoken[:end])))
        return new + (self.tell(Words(self.at, text, True)) if final else [])

    def listen(self):
        """Everything written so far is spoken and heard."""
        for entry in list(self.agent.desk.ledger.pending()):
            self.at += samples(len(entry.note.text) / 15)
            self.tell(SpokenHeard(self.at, entry.note.id, entry.note.text, True))

    def hear_some(self, text):
        """The caller has heard the beginning of the last note, up to here."""
        entry = self.agent.desk.ledger.last()
        part = entry.note.text[: entry.note.text.index(text) + len(text)]
        self.tell(SpokenHeard(self.at, entry.note.id, part, False))

    def running(self, name=""):
        """Calls of tools that were made and neither answered nor cancelled."""
        gone = {wish.request for wish in self.wishes if isinstance(wish, CancelTool)}
        done = {one.request for one in self.agent.desk.errands.all.values() if one.state != "running"}
        calls = [wish for wish in self.wishes if isinstance(wish, CallTool)]
        return [one for one in calls if one.name.startswith(name) and one.request not in gone | done]

    def answer(self, name, value=None, error="", after=0.2):
        """The oldest running call of this tool is answered."""
        call = self.running(name)[0]
        self.at += samples(after)
        return self.tell(ToolAnswered(self.at, call.request, not error, value, error))

    def verify(self, who=MARIA):
        """The caller is asked who they are, says it, and it is right."""
        self.listen()
        self.say("maria lopez")
        self.listen()
        self.say("six oh six one four")
        self.answer("verify_customer", who)

    def verified(self, text, orders=ORDERS):
        """Up to where the caller is known and the list of their orders is there."""
        self.say(text)
        self.verify()
        self.answer("list_orders", orders)

    @property
    def pending(self):
        return " ".join(entry.note.text for entry in self.agent.desk.ledger.pending())

    @property
    def written(self):
        return [wish.note for wish in self.wishes if isinstance(wish, Write) and wish.note.kind == "say"]


def of(wishes, kind):
    """The wishes of a kind; of notes only those that are spoken."""
    silent = [wish for wish in wishes if isinstance(wish, Write) and wish.note.kind != "say"]
    return [wish for wish in wishes if isinstance(wish, kind) and wish not in silent]


def withheld(wishes):
    return [(wish.kind, wish.detail) for wish in of(wishes, Withhold)]


__all__ = ["CARDS", "Consult", "Talk", "Withdraw", "of", "withheld"]
