"""Keeping, as the pages show it: policies, a caller who is forgotten, what leaves the house, and the audit log."""

import re
import shutil

import orjson
import pytest
from kept_call import CALLER, keep, said
from running import running
from visitor import visitor_of
from waiting import until

from admin import audit
from callcenter.store.keeping import policies
from callcenter.store.recordings import HEADER_BYTES

TELLS = {3.0: [type(e)(e.turn, None, heard_text=e.said_text) for e in (said(15, "my card is 4111 1111 1111 1111"),)]}


@pytest.fixture(scope="module")
def server(tmp_path_factory, upgraded):
    folder = tmp_path_factory.mktemp("keeping")
    shutil.copy(upgraded["sqlite"].removeprefix("sqlite:///"), folder / "k.db")
    with running(folder, f"sqlite:///{folder / 'k.db'}") as server:
        yield server


@pytest.fixture
def admin(server):
    visitor = visitor_of(server, "admin")
    visitor.get("/keeping")
    yield visitor
    visitor.close()


def noted(server):
    return [(entry.what, entry.about, entry.detail) for entry in audit.entries(server.house.store)]


def test_downloads_and_shared_links_lack_what_the_caller_gave_away(server, admin):
    call = keep(server.house, 12, TELLS)
    shown = admin.get(f"/calls/{call}").text
    assert "4111" in shown
    told = admin.get(f"/calls/{call}/download.json")
    assert b"4111" not in told.content
    assert "[card number]" in str(orjson.loads(told.content)["review"]["lines"])
    whole = admin.get(f"/calls/{call}/audio.wav").content
    taken = admin.get(f"/calls/{call}/download.wav").content
    assert len(taken) == len(whole)
    assert taken != whole
    assert set(taken[HEADER_BYTES + 48_000 : HEADER_BYTES + 50_000]) == {0xFF}
    page = admin.post(f"/calls/{call}/share", {"days": "2", "audio": "yes"}).text
    link = page.partition("/shared/")[2].partition('"')[0].partition("<")[0]
    assert "4111" not in admin.get(f"/shared/{link}").text
    assert admin.get(f"/shared/{link}/audio.wav").content == taken
    lines = admin.get(f"/v1/calls/{call}/journal").content
    assert b"4111" not in lines
    assert "4111" not in admin.get(f"/v1/calls/{call}").text
    assert admin.get(f"/v1/calls/{call}/recording.wav").content == taken


def test_a_policy_is_set_changed_and_dropped_and_the_keeper_does_what_it_says(server, admin):
    call = keep(server.house, 12, TELLS, flow="retail")
    days = {"audio_days": "30", "transcript_days": "0", "journal_days": "", "call_days": "365"}
    assert admin.post("/keeping", {"flow": "retail", "redact": "stored", **days}).status_code == 303
    row = policies(server.house.store)["retail"]
    assert (row.redact, row.audio_days, row.call_days, row.by) == ("stored", 30, 365, "admin@example.com")
    page = admin.get("/keeping").text
    assert "retail" in page
    assert (
        "set keeping",
        "retail",
        "redact stored, audio_days 30, transcript_days 0, journal_days 0, call_days 365",
    ) in (noted(server))
    until(lambda: "4111" not in "".join(line.text for line in server.house.store.transcript(call)), 20)
    assert admin.post("/keeping/drop", {"flow": "retail"}).status_code == 303
    assert "retail" not in policies(server.house.store)


@pytest.mark.parametrize("form", [{"redact": "perhaps"}, {"redact": "stored", "audio_days": "-3"}, {"redact": ""}])
def test_a_policy_that_cannot_be_is_told_in_a_sentence(server, admin, form):
    answer = admin.post("/keeping", {"flow": "x", **form})
    assert answer.status_code == 422
    assert "x" not in policies(server.house.store)


def test_a_caller_is_forgotten_once_somebody_is_sure(server, admin):
    call = keep(server.house, 6, caller="+15550107001")
    other = keep(server.house, 6, caller=CALLER)
    asked = admin.post("/keeping/forget", {"number": "(555) 010-7001"}).text
    assert "Delete 1 calls" in asked
    assert server.house.store.row(call) is not None
    done = admin.post("/keeping/forget", {"number": "(555) 010-7001", "sure": "yes"}).text
    assert "1 calls are deleted." in done
    assert server.house.store.row(call) is None
    assert server.house.store.row(other) is not None
    assert admin.get(f"/calls/{call}").status_code == 404
    assert ("forgot caller", "+1••••••••01", "1 calls") in noted(server)
    assert "no call from" in admin.post("/keeping/forget", {"number": "(555) 010-7001"}).text


def test_a_call_is_redacted_at_once(server, admin):
    call = keep(server.house, 12, TELLS)
    answer = admin.post("/keeping/redact", {"call": call})
    assert re.search(r"Words taken out: \d+ of card\.", answer.text)
    assert "4111" not in admin.get(f"/calls/{call}").text
    assert ("redacted call", call, "") in noted(server)
    assert admin.post("/keeping/redact", {"call": "none"}).status_code == 404
