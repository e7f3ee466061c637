"""Tools and the toolbox, run for real: threads, tasks, deadlines."""

import asyncio
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal

import pytest
import structlog
from pydantic import Field

from callcenter.background.arguments import Digits, Key, Money, money
from callcenter.background.outcome import KINDS, ToolError
from callcenter.background.secret import Secret, scrub, secret
from callcenter.background.tools import Outcome, Ran, Toolbox, tool


def order_status(
    order: Annotated[Digits, Field(description="The order's number.")],
    detail: Literal["short", "long"] = "short",
    since: date | None = None,
    tags: list[str] | None = None,
) -> dict[str, object]:
    """Tell where an order
    stands."""
    return {"order": order, "detail": detail, "since": since, "tags": tags}


class Till:
    """A till that counts what was really paid."""

    def __init__(self) -> None:
        self.paid: list[tuple[str, int]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.lost_answers = 0

    async def pay(self, bill: Digits, amount: Money, key: Key) -> str:
        """Pay a bill."""
        await self.gate.wait()
        if (key, amount) not in self.paid:
            self.paid.append((key, amount))
        if self.lost_answers:
            self.lost_answers -= 1
            raise ToolError("unavailable", "The line to the till broke.")
        return f"paid {money(amount)}"

    async def donate(self, amount: Money) -> None:
        """Give money away, on a system that knows no keys."""
        self.paid.append(("", amount))
        if self.lost_answers:
            raise ToolError("unavailable", "The line to the till broke.")


def run(box: Toolbox, name: str, arguments: dict[str, object], key: str = "") -> Outcome:
    async def once() -> Outcome:
        try:
            return await box.run(name, arguments, key)
        finally:
            await box.close()

    return asyncio.run(once())


def test_the_schema_comes_from_the_signature() -> None:
    made = tool(order_status, private=True)
    assert (made.name, made.description, made.changes, made.private) == (
        "order_status",
        "Tell where an order stands.",
        False,
        True,
    )
    assert made.parameters["required"] == ["order"]
    assert made.parameters["additionalProperties"] is False
    assert made.parameters["properties"]["order"] == {
        "description": "The order's number.",
        "pattern": r"^\d+$",
        "type": "string",
    }
    assert made.parameters["properties"]["detail"]["enum"] == ["short", "long"]
    assert "title" not in str(made.parameters)
    assert Toolbox([made]).describe(["order_status"])[0]["parameters"] == made.parameters


def test_a_parameter_may_be_called_title() -> None:
    def rename(title: str) -> str:
        """Rename it."""
        return title

    assert tool(rename).parameters["properties"] == {"title": {"type": "string"}}
    assert run(Toolbox([tool(rename)]), "rename", {"title": "x"}).value == "x"


@pytest.mark.parametrize(
    ("arguments", "value"),
    [
        ({"order": "42 17"}, {"order": "4217", "detail": "short", "since": None, "tags": None}),
        ({"order": 4217, "detail": "long"}, {"order": "4217", "detail": "long", "since": None, "tags": None}),
        (
            {"order": "1", "since": "2026-11-20", "tags": ["a"]},
            {"order": "1", "detail": "short", "since": "2026-11-20", "tags": ["a"]},
        ),
    ],
)
def test_arguments_are_brought_into_shape(arguments: dict[str, object], value: object) -> None:
    assert run(Toolbox([tool(order_status)]), "order_status", arguments) == Outcome(True, value)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({}, "order: Field required."),
        ({"order": "forty"}, "order: should be a number in digits."),
        ({"order": "1", "detail": "all"}, "detail: Input should be 'short' or 'long'."),
        ({"order": "1", "since": "Tuesday"}, "since: "),
        ({"order": "1", "customer": "2"}, "customer: Extra inputs are not permitted."),
    ],
)
def test_wrong_arguments_are_refused_before_anything_happens(arguments: dict[str, object], complaint: str) -> None:
    outcome = run(Toolbox([tool(order_status)]), "order_status", arguments)
    assert outcome.kind == "invalid"
    assert outcome.sentence.startswith(complaint)


