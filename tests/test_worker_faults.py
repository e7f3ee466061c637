"""Faults behind a call: the shipped billing flow, the real agent, the worker, the CRM, and tools that really fail.

Whatever fails, the caller hears a sentence within three seconds of their last word, no sentence holds a fact that
nothing vouches for, and nothing is done that they did not ask for.
"""

import asyncio
import random
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

import pytest
import structlog
from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import StaticPool
from sqlmodel import Session, select
from test_llm import DONE, called, delta, said, streamed
from web import Asked, Cut, Reply, serving

from callcenter.background.agent import Agent, Setting
from callcenter.background.crm import crm_tools
from callcenter.background.crm.seed import create_tables, seed
from callcenter.background.crm.tables import Bill, Payment
from callcenter.background.exchange import Began, SpokenHeard, Told, TransferTo, Wish, Withdraw, Withhold, Words, Write
from callcenter.background.facts import facts, unsourced
from callcenter.background.grammar import Day
from callcenter.background.http_tools import shared_client
from callcenter.background.llm import Endpoint, Llm
from callcenter.background.outcome import ToolError
from callcenter.background.tools import Ran, Tool, Toolbox
from callcenter.background.worker import Worker
from callcenter.units import TURN, samples, seconds
from flows import shipped

MONDAY = datetime(2026, 11, 23, 10)
DAY = Day(2026, 11, 23)


@pytest.fixture
def engine() -> Iterator[Engine]:
    engine = create_engine("sqlite://", connect_args={"check_same_thread": False}, poolclass=StaticPool)
    create_tables(engine)
    seed(engine, date(2026, 11, 23))
    yield engine
    engine.dispose()


@dataclass
class Diary:
    wishes: list[tuple[int, Wish]] = field(default_factory=list)
    ran_tools: list[Ran] = field(default_factory=list)

    def told(self, told: Told, wishes: Sequence[Wish]) -> None:
        self.wishes += [(told.at, wish) for wish in wishes]

    def ran(self, ran: Ran) -> None:
        self.ran_tools.append(ran)


class Phone:
    """A caller and a perfect ear: hears every note that is spoken, whole, a second after it was written."""

    def __init__(self, engine: Engine, tools: Sequence[Tool], planner: Llm | None = None) -> None:
        self.pace = 0.02 if planner else 0.005
        """Real seconds that a turn of the call takes here: deadlines of a planner are shortened as much."""
        self.diary = Diary()
        self.at = 0
        self.heard: list[tuple[int, str]] = []
        self.waiting: dict[str, tuple[int, str]] = {}
        self.ends: list[Wish] = []
        self.lost: list[str] = []
        self.box = Toolbox(tools)
        setting = Setting("call", shipped()["billing"], self.box.tools, DAY, 600, remote=planner is not None)
        self.worker = Worker(
            "call",
            Agent(setting),
            self.box,
            give=self.give,
            lost=self.lost.append,
            now=lambda: self.at,
            diary=self.diary,
            planner=planner,
        )
        self.worker.tell(Began(0))

    def give(self, wish: Wish) -> None:
        match wish:
            case Write(note):
                for old in note.supersedes:
                    self.waiting.pop(old, None)
                if note.kind == "say":
                    self.waiting[note.id] = (self.at, note.text)
            case Withdraw(note_id):
                self.waiting.pop(note_id, None)
            case Withhold():
                pass
            case _:
                self.ends.append(wish)

    async def wait(self, length: float) -> None:
        """Let so much of the call pass; tools run meanwhile, in real time."""
        for _ in range(round(length / seconds(TURN))):
            self.at += TURN
            self.worker.heard(self.at)
            await asyncio.sleep(self.pace)
            for note_id, (written, text) in list(self.waiting.items()):
                if self.at - written >= samples(0.4):
                    del self.waiting[note_id]
                    self.heard.append((self.at, text))
                    self.worker.tell(SpokenHeard(self.at, note_id, text, True))

    async def say(self, text: str) -> int:
        """Say something, and be quiet for a while; the sample of the last word."""
        words = text.split()
        for count in range(1, len(words)):
            self.worker.tell(Words(self.at, " ".join(words[:count])))
            await self.wait(0.2)
        self.worker.tell(Words(self.at, text, final=True))
        return self.at

    async def until_asked(self, since: int) -> None:
        """Listen until something is asked."""
        while self.at < since + samples(20) and not any(text.endswith("?") for text in self.after(since)):
            await self.wait(0.2)
        await self.wait(0.6)

    async def answers(self, *texts: str) -> None:
        for text in texts:
            await self.say(text)
            await self.wait(2.0)

    def after(self, at: int) -> list[str]:
        return [text for heard_at, text in self.heard if heard_at > at]

    def soon(self, at: int) -> str:
        """What is heard within three seconds of this moment."""
        return next((text for heard_at, text in self.heard if at < heard_at <= at + samples(3.0)), "")


