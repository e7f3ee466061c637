"""The projection: from lines in files to rows in tables, so that every line arrives once.

A leg's row holds the number of the next line it lacks, and changes in one transaction with the lines themselves; two
processes that ship the same lines at once collide in the primary key of `chunk`, and one of them begins again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import delete, func, insert, select, update
from sqlmodel import Session, col

from callcenter.codec import loads
from callcenter.store import files as disk
from callcenter.store.files import Files
from callcenter.store.news import News, take
from callcenter.store.store import carriers_row, open_row
from callcenter.store.tables import Call, Chunk, Leg, Utterance

AT_ONCE: Final = 256 << 10
"""Bytes of one journal in one chunk."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a journal has been shipped: a place in the file, the number of the line there, faults before it."""

    header: Mapping[str, Any]
    offset: int = 0
    next: int = 0
    faults: int = 0


@dataclass(frozen=True, slots=True)
class Batch:
    """The next lines of one journal, and what they mean."""

    files: Files
    cursor: Cursor
    lines: Sequence[bytes]
    news: News

    @property
    def size(self) -> int:
        return sum(len(line) for line in self.lines)

    @property
    def after(self) -> Cursor:
        faults = self.cursor.faults + self.news.faults
        return Cursor(self.cursor.header, self.cursor.offset + self.size, self.news.next, faults)


class Elsewhere(Exception):
    """A leg in the database is not where it was left: somebody else shipped it, or the database lost what it had."""


def legs_of(session: Session, calls: Sequence[str]) -> dict[tuple[str, str], Leg]:
    query = select(Leg).where(col(Leg.call_id).in_(set(calls)))
    return {(leg.call_id, leg.writer): leg for leg in session.scalars(query)}


def place(files: Files, leg: Leg | None) -> Cursor:
    """Where a journal is to be read on, given how far it has come in the database."""
    lines = disk.lines(files.journal)
    first = next(lines)
    header = loads(first)["header"]
    if leg is None:
        return Cursor(header)
    offset = len(first)
    for line in lines:
        if loads(line)["n"] >= leg.lines:
            break
        offset += len(line)
    return Cursor(header, offset, leg.lines, leg.faults)


def read(files: Files, cursor: Cursor) -> Batch:
    lines = list(disk.lines(files.journal, cursor.offset, AT_ONCE))
    news = News(cursor.header)
    take(news, map(loads, lines))
    return Batch(files, cursor, lines, news)


def write(session: Session, batches: Sequence[Batch]) -> None:
    """All of these batches, in the caller's transaction."""
    batches = sorted(batches, key=lambda batch: batch.files.marker)  # everybody takes rows in one order
    _check(session, batches)
    new = [batch for batch in batches if not batch.cursor.next]
    old = [batch for batch in batches if batch.cursor.next]
    for batch in batches:
        if batch in new or batch.news.facts:
            _learn(session, batch)
    session.flush()
    _insert(session, Leg, [_opened(batch) | _moved(batch) for batch in new])
    if old:
        session.execute(update(Leg), [_moved(batch) for batch in old])
    _insert(session, Chunk, [_chunk(b.files, b.cursor.next, b.news.next - 1, b.lines) for b in batches])
    _insert(session, Utterance, [u for batch in batches for u in batch.news.utterances])
    for batch in batches:
        if batch.news.state != "writing":
            _put_together(session, batch.files)
        if batch in new or batch.news.faults or batch.news.state != "writing":
            _count(session, batch.files.call_id)


def _learn(session: Session, batch: Batch) -> None:
    facts = batch.news.row() | batch.news.facts
    theirs = carriers_row(session, facts)
    if theirs is not None and theirs.id != batch.files.call_id:
        del facts["carrier_call"]  # one row has it, and one is enough
    open_row(session, batch.files.call_id, facts)


def _insert(session: Session, table: type, rows: Sequence[Mapping[str, Any]]) -> None:
    if rows:
        session.execute(insert(table), rows)


def _check(session: Session, batches: Sequence[Batch]) -> None:
    """These legs are where they are read on from; a database that died may have lost what it promised last."""
    calls = {batch.files.call_id for batch in batches}
    columns = select(col(Leg.call_id), col(Leg.writer), col(Leg.lines))
    found = session.execute(columns.where(col(Leg.call_id).in_(calls)))
    lines = {(call_id, writer): lines for call_id, writer, lines in found}
    for batch in batches:
        if lines.get((batch.files.call_id, batch.files.writer), 0) != batch.cursor.next:
            raise Elsewhere(f"{batch.files.marker} is not at line {batch.cursor.next}")


def _opened(batch: Batch) -> dict[str, Any]:
    header = batch.cursor.header
    path = batch.files.recording.relative_to(batch.files.root)
    return {
        "leg": header["leg"],
        "started_at": batch.news.opened_at,
        "recording": str(path) if header["recorded"] else "",
        "channels": 2,
    }


def _moved(batch: Batch) -> dict[str, Any]:
    return {
        "call_id": batch.files.call_id,
        "writer": batch.files.writer,
        "state": batch.news.state,
        "lines": batch.news.next,
        "samples": batch.news.samples,
        "ended_at": batch.news.ended_at,
        "faults": batch.cursor.faults + batch.news.faults,
    }


def _chunk(files: Files, first: int, last: int, lines: Sequence[bytes]) -> dict[str, Any]:
    text = b"".join(lines).decode()
    return {"call_id": files.call_id, "writer": files.writer, "first": first, "last": last, "lines": text}


def _put_together(session: Session, files: Files) -> None:
    """The many small chunks a leg came in become few: there was one for every second."""
    session.execute(delete(Chunk).where(col(Chunk.call_id) == files.call_id, col(Chunk.writer) == files.writer))
    offset = 0
    while lines := list(disk.lines(files.journal, offset, AT_ONCE)):
        offset += sum(len(line) for line in lines)
        _insert(session, Chunk, [_chunk(files, loads(lines[0])["n"], loads(lines[-1])["n"], lines)])


def _count(session: Session, call_id: str) -> None:
    """What a call has of its legs."""
    legs = select(func.count(), func.sum(Leg.faults), func.sum(Leg.samples)).where(col(Leg.call_id) == call_id)
    count, faults, samples = session.execute(legs).one()
    counted = {"legs": count, "faults": int(faults), "duration": int(samples)}
    session.execute(update(Call).where(col(Call.id) == call_id).values(**counted))
