"""Live calls: what is told of them, who may steer them, and that a call never waits for those who look on."""

import asyncio
import json
import threading

import pytest
from running import running
from visitor import visitor_of
from waiting import until

from admin import audit
from admin.hub import WAITING, Watch, told
from callcenter.call import Call
from callcenter.callers.mouth import Player
from callcenter.callers.phone import Dialling, Phone
from callcenter.events import (
    Delivered,
    Directed,
    Hear,
    Heard,
    Note,
    Noted,
    Spoken,
    Started,
    TookFloor,
    Trace,
    TurnHeard,
    Understood,
    Use,
    Utter,
)
from callcenter.units import SILENT_TURN
from callcenter.voices import Espeak

SPEECH = Espeak().speak("hello where is my order it is number four two one seven").audio


def test_a_browser_is_told_what_matters_and_no_more():
    event = Spoken(3, None, acts=(TookFloor(),))
    commands = [
        Trace(3, "1100000000", "0000000001"),
        Utter("caller", 8_000, 16_000, "hello", "there"),
        Understood("hello"),
        Understood("hello", final=True),
        Delivered("n1", "Your order"),
        Use("person"),
        Hear(Heard(3, SILENT_TURN)),
    ]
    found = told(16_000, event, commands)
    assert [each["is"] for each in found] == ["act", "level", "line", "partial", "partial", "use"]
    assert found[1] == {"is": "level", "at": 2.0, "caller": 20, "agent": 10}
    assert found[2]["unheard"] == "there"
    assert told(0, Noted(Note("n", "say", "words")), []) == [{"is": "note", "kind": "say", "text": "words", "at": 0.0}]
    assert told(0, TurnHeard(0, SILENT_TURN), []) == []


def test_whoever_does_not_keep_up_loses_the_oldest():
    async def look():
        watch = Watch()
        for n in range(WAITING + 50):
            watch.tell(n)
        watch.end()
        return [thing async for thing in watch.things()]

    assert asyncio.run(look()) == list(range(50, WAITING + 50))


def setup():
    from journalled import SETUP

    call = Call(SETUP)
    call.receive(0, Started("s", "c"))
    return call


def test_a_call_changes_hands_and_comes_back():
    call = setup()
    assert call.receive(100, Directed("take_over", by="ana"))[-1] == Use("person")
    assert call.receive(100, Directed("take_over", by="ana")) == []
    assert call.receive(200, Directed("give_back", by="ana"))[-1] == Use("parrot")
    assert call.receive(200, Directed("give_back", by="ana")) == []


def test_what_was_still_to_be_said_is_told_to_whoever_has_the_call_next():
    call = setup()
    call.receive(0, Noted(Note("n1", "say", "Your order is on its way.")))
    call.receive(1_600, TurnHeard(0, SILENT_TURN))
    call.receive(1_700, Directed("take_over"))
    call.receive(1_800, Directed("give_back"))
    hear = next(c for c in call.receive(3_200, TurnHeard(1, SILENT_TURN)) if isinstance(c, Hear))
    assert [note.id for note in hear.heard.notes] == ["n1"]


@pytest.fixture
def calling(lite):
    """A server with one live call."""
    with running(*lite) as server:
        phone = Phone(Dialling(url=server.url, token=server.token, seconds=60.0), Player(SPEECH, after=3_000))
        report = []
        thread = threading.Thread(target=lambda: report.append(asyncio.run(phone.place())))
        thread.start()
        until(lambda: server.house.board.lines)
        yield server, next(iter(server.house.board.lines))
        for line in list(server.house.board.lines.values()):
            server.loop.call_soon_threadsafe(line.feed, Directed("hang_up", "test"))
        thread.join(20)
        assert report


def test_a_supervisor_sees_steers_and_ends_a_call_and_all_of_it_is_noted(calling):
    server, call = calling
    visitor = visitor_of(server, "supervisor")
    until(lambda: call in visitor.get("/live").text)
    assert "Whisper" in visitor.get(f"/live/{call}").text
    kinds = []
    with visitor.client.stream("GET", f"/live/{call}/events", timeout=20) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        for line in answer.iter_lines():
            if line.startswith("data: {"):
                kinds.append(json.loads(line[6:])["is"])
            if kinds.count("level") >= 3:
                break
    assert visitor.post(f"/live/{call}/whisper", {"text": "Be kind.", "kind": "know"}).status_code == 204
    assert visitor.post(f"/live/{call}/whisper", {"text": " "}).status_code == 422
    assert visitor.post(f"/live/{call}/end").status_code == 204
    until(lambda: call not in server.house.board.lines)
    server.settle()
    leg = server.house.store.legs(call)[0]
    journal = b"".join(server.house.store.journal(call, leg.writer))
    assert b"Be kind." in journal
    assert b'"by":"supervisor@example.com"' in journal
    deeds = [entry.what for entry in audit.entries(server.house.store, about=call)]
    assert deeds == ["ended call", "whispered (know)", "whispered (know)"][:2]
    assert visitor.post(f"/live/{call}/end").status_code == 404
    visitor.close()


def test_watching_leaves_nothing_behind(calling):
    server, call = calling
    visitor = visitor_of(server, "supervisor")
    line = server.house.board.lines[call]
    with visitor.client.stream("GET", f"/live/{call}/events", timeout=20) as answer:
        next(answer.iter_lines())
        until(lambda: line.watchers)
    until(lambda: not line.watchers)
    visitor.close()
