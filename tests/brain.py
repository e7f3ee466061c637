"""A language model of a few rules behind a real OpenAI-compatible endpoint: streamed, with tool calls."""

import asyncio
import json
import re
import threading
from contextlib import contextmanager

from web import Asked, Reply, serving


def call(name, **arguments):
    return name, arguments


class Brain:
    """Knows how to tell where an order is. `lies`: it makes things up and does what it must not."""

    def __init__(self, lies=False):
        self.lies = lies
        self.asked = 0

    async def answer(self, asked: Asked) -> Reply:
        self.asked += 1
        assert asked.path == "/v1/chat/completions"
        text, calls = self.think(asked.json)
        return Reply(200, stream(text, calls), {"Content-Type": "text/event-stream"})

    def think(self, body):
        briefing, heard = body["messages"][0]["content"], body["messages"][-1]["content"]
        offered = {tool["function"]["name"] for tool in body["tools"]}
        known = {name: json.loads(answer) for name, answer in results(briefing)}
        if self.lies:
            return self.lie(offered)
        if "flow_go" in offered and re.search(r"grinder|order|delivery", heard) and "Now: order_status" not in briefing:
            return "May I have your first and last name?", [call("flow_go", step="order_status")]
        if "verify_customer" not in known:
            return self.identify(briefing, heard)
        if "list_orders" not in known:
            return "", [call("list_orders", customer=known["verify_customer"]["customer"])]
        if "order_status" not in known:
            order = known["list_orders"]["orders"][0]["order"]
            return "", [call("order_status", customer=known["verify_customer"]["customer"], order=order)]
        if re.search(r"bye|thank|that was all|nothing else|that's it|good", heard):
            return "", [call("flow_finish")]
        found = known["order_status"]
        return f"Order {' '.join(found['order'])} should arrive on Wednesday, November 25. Anything else?", []

    def identify(self, briefing, heard):
        if '"name"' not in briefing.split("Known: ")[1].split("\n")[0]:
            return "And your ZIP code?", [call("flow_fill", slot="name", value=heard)]
        known = json.loads(re.search(r"Known: (.*)", briefing)[1])
        digits = "".join(DIGITS.get(word, "") for word in heard.split())
        return "", [call("verify_customer", name=known["name"], postcode=digits)]

    def lie(self, offered):
        if self.asked % 3 == 0:
            return "Good news, your order 9 9 9 9 arrives on January 1 and you get $500 back.", []
        if self.asked % 3 == 1 and "cancel_order" in offered:
            return "", [call("cancel_order", customer="1002", order="4202")]
        return "", [call("list_orders", customer="1003")]


SPOKEN = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
DIGITS = {word: str(digit) for digit, word in enumerate(SPOKEN)}
DIGITS["oh"] = "0"


def results(briefing):
    return re.findall(r"^Result \S+ of (\w+)\(.*?\): (\{.*\})$", briefing, re.MULTILINE)


async def stream(text, calls):
    """As the protocol has it: pieces of text, then the calls with their arguments in pieces, then the end."""
    for piece in re.findall(r".{1,12}", text):
        yield event({"content": piece})
    for index, (name, arguments) in enumerate(calls):
        told = json.dumps(arguments)
        function = {"name": name, "arguments": ""}
        yield event({"tool_calls": [{"index": index, "id": f"c{index}", "type": "function", "function": function}]})
        for piece in re.findall(r".{1,9}", told):
            yield event({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})
    yield event({}, "tool_calls" if calls else "stop")
    yield b"data: [DONE]\n\n"


def event(delta, finish=None):
    chunk = {"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
    return f"data: {json.dumps(chunk)}\n\n".encode()


@contextmanager
def thinking(brain):
    """The endpoint in a thread of its own, because its clients wait for it."""
    ready, over, url = threading.Event(), asyncio.Event(), []
    loop = asyncio.new_event_loop()

    async def serve():
        async with serving(brain.answer) as web:
            url.append(f"{web.url}/v1")
            ready.set()
            await over.wait()

    thread = threading.Thread(target=lambda: (loop.run_until_complete(serve()), loop.close()))
    thread.start()
    ready.wait(10)
    try:
        yield url[0]
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(10)
