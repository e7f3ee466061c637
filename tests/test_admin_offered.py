"""The JSON API beside calls: search, transcripts, reviews, tags, flows and experiments, all of it described."""

import json
import re
import shutil
from datetime import UTC, datetime

import httpx
import pytest
from kept_call import keep, said
from running import running
from test_trials import filled

import flows
from admin import audit
from admin.keyring import Keyring
from callcenter.config import Secret
from callcenter.store import keeping
from callcenter.store import published as shelf

KEY = "a-key-that-nobody-guesses"
TEXT = flows.shipped()["retail"].text
OTHER = TEXT.replace("Larkfield Home", "Oakfield Home")
BROKEN = TEXT.replace("[ending]", "[ending]\nmoer = 1", 1)
GATE = json.dumps({"suite": "quick", "duplex": {"turnbased": {"calls": 8}, "parrot": {"calls": 8}}})


@pytest.fixture(scope="module")
def server(tmp_path_factory, upgraded):
    folder = tmp_path_factory.mktemp("offered")
    shutil.copy(upgraded["sqlite"].removeprefix("sqlite:///"), folder / "o.db")
    with running(folder, f"sqlite:///{folder / 'o.db'}", flow="retail", api_key=Secret(KEY)) as server:
        yield server


@pytest.fixture(scope="module")
def api(server):
    headers = {"Authorization": f"Bearer {KEY}"}
    with httpx.Client(base_url=server.url, headers=headers, trust_env=False, timeout=30) as client:
        yield client


@pytest.fixture(scope="module")
def call(server):
    return keep(server.house, 12, {2.0: [said(4, "where is my walrus", "caller")]})


def test_a_call_is_found_read_reviewed_and_tagged(api, server, call):
    def found():
        return [row["id"] for row in api.get("/v1/search", params={"q": "walrus"}).json()["calls"]]

    from waiting import until

    until(found)
    assert found() == [call]
    lines = api.get(f"/v1/calls/{call}/transcript").json()["lines"]
    assert lines == api.get(f"/v1/calls/{call}").json()["transcript"]
    assert any("walrus" in line["text"] for line in lines)
    text = api.get(f"/v1/calls/{call}/transcript?format=text").text
    assert [line.partition(": ")[0] for line in text.splitlines() if "where is my walrus" in line] == ["caller"]
    review = api.get(f"/v1/calls/{call}/review").json()
    assert {"floor", "overlaps", "figures", "tools", "variables", "used"} <= set(review)
    assert api.get(f"/v1/calls/{call}/recording.wav").content.startswith(b"RIFF")
    assert api.get(f"/v1/calls/{call}/journal").text.count("\n") > 10
    assert api.put(f"/v1/calls/{call}/tags", json={"tags": ["vip", "angry", "vip"]}).json() == {
        "tags": ["angry", "vip"]
    }
    assert server.house.store.tags(call) == ["angry", "vip"]
    assert [row["id"] for row in api.get("/v1/search", params={"tag": "vip"}).json()["calls"]] == [call]
    assert api.get("/v1/search", params={"limit": "0"}).status_code == 422
    assert api.get("/v1/calls/none/transcript").status_code == 404
    assert api.get("/v1/calls/none/transcript?format=xml").status_code == 422


def test_a_flow_is_drafted_checked_published_and_gone_back_from(api, server):
    listed = {flow["name"]: flow for flow in api.get("/v1/flows").json()}
    assert set(listed) == set(flows.shipped())
    assert listed["retail"]["followed"]
    assert listed["retail"]["live"] is None
    line = BROKEN.splitlines().index("moer = 1") + 1
    assert [trouble["line"] for trouble in api.post("/v1/flows/check", json={"text": BROKEN}).json()] == [line]
    saved = api.put("/v1/flows/retail", json={"text": BROKEN}).json()
    assert (saved["draft"], saved["problems"][0]["line"]) == (BROKEN, line)
    refused = api.post("/v1/flows/retail/publish", json={})
    assert (refused.status_code, refused.json()["problems"][0]["line"]) == (422, line)
    assert shelf.live_text(server.house.store, "retail") == ""
    api.put("/v1/flows/retail", json={"text": OTHER})
    assert api.post("/v1/flows/retail/publish", json={"note": "new name"}).json()["live"] == 1
    assert shelf.live_text(server.house.store, "retail") == OTHER
    api.put("/v1/flows/retail", json={"text": TEXT})
    assert api.post("/v1/flows/retail/publish", json={}).json()["live"] == 2
    back = api.post("/v1/flows/retail/back", json={"number": 1}).json()
    assert (back["live"], back["draft"]) == (1, OTHER)
    assert api.get("/v1/flows/retail/versions/2").text == TEXT
    assert api.get("/v1/flows/retail/versions/9").status_code == 404
    assert api.get("/v1/flows/none").status_code == 404
    assert (
        api.put("/v1/flows/returns", json={"text": TEXT.replace('"retail"', '"returns"', 1)}).json()["name"]
        == "returns"
    )
    assert api.put("/v1/flows/No-Name", json={"text": TEXT}).status_code == 422
    deeds = [(entry.what, entry.who, entry.role) for entry in audit.entries(server.house.store, about="retail")]
    assert ("published flow", "API key", "api") in deeds


