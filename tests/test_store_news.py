from datetime import UTC, datetime, timedelta

import pytest
from journalled import Kept, converse

from callcenter.codec import encode, loads
from callcenter.events import Detected, Directed, Fault, Lost, Started, Use, Utter
from callcenter.store.news import News, take

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HEADER = {"call_id": "c1", "writer": "leg-0-a", "leg": 0, "opened_at": NOON.isoformat(), "recorded": True}


def news_of(*lines, header=HEADER):
    news = News(header)
    take(news, [{"n": n, "at": n * 8_000, **line} for n, line in enumerate(lines)])
    return news


def event(thing, *commands):
    return {"event": encode(thing), "do": [encode(c) for c in commands]}


def test_the_row_of_a_call_is_made_from_the_journal_alone():
    row = {"caller": "+15550100", "rung_at": (NOON - timedelta(seconds=4)).isoformat(), "arm": "b"}
    news = news_of(
        {"header": HEADER},
        event(Started("MZ1", "CA1")),
        event(Detected("human")),
        event(Lost("crashed"), Fault("lost"), Use("turnbased")),
        {"end": {"state": "ended", "reason": "hangup", "outcome": "resolved", "final": True}},
        header={**HEADER, "row": row},
    )
    assert news.row() | news.facts == {
        "caller": "+15550100",
        "rung_at": NOON - timedelta(seconds=4),
        "arm": "b",
        "state": "ended",
        "answered_at": NOON + timedelta(seconds=1),
        "amd": "human",
        "served": "turnbased",
        "ended_at": NOON + timedelta(seconds=4),
        "ended_reason": "hangup",
        "outcome": "resolved",
    }
    assert (news.next, news.samples, news.state, news.faults) == (5, 32_000, "closed", 1)


def test_a_call_whose_ring_nobody_wrote_down_rang_when_its_stream_opened():
    assert news_of({"header": HEADER}).row() == {"rung_at": NOON}


@pytest.mark.parametrize(
    ("end", "leg", "call"),
    [
        ({"state": "ended", "reason": "hangup", "outcome": "", "final": True}, "closed", "ended"),
        ({"state": "ended", "reason": "transfer", "outcome": "", "final": False}, "closed", None),
        ({"state": "lost", "reason": "gone"}, "lost", "lost"),
    ],
)
def test_the_end_of_a_leg_is_the_end_of_the_call_if_it_says_so(end, leg, call):
    news = news_of({"header": HEADER}, {"end": end})
    assert news.state == leg
    assert news.facts.get("state") == call
    assert news.ended_at == NOON + timedelta(seconds=1)


def test_a_leg_that_goes_on_has_no_end():
    assert news_of({"header": HEADER}, event(Directed("press"))).ended_at is None


def test_lines_of_the_transcript_know_where_they_stood():
    commands = [Utter("caller", 5, 9, "hello\0", kind="key"), Fault("x"), Utter("agent", 9, 12, "good", unheard="day")]
    first, second = news_of({"header": HEADER}, event(Started("MZ1", "CA1"), *commands)).utterances
    assert first == {
        "call_id": "c1",
        "writer": "leg-0-a",
        "n": 1,
        "k": 0,
        "side": "caller",
        "start": 5,
        "end": 9,
        "text": "hello",
        "unheard": "",
        "kind": "key",
    }
    assert (second["k"], second["text"], second["unheard"], second["kind"]) == (2, "good", "day", "speech")


def test_audio_that_was_lost_is_a_fault():
    assert news_of({"remark": {"kind": "audio_lost"}}, {"remark": {"kind": "status"}}).faults == 1


def test_a_real_journal_makes_news():
    kept = Kept()
    converse(kept, 12, {6: [Lost("crashed")]})
    kept.end()
    news = News(HEADER)
    take(news, map(loads, kept.lines))
    assert news.next == len(kept.lines)
    assert {u["side"] for u in news.utterances} == {"caller", "agent"}
    assert news.faults
    assert news.facts["served"] == "other"
