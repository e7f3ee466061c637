"""Flows on the site: edited, checked at the line, published, and gone back to; callers get what was published."""

import html

import pytest
from running import running
from visitor import visitor_of

import flows
from admin import audit
from callcenter.store import published as shelf

TEXT = flows.shipped()["retail"].text
OTHER = TEXT.replace("Larkfield Home", "Oakfield Home")
BROKEN = TEXT.replace("[ending]", "[ending]\nmoer = 1", 1)


@pytest.fixture
def server(lite):
    with running(*lite, flow="retail") as server:
        yield server


@pytest.fixture
def author(server):
    visitor = visitor_of(server, "author")
    yield visitor
    visitor.close()


def test_shipped_flows_are_listed_with_what_callers_get(author):
    page = author.get("/flows").text
    assert all(f'href="/flows/{name}"' in page for name in flows.shipped())
    assert "calls follow it" in page
    assert "as shipped" in page


def test_a_draft_is_saved_published_and_gone_back_from(server, author):
    store = server.house.store
    assert author.post("/flows/retail", {"text": OTHER.replace("\n", "\r\n")}).status_code == 200
    assert shelf.history(store, "retail").draft == OTHER
    assert shelf.live_text(store, "retail") == ""
    assert "Oakfield" in author.get("/flows/retail").text
    assert author.post("/flows/retail/publish", {"note": "new name"}).status_code == 303
    assert shelf.live_text(store, "retail") == OTHER
    author.post("/flows/retail", {"text": TEXT})
    assert "unpublished changes" in author.get("/flows").text
    author.post("/flows/retail/publish", {"note": "old name"})
    assert author.post("/flows/retail/back", {"number": "1"}).status_code == 303
    assert shelf.live_text(store, "retail") == OTHER
    assert "Oakfield" in author.get("/flows/retail?version=1").text
    assert author.post("/flows/retail/back", {"number": "9"}).status_code == 404
    assert author.get("/flows/retail?version=9").status_code == 404
    deeds = [entry.what for entry in audit.entries(store, about="retail")]
    assert deeds[-1] == "edited flow"
    assert {"published flow", "went back to version"} <= set(deeds)


def test_an_error_is_shown_at_its_line_and_not_published(server, author):
    line = BROKEN.splitlines().index("moer = 1") + 1
    page = author.post("/flows/retail", {"text": BROKEN}).text
    assert f'data-line="{line}"' in page
    told = author.post("/flows/retail/check", {"text": BROKEN}).json()["problems"]
    assert told[0]["line"] == line
    assert told[0]["remedy"]
    assert author.post("/flows/retail/publish").status_code == 422
    assert shelf.live_text(server.house.store, "retail") == ""
    nonsense = author.post("/flows/retail", {"text": "name = "}).text
    assert 'data-line="1"' in nonsense


def test_a_flow_with_markup_in_it_is_drawn_as_words(author):
    text = TEXT.replace('title = "', 'title = "<script>alert(1)</script>', 1)
    page = author.post("/flows/retail", {"text": text}).text
    assert "<script>alert" not in page
    assert html.escape("<script>alert(1)</script>") in page


def test_a_new_flow_begins_as_a_copy(server, author):
    assert author.post("/flows", {"name": "returns", "like": "billing"}).headers["location"] == "/flows/returns"
    assert flows.parse(shelf.history(server.house.store, "returns").draft).name == "returns"
    for name in ("returns", "Bad Name", "../x", ""):
        assert author.post("/flows", {"name": name}).status_code == 422


def test_a_reader_sees_flows_and_changes_none(server):
    viewer = visitor_of(server, "viewer")
    page = viewer.get("/flows/retail").text
    assert "readonly" in page
    assert "Publish" not in page
    assert viewer.post("/flows/retail", {"text": OTHER}).status_code == 403
    assert viewer.get("/flows/nothing").status_code == 404
    viewer.close()
