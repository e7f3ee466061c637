"""The tables: a call's row, its legs, their journals in chunks, transcripts, and what processes tell each other.

Times are UTC and aware, whatever the database makes of them. Everything here can be made again from the spool, except
`plan`, `nonce`, `message`, `tag` and `experiment`, which are facts between processes and people.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar, Final

from sqlalchemy import JSON, BigInteger, Column, DateTime, Dialect, Index, MetaData, Text, UniqueConstraint
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel

NAMES: Final = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

metadata = MetaData(naming_convention=NAMES)


class Instant(TypeDecorator[datetime]):
    """A moment: always aware, always UTC; SQLite keeps it without a zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Any:
        inner = super().bind_processor(dialect)

        def bind(value: datetime | None) -> Any:
            if value is not None and value.tzinfo is None:
                raise ValueError(f"a time without a zone: {value!r}")
            moment = value if value is None else value.astimezone(UTC)
            return inner(moment) if inner else moment

        return bind

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        inner = super().result_processor(dialect, coltype)

        def read(value: Any) -> datetime | None:
            moment: datetime | None = inner(value) if inner else value
            if moment is None:
                return None
            return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)

        return read


class Row(SQLModel):
    metadata: ClassVar[MetaData] = metadata


STATES: Final = ("ringing", "live", "ended", "lost")
"""In the order in which they replace each other: news that comes late never takes a call back."""


class Call(Row, table=True):
    """One telephone conversation, from ringing to its end. Written when the phone rings and updated as it goes."""

    __table_args__ = (
        UniqueConstraint("carrier", "carrier_call"),
        Index(None, "rung_at", "id"),
        Index(None, "caller", "rung_at"),
        Index(None, "called", "rung_at"),
        Index(None, "state", "rung_at"),
        Index(None, "outcome", "rung_at"),
        Index(None, "experiment", "rung_at"),
    )

    id: str = Field(primary_key=True)
    state: str = "ringing"
    direction: str = "inbound"
    carrier: str = ""
    carrier_call: str | None = None
    caller: str = ""
    """E.164, an address, or the network's word for a number withheld."""
    called: str = ""
    rung_at: datetime = Field(sa_type=Instant)
    answered_at: datetime | None = Field(default=None, sa_type=Instant)
    ended_at: datetime | None = Field(default=None, sa_type=Instant)
    duration: int = Field(default=0, sa_type=BigInteger)
    """Samples heard over all legs."""
    outcome: str = ""
    ended_reason: str = ""
    assigned: str = ""
    """The duplex the experiment chose; `served` is the one that spoke last."""
    served: str = ""
    flow: str = ""
    flow_version: str = ""
    experiment: str = ""
    arm: str = ""
    voice: str = ""
    amd: str = ""
    legs: int = 0
    faults: int = 0
    plan: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    """What the carrier is told next, when it asks: a transfer's target and reason, a fallback."""


class Leg(Row, table=True):
    """One stream of a call in one process: how far its journal has come, and where its recording is."""

    call_id: str = Field(primary_key=True, foreign_key="call.id", ondelete="CASCADE")
    writer: str = Field(primary_key=True)
    leg: int = 0
    """Counts the streams of a call from 0."""
    state: str = "writing"
    """writing, closed, lost"""
    lines: int = 0
    """The journal's lines before this number are here."""
    samples: int = Field(default=0, sa_type=BigInteger)
    started_at: datetime = Field(sa_type=Instant)
    ended_at: datetime | None = Field(default=None, sa_type=Instant)
    faults: int = 0
    recording: str = ""
    """Path under the spool; empty once it is deleted."""
    channels: int = 2


class Chunk(Row, table=True):
    """Lines `first` to `last` of one writer's journal, as they stand in the spool."""

    call_id: str = Field(primary_key=True, foreign_key="call.id", ondelete="CASCADE")
    writer: str = Field(primary_key=True)
    first: int = Field(primary_key=True)
    last: int
    lines: str = Field(sa_type=Text)


class Utterance(Row, table=True):
    """A line of the transcript; `start` and `end` are samples of its leg, `unheard` what an interruption cut off."""

    call_id: str = Field(primary_key=True, foreign_key="call.id", ondelete="CASCADE")
    writer: str = Field(primary_key=True)
    n: int = Field(primary_key=True)
    k: int = Field(primary_key=True)
    """The journal line it came with, and its place there."""
    side: str
    start: int = Field(sa_type=BigInteger)
    end: int = Field(sa_type=BigInteger)
    text: str = Field(sa_type=Text)
    unheard: str = Field(default="", sa_type=Text)
    kind: str = "speech"


class Tag(Row, table=True):
    __table_args__ = (Index(None, "tag"),)

    call_id: str = Field(primary_key=True, foreign_key="call.id", ondelete="CASCADE")
    tag: str = Field(primary_key=True)


class Trial(Row, table=True):
    """An experiment: what was fixed before it started, and what became of it. `fixed` is never written again."""

    __tablename__ = "experiment"

    name: str = Field(primary_key=True)
    state: str = Field(default="draft", index=True)
    """draft, running, stopped, decided: in this order, never back."""
    fixed: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    fingerprint: str
    gate: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    """What was shown offline before live traffic, or why nothing was."""
    created_at: datetime = Field(sa_type=Instant)
    started_at: datetime | None = Field(default=None, sa_type=Instant)
    stopped_at: datetime | None = Field(default=None, sa_type=Instant)
    why: str = Field(default="", sa_type=Text)
    """Why it was stopped."""
    decision: dict[str, Any] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))


class Measured(Row, table=True):
    """What was measured in an ended call's journal, once."""

    call_id: str = Field(primary_key=True, foreign_key="call.id", ondelete="CASCADE")
    values: dict[str, float] = Field(sa_column=Column(JSON, nullable=False))
    latencies: list[float] = Field(sa_column=Column(JSON, nullable=False))


class Nonce(Row, table=True):
    """A token that has been used."""

    nonce: str = Field(primary_key=True)
    expires: datetime = Field(sa_type=Instant, index=True)


class Message(Row, table=True):
    """An order to a live call, wherever its line is."""

    __table_args__ = (Index(None, "call_id", "delivered_at"),)

    id: int | None = Field(default=None, primary_key=True)
    call_id: str
    payload: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    created_at: datetime = Field(sa_type=Instant)
    delivered_at: datetime | None = Field(default=None, sa_type=Instant)


# ---------------------------------------------------------------------------------------- what is learned about a call

EARLIEST: Final = ("rung_at", "answered_at")
LATEST: Final = ("ended_at",)
FACTS: Final = frozenset(Call.model_fields) - {"id", "legs", "faults", "duration", "plan"}
"""Columns that `learn` may be told; the rest is counted or set by its own query."""


def learn(row: Call, facts: Mapping[str, Any]) -> None:
    """Takes news about a call into its row; what is told twice, late or out of order changes nothing."""
    for name, value in facts.items():
        if name not in FACTS:
            raise KeyError(f"a call's row has no {name!r} to tell")
        old = getattr(row, name)
        if value in (None, "") or value == old:
            continue
        if name == "state":
            value = max(old, value, key=STATES.index)
        elif name in EARLIEST:
            value = value if old is None else min(old, value)
        elif name in LATEST:
            value = value if old is None else max(old, value)
        elif isinstance(value, str):
            value = clean(value)
        setattr(row, name, value)


def clean(text: str) -> str:
    """What every database takes: PostgreSQL refuses NUL, UTF-8 has no lone surrogates."""
    return text.replace("\0", "").encode("utf-8", "replace").decode()
