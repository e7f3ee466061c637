"""A whole call in a server's spool and database, written as a line would write it, without waiting for it."""

from datetime import UTC, datetime

from journalled import converse

from callcenter.events import Spoken, TookFloor
from callcenter.switchboard import new_call_id

CALLER = "+15550104418"


def keep(house, seconds=20, extra=None, rung_at=None, **row):
    """The call's id. `row` goes into the call's columns."""
    now = rung_at or datetime.now(UTC)
    call_id = new_call_id(now)
    told = {"carrier": "twilio", "caller": CALLER, "called": "+15550109999", "rung_at": now.isoformat(), **row}
    scribe = house.spool.open(call_id, 0, {"row": told, "setup": {"duplex": "parrot"}}, record=True)
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
    scribe.close("hangup", "answered")
    assert house.shipper.flush(20.0)
    return call_id


def said(turn, text, side="agent"):
    if side == "caller":
        return Spoken(turn, None, heard_text=text)
    return Spoken(turn, b"\x30" * 1600, said_text=text, acts=(TookFloor(),))
