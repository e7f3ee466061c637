"""The page of a call: what is said about it, who may hear it, and links that expire."""

import re
import shutil
from datetime import UTC, datetime, timedelta

import pytest
from kept_call import keep, said
from running import running
from sqlalchemy import update
from visitor import Visitor, visitor_of

from admin import audit
from admin.call import items
from admin.tables import Share
from callcenter.store import keeping

STORED_SCRIPT = "<script>alert(1)</script> <img src=x onerror=alert(2)> {{7*7}}"


@pytest.fixture(scope="module")
def kept(tmp_path_factory, upgraded):
    folder = tmp_path_factory.mktemp("call")
    shutil.copy(upgraded["sqlite"].removeprefix("sqlite:///"), folder / "c.db")
    with running(folder, f"sqlite:///{folder / 'c.db'}") as server:
        # The counting of this talk reads like a card number; what is taken out is tested with `keeping`.
        keeping.keep(server.house.store, keeping.EVERYTHING, "ana", datetime.now(UTC), keeping.NEVER, {})
        yield server, keep(server.house, 12, {2.0: [said(4, STORED_SCRIPT, "caller")]})


@pytest.fixture
def reviewer(kept):
    visitor = visitor_of(kept[0], "reviewer")
    yield visitor
    visitor.close()


def test_a_caller_who_says_markup_has_said_words(kept, reviewer):
    page = reviewer.get(f"/calls/{kept[1]}").text
    assert "alert(1)" in page
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "49" not in re.sub(r"\d{3,}", "", page.split("Transcript")[1].split("</ol>")[0]) or "{{7*7}}" in page


def test_the_drawing_has_its_data(kept, reviewer):
    data = reviewer.get(f"/calls/{kept[1]}/review.json").json()
    assert data["overlaps"]
    assert len(reviewer.get(f"/calls/{kept[1]}/peaks").content) == 2 * -(-data["samples"] // data["step"])


def test_the_recording_is_heard_in_parts_by_those_who_may(kept, reviewer):
    server, call = kept
    part = reviewer.get(f"/calls/{call}/audio.wav", headers={"Range": "bytes=0-99"})
    assert (part.status_code, len(part.content)) == (206, 100)
    assert part.content.startswith(b"RIFF")
    viewer = visitor_of(server, "viewer")
    assert viewer.get(f"/calls/{call}/audio.wav").status_code == 403
    assert 'data-audio=""' in viewer.get(f"/calls/{call}").text
    reviewer.get(f"/calls/{call}/audio.wav")
    assert "heard call" in {entry.what for entry in audit.entries(server.house.store, about=call)}
    viewer.close()


def test_comments_are_pinned_to_a_moment_and_deleted_by_their_writer(kept, reviewer):
    server, call = kept
    reviewer.post(f"/calls/{call}/comments", {"text": "Why this pause? <b>", "at": "3.5"})
    page = reviewer.get(f"/calls/{call}?tab=comments").text
    assert "Why this pause? &lt;b&gt;" in page
    assert 'data-at="28000"' in page
    number = re.search(r"comments/(\d+)/delete", page)[1]
    other = visitor_of(server, "supervisor")
    other.post(f"/calls/{call}/comments/{number}/delete")
    assert "Why this pause" in reviewer.get(f"/calls/{call}").text
    reviewer.post(f"/calls/{call}/comments/{number}/delete")
    assert "Why this pause" not in reviewer.get(f"/calls/{call}").text
    assert reviewer.post(f"/calls/{call}/comments", {"text": " "}).status_code == 422
    other.close()


def test_an_outcome_is_corrected_and_a_call_flagged_and_tagged(kept, reviewer):
    server, call = kept
    reviewer.post(f"/calls/{call}/verdict", {"outcome": "callback", "flagged": "1"})
    reviewer.post(f"/calls/{call}/tags", {"tags": "angry, vip vip"})
    page = reviewer.get("/calls?flagged=1&tag=vip").text
    assert "callback" in page
    assert "corrected" in page
    assert server.house.store.tags(call) == ["angry", "vip"]


def test_a_blind_review_hides_the_arm(kept, reviewer):
    with kept[0].house.store.writing() as session:
        from callcenter.store.tables import Call

        session.execute(update(Call).values(arm="secret-arm"))
    assert "secret-arm" in reviewer.get(f"/calls/{kept[1]}").text
    assert "secret-arm" not in reviewer.get(f"/calls/{kept[1]}?blind=1").text


def test_a_shared_link_shows_one_call_without_numbers_until_it_expires(kept, reviewer):
    server, call = kept
    page = reviewer.post(f"/calls/{call}/share", {"days": "7"}).text
    path = "/shared/" + re.search(r"/shared/([\w-]+)", page)[1]
    stranger = Visitor(server)
    shown = stranger.get(path)
    assert shown.status_code == 200
    assert "Transcript" in shown.text
    assert "+15550104418" not in shown.text
    assert stranger.get(f"{path}/review.json").json()["overlaps"]
    assert stranger.get(f"{path}/audio.wav").status_code == 404
    assert stranger.get(f"/calls/{call}").status_code == 303
    with server.house.store.writing() as session:
        session.execute(update(Share).values(until=datetime.now(UTC) - timedelta(seconds=1)))
    assert stranger.get(path).status_code == 404
    assert stranger.get("/shared/guess").status_code == 404
    stranger.close()


def test_a_shared_link_has_audio_only_if_it_was_given(kept, reviewer):
    server, call = kept
    page = reviewer.post(f"/calls/{call}/share", {"days": "1", "audio": "1"}).text
    path = "/shared/" + re.search(r"/shared/([\w-]+)", page)[1]
    stranger = Visitor(server)
    assert stranger.get(f"{path}/audio.wav").content.startswith(b"RIFF")
    stranger.close()


def test_a_call_is_downloaded_whole(kept, reviewer):
    told = reviewer.get(f"/calls/{kept[1]}/download.json").json()
    assert told["call"]["id"] == kept[1]
    assert told["review"]["figures"]
    assert reviewer.get(f"/calls/{kept[1]}/download.wav").headers["content-type"] == "audio/wav"


@pytest.mark.parametrize("call", ["no-such-call", "..%2f..%2fetc", "a'b"])
def test_a_call_that_is_not_there_is_not_found(reviewer, call):
    for path in ("", "/review.json", "/peaks", "/audio.wav", "/download.json"):
        assert reviewer.get(f"/calls/{call}{path}").status_code == 404


def test_an_answer_carries_how_long_it_took():
    shown = {
        "tools": [{"at": 500}],
        "answers": [[8_000, 10_400, "?"]],
        "lines": [
            {"side": "caller", "start": 100, "end": 8_000, "kind": "speech"},
            {"side": "agent", "start": 10_400, "end": 20_000, "kind": "speech"},
            {"side": "agent", "start": 30_000, "end": 40_000, "kind": "speech"},
        ],
    }
    assert [item.latency for item in items(shown)] == [None, None, 0.3, None]
    assert [item.at for item in items(shown)] == [100, 500, 10_400, 30_000]
