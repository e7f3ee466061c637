"""A call as the screen shows it: from a real journal and recording, with the measures' own figures."""

import shutil
from datetime import UTC, datetime

import pytest
from kept_call import keep, said
from running import running

from admin.happened import variables
from admin.parts import PEAKS_AT_MOST, joined_audio, loudest, parts_of, peaks, timeline_of
from admin.review import VERSION, measured
from admin.reviews import Reviews
from callcenter.events import Directed, Note, Noted, Pressed
from callcenter.measures import Observed, figures, overlaps, scene
from callcenter.store.recordings import HEADER_BYTES
from callcenter.units import FRAME, RATE

EXTRA = {
    1.0: [said(2, "Where is"), said(3, "my order?")],
    1.2: [said(4, "hello there", "caller")],
    5.0: [Noted(Note("n1", "say", "It is on its way.", source=("flow order_status", "r1")))],
    9.0: [Pressed("5")],
    12.0: [Directed("pause_recording", by="ana")],
    13.0: [Directed("resume_recording", by="ana")],
}


@pytest.fixture(scope="module")
def kept(tmp_path_factory, upgraded):
    folder = tmp_path_factory.mktemp("review")
    shutil.copy(upgraded["sqlite"].removeprefix("sqlite:///"), folder / "c.db")
    with running(folder, f"sqlite:///{folder / 'c.db'}") as server:
        call_id = keep(server.house, 20, EXTRA)
        yield server.house, call_id, Reviews(server.house.store, server.house.spool.root)


@pytest.fixture(scope="module")
def shown(kept):
    return kept[2].of(kept[1])


def observed(kept):
    house, call_id, _ = kept
    parts = parts_of(house.store, house.spool.root, call_id, house.store.legs(call_id))
    return Observed("call", timeline_of(parts))


def test_figures_and_labels_are_those_of_the_measures(kept, shown):
    call = observed(kept)
    expected = figures([call])
    assert {each["name"]: each["value"] for each in shown["figures"]} == {
        name: figure.value for name, figure in expected.figures.items()
    }
    labels = [[o.start, o.end, o.kind, o.text] for o in overlaps(scene(call))]
    assert shown["overlaps"] == labels
    assert labels


def test_the_transcript_has_every_word_with_a_time_inside_its_line(shown):
    assert shown["lines"]
    for line in shown["lines"]:
        for start, end, word in line["words"]:
            assert line["start"] <= start <= end <= max(line["end"], line["start"])
            assert word.strip() == word != ""
        times = [start for start, _, _ in line["words"]]
        assert times == sorted(times)
    assert any(line["unheard"] for line in shown["lines"])


def test_a_key_is_in_the_transcript_and_among_the_events(shown):
    assert any(line["kind"] == "key" for line in shown["lines"])
    assert any(kind == "Pressed" for _, kind, _ in shown["events"])


def test_what_the_background_did_has_its_lane(shown):
    note = next(each for each in shown["background"] if each["is"] == "note")
    assert (note["text"], note["source"]) == ("It is on its way.", ["flow order_status", "r1"])
    tool = next(each for each in shown["background"] if each["is"] == "tool")
    assert tool["end"] - tool["start"] == RATE // 4
    assert shown["tools"][0]["arguments"] == {"order": "4217"}
    assert [step for _, step in shown["path"]] == ["order_status"]


def test_what_the_duplex_leaned_to_is_plotted_turn_by_turn(shown):
    lean = shown["leanings"]
    assert len(lean["speak"]) == len(lean["backchannel"]) == len(lean["yield"]) >= 95
    assert max(lean["speak"]) <= 100


def test_the_columns_for_lists_agree_with_what_is_shown(shown):
    columns = measured(shown)
    assert columns["version"] == VERSION
    assert columns["tools"] == 1
    assert columns["overlaps"] == len(shown["overlaps"])
    assert columns["samples"] == shown["samples"] == pytest.approx(20 * RATE, abs=RATE)


def test_peaks_are_the_loudest_samples_of_both_channels(kept, shown):
    body, step = kept[2].peaks(kept[1]), shown["step"]
    assert step == FRAME
    assert len(body) == 2 * -(-shown["samples"] // step)
    assert max(body[: len(body) // 2]) > 100
    assert loudest(b"\xff" * 160, 160).tolist() == [0]
    assert loudest(b"\xff" * 159 + b"\x00", 160).tolist() == [250]


def test_a_very_long_call_has_coarser_peaks():
    body, step = peaks([], PEAKS_AT_MOST * FRAME * 3)
    assert (step, len(body)) == (3 * FRAME, 2 * PEAKS_AT_MOST)


def test_a_review_is_made_once_and_read_afterwards(kept, shown):
    house, call_id, reviews = kept
    folder = house.spool.root / "calls" / call_id / "review"
    before = (folder / "review.json").stat().st_mtime_ns
    again = Reviews(house.store, house.spool.root).of(call_id)
    assert again["overlaps"] == shown["overlaps"]
    assert (folder / "review.json").stat().st_mtime_ns == before
    reviews.forget(call_id)
    assert not (folder / "review.json").exists()
    assert Reviews(house.store, house.spool.root).of(call_id)["lines"] == shown["lines"]


def test_legs_follow_each_other_on_one_clock(kept):
    house, call_id, _ = kept
    legs = house.store.legs(call_id)
    two = parts_of(house.store, house.spool.root, call_id, [*legs, *legs])
    assert two[1].start >= two[0].length
    audio = joined_audio(two)
    second = audio[HEADER_BYTES + 2 * two[1].start :]
    assert second[0 : 2 * len(two[1].caller) : 2] == two[1].caller


def test_a_call_without_journal_has_an_empty_review(kept):
    house, _, reviews = kept
    house.store.ring("rang-only", datetime.now(UTC), carrier="twilio", carrier_call="CA0", caller="+15550100001")
    shown = reviews.of("rang-only")
    assert (shown["samples"], shown["lines"], shown["overlaps"]) == (0, [], [])
    assert measured(shown)["latency_ms"] is None


def test_details_are_listed_with_what_they_were_before():
    from callcenter.journal import Line

    def line(at, **remark):
        return (0, Line(0, at, (), None, (), (), False, None, {"kind": "variable", **remark}, None, b""))

    told = [
        line(100, step="", name="postcode", value="98101", sure=False, source=["caller"]),
        line(200, step="order_status", name="which", value="4217", sure=True, source=["t1"]),
        line(300, step="", name="postcode", value="98107", sure=False, source=["caller"]),
        line(400, step="", name="postcode", value="98107", sure=True, source=["caller"]),
    ]
    postcode, which = variables(told)
    assert (postcode["value"], postcode["earlier"], postcode["sure"], postcode["at"]) == ("98107", ["98101"], True, 400)
    assert (which["value"], which["earlier"]) == ("4217", [])