@pytest.mark.parametrize(
    ("text", "minor"),
    [("12.50", 1250), ("12.5", 1250), (12.5, 1250), (12, 1200), ("$1,204", 120400), ("3 dollars", 300), ("7 USD", 700)],
)
def test_money_is_minor_units_inside(text: object, minor: int) -> None:
    box, till = Toolbox([tool((till := Till()).donate, changes=True)]), till
    assert run(box, "donate", {"amount": text}, "k").ok
    assert till.paid == [("", minor)]
    assert money(minor).endswith(f".{minor % 100:02d} USD")


@pytest.mark.parametrize("text", ["", "-1", "1.234", "1e3", "nan", True, None, "twelve", "9" * 10])
def test_what_is_no_amount_is_refused(text: object) -> None:
    assert run(Toolbox([tool(Till().donate, changes=True)]), "donate", {"amount": text}, "k").kind == "invalid"


def test_a_debt_is_written_with_its_sign() -> None:
    assert money(-1205) == "-12.05 USD"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("in_thread", [True, False])
def test_an_error_becomes_the_answer(kind: str, in_thread: bool) -> None:
    def fail() -> None:
        """Fail."""
        raise ToolError(kind, "There is no order 9.")

    async def fail_too() -> None:
        """Fail."""
        fail()

    box = Toolbox([tool(fail if in_thread else fail_too, name="fail")])
    assert run(box, "fail", {}) == Outcome(False, None, f"{kind}: There is no order 9.")


@pytest.mark.parametrize("raised", [KeyError("x"), RuntimeError("boom"), ZeroDivisionError(), ConnectionError("x")])
def test_a_crash_of_a_tool_is_an_answer_without_its_innards(raised: Exception) -> None:
    def crash() -> None:
        """Crash."""
        raise raised

    with structlog.testing.capture_logs() as logs:
        outcome = run(Toolbox([tool(crash)]), "crash", {})
    assert outcome == Outcome(False, None, "unavailable: The system could not answer.")
    assert [(entry["tool"], entry["error"]) for entry in logs] == [("crash", repr(raised))]


def test_a_socket_that_times_out_inside_a_tool_is_a_timeout() -> None:
    def ask() -> None:
        """Ask."""
        raise TimeoutError

    assert run(Toolbox([tool(ask)]), "ask", {}).kind == "timeout"


@pytest.mark.parametrize("value", [object(), {"x": {1: object()}}, "x" * 70_000])
def test_an_answer_that_nobody_can_read_is_an_error(value: object) -> None:
    def answer() -> object:
        """Answer."""
        return value

    with structlog.testing.capture_logs():
        assert run(Toolbox([tool(answer)]), "answer", {}).kind == "unavailable"


def test_what_no_schema_can_describe_is_no_tool() -> None:
    def silent(x: int) -> None: ...
    def untyped(x) -> None:  # type: ignore[no-untyped-def]
        """Untyped."""

    def loose(**x: int) -> None:
        """Loose."""

    for bad in (silent, untyped, loose):
        with pytest.raises(TypeError):
            tool(bad)
    with pytest.raises(ValueError, match="two tools"):
        Toolbox([tool(order_status), tool(order_status)])


def test_an_unknown_tool_is_an_answer() -> None:
    assert run(Toolbox([]), "rm", {}).kind == "invalid"


# ---------------------------------------------------------------------------------------------------------- deadlines


def test_a_tool_that_hangs_is_answered_for_at_its_deadline() -> None:
    release = threading.Event()

    def hang() -> None:
        """Hang."""
        release.wait(30)

    async def hang_too() -> None:
        """Hang."""
        await asyncio.Event().wait()

    box = Toolbox([tool(hang, deadline=0.05), tool(hang_too, deadline=0.05)])
    try:
        for name in ("hang", "hang_too"):
            assert run(box, name, {}).error == "timeout: The system did not answer in time; nothing was changed."
    finally:
        release.set()


