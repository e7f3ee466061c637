"""What the liaison writes beside a conversation: details as they become known, and not those that nobody is to keep."""

import asyncio
from datetime import datetime

import pytest

import flows
from callcenter.background.crm import crm_tools
from callcenter.background.crm.seed import seed
from callcenter.background.tools import Toolbox
from callcenter.curtain import WITHHELD
from callcenter.events import Record, Started, TurnHeard, Understood
from callcenter.liaison import Liaison, Office
from callcenter.store import Store
from callcenter.units import RATE, SILENT_TURN, TURN

NOW = datetime(2026, 11, 25, 10, 0)


class Line:
    """As much of a line as a liaison needs."""

    at = 0

    def feed(self, event):
        pass


class Remarks:
    def __init__(self):
        self.made = []

    def remark(self, kind, **facts):
        self.made.append({"kind": kind, **facts})

    def heard(self, at):
        return any(one["kind"] == "background" and one["told"] == "Words" and one["at"] == at for one in self.made)

    @property
    def variables(self):
        return [{**one} for one in self.made if one["kind"] == "variable"]


@pytest.fixture
def office(lite):
    store = Store(lite[1])
    seed(store.engine, NOW.date())
    yield Office(flows.shipped()["retail"], Toolbox(crm_tools(store.engine, lambda: NOW)), lambda: NOW)
    store.close()


def talk(office, *said):
    """What is remarked when a caller says this; `None` pauses the recording and `True` goes on with it."""
    remarks = Remarks()

    async def call():
        liaison = Liaison(office, "c1", "+15550100001", remarks)
        line = Line()
        liaison.attach(line)
        liaison.saw(0, Started("MZ1", "CA1"), [])
        for turn, words in enumerate(said, 1):
            line.at = turn * 5 * RATE
            command = Record(bool(words)) if not isinstance(words, str) else Understood(words, True)
            liaison.saw(line.at, TurnHeard(line.at // TURN, SILENT_TURN), [command])
            while isinstance(words, str) and not remarks.heard(line.at):
                await asyncio.sleep(0)
        await liaison.end(line.at)

    asyncio.run(call())
    return remarks.variables


def test_a_detail_is_written_down_once_when_it_becomes_known(office):
    told = talk(office, "Where is my order?", "My name is James Carter.", "Sorry?", "Nine eight one zero one.")
    assert [(one["name"], one["value"]) for one in told[:2]] == [("name", "James Carter"), ("postcode", "98101")]
    assert told[0]["source"] == ["caller"]
    assert len({(one["step"], one["name"], str(one["value"])) for one in told}) == len(told)


def test_what_was_said_while_nothing_was_recorded_is_withheld(office):
    told = talk(office, "Where is my order?", None, "My name is James Carter.", True, "Nine eight one zero one.")
    assert [(one["name"], one["value"]) for one in told[:2]] == [("name", WITHHELD), ("postcode", "98101")]