IDENTITY = ("Priya Natarajan", "eight oh two oh two")


def play(engine: Engine, tools: Sequence[Tool], act: Callable[[Phone], Awaitable[Any]]) -> tuple[Phone, Any]:
    async def scenario() -> tuple[Phone, Any]:
        phone = Phone(engine, tools)
        found = await act(phone)
        await phone.worker.end(phone.at)
        await phone.box.close()
        return phone, found

    with structlog.testing.capture_logs():
        return asyncio.run(scenario())


def with_faulty(engine: Engine, name: str, fault: Callable[..., Any], **options: Any) -> list[Tool]:
    tools = crm_tools(engine, lambda: MONDAY)
    return [replace(one, call=fault, **options) if one.name == name else one for one in tools]


def paid(engine: Engine) -> list[tuple[int, int]]:
    with Session(engine) as session:
        return [(one.bill_id, one.amount) for one in session.exec(select(Payment).where(Payment.bill_id == 7004)).all()]


def claims(text: str) -> bool:
    """Whether a sentence states any amount, date, number or deed."""
    return bool(facts(text, DAY))


# ----------------------------------------------------------------------------------------------------------- look-ups


async def hang(**arguments: Any) -> None:
    await asyncio.Event().wait()


def hang_in_thread(**arguments: Any) -> None:
    threading.Event().wait(20)


def refuse(**arguments: Any) -> None:
    raise ToolError("unavailable", "The system cannot be reached.")


def crash(**arguments: Any) -> None:
    raise KeyError("4242 4242 4242 4242")


def nonsense(**arguments: Any) -> Any:
    return object()


def rubbish(**arguments: Any) -> Any:
    return ["not", "what", "was", "promised"]


FAULTS = {"hangs": hang, "hangs in a thread": hang_in_thread, "refuses": refuse, "crashes": crash, "nonsense": nonsense}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize("deadline", [0.3, 30.0], ids=["the tool gives up", "the flow gives up"])
def test_a_look_up_that_fails_is_said_truly_and_in_time(engine: Engine, fault: Any, deadline: float) -> None:
    async def act(phone: Phone) -> int:
        await phone.wait(2.0)
        await phone.answers("how much do i owe you")
        await phone.answers(IDENTITY[0])
        asked = await phone.say(IDENTITY[1])
        await phone.wait(35.0)
        return asked

    phone, asked = play(engine, with_faulty(engine, "balance", fault, deadline=deadline), act)
    flow = shipped()["billing"]
    assert phone.soon(asked), phone.heard
    told = phone.after(asked)
    assert any(flow.waiting.failed in text for text in told) or isinstance(phone.ends[-1], TransferTo), told
    assert not [text for text in told if claims(text) and text not in str(flow.text)], told
    gaps = [later - earlier for (earlier, _), (later, _) in zip(phone.heard, phone.heard[1:], strict=False)]
    assert max(gaps, default=0) <= samples(10.0), "never long silence"
    assert phone.lost == []
    assert paid(engine) == []


def test_an_answer_of_another_form_loses_nobody(engine: Engine) -> None:
    async def act(phone: Phone) -> int:
        await phone.wait(2.0)
        await phone.answers("how much do i owe you", *IDENTITY[:1])
        asked = await phone.say(IDENTITY[1])
        await phone.wait(12.0)
        return asked

    phone, asked = play(engine, with_faulty(engine, "balance", rubbish), act)
    assert phone.lost == []
    assert phone.soon(asked)
    assert not [text for text in phone.after(asked) if "owe" in text]


def test_without_a_fault_the_answer_is_the_crms(engine: Engine) -> None:
    async def act(phone: Phone) -> int:
        await phone.wait(2.0)
        await phone.answers("how much do i owe you", *IDENTITY[:1])
        asked = await phone.say(IDENTITY[1])
        await phone.wait(4.0)
        return asked

    phone, asked = play(engine, crm_tools(engine, lambda: MONDAY), act)
    told = " ".join(phone.after(asked))
    assert not unsourced(told, [one.outcome.value for one in phone.diary.ran_tools], DAY)
    assert "153" in told