def test_tools_that_hang_for_ever_do_not_eat_all_threads() -> None:
    release = threading.Event()
    freed = threading.Event()

    def hang() -> None:
        """Hang."""
        release.wait(30)
        freed.set()

    async def scenario() -> None:
        box = Toolbox([tool(hang, deadline=0.05), tool(order_status)], threads=2)
        await asyncio.gather(box.run("hang", {}), box.run("hang", {}))
        assert (await box.run("order_status", {"order": "1"})).error == "unavailable: The system is too busy."
        release.set()
        assert await asyncio.to_thread(freed.wait, 5)
        for _ in range(100_000):
            if (await box.run("order_status", {"order": "1"})).ok:
                return
            await asyncio.sleep(0)
        pytest.fail("no thread came free")

    asyncio.run(scenario())


def test_a_question_that_nobody_waits_for_is_dropped_and_reported() -> None:
    async def scenario() -> None:
        stopped = asyncio.Event()

        async def ask() -> None:
            """Ask."""
            try:
                await asyncio.Event().wait()
            finally:
                stopped.set()

        ran: list[Ran] = []
        asking = asyncio.create_task(Toolbox([tool(ask)]).run("ask", {}, report=ran.append))
        await asyncio.sleep(0)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        assert stopped.is_set()
        assert [one.outcome.error for one in ran] == ["unavailable: Nobody waited for the answer."]

    asyncio.run(scenario())


# ------------------------------------------------------------------------------------------------------------ changes


def test_a_change_without_a_key_is_refused() -> None:
    till = Till()
    outcome = run(Toolbox([tool(till.pay, changes=True)]), "pay", {"bill": "7", "amount": "5"})
    assert (outcome.kind, till.paid) == ("invalid", [])


def test_the_key_is_not_an_argument() -> None:
    made = tool(Till().pay, changes=True)
    assert set(made.parameters["properties"]) == {"bill", "amount"}
    assert run(Toolbox([made]), "pay", {"bill": "7", "amount": "5", "key": "mine"}, "k").kind == "invalid"


def test_the_same_key_never_pays_twice() -> None:
    async def scenario() -> None:
        till = Till()
        box = Toolbox([tool(till.donate, changes=True)])
        ran: list[Ran] = []
        for amount in ("5", "5.00"):
            assert await box.run("donate", {"amount": amount}, "call1:1", ran.append) == Outcome(True)
        assert till.paid == [("", 500)]
        assert [one.repeated for one in ran] == [False, True]
        await box.run("donate", {"amount": "5"}, "call1:2")
        assert len(till.paid) == 2

    asyncio.run(scenario())


def test_a_key_means_one_request() -> None:
    async def scenario() -> None:
        till = Till()
        box = Toolbox([tool(till.donate, changes=True), tool(till.pay, changes=True)])
        await box.run("donate", {"amount": "5"}, "k")
        assert (await box.run("donate", {"amount": "6"}, "k")).kind == "invalid"
        assert (await box.run("pay", {"amount": "5", "bill": "1"}, "k")).kind == "invalid"
        assert till.paid == [("", 500)]

    asyncio.run(scenario())


def test_a_slow_change_runs_on_and_its_end_can_be_learnt() -> None:
    async def scenario() -> None:
        till = Till()
        till.gate.clear()
        box = Toolbox([tool(till.pay, changes=True, deadline=0.05)])
        asked = {"bill": "7", "amount": "5"}
        first = await box.run("pay", asked, "k")
        assert first.error == "timeout: The system did not answer in time; it is not known whether it was done."
        again = asyncio.create_task(box.run("pay", asked, "k"))
        await asyncio.sleep(0)
        till.gate.set()
        assert await again == Outcome(True, "paid 5.00 USD")
        assert await box.settled("k") == Outcome(True, "paid 5.00 USD")
        assert await box.settled("unknown") is None
        assert till.paid == [("k", 500)]

    asyncio.run(scenario())


def test_a_change_survives_the_caller_who_hangs_up() -> None:
    async def scenario() -> None:
        till = Till()
        till.gate.clear()
        box = Toolbox([tool(till.pay, changes=True)])
        waiting = asyncio.create_task(box.run("pay", {"bill": "7", "amount": "5"}, "k"))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        till.gate.set()
        assert await box.settled("k") == Outcome(True, "paid 5.00 USD")
        assert till.paid == [("k", 500)]

    asyncio.run(scenario())


