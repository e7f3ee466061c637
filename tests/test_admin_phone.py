"""The phone page's own ways: a token that works once and for browsers only, trying a draft, simulated callers."""

from running import running
from visitor import visitor_of
from waiting import until
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

import flows
from callcenter.glossary import Learner
from callcenter.store import published as shelf
from callcenter.units import SILENT_FRAME
from flows.versions import edited


def opened(server, path):
    return connect(server.url.replace("http", "ws") + path, proxy=None)


def refused(server, path):
    try:
        opened(server, path).close()
    except InvalidStatus as error:
        return error.response.status_code
    return 101


def test_a_browser_call_is_an_ordinary_call(lite):
    with running(*lite) as server:
        visitor = visitor_of(server, "author")
        told = visitor.post("/phone/calls", {"caller": "+1 555 010 4418"}).json()
        with opened(server, told["path"]) as socket:
            socket.send(f'{{"start":"{told["start"]}"}}')
            for n in range(40):
                socket.send(n.to_bytes(4, "little") + SILENT_FRAME)
            until(lambda: told["call"] in server.house.board.lines)
            assert len(socket.recv(timeout=10)) == len(SILENT_FRAME)
            socket.send('{"stop":true}')
        until(lambda: told["call"] not in server.house.board.lines)
        server.settle()
        row = server.house.store.row(told["call"])
        assert (row.carrier, row.caller, row.state) == ("browser", "+15550104418", "ended")
        assert refused(server, told["path"]) == 403, "a token works once"
        visitor.close()


def test_a_browsers_token_opens_no_providers_stream_and_the_other_way_round(lite):
    with running(*lite) as server:
        visitor = visitor_of(server, "author")
        told = visitor.post("/phone/calls", {}).json()
        assert refused(server, told["path"].replace("/phone/stream/", "/twilio/stream/")) == 403
        assert refused(server, "/phone/stream/guess") == 403
        from datetime import UTC, datetime

        server.house.store.ring(
            "theirs", datetime.now(UTC), carrier="twilio", carrier_call="CA1", caller="+15550100001"
        )
        assert refused(server, "/phone/stream/" + server.house.board.mint("theirs", 0)) == 404
        visitor.close()


def test_a_draft_is_tried_by_its_author_alone(lite):
    with running(*lite, flow="retail") as server:
        visitor = visitor_of(server, "author")
        text = flows.shipped()["retail"].text.replace("Larkfield", "Oakfield")
        shelf.change(server.house.store, "retail", "ana", lambda history: edited(history, text))
        told = visitor.post("/phone/calls", {"flow": "retail"}).json()
        with opened(server, told["path"]) as socket:
            socket.send(f'{{"start":"{told["start"]}"}}')
            until(lambda: told["call"] in server.house.board.lines)
            socket.send('{"stop":true}')
        until(lambda: told["call"] not in server.house.board.lines)
        server.settle()
        tried = server.house.store.row(told["call"]).flow_version
        assert tried not in ("", flows.shipped()["retail"].hash)
        assert visitor.post("/phone/calls", {"flow": "nothing"}).status_code == 422
        visitor.close()


def test_the_ears_learn_what_a_flow_has_callers_say_before_its_first_call(lite):
    with running(*lite, flow="retail") as server:
        visitor, taught = visitor_of(server, "author"), []
        server.house.board._learner = Learner(taught.append)
        text = flows.shipped()["retail"].text.replace('"my street has changed"', '"i live in vortexa now"')
        assert "vortexa" in text
        shelf.change(server.house.store, "retail", "ana", lambda history: edited(history, text))
        for _ in range(2):
            told = visitor.post("/phone/calls", {"flow": "retail"}).json()
            with opened(server, told["path"]) as socket:
                socket.send(f'{{"start":"{told["start"]}"}}')
                until(lambda call=told["call"]: call in server.house.board.lines)
                assert len(taught) == 1
                assert "vortexa" in taught[0]
                socket.send('{"stop":true}')
            until(lambda call=told["call"]: call not in server.house.board.lines)
        visitor.close()


def test_nobody_ends_or_hears_anothers_browser_call(lite):
    with running(*lite) as server:
        author, other = visitor_of(server, "author"), visitor_of(server, "reviewer")
        call = author.post("/phone/calls", {}).json()["call"]
        assert other.post(f"/phone/calls/{call}/end").status_code == 404
        assert other.get(f"/phone/calls/{call}/events").status_code == 404
        assert author.post("/phone/simulated", {"script": "../../etc"}).status_code == 422
        author.close()
        other.close()


def test_a_full_server_says_so(lite):
    with running(*lite, max_calls=1) as server:
        visitor = visitor_of(server, "author")
        assert visitor.post("/phone/calls", {}).status_code == 200
        answer = visitor.post("/phone/calls", {})
        assert (answer.status_code, "full" in answer.text) == (503, True)
        visitor.close()