# ------------------------------------------------------------------------------------------------------------- changes


class Till:
    """Pays for real, but answers in its own time."""

    def __init__(self, engine: Engine) -> None:
        self.real = next(one for one in crm_tools(engine, lambda: MONDAY) if one.name == "pay_bill")
        self.open = asyncio.Event()
        self.asked = 0

    async def pay(self, **arguments: Any) -> Any:
        self.asked += 1
        await self.open.wait()
        return self.real.call(**arguments)

    def tools(self, engine: Engine, deadline: float) -> list[Tool]:
        return with_faulty(engine, "pay_bill", self.pay, deadline=deadline)


async def confirm_payment(phone: Phone) -> int:
    await phone.wait(2.0)
    await phone.answers("i want to pay my bill", *IDENTITY)
    await phone.wait(3.0)
    assert "Shall I pay" in phone.heard[-1][1], phone.heard
    return await phone.say("yes please")


@pytest.mark.parametrize("deadline", [0.2, 30.0], ids=["the tool gives up", "the flow gives up"])
def test_a_payment_that_never_answers_is_not_claimed_and_not_made_twice(engine: Engine, deadline: float) -> None:
    till = Till(engine)

    async def act(phone: Phone) -> int:
        asked = await confirm_payment(phone)
        await phone.wait(40.0)
        phone.worker.tell(Words(phone.at, "hello", final=True))
        await phone.wait(1.0)
        till.open.set()
        return asked

    phone, asked = play(engine, till.tools(engine, deadline), act)
    assert phone.soon(asked), phone.heard
    told = phone.after(asked)
    assert not [text for text in told if "is paid" in text], told
    assert till.asked == 1
    assert paid(engine) == [(7004, 15350)], "what was asked for happened once, though nobody waited"


def test_a_payment_whose_answer_is_late_is_told_when_it_is_there(engine: Engine) -> None:
    till = Till(engine)

    async def act(phone: Phone) -> int:
        asked = await confirm_payment(phone)
        await phone.wait(9.0)
        till.open.set()
        await phone.wait(6.0)
        return asked

    phone, asked = play(engine, till.tools(engine, 30.0), act)
    told = phone.after(asked)
    assert told[0] in shipped()["billing"].waiting.lines
    assert [text for text in told if "$153.50 is paid" in text], told
    assert paid(engine) == [(7004, 15350)]


def test_a_caller_who_hangs_up_while_paying_has_paid_once(engine: Engine) -> None:
    till = Till(engine)

    async def scenario() -> Phone:
        phone = Phone(engine, till.tools(engine, 30.0))
        await confirm_payment(phone)
        await phone.wait(1.0)
        ending = asyncio.create_task(phone.worker.end(phone.at))
        await asyncio.sleep(0)
        till.open.set()
        await ending
        await phone.box.close()
        return phone

    phone = asyncio.run(scenario())
    assert paid(engine) == [(7004, 15350)]
    last = phone.diary.ran_tools[-1]
    assert (last.tool, last.outcome.ok, last.outcome.value["paid"]) == ("pay_bill", True, "153.50 USD")


def test_a_payment_that_is_refused_is_said_with_its_reason(engine: Engine) -> None:
    with Session(engine) as session:
        bill = session.get_one(Bill, 7004)
        bill.customer_id = 1007
        session.add(bill)
        session.commit()

    async def act(phone: Phone) -> int:
        await phone.wait(2.0)
        await phone.answers("i want to pay my bill", "Daniel Novak", "four four one one three")
        await phone.answers("seven zero zero four")
        asked = await phone.say("yes please")
        await phone.wait(4.0)
        return asked

    phone, asked = play(engine, crm_tools(engine, lambda: MONDAY), act)
    assert [text for text in phone.after(asked) if "was declined" in text], phone.heard
    assert paid(engine) == []


def test_nothing_is_paid_by_a_caller_who_did_not_say_yes(engine: Engine) -> None:
    async def act(phone: Phone) -> None:
        await phone.wait(2.0)
        await phone.answers("i want to pay my bill", *IDENTITY)
        await phone.answers("no wait", "what did you say", "no")
        await phone.wait(5.0)

    play(engine, crm_tools(engine, lambda: MONDAY), act)
    assert paid(engine) == []


