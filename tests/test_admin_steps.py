"""A step of a flow as a form: what it shows, what it saves, where it tells what is wrong."""

import html
import re

import pytest
from running import running
from visitor import visitor_of

import flows
from admin import audit
from callcenter.store import published as shelf
from flows import edit

TEXT = flows.shipped()["retail"].text
PAGE = "/flows/retail/steps/order_status"


@pytest.fixture
def server(lite):
    with running(*lite, flow="retail") as server:
        yield server


@pytest.fixture
def author(server):
    visitor = visitor_of(server, "author")
    yield visitor
    visitor.close()


def filled(page):
    """What a browser would send of the page's form."""
    form = page[page.index('id="step"') :]
    form = form[: form.index("</form>")]
    told = {"of": re.search(r'name="of" value="(\w+)"', form)[1]}
    for name, value in re.findall(r'<input id="[^"]+" name="([^"]+)" value="([^"]*)"', form):
        told[name] = html.unescape(value)
    for name, inside in re.findall(r'<select id="[^"]+" name="([^"]+)".*?>(.*?)</select>', form, re.S):
        chosen = re.search(r"<option selected>([^<]*)", inside)
        told[name] = html.unescape(chosen[1]) if chosen else ""
    for name, inside in re.findall(r'<textarea id="[^"]+" name="([^"]+)".*?>\n(.*?)</textarea>', form, re.S):
        told[name] = html.unescape(inside).replace("\n", "\r\n")
    return told


def draft(server):
    return shelf.history(server.house.store, "retail").draft


def test_every_step_of_every_flow_is_saved_as_it_was_opened(server, author):
    for name, flow in flows.shipped().items():
        for step in edit.steps(flow.text):
            told = filled(author.get(f"/flows/{name}/steps/{step}").text)
            assert len(told) >= 12
            assert author.post(f"/flows/{name}/steps/{step}", told).status_code == 303
        assert shelf.history(server.house.store, name).draft == flow.text


def test_what_is_changed_becomes_the_draft_and_can_be_published(server, author):
    told = filled(author.get(PAGE).text) | {"f:goal": "Tell where a parcel is.", "f:say.0.stops": "yes"}
    answer = author.post(PAGE, told)
    assert answer.headers["location"] == PAGE
    step = edit.steps(draft(server))["order_status"]
    assert (step["goal"], step["say"][0]["stops"]) == ("Tell where a parcel is.", True)
    assert author.post("/flows/retail/publish", {"note": "by form"}).status_code == 303
    assert "Tell where a parcel is." in shelf.live_text(server.house.store, "retail")
    assert audit.entries(server.house.store, about="retail")[-1].what == "edited flow"


def test_an_error_is_shown_at_its_field_and_names_its_line(server, author):
    told = filled(author.get(PAGE).text)
    author.post(PAGE, told | {"f:label": "no such label"})
    page = author.get(PAGE).text
    line = draft(server).splitlines().index('label = "no such label"') + 1
    field = page[page.index('<label for="label"') :]
    assert f'href="/flows/retail#line-{line}"' in field[: field.index("</div>")]
    assert "<option selected>no such label</option>" in page
    author.post(PAGE, filled(page) | {"f:say.1.text": ""})
    page = author.get(PAGE).text
    entry = page[page.index('<label for="say.1.text"') :]
    assert "is missing." in entry[: entry.index("</div>")]
    elsewhere = author.get("/flows/retail/steps/cancel_order").text
    assert "1 problem elsewhere" in elsewhere


def test_lines_are_added_moved_and_removed_where_one_is(server, author):
    before = edit.steps(TEXT)["order_status"]["say"]
    for do, here in (("add say", len(before)), (f"up say {len(before)}", len(before) - 1)):
        told = filled(author.get(PAGE).text)
        assert author.post(PAGE, told | {"do": do}).headers["location"] == f"{PAGE}#say-{here}"
    says = edit.steps(draft(server))["order_status"]["say"]
    assert (says[-1], says[-2]) == (before[-1], {"text": ""})
    told = filled(author.get(PAGE).text)
    assert author.post(PAGE, told | {"do": f"drop say {len(before) - 1}"}).headers["location"] == f"{PAGE}#say"
    assert edit.steps(draft(server))["order_status"]["say"] == before


def test_steps_are_added_renamed_and_removed(server, author):
    answer = author.post("/flows/retail/steps", {"step": "gift", "after": "order_status"})
    assert answer.headers["location"] == "/flows/retail/steps/gift"
    told = filled(author.get("/flows/retail/steps/gift").text)
    answer = author.post("/flows/retail/steps/gift", told | {"do": "rename", "to": "gift_wrap", "f:goal": "Wrap it."})
    assert answer.headers["location"] == "/flows/retail/steps/gift_wrap"
    steps = edit.steps(draft(server))
    assert (steps["gift_wrap"]["goal"], steps["order_status"]["next"]) == ("Wrap it.", "gift_wrap")
    told = filled(author.get("/flows/retail/steps/gift_wrap").text)
    answer = author.post("/flows/retail/steps/gift_wrap", {"of": told["of"], "do": "remove"})
    assert answer.headers["location"] == "/flows/retail"
    assert "gift_wrap" not in edit.steps(draft(server))
    assert author.get("/flows/retail/steps/gift_wrap").status_code == 404
    assert author.post("/flows/retail/steps", {"step": "No Name"}).status_code == 422


def test_two_authors_do_not_write_over_each_other(server, author):
    told = filled(author.get(PAGE).text)
    author.post("/flows/retail", {"text": TEXT.replace("Larkfield Home", "Oakfield Home")})
    assert author.post(PAGE, told | {"f:goal": "Mine."}).status_code == 409
    assert "Mine." not in draft(server)


def test_words_of_a_flow_are_no_markup(server, author):
    told = filled(author.get(PAGE).text)
    author.post(PAGE, told | {"f:goal": '</textarea><script>alert("x")</script>', "f:say.0.text": "<b>bold</b>"})
    page = author.get(PAGE).text
    assert "<script>alert" not in page
    assert "<b>bold</b>" not in page
    assert filled(page)["f:goal"] == '</textarea><script>alert("x")</script>'


def test_who_may_not_write_reads_it(server):
    viewer = visitor_of(server, "viewer")
    page = viewer.get(PAGE).text
    assert "readonly" in page
    assert "Save the draft" not in page
    assert viewer.post(PAGE, filled(page)).status_code == 403
    assert viewer.get("/flows/retail/steps/nothing").status_code == 404
    viewer.close()
