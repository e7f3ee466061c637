"""Whatever happens, in whatever order: the agent goes on, and keeps its rules."""

import random

import pytest
from talking import CARDS, CHAIR, FLOWS, LAMP, MARIA, ORDERS, Talk, of

from callcenter.background.exchange import (
    Acted,
    CallTool,
    Consult,
    End,
    Ended,
    Passed,
    Planned,
    Pressed,
    Returned,
    SpokenHeard,
    ToolAnswered,
    TransferTo,
    Words,
    Write,
)
from callcenter.background.planner import Change, Fill, Finish, Go, HandOver, Look, Tell
from callcenter.callers.tasks import load, wordings
from callcenter.callers.tasks.caller import AGREES, LEAVES, PEOPLE, REFUSES
from callcenter.events import Asked, Ignored, TookFloor, Yielded

SENTENCES = (
    *(want.say for scenario in load() for want in scenario.wants),
    *(text for texts in wordings().values() for text in texts),
    *(cue.say for scenario in load() for cue in scenario.cues),
    *(text for person in PEOPLE.values() for text in person.values()),
    *(AGREES + REFUSES + LEAVES),
    *("um", "mm hmm", "hold on", "four two one seven", "the lamp", "no wait thursday", "what", "never mind", "42 17"),
)
SLOT = {"starts": "2026-11-26T09:30", "day": "2026-11-26", "time": "09:30"}
APPOINTMENT = {"appointment": "3011", "purpose": "repair", **SLOT}
BILL = {"bill": "7001", "status": "open", "due": "2026-12-04", "amount": "64.20 USD", "open": "64.20 USD"}
ANSWERS = {
    "verify_customer": MARIA,
    "list_orders": ORDERS,
    "order_status": CHAIR,
    "list_bills": {"count": 1, "bills": [{**BILL, "late_fee": "25.00 USD"}]},
    "bill_status": BILL,
    "balance": {"balance": "64.20 USD", "overdue": "0.00 USD", "open_bills": 1, "next_due": "2026-12-04"},
    "free_slots": {"count": 1, "slots": [SLOT]},
    "list_appointments": {"count": 1, "appointments": [APPOINTMENT]},
}
ODD = (None, {}, [], "text", 7, {"orders": "none"}, {"orders": [None, 3]}, {"verified": "yes"}, {"count": -1})


KINDS = (*("words",) * 5, *("tool",) * 3, "spoken", "passed", "passed", "act", "key", "plan")


class Wild:
    """A world that does anything at any time."""

    def __init__(self, seed, remote):
        self.chance = random.Random(seed)
        self.talk = Talk(self.chance.choice(list(FLOWS)), minute=self.chance.randrange(1440), remote=remote)
        self.said = []
        self.consults = []

    def event(self):
        at = self.talk.at = self.talk.at + self.chance.randrange(0, 16_000)
        requests = list(self.talk.agent.desk.errands.all)
        notes = list(self.talk.agent.desk.ledger.entries.values())
        kind = self.chance.choice(KINDS)
        if kind == "tool" and requests:
            return self.answer(at, self.chance.choice(requests))
        if kind == "spoken" and notes:
            note = self.chance.choice(notes).note
            part = note.text[: self.chance.randrange(len(note.text) + 1)]
            return SpokenHeard(at, note.id if self.chance.random() < 0.9 else "n999", part, self.chance.random() < 0.6)
        if kind == "act":
            return Acted(at, self.chance.choice((Yielded(), TookFloor(), Asked(), Ignored("cough"))))
        if kind == "key":
            return self.chance.choice((Pressed(at, self.chance.choice("0123456789#*")), Returned(at, "busy")))
        if kind == "plan" and self.consults:
            return Planned(
                at, self.chance.choice(self.consults).request, self.moves(), self.chance.choice(("", "", "x"))
            )
        if kind == "passed":
            return Passed(at + self.chance.choice((0, 1_600, 160_000)))
        return self.words(at)

    def words(self, at):
        text = self.chance.choice(SENTENCES).replace("[", "").replace("]", "")
        spoken = text.split()
        final = self.chance.random() < 0.6
        return Words(at, " ".join(spoken if final else spoken[: self.chance.randrange(len(spoken) + 1)]), final)

    def answer(self, at, request):
        name = self.talk.agent.desk.errands.all[request].wish.tool
        roll = self.chance.random()
        if roll < 0.65:
            value = ANSWERS.get(name, {"order": "4218", "refund": "34.90 USD", **LAMP, **APPOINTMENT, **BILL})
            return ToolAnswered(at, request, True, value)
        if roll < 0.8:
            return ToolAnswered(at, request, True, self.chance.choice(ODD))
        error = self.chance.choice(("unavailable: No.", "refused: No.", "timeout: No.", "not_found: No.", "odd"))
        return ToolAnswered(at, request if roll < 0.97 else "t999", False, None, error)

    def moves(self):
        tool = self.chance.choice(list(CARDS))
        arguments = {"customer": self.chance.choice(("1001", "1002")), "order": "4218"}
        steps = list(self.talk.agent.flow.steps)
        every = (
            Go(self.chance.choice(steps)),
            Fill(self.chance.choice(("name", "postcode", "which", "day", "x")), self.chance.choice(SENTENCES)),
            Look(tool, arguments),
            Change(tool, arguments),
            Tell("Your order 9999 costs $3.", ("flow", "caller")),
            Tell("One moment, please."),
            HandOver("asked"),
            Finish(),
        )
        return tuple(self.chance.choice(every) for _ in range(self.chance.randrange(4)))


def proven(desk):
    """A tool has said that the caller is who they say."""
    return any(one.tool == "verify_customer" and one.ok and one.value == MARIA for one in desk.results.values())


@pytest.mark.parametrize("remote", [False, True])
@pytest.mark.parametrize("part", range(4))
def test_the_agent_survives_anything_and_keeps_its_rules(part, remote):
    for seed in range(40 * part, 40 * part + 40):
        wild = Wild(seed, remote)
        desk = wild.talk.agent.desk
        for _ in range(60):
            told = wild.event()
            confirmed = {name for task in desk.d.tasks for name in task.confirmed}
            phase = desk.phase
            wishes = wild.talk.agent.receive(told)
            wild.consults += of(wishes, Consult)
            if isinstance(told, Words) and told.final:
                wild.said.append(told.text)
            for call in of(wishes, CallTool):
                assert not CARDS[call.name].private or proven(desk), (seed, call)
                assert not call.changes or call.key, (seed, call)
                now = {name for task in desk.d.tasks for name in task.confirmed} | confirmed
                again = any(one.key == call.key for one in desk.errands.all.values() if one.request != call.request)
                assert not call.changes or again or any(name.startswith(call.name) for name in now), (seed, call)
                if "customer" in call.arguments:
                    assert str(call.arguments["customer"]) == MARIA["customer"], (seed, call)
            if phase != "talking" and not isinstance(told, Returned):
                assert not of(wishes, End) + of(wishes, TransferTo), (seed, told)
            for write in of(wishes, Write):
                assert "9999" not in write.note.text, (seed, write)
        assert desk.phase == "ended" or wild.talk.agent.receive(Ended(wild.talk.at)) is not None
        assert desk.phase == "ended"


def test_nothing_is_asked_for_after_the_end():
    wild = Wild(7, False)
    wild.talk.tell(Ended(wild.talk.at))
    for _ in range(50):
        assert of(wild.talk.agent.receive(wild.event()), (Write, CallTool)) == []