# ---------------------------------------------------------------------------------------------------- a remote planner


async def refused(asked: Asked) -> Reply:
    return Reply(500)


async def dropped(asked: Asked) -> Reply:
    raise Cut


async def stalled(asked: Asked) -> Reply:
    await asyncio.Event().wait()
    raise Cut


async def stalled_in_mid_stream(asked: Asked) -> Reply:
    return streamed([delta(content="You owe"), "stall"])


async def broken_off(asked: Asked) -> Reply:
    return streamed([delta(content="You owe"), "cut"])


async def babbling(asked: Asked) -> Reply:
    return streamed([b"data: {nonsense\n\n"])


async def breaking_in(asked: Asked) -> Reply:
    return streamed(called(("rm", {"path": "/"})))


async def overreaching(asked: Asked) -> Reply:
    return streamed(called(("waive_late_fee", {"customer": "1004", "bill": "7004"})))


async def for_somebody_else(asked: Asked) -> Reply:
    return streamed(called(("balance", {"customer": "1003"})))


async def inventing(asked: Asked) -> Reply:
    return streamed(said("You owe 999.99 USD, due tomorrow."))


async def promising(asked: Asked) -> Reply:
    return streamed(said("Your bill has been cancelled."))


async def endless(asked: Asked) -> Reply:
    return streamed([delta(content="word " * 300), delta("stop"), DONE])


PLANNERS = (
    refused,
    dropped,
    stalled,
    stalled_in_mid_stream,
    broken_off,
    babbling,
    breaking_in,
    overreaching,
    for_somebody_else,
    inventing,
    promising,
    endless,
)


def consulted(
    engine: Engine, answer: Callable[[Asked], Awaitable[Reply]], act: Callable[[Phone], Awaitable[Any]]
) -> Any:
    async def scenario() -> tuple[Phone, Any]:
        async with serving(answer) as web, shared_client() as client:
            tools = crm_tools(engine, lambda: MONDAY)
            cards = {one.name: one for one in tools}
            endpoint = Endpoint(f"{web.url}/v1", "small", first_token=0.2, gap=0.15, whole=0.6, pause=0.01)
            phone = Phone(engine, tools, Llm(endpoint, client, cards, random.Random(1)))
            found = await act(phone)
            await phone.worker.end(phone.at)
            await phone.box.close()
            return phone, found

    with structlog.testing.capture_logs():
        return asyncio.run(scenario())


@pytest.mark.parametrize("answer", PLANNERS)
def test_a_planner_that_fails_or_lies_is_replaced_and_the_caller_helped(engine: Engine, answer: Any) -> None:
    async def act(phone: Phone) -> list[int]:
        await phone.wait(2.0)
        asked = []
        for text in ("how much do i owe you", *IDENTITY):
            asked.append(await phone.say(text))
            await phone.until_asked(asked[-1])
        return asked

    phone, asked = consulted(engine, answer, act)
    assert all(phone.soon(at) for at in asked), (asked, phone.heard)
    told = " ".join(text for _, text in phone.heard)
    assert "You owe $153.50" in told, phone.heard
    assert "999" not in told
    assert "has been cancelled" not in told
    assert {one.tool for one in phone.diary.ran_tools} <= {"verify_customer", "balance"}
    assert all(one.arguments.get("customer", "1004") == "1004" for one in phone.diary.ran_tools)
    assert not unsourced(" ".join(phone.after(asked[-1])), [one.outcome.value for one in phone.diary.ran_tools], DAY)
    assert phone.lost == []
    assert paid(engine) == []


def test_a_planner_that_is_quick_to_pay_has_the_caller_asked_first(engine: Engine) -> None:
    async def eager(asked: Asked) -> Reply:
        """Pays at once, with whatever it knows."""
        if "has not been verified" in asked.json["messages"][0]["content"]:
            return Reply(500)
        return streamed(called(("pay_bill", {"customer": "1004", "bill": "7004"})))

    async def act(phone: Phone) -> list[tuple[int, int]]:
        await phone.wait(2.0)
        for text in ("i want to pay my bill", *IDENTITY):
            await phone.until_asked(await phone.say(text))
        return paid(engine)

    phone, before = consulted(engine, eager, act)
    assert before == [], phone.heard
    assert any(text.rstrip().endswith("?") for text in [phone.heard[-1][1]])