def test_an_experiment_is_fixed_started_read_stopped_and_decided(api, server):
    planned = {"name": "spring", "arms": ["bot=turnbased", "echo=parrot"], "resolved": ["completed"], "repeat_days": 0}
    made = api.post("/v1/experiments", json=planned)
    assert (made.status_code, made.json()["needs"]["one_look"]) == (201, 2502)
    assert api.post("/v1/experiments", json=planned).status_code == 422
    assert api.post("/v1/experiments", json=planned | {"name": "a b"}).status_code == 422
    files = planned | {"name": "files", "arms": ["bot=turnbased,weights=/etc/passwd", "echo=parrot"]}
    assert "command line" in api.post("/v1/experiments", json=files).json()["detail"]
    assert api.post("/v1/experiments/spring/start", json={}).status_code == 422
    assert api.post("/v1/experiments/spring/start", json={"gate": GATE}).json()["state"] == "running"
    filled(server.house.store, 0.6)
    reading = api.get("/v1/experiments/spring/reading").json()
    assert (reading["callers"], reading["verdict"]) == (300, "echo breaks abandoned: stop")
    rows = [json.loads(line) for line in api.get("/v1/experiments/spring/calls").text.splitlines()]
    assert len(rows) == 300
    assert not any(row["caller"].startswith("+") for row in rows)
    assert api.post("/v1/experiments/spring/stop", json={"why": "callers give up"}).json()["state"] == "stopped"
    told = api.post("/v1/experiments/spring/decide", json={"arm": "bot", "why": "it is better"}).json()
    assert (told["state"], told["decision"]["by"]) == ("decided", "API key")
    assert [row["name"] for row in api.get("/v1/experiments").json()] == ["spring"]
    assert api.get("/v1/experiments/none").status_code == 404


def test_the_description_names_every_route_with_what_it_takes(api, server):
    told = api.get("/openapi.json").json()
    served = {route.path for route in server.server.config.app.routes if route.path.startswith("/v1/")} - {"/v1/docs"}
    assert {path for path in told["paths"] if path.startswith("/v1/")} == served
    for path, verbs in told["paths"].items():
        for verb, one in verbs.items():
            if path.startswith("/v1/"):
                assert one["security"] == [{"HTTPBearer": []}], f"{verb} {path}"
                assert one.get("description"), f"{verb} {path} says nothing"
                assert one["tags"][0] in ("calls", "flows", "experiments")
                if verb in ("post", "put"):
                    assert "requestBody" in one
    page = api.get("/v1/docs", headers={"Accept": "text/html"}).text
    assert re.search(r"/v1/experiments/\{name\}/decide", page)
    assert "slower" in page


def test_no_route_answers_without_the_key(server):
    told = httpx.get(server.url + "/openapi.json", trust_env=False).json()
    for path, verbs in told["paths"].items():
        for verb in verbs:
            if not path.startswith("/v1/"):
                continue
            there = re.sub(r"\{number\}", "1", re.sub(r"\{(call|name)\}", "none", path))
            for key in ("", "Bearer wrong", f"Basic {KEY}"):
                headers = {"Authorization": key} if key else {}
                answer = httpx.request(verb, server.url + there, headers=headers, json={}, trust_env=False)
                assert answer.status_code == 401, f"{verb} {path} {key}"


def test_what_leaves_over_the_api_is_redacted_where_the_policy_says_so(api, server):
    said_it = {2.0: [said(4, "my card is 4111 1111 1111 1111", "caller")]}
    usual, free = keep(server.house, 12, said_it), keep(server.house, 12, said_it, flow="free")
    keeping.keep(server.house.store, "free", "ana", datetime.now(UTC), keeping.NEVER, {})
    for path in ("", "/transcript", "/transcript?format=text", "/review", "/journal"):
        assert "4111" in api.get(f"/v1/calls/{free}{path}").text, path
        assert "4111" not in api.get(f"/v1/calls/{usual}{path}").text, path


def test_a_key_made_by_people_is_named_in_the_log(server):
    _, key = Keyring(server.house.store).make("nightly", "author", "ana")
    headers = {"Authorization": f"Bearer {key}"}
    text = {"text": flows.shipped()["billing"].text}
    answer = httpx.put(server.url + "/v1/flows/billing", headers=headers, json=text, trust_env=False)
    assert answer.status_code == 200
    assert [entry.who for entry in audit.entries(server.house.store, about="billing")] == ["key nightly"]
