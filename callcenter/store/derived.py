"""What is worked out of a call once it is over, so that lists can be searched and filtered: its words, its figures.

Both can be made again from the journal. The words are searched with what each database has for that: an FTS5 table on
SQLite, whose rows are numbered in the order of time, and a `tsvector` on PostgreSQL.
"""

from datetime import datetime

from sqlalchemy import BigInteger, Index, Integer, Text
from sqlmodel import Field

from callcenter.store.tables import Instant, Row


class Words(Row, table=True):
    """The whole transcript of a call as one text. `n` is the microsecond it rang (or the next free one), so that the
    newest of many are found without sorting them."""

    n: int = Field(primary_key=True, sa_type=BigInteger().with_variant(Integer, "sqlite"))
    call_id: str = Field(foreign_key="call.id", ondelete="CASCADE", unique=True)
    text: str = Field(sa_type=Text)


class Examined(Row, table=True):
    """A call's figures, from `callcenter.measures`."""

    __table_args__ = (Index(None, "rung_at", "call_id"),)

    call_id: str = Field(primary_key=True, foreign_key="call.id", ondelete="CASCADE")
    rung_at: datetime = Field(sa_type=Instant)
    version: int
    """Of the code that worked it out; older ones are made again."""
    samples: int = Field(default=0, sa_type=BigInteger)
    latency_ms: int | None = None
    """Median time to answer."""
    slowest_ms: int | None = None
    answered: int = 0
    due: int = 0
    interruptions: int = 0
    """By the caller."""
    yielded: int = 0
    broken_into: int = 0
    """Turns of the caller that the agent broke into."""
    overlaps: int = 0
    dead: int = 0
    tools: int = 0
    tool_errors: int = 0
    agent_share: float | None = None
