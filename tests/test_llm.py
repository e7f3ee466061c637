"""The remote planner, against a small server that speaks the protocol for real, and speaks it badly when told to."""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from web import Asked, Cut, Reply, Web, serving

from callcenter.background.breaker import Breaker
from callcenter.background.completion import MAX_BYTES, Completion, Events
from callcenter.background.http_tools import shared_client
from callcenter.background.llm import Endpoint, Llm
from callcenter.background.planner import Change, Fill, Finish, Go, HandOver, Look, Move, PlanError, Situation, Tell
from callcenter.background.secret import secret
from callcenter.background.state import Result
from callcenter.background.tools import tool
from flows import parse

FLOW = parse("""
name = "billing"
title = "Billing"
greeting = "Hello."
disclosure = "I am a machine."
opening = "What can I do for you?"
labels = ["paid"]
facts = ["Bills are due after 30 days."]

[verification]
tool = "verify_customer"
with = { name = "{name}" }
failed = "No."
[[verification.collect]]
name = "name"
grammar = "name"
ask = "Your name?"

[targets.people]
dial = "+15550110"
say = "I will connect you."
closed = "Nobody is there."

[hand_over]
target = "people"

[ending]
more = "Anything else?"
goodbye = "Goodbye."
label = "paid"

[steps.pay]
goal = "Pay a bill."
about = "pay a bill"
label = "paid"
[[steps.pay.calls]]
tool = "balance"
[[steps.pay.calls]]
tool = "pay_bill"
confirm = "Shall I?"
[[steps.pay.collect]]
name = "amount"
grammar = "amount"
ask = "How much?"

[steps.hours]
goal = "Tell the opening hours."
about = "know our hours"
""")


def balance(customer: str) -> str:
    """What is owed."""
    return "12.50 USD"


def pay_bill(bill: str) -> str:
    """Pay a bill."""
    return "paid"


CARDS = {one.name: one for one in (tool(balance, private=True), tool(pay_bill, changes=True, private=True))}


def situation(**over: Any) -> Situation:
    plain: dict[str, Any] = {
        "flow": FLOW,
        "step": "pay",
        "today": "2026-11-23",
        "heard": "I want to pay my bill",
        "transcript": (("agent", "What can I do for you?"), ("caller", "Well"), ("agent", "Yes?")),
        "slots": {"name": "Maria Lopez"},
        "results": (Result("t1", "balance", {"customer": "1001"}, True, {"balance": "12.50 USD"}),),
        "verified": False,
        "tools": ("balance", "pay_bill"),
    }
    return Situation(**{**plain, **over})


# ------------------------------------------------------------------------------------------------------- the far end


def event(value: Any) -> bytes:
    return b"data: " + json.dumps(value).encode() + b"\n\n"


def delta(finish: str | None = None, **parts: Any) -> bytes:
    return event(
        {"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": parts, "finish_reason": finish}]}
    )


DONE = b"data: [DONE]\n\n"


def said(text: str) -> list[bytes]:
    words = text.split(" ")
    pieces = [delta(content=word if n == 0 else f" {word}") for n, word in enumerate(words)]
    return [delta(role="assistant", content=""), *pieces, delta("stop"), DONE]


