"""The list of calls as people and spreadsheets see it."""

import csv
import io
import json
import shutil

import pytest
from kept_call import CALLER, keep
from running import running
from sqlmodel import select
from visitor import visitor_of
from waiting import until

from admin import audit
from admin.calls import _cell
from callcenter.store.derived import Examined, Words


@pytest.fixture(scope="module")
def server(tmp_path_factory, upgraded):
    folder = tmp_path_factory.mktemp("calls")
    shutil.copy(upgraded["sqlite"].removeprefix("sqlite:///"), folder / "c.db")
    with running(folder, f"sqlite:///{folder / 'c.db'}") as server:
        keep(server.house, 12)
        keep(server.house, 6, caller="+15550107723", flow="retail")
        until(lambda: worked_out(server) == 2)
        yield server


def worked_out(server):
    with server.house.store.reading() as session:
        return len(session.exec(select(Examined)).all())


def test_calls_that_ended_are_worked_out_by_themselves(server):
    with server.house.store.reading() as session:
        figures = session.exec(select(Examined)).all()
        words = session.exec(select(Words)).all()
    assert len(figures) == len(words) == 2
    assert all(row.tools == 1 for row in figures)
    assert any("heard" in row.text for row in words)


def test_a_reviewer_sees_whole_numbers_and_a_viewer_does_not(server):
    reviewer, viewer = visitor_of(server, "reviewer"), visitor_of(server, "viewer")
    assert CALLER in reviewer.get("/calls").text
    page = viewer.get("/calls").text
    assert CALLER not in page
    assert "+1••••••••18" in page
    reviewer.close()
    viewer.close()


def test_filters_come_from_the_url_and_go_back_into_it(server):
    visitor = visitor_of(server, "reviewer")
    page = visitor.get("/calls?number=%2B15550107723&outcome=answered").text
    assert "+15550107723" in page
    assert CALLER not in page
    assert 'value="+15550107723"' in page
    assert "No call is like that" in visitor.get("/calls?q=zyzzyva").text
    visitor.close()


def test_a_view_is_saved_under_a_name_and_deleted(server):
    visitor = visitor_of(server, "reviewer")
    assert visitor.post("/views", {"title": "<Slow>", "query": "slower=900&evil=1"}).status_code == 303
    page = visitor.get("/calls").text
    assert 'href="/calls?slower=900"' in page
    assert "&lt;Slow&gt;" in page
    visitor.post("/views/delete", {"title": "<Slow>"})
    assert "&lt;Slow&gt;" not in visitor.get("/calls").text
    visitor.close()


def test_everything_found_is_exported_and_that_is_noted(server):
    visitor = visitor_of(server, "reviewer")
    rows = list(csv.DictReader(io.StringIO(visitor.get("/calls.csv").text)))
    lines = [json.loads(line) for line in visitor.get("/calls.jsonl?number=%2B15550107723").text.splitlines()]
    assert [len(rows), len(lines)] == [2, 1]
    assert lines[0]["caller"] == "+15550107723"
    assert float(rows[0]["seconds"]) > 5
    assert [entry.about for entry in audit.entries(server.house.store) if entry.what == "exported calls"] == [
        "jsonl",
        "csv",
    ]
    visitor.close()


@pytest.mark.parametrize(("value", "cell"), [("=1+1", "'=1+1"), ("@x", "'@x"), ("+15550100", "+15550100"), (3, 3)])
def test_a_spreadsheet_takes_no_callers_word_for_a_formula(value, cell):
    assert _cell(value) == cell
