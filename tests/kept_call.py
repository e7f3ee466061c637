"""A whole call in a server's spool and database, written as a line would write it, without waiting for it."""

import random
from datetime import UTC, datetime

from journalled import converse

from callcenter.events import (
    Ask,
    Backchannelled,
    Delivered,
    Floor,
    Hear,
    Heard,
    Note,
    Noted,
    Spoken,
    TookFloor,
    Trace,
    TurnHeard,
    Utter,
    Yielded,
)
from callcenter.switchboard import new_call_id
from callcenter.units import SILENT_TURN, TURN

CALLER = "+15550104418"


def keep(house, seconds=20, extra=None, rung_at=None, **row):
    """The call's id. `row` goes into the call's columns."""
    call_id, scribe = opened(house, rung_at, row)
    converse(scribe, seconds, extra)
    scribe.remark(
        "tool",
        name="order_status",
        arguments={"order": "4217"},
        ok=True,
        result={"status": "shipped"},
        seconds=0.25,
        repeated=False,
    )
    return closed(house, call_id, scribe)


def keep_restless(house, seconds):
    """A call such as no two people hold: the floor changes all the time, both talk at once, every turn has words of
    both sides, and the background never rests."""
    call_id, scribe = opened(house, None, {})
    chance = random.Random(1)
    for turn in range(seconds * 5):
        at, end = turn * TURN, (turn + 1) * TURN
        loud, ours = chance.random() < 0.6, chance.random() < 0.6
        said = "one two three. " * chance.randint(1, 3)
        audio, played = (chance.randbytes(TURN) if sounds else SILENT_TURN for sounds in (loud, ours))
        trace = Trace(turn, ("0011111111" if loud else "0" * 10), ("1111111100" if ours else "0" * 10))
        lines = [Utter("caller", at, end, "what was that again?")] if loud else []
        lines += [Utter("agent", at, end, said, "lost words" if chance.random() < 0.2 else "")] if ours else []
        scribe.add(end, TurnHeard(turn, audio), [Hear(Heard(turn, audio, played)), trace, *lines])
        act = chance.choice([TookFloor(), Yielded(), Backchannelled("mm-hmm")])
        floor = Floor(chance.random(), chance.random(), chance.random())
        scribe.add(end, Spoken(turn, played if ours else None, "again", said, (act,), floor), [Ask("turn", "again?")])
        if turn % 3 == 0:
            note = Note(f"n{turn}", "say", "It is on its way.", source=(f"flow step_{turn % 7}",))
            scribe.add(end, Noted(note), [Delivered(f"n{turn}", note.text, True)])
            scribe.remark("tool", name="order_status", arguments={"order": turn}, ok=turn % 2, result=0, seconds=0.2)
    return closed(house, call_id, scribe)


def opened(house, rung_at, row):
    now = rung_at or datetime.now(UTC)
    call_id = new_call_id(now)
    told = {"carrier": "twilio", "caller": CALLER, "called": "+15550109999", "rung_at": now.isoformat(), **row}
    return call_id, house.spool.open(call_id, 0, {"row": told, "setup": {"duplex": "parrot"}}, record=True)


def closed(house, call_id, scribe):
    scribe.close("hangup", "answered")
    assert house.shipper.flush(60.0)
    return call_id


def said(turn, text, side="agent"):
    if side == "caller":
        return Spoken(turn, None, heard_text=text)
    return Spoken(turn, b"\x30" * 1600, said_text=text, acts=(TookFloor(),))
