"""What is kept of calls and for how long, by the flow they follow; and what has been done to a call because of it.

`redact` says when numbers and addresses that callers give away are taken out (see `callcenter.redaction`): `never`;
`export`, in everything that leaves the house: downloads, shared links, the API; `stored`, for good, soon after the call
has ended. Days count from the end of a call, 0 is for ever: the audio; the transcript, which is every word of the
conversation wherever it stands; the journal, of which the figures remain; the call itself, of which nothing does.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import JSON, Column
from sqlmodel import Field, Session, select

from callcenter.store.store import Store
from callcenter.store.tables import Call, Instant, Row

NEVER, EXPORT, STORED = REDACT = ("never", "export", "stored")
EVERYTHING: Final = ""
"""The flow of a policy that is for calls without one of their own."""

LONGEST: Final = 36_500


class Keeping(Row, table=True):
    """The policy for calls of one flow."""

    flow: str = Field(primary_key=True)
    redact: str = EXPORT
    audio_days: int = 0
    transcript_days: int = 0
    journal_days: int = 0
    call_days: int = 0
    by: str = ""
    at: datetime = Field(sa_type=Instant)


class Treated(Row, table=True):
    """What was taken out of an ended call, and when."""

    call_id: str = Field(primary_key=True, foreign_key="call.id", ondelete="CASCADE")
    redacted_at: datetime | None = Field(default=None, sa_type=Instant)
    version: int = 0
    """Of the code that looked for what to take out; older ones look again."""
    counts: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSON, nullable=False))
    """Words taken out, by what they gave away."""
    audio_at: datetime | None = Field(default=None, sa_type=Instant)
    transcript_at: datetime | None = Field(default=None, sa_type=Instant)
    journal_at: datetime | None = Field(default=None, sa_type=Instant)


class Forgotten(Row, table=True):
    """A call that was deleted: its id alone, so that every machine deletes what it has of it."""

    call_id: str = Field(primary_key=True)
    at: datetime = Field(sa_type=Instant, index=True)


class KeepingError(ValueError):
    """A policy that cannot be; the message says why."""


def policies(store: Store) -> dict[str, Keeping]:
    with store.reading() as session:
        return {row.flow: row for row in session.exec(select(Keeping))}


def policy_of(policies: Mapping[str, Keeping], call: Call) -> Keeping:
    """The policy for a call. Where nobody has said anything, everything is kept, and exports are redacted."""
    found = policies.get(call.flow) or policies.get(EVERYTHING)
    return found or Keeping(flow=EVERYTHING, at=call.rung_at)


def keep(store: Store, flow: str, by: str, at: datetime, redact: str, days: Mapping[str, int]) -> Keeping:
    """Sets the policy of a flow."""
    if redact not in REDACT:
        raise KeepingError(f"redact is one of {', '.join(REDACT)}")
    if any(not 0 <= count <= LONGEST for count in days.values()):
        raise KeepingError(f"days are 0 (for ever) to {LONGEST}")
    row = Keeping(flow=flow[:200], redact=redact, by=by, at=at)
    for name in ("audio_days", "transcript_days", "journal_days", "call_days"):
        setattr(row, name, days.get(name, 0))
    with store.writing() as session:
        return session.merge(row)


def drop(store: Store, flow: str) -> None:
    """From now on the flow's calls are kept as all others are."""
    with store.writing() as session:
        row = session.get(Keeping, flow)
        if row is not None:
            session.delete(row)


def treatment(session: Session, call_id: str) -> Treated:
    """The row of what was done to a call, made if it is not there yet."""
    row = session.get(Treated, call_id)
    if row is None:
        row = Treated(call_id=call_id)
        session.add(row)
    return row


def treated(store: Store, call_id: str) -> str:
    """Changes with everything that is taken out of a call: whatever was made of it before is to be made again."""
    with store.reading() as session:
        row = session.get(Treated, call_id)
    times = (row.redacted_at, row.audio_at, row.transcript_at, row.journal_at) if row else ()
    return " ".join(str(at) for at in times if at is not None)
