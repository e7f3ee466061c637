"""A call over the real path that follows its flow: asked, tools, notes, spoken, heard, all in one journal."""

import asyncio

import numpy as np
import pytest
from running import running

from callcenter.background.crm.seed import seed
from callcenter.callers.channel import Channel, Conditions
from callcenter.callers.oracle import repertoire
from callcenter.callers.person import Person
from callcenter.callers.phone import Dialling, Phone
from callcenter.callers.prompted import Prompted
from callcenter.callers.scenario import Round, Say, Scenario
from callcenter.callers.takes import plain, record
from callcenter.callers.voice import PLAIN
from callcenter.journal import read
from callcenter.voices import Espeak

LINES = (
    "Hi, I bought an office chair from you and I am wondering when it will get here.",
    "My name is James Carter.",
    "Nine eight one zero one.",
    "No, that was all.",
)


def person(lines):
    """A caller who says these sentences, one after each answer, over a clean line."""
    voice = Espeak()

    def take(text):
        return record(voice, PLAIN, plain(text))

    rounds = tuple(Round(Say(take(text))) for text in lines)
    scenario = Scenario("order", rounds, take("Thank you, goodbye."), (take("Hello?"),), limit=90.0)
    noise = np.random.default_rng(1).standard_normal(8_000)
    return Person(scenario, Channel(Conditions(snr_db=40.0), noise), seed=1)


def prompted(mind):
    voice = Espeak()
    said = repertoire()
    return lambda _context: Prompted(mind, said, lambda text: voice.speak(text, "en-us+f3", 190))


@pytest.mark.slow
def test_a_call_follows_its_flow_from_question_to_answer(lite):
    from datetime import UTC, datetime

    caller = person(LINES)
    options = {"duplex": "prompted", "flow": "retail", "speed": 3.0, "makers": {"prompted": prompted(caller)}}
    with running(*lite, **options) as server:
        seed(server.house.store.engine, datetime.now(UTC).date())
        report = asyncio.run(
            Phone(Dialling(url=server.url, token=server.token, seconds=90.0, speed=3.0), caller).place()
        )
        server.settle()
        row = server.house.store.row_of("twilio", report.call)
        (leg,) = server.house.store.legs(row.id)
        lines = list(read(server.house.store.journal(row.id, leg.writer)))
        told = server.get(f"/v1/calls/{row.id}").json()["transcript"]
    agent = " ".join(line["text"] for line in told if line["side"] == "agent")
    caller_said = " ".join(line["text"] for line in told if line["side"] == "caller")
    assert "office chair" in caller_said
    assert "4 2 1 7" in agent
    assert row.flow == "retail"
    tools = [line.remark for line in lines if line.remark and line.remark["kind"] == "tool"]
    assert {"verify_customer", "order_status"} <= {tool["name"] for tool in tools if tool["ok"]}
    assert all(tool["seconds"] >= 0 for tool in tools)
    known = {line.remark["name"]: line.remark for line in lines if line.remark and line.remark["kind"] == "variable"}
    print(known)
    assert "98101" in {str(one["value"]) for one in known.values()}
    assert "James Carter" in {str(one["value"]) for one in known.values()}
    order = [kind for line in lines for kind in steps(line)]
    for before, after in (("asked", "tool"), ("tool", "note"), ("note", "spoken"), ("spoken", "heard")):
        assert before in order
        assert after in order[order.index(before) :], f"{after} never follows {before}"


def steps(line):
    """What of the way from a question to an answer a journal line shows."""
    names = {type(line.event).__name__, *(type(command).__name__ for command in line.commands)}
    if line.remark and line.remark["kind"] == "tool":
        yield "tool"
    if "Understood" in names:
        yield "asked"
    if "Noted" in names:
        yield "note"
    if "Spoken" in names and line.event.note:
        yield "spoken"
    if "Delivered" in names:
        yield "heard"
