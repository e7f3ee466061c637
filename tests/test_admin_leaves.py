"""What leaves the house: no way out of it gives a caller away, unless the policy of the flow lets it."""

import re
import shutil
from datetime import UTC, datetime

import httpx
import pytest
from kept_call import keep, said
from running import running
from visitor import visitor_of
from waiting import until

from callcenter.config import Secret
from callcenter.store import keeping

KEY = "a-key-that-nobody-guesses"
SECRETS = {
    "my card is 4111 1111 1111 1111": "4111",
    "my card is four one one one double one double one one one one one triple one one yes": "double one double one",
    "my social is 078-05-1120": "05-1120",
    "my social is oh seven eight oh five eleven twenty": "eight oh five eleven",
    "call me at (415) 555-2671": "555-2671",
    "call me at five five five double one two oh three four five": "double one two oh",
    "send it to jo_smith42@example.co.uk now": "jo_smith42",
    "my email is s m i t h four two at gmail dot c o m": "s m i t h",
}
"""What a caller says or types, and what of it must not be found."""


@pytest.fixture(scope="module")
def server(tmp_path_factory, upgraded):
    folder = tmp_path_factory.mktemp("leaves")
    shutil.copy(upgraded["sqlite"].removeprefix("sqlite:///"), folder / "l.db")
    with running(folder, f"sqlite:///{folder / 'l.db'}", flow="retail", api_key=Secret(KEY)) as server:
        keeping.keep(server.house.store, "free", "ana", datetime.now(UTC), keeping.NEVER, {})
        yield server


@pytest.fixture(scope="module")
def calls(server):
    """Two that say the same: one whose words may leave, and one whose words may not."""
    told = {4.0 * (at + 1): [said(20 * (at + 1), text, "caller")] for at, text in enumerate(SECRETS)}
    return {flow: keep(server.house, 40, told, flow=flow) for flow in ("free", "retail")}


@pytest.fixture(scope="module")
def reviewer(server):
    visitor = visitor_of(server, "reviewer")
    yield visitor
    visitor.close()


def found_in(text):
    return {secret for secret in SECRETS.values() if secret in text}


def api(server, path):
    return httpx.get(server.url + path, headers={"Authorization": f"Bearer {KEY}"}, trust_env=False, timeout=60)


def test_every_route_of_the_api_about_a_call(server, calls):
    told = httpx.get(server.url + "/openapi.json", trust_env=False).json()["paths"]
    ways = [path for path, verbs in told.items() if "get" in verbs and "{call}" in path and not path.endswith(".wav")]
    assert len(ways) >= 4
    spoken = set()
    for way in (*ways, "/v1/calls/{call}/transcript?format=text"):
        answer = api(server, way.replace("{call}", calls["retail"]))
        assert answer.status_code == 200
        assert found_in(answer.text) == set(), way
        spoken |= found_in(api(server, way.replace("{call}", calls["free"])).text)
    assert spoken == set(SECRETS.values()), "the test says what it looks for"


@pytest.mark.parametrize("path", ["/v1/calls", "/v1/search", "/v1/search?q=card"])
def test_lists_and_searches_of_the_api(server, calls, path):
    until(lambda: calls["retail"] in api(server, path).text)
    assert found_in(api(server, path).text) == set()


def test_downloads_of_the_site(reviewer, calls):
    for path in ("/calls.csv", "/calls.jsonl", f"/calls/{calls['retail']}/download.json"):
        answer = reviewer.get(path)
        assert answer.status_code == 200
        assert found_in(answer.text) == set(), path
    assert found_in(reviewer.get(f"/calls/{calls['free']}/download.json").text) == set(SECRETS.values())


@pytest.mark.parametrize("flow", ["retail", "free"])
def test_a_page_that_is_shared(server, reviewer, calls, flow):
    page = reviewer.post(f"/calls/{calls[flow]}/share", {"days": "2", "audio": "yes"}).text
    there = re.search(r"/shared/[\w.-]+", page)[0]
    told = "".join(httpx.get(server.url + there + way, trust_env=False).text for way in ("", "/lines", "/review.json"))
    assert len(found_in(told)) > 4 if flow == "free" else not found_in(told)


SEARCHED = {
    "4111": "digits of a card",
    "4111 1111": "more of them",
    "double": "a word that numbers are said with",
    "jo_smith42": "the beginning of an address",
    "smith42@example.co.uk": "the most of it",
    "555-2671": "a number as it is written",
}


@pytest.mark.parametrize("asked", SEARCHED)
def test_a_search_does_not_confirm_what_is_taken_out(server, calls, asked):
    """Who may only see redacted words is not told in which call others stand, or whose number it is would be known."""
    until(lambda: calls["retail"] in api(server, "/v1/search").text)
    found = [one["id"] for one in httpx.get(
        server.url + "/v1/search", params={"q": asked}, headers={"Authorization": f"Bearer {KEY}"}, trust_env=False,
        timeout=60,
    ).json()["calls"]]  # fmt: skip
    assert calls["retail"] not in found
    assert calls["free"] in found, "the test finds what it looks for"


def test_a_search_finds_what_may_be_seen(server, calls):
    until(lambda: calls["retail"] in api(server, "/v1/search?q=social").text)
    assert calls["free"] in api(server, "/v1/search?q=social").text