def test_a_lost_answer_is_asked_for_again_only_where_the_other_side_knows_the_key() -> None:
    async def scenario() -> None:
        till = Till()
        till.lost_answers = 1
        box = Toolbox([tool(till.pay, changes=True), tool(till.donate, changes=True)])
        asked = {"bill": "7", "amount": "5"}
        assert (await box.run("pay", asked, "k")).kind == "unavailable"
        assert (await box.run("pay", asked, "k")).ok
        assert till.paid == [("k", 500)]
        till.lost_answers = 1
        for _ in range(2):
            assert (await box.run("donate", {"amount": "5"}, "k2")).kind == "unavailable"
        assert till.paid == [("k", 500), ("", 500)]

    asyncio.run(scenario())


def test_old_outcomes_are_forgotten_and_running_ones_are_not() -> None:
    async def scenario() -> None:
        till = Till()
        till.gate.clear()
        box = Toolbox([tool(till.pay, changes=True), tool(till.donate, changes=True)], kept=3)
        running = asyncio.create_task(box.run("pay", {"bill": "7", "amount": "5"}, "running"))
        for number in range(6):
            await box.run("donate", {"amount": "1"}, f"k{number}")
        assert await box.settled("k0") is None
        assert await box.settled("k5") == Outcome(True)
        till.gate.set()
        assert (await running).ok

    asyncio.run(scenario())


# ------------------------------------------------------------------------------------------------ journal and secrets


@dataclass
class Vault:
    """A system that gives away whatever it was told."""

    token: Secret

    def echo(self, how: Literal["answer", "refuse", "crash"]) -> dict[str, object]:
        """Echo."""
        value = self.token.reveal()
        if how == "refuse":
            raise ToolError("refused", f"Token {value} is not good enough.")
        if how == "crash":
            raise RuntimeError(f"cannot read https://x/?token={value}")
        return {"headers": [f"Bearer {value}"], value: 1, "count": 3}


@pytest.fixture
def token(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("CRM_TOKEN", "s3cr3t-value")
    return "s3cr3t-value"


@pytest.mark.parametrize("how", ["answer", "refuse", "crash"])
def test_the_value_of_a_secret_appears_nowhere(token: str, how: str) -> None:
    name = secret("CRM_TOKEN")
    made = tool(Vault(name).echo, secrets=[name])
    ran: list[Ran] = []

    async def scenario() -> Outcome:
        return await Toolbox([made]).run("echo", {"how": how}, report=ran.append)

    with structlog.testing.capture_logs() as logs:
        outcome = asyncio.run(scenario())
    for shown in (repr(outcome), repr(ran), repr(made), str(name), repr(logs)):
        assert token not in shown
    assert {"answer": "[CRM_TOKEN]", "refuse": "[CRM_TOKEN]", "crash": "could not answer"}[how] in repr(outcome)


def test_a_secret_told_as_an_argument_is_not_kept(token: str) -> None:
    ran: list[Ran] = []
    box = Toolbox([tool(order_status, secrets=[secret("CRM_TOKEN")])])
    asyncio.run(box.run("order_status", {"order": token}, report=ran.append))
    assert ran[0].arguments == {"order": "[CRM_TOKEN]"}


def test_a_secret_that_is_not_set_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CRM_TOKEN", raising=False)
    outcome = run(Toolbox([tool(Vault(secret("CRM_TOKEN")).echo)]), "echo", {"how": "answer"})
    assert outcome.error == "unavailable: The secret CRM_TOKEN is not set."
    assert scrub({"a": ["b", 1]}, [secret("CRM_TOKEN")]) == {"a": ["b", 1]}


def test_every_run_is_reported_with_arguments_result_and_duration() -> None:
    ran: list[Ran] = []

    async def scenario() -> None:
        box = Toolbox([tool(order_status)])
        await box.run("order_status", {"order": "4217", "since": date(2026, 11, 20)}, "call:1", ran.append)
        await box.run("order_status", {"order": object()}, report=ran.append)

    asyncio.run(scenario())
    assert ran[0].arguments == {"order": "4217", "since": "2026-11-20"}
    assert ran[0].outcome.value["order"] == "4217"
    assert 0 <= ran[0].seconds < 5
    assert ran[1].outcome.kind == "invalid"