def called(*calls: tuple[str, Any], pieces: int = 3) -> list[bytes]:
    """Tool calls as endpoints send them: name first, arguments in pieces."""
    sent = [delta(role="assistant", content=None)]
    for at, (name, arguments) in enumerate(calls):
        text = arguments if isinstance(arguments, str) else json.dumps(arguments)
        head = {"index": at, "id": f"call_{at}", "type": "function", "function": {"name": name, "arguments": ""}}
        sent.append(delta(tool_calls=[head]))
        size = max(1, len(text) // pieces)
        for start in range(0, len(text), size):
            sent.append(delta(tool_calls=[{"index": at, "function": {"arguments": text[start : start + size]}}]))
    return [*sent, delta("tool_calls"), DONE]


def streamed(pieces: Sequence[bytes | str]) -> Reply:
    async def body() -> AsyncIterator[bytes]:
        for piece in pieces:
            if piece == "stall":
                await asyncio.Event().wait()
            elif piece == "cut":
                raise Cut
            elif isinstance(piece, bytes):
                yield piece

    return Reply(body=body(), headers={"Content-Type": "text/event-stream"})


def strict(asked: Asked) -> None:
    """Refuse what no OpenAI-compatible endpoint would take."""
    body = asked.json
    assert (asked.method, asked.path) == ("POST", "/v1/chat/completions")
    assert asked.headers["content-type"] == "application/json"
    assert set(body) == {"model", "messages", "tools", "stream", "temperature", "max_tokens"}
    assert body["stream"] is True
    assert [one["role"] for one in body["messages"]][:1] == ["system"]
    assert body["messages"][-1]["role"] == "user"
    assert all(one["role"] in ("system", "user", "assistant") and one["content"] for one in body["messages"])
    for one in body["tools"]:
        assert one["type"] == "function"
        assert one["function"]["parameters"]["type"] == "object"
        assert one["function"]["description"]
    names = [one["function"]["name"] for one in body["tools"]]
    assert len(names) == len(set(names))


class Scene:
    """A planner and what it is answered, reply by reply."""

    def __init__(self, *replies: Reply | str | list[Any]) -> None:
        self.replies = list(replies)
        self.now = 100.0

    async def answer(self, asked: Asked) -> Reply:
        strict(asked)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if reply == "cut":
            raise Cut
        if reply == "stall":
            await asyncio.Event().wait()
        return reply if isinstance(reply, Reply) else streamed(reply)  # type: ignore[arg-type]

    def play(self, work: Callable[[Llm, Web], Any], **endpoint: Any) -> Any:
        async def scenario() -> Any:
            async with serving(self.answer) as web, shared_client() as client:
                options = {
                    "key": secret("LLM_KEY"),
                    "first_token": 1.0,
                    "gap": 1.0,
                    "whole": 5.0,
                    "pause": 0.01,
                    **endpoint,
                }
                made = Endpoint(f"{web.url}/v1", "small-model", **options)
                llm = Llm(made, client, CARDS, random.Random(1), clock=lambda: self.now)
                return await work(llm, web)

        with structlog.testing.capture_logs():
            return asyncio.run(scenario())

    def plan(self, asked: Situation | None = None, **endpoint: Any) -> tuple[Move, ...]:
        return self.play(lambda llm, _: llm.plan(asked or situation()), **endpoint)

    def failure(self, **endpoint: Any) -> str:
        with pytest.raises(PlanError) as caught:
            self.plan(**endpoint)
        return caught.value.kind


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("LLM_KEY", "sk-12345")
    return "sk-12345"


# ------------------------------------------------------------------------------------------------------ what is asked


def test_the_question_holds_the_step_the_tools_what_is_known_and_what_was_heard() -> None:
    async def work(llm: Llm, web: Web) -> Asked:
        await llm.plan(situation())
        return web.asked[0]

    asked = Scene(said("All right.")).play(work)
    assert asked.headers["authorization"] == "Bearer sk-12345"
    body = asked.json
    assert body["model"] == "small-model"
    system = body["messages"][0]["content"]
    for shown in (
        "Billing",
        "2026-11-23",
        "Bills are due",
        "Goal: Pay a bill.",
        "How much?",
        "Your name?",
        "Maria Lopez",
    ):
        assert shown in system
    assert 'Result t1 of balance({"customer": "1001"}): {"balance": "12.50 USD"}' in system
    assert "has not been verified" in system
    assert [(one["role"], one["content"]) for one in body["messages"][1:]] == [
        ("assistant", "What can I do for you?"),
        ("user", "Well"),
        ("assistant", "Yes?"),
        ("user", "I want to pay my bill"),
    ]
    names = [one["function"]["name"] for one in body["tools"]]
    assert names == ["balance", "pay_bill", "flow_go", "flow_fill", "flow_hand_over", "flow_finish"]
    assert body["tools"][0]["function"]["parameters"] == CARDS["balance"].parameters
    assert body["tools"][2]["function"]["parameters"]["properties"]["step"]["enum"] == ["hours", "pay"]
    assert body["tools"][3]["function"]["parameters"]["properties"]["slot"]["enum"] == ["amount", "name"]


def test_only_tools_of_the_step_are_offered_and_a_verified_caller_is_not_asked_again() -> None:
    async def work(llm: Llm, web: Web) -> Asked:
        await llm.plan(situation(tools=(), step="", verified=True))
        return web.asked[0]

    body = Scene(said("All right.")).play(work).json
    assert [one["function"]["name"] for one in body["tools"]] == ["flow_go", "flow_hand_over", "flow_finish"]
    assert "Your name?" not in body["messages"][0]["content"]


# ---------------------------------------------------------------------------------------------------- what is answered


@pytest.mark.parametrize(
    ("pieces", "moves"),
    [
        (said("You owe 12.50 USD."), (Tell("You owe 12.50 USD.", ("t1", "caller", "flow pay")),)),
        (called(("balance", {"customer": "1001"})), (Look("balance", {"customer": "1001"}),)),
        (called(("pay_bill", {"bill": "7"})), (Change("pay_bill", {"bill": "7"}),)),
        (
            called(("flow_fill", {"slot": "amount", "value": "12.50"}), ("balance", {"customer": "1"}), pieces=99),
            (Fill("amount", "12.50"), Look("balance", {"customer": "1"})),
        ),
        (called(("flow_go", {"step": "hours"})), (Go("hours"),)),
        (called(("flow_hand_over", {"reason": "asked"})), (HandOver("asked"),)),
        (called(("flow_finish", "")), (Finish(),)),
    ],
    ids=["say", "look", "change", "two calls in many pieces", "go", "hand over", "finish"],
)
def test_a_streamed_answer_becomes_moves(pieces: list[bytes], moves: tuple[Move, ...]) -> None:
    assert Scene(pieces).plan() == moves


def test_words_beside_a_tool_that_works_are_left_to_the_agent() -> None:
    pieces = [delta(content="Let me see."), *called(("balance", {"customer": "1"}))]
    assert Scene(pieces).plan() == (Look("balance", {"customer": "1"}),)
    pieces = [delta(content="Goodbye."), *called(("flow_finish", {}))]
    assert Scene(pieces).plan() == (Finish(), Tell("Goodbye.", ("t1", "caller", "flow pay")))


def test_an_endpoint_that_does_not_stream_is_understood() -> None:
    function = {"name": "balance", "arguments": '{"customer": "1"}'}
    message = {
        "role": "assistant",
        "content": None,
        "tool_calls": [{"id": "a", "type": "function", "function": function}],
    }
    whole = {"choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}]}
    assert Scene(Reply(body=whole)).plan() == (Look("balance", {"customer": "1"}),)


def test_small_differences_between_endpoints_do_not_matter() -> None:
    plain = [
        b": keep-alive\r\n\r\n",
        b'event: x\r\ndata:{"choices":[{"delta":{"tool_calls":[{"id":"a","function":{"name":"balance"}}]}}]}\r\n\r\n',
        b'data: {"choices":[{"delta":{"tool_calls":[{"function":{"arguments":"{\\"customer\\":"}}]}}]}\r\n\r\n',
        b'data: {"choices":[{"delta":{"tool_calls":[{"function":{"arguments":"\\"1\\"}"}}]}}]}\r\n\r\n',
        b'data: {"choices":[{"delta":{},"finish_reason":"tool_calls"}]}\r\n\r\n',
        b'data: {"choices":[],"usage":{"total_tokens":7}}\r\n\r\n',
    ]
    assert Scene(plain).plan() == (Look("balance", {"customer": "1"}),)


def test_a_line_held_open_after_the_end_is_not_waited_for() -> None:
    assert Scene([*said("Fine."), "stall"]).plan(whole=5.0) == (Tell("Fine.", ("t1", "caller", "flow pay")),)


@given(st.lists(st.integers(1, 40), max_size=30))
def test_how_the_stream_is_cut_into_pieces_does_not_matter(sizes: list[int]) -> None:
    pieces = [delta(content="naïve \u2028 text"), *called(("balance", {"customer": "ü"}), ("flow_finish", {}))]
    whole = b"".join(pieces)
    assert assembled([whole]) == assembled(cut(whole, sizes))


def cut(whole: bytes, sizes: list[int]) -> list[bytes]:
    pieces, at = [], 0
    for size in sizes:
        pieces.append(whole[at : at + size])
        at += size
    return [*pieces, whole[at:]]


def assembled(pieces: list[bytes]) -> Completion:
    events, completion = Events(), Completion()
    for piece in pieces:
        for one in events.push(piece):
            completion.add(one)
    assert events.over
    return completion


# ------------------------------------------------------------------------------------------------------------ failures


@pytest.mark.parametrize(
    ("reply", "kind", "asked"),
    [
        ("cut", "refused", 2),
        (Reply(500), "refused", 2),
        (Reply(429), "refused", 2),
        (Reply(400), "refused", 1),
        (Reply(404), "refused", 1),
        (Reply(302, headers={"Location": "http://evil.example/"}), "refused", 1),
        (Reply(401), "unauthorised", 1),
        (Reply(403), "unauthorised", 1),
        ([delta(content="You owe"), "cut"], "refused", 2),
        ([delta(content="You owe")], "refused", 2),
        ([event({"error": {"message": "overloaded"}})], "refused", 1),
        ([delta(content="x"), delta("content_filter"), DONE], "refused", 1),
        ("stall", "stalled", 1),
        (["stall"], "stalled", 1),
        ([b": still thinking\n\n", delta(role="assistant", content=""), "stall"], "stalled", 1),
        ([delta(content="You owe"), "stall"], "stalled", 1),
        ([delta(content="You owe"), delta(content=" 12"), b": still here\n\n", "stall"], "stalled", 1),
        ([b"data: {nonsense\n\n"], "nonsense", 1),
        ([b"data: [1, 2]\n\n"], "nonsense", 1),
        ([event({"hello": 1})], "nonsense", 1),
        ([event({"choices": ["x"]})], "nonsense", 1),
        ([event({"choices": [{"delta": {"tool_calls": ["x"]}}]})], "nonsense", 1),
        ([event({"choices": [{"delta": {"content": 7}}]})], "nonsense", 1),
        (Reply(200, b"<html>"), "nonsense", 1),
        ([delta("stop"), DONE], "nonsense", 1),
        (called(("balance", "{oops")), "nonsense", 1),
        (called(("balance", "[1]")), "nonsense", 1),
        (called(("flow_go", {"step": "nowhere"})), "nonsense", 1),
        (called(("flow_fill", {"slot": "password", "value": "x"})), "nonsense", 1),
        (called(("flow_hand_over", {"reason": "bored"})), "nonsense", 1),
        (called(("flow_dance", {})), "nonsense", 1),
        (called(("rm", {"path": "/"})), "forbidden_tool", 1),
        (called(("balance", {"customer": "1"}), ("verify_customer", {})), "forbidden_tool", 1),
        (said("word " * 200), "too_long", 1),
        ([delta(content="x"), delta("length"), DONE], "too_long", 1),
        (called(*[("balance", {"customer": str(n)}) for n in range(9)]), "too_long", 1),
        ([delta(content="x" * 1000)] * (MAX_BYTES // 1000 + 1), "too_long", 1),
    ],
)
def test_every_way_to_fail_has_a_name(reply: Any, kind: str, asked: int) -> None:
    async def work(llm: Llm, web: Web) -> tuple[str, int]:
        with pytest.raises(PlanError) as caught:
            await llm.plan(situation())
        return caught.value.kind, len(web.asked)

    assert Scene(reply).play(work) == (kind, asked)


def test_nobody_home_is_refused() -> None:
    async def scenario() -> str:
        async with serving(Scene("cut").answer) as web:
            url = web.url
        async with shared_client() as client:
            with pytest.raises(PlanError) as caught:
                await Llm(Endpoint(url, "m", pause=0.01), client, CARDS, random.Random(1)).plan(situation())
        return caught.value.kind

    with structlog.testing.capture_logs():
        assert asyncio.run(scenario()) == "refused"


@pytest.mark.parametrize("first", ["cut", Reply(503), [delta(content="You"), "cut"]])
def test_a_fault_is_tried_again_and_what_had_come_is_forgotten(first: Any) -> None:
    assert Scene(first, said("Fine.")).plan() == (Tell("Fine.", ("t1", "caller", "flow pay")),)


def test_a_slow_whole_answer_is_not_waited_for_though_its_first_token_was_quick() -> None:
    async def drip() -> AsyncIterator[bytes]:
        while True:
            yield delta(content="x")
            await asyncio.sleep(0.05)

    async def work(llm: Llm, web: Web) -> float:
        began = asyncio.get_running_loop().time()
        with pytest.raises(PlanError, match="no whole answer"):
            await llm.plan(situation())
        return asyncio.get_running_loop().time() - began

    reply = Reply(body=drip(), headers={"Content-Type": "text/event-stream"})
    assert Scene(reply).play(work, first_token=0.3, whole=0.8) < 3


def test_whoever_no_longer_waits_closes_the_stream() -> None:
    left = asyncio.Event()

    async def drip() -> AsyncIterator[bytes]:
        try:
            while True:
                yield delta(content="x")
                await asyncio.sleep(0.01)
        finally:
            left.set()

    async def work(llm: Llm, web: Web) -> None:
        planning = asyncio.create_task(llm.plan(situation()))
        while not web.asked:
            await asyncio.sleep(0)
        planning.cancel()
        await asyncio.gather(planning, return_exceptions=True)
        async with asyncio.timeout(5):
            await left.wait()

    Scene(Reply(body=drip(), headers={"Content-Type": "text/event-stream"})).play(work, first_token=9, whole=9)


def test_many_plans_share_the_connections_of_one_client() -> None:
    async def work(llm: Llm, web: Web) -> int:
        for _ in range(5):
            await llm.plan(situation())
        return web.connections

    assert Scene(said("Fine.")).play(work) == 1


def test_the_key_is_named_and_never_shown(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(llm: Llm, web: Web) -> str:
        with pytest.raises(PlanError) as caught:
            await llm.plan(situation())
        return repr(llm.endpoint) + repr(caught.value) + str(caught.value)

    with structlog.testing.capture_logs() as logs:
        assert key not in Scene(Reply(401, {"error": key})).play(work) + repr(logs)
    monkeypatch.delenv("LLM_KEY")
    assert Scene(said("x")).failure() == "unauthorised"


# ------------------------------------------------------------------------------------------------------------- breaker


def test_after_failures_in_a_row_nobody_is_asked_for_a_while() -> None:
    scene = Scene(Reply(401))

    async def work(llm: Llm, web: Web) -> None:
        async def failure() -> str:
            with pytest.raises(PlanError) as caught:
                await llm.plan(situation())
            return caught.value.kind

        assert [await failure() for _ in range(4)] == ["unauthorised"] * 3 + ["resting"]
        assert len(web.asked) == 3
        scene.now += 21
        assert [await failure() for _ in range(2)] == ["unauthorised", "resting"], "one asks; it is not over"
        scene.now += 21
        scene.replies = [said("Fine.")]
        for _ in range(3):
            assert await llm.plan(situation())
        assert len(web.asked) == 7

    scene.play(work)


def test_an_endpoint_that_answers_nonsense_is_not_rested_from() -> None:
    async def work(llm: Llm, web: Web) -> int:
        for _ in range(5):
            with pytest.raises(PlanError, match="nonsense"):
                await llm.plan(situation())
        return len(web.asked)

    assert Scene([delta("stop"), DONE]).play(work) == 5


def test_of_many_who_wait_one_tries() -> None:
    breaker = Breaker(failures=1, rest=10)
    assert breaker.allows(0)
    breaker.failed(0)
    assert [breaker.allows(at) for at in (5, 10, 10)] == [False, True, False]
    breaker.left()
    assert breaker.allows(10), "whoever tried went away without an answer"
    breaker.worked()
    assert [breaker.allows(10), breaker.allows(10)] == [True, True]
