"""Flows in the database: drafts that are edited, versions that never change, and which of them callers get.

The rules are `flows.versions`; here a history is read and written. Every process asks at the start of a call, so a
publication reaches the next call in whichever process it rings.
"""

from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import Text
from sqlmodel import Field, Session, col, select

from callcenter.store.store import Store
from callcenter.store.tables import Instant, Row, clean
from flows.versions import History, Publication, Version


class FlowDraft(Row, table=True):
    __tablename__ = "flow_draft"

    name: str = Field(primary_key=True)
    text: str = Field(sa_type=Text)
    by: str = ""
    at: datetime = Field(sa_type=Instant)


class FlowVersion(Row, table=True):
    __tablename__ = "flow_version"

    name: str = Field(primary_key=True, foreign_key="flow_draft.name", ondelete="CASCADE")
    number: int = Field(primary_key=True)
    hash: str = Field(index=True)
    text: str = Field(sa_type=Text)
    note: str = ""
    by: str = ""
    at: datetime = Field(sa_type=Instant)


class FlowPublication(Row, table=True):
    __tablename__ = "flow_publication"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(foreign_key="flow_draft.name", ondelete="CASCADE", index=True)
    number: int
    by: str = ""
    at: datetime = Field(sa_type=Instant)


def names(store: Store) -> list[str]:
    with store.reading() as session:
        return list(session.exec(select(FlowDraft.name).order_by(col(FlowDraft.name))))


def history(store: Store, name: str) -> History | None:
    with store.reading() as session:
        return _history(session, name)


def live_text(store: Store, name: str) -> str:
    """The text callers get of a flow; empty if none was ever published."""
    newest = select(FlowPublication.number).where(FlowPublication.name == name).order_by(col(FlowPublication.id).desc())
    with store.reading() as session:
        number = session.exec(newest.limit(1)).first()
        version = session.get(FlowVersion, (name, number)) if number is not None else None
        return version.text if version else ""


def text_of(store: Store, hashed: str) -> str:
    """The text with this hash; empty if no version has it."""
    with store.reading() as session:
        return session.exec(select(FlowVersion.text).where(FlowVersion.hash == hashed).limit(1)).first() or ""


def change(store: Store, name: str, by: str, deed: Callable[[History], History]) -> History:
    """What `deed` makes of a flow's history, in one transaction; its errors leave everything as it was."""
    with store.writing() as session:
        draft = session.exec(select(FlowDraft).where(FlowDraft.name == name).with_for_update()).first()
        old = _history(session, name) or History(name)
        new = deed(old)
        now = datetime.now(UTC)
        if draft is None:
            draft = FlowDraft(name=name, text="", at=now)
            session.add(draft)
        if draft.text != new.draft or not draft.by:
            draft.text, draft.by, draft.at = clean(new.draft), by, now
        session.flush()
        for version in new.versions[len(old.versions) :]:
            row = FlowVersion(name=name, number=version.number, hash=version.hash, text=version.text, at=now)
            row.note, row.by = clean(version.note), by
            session.add(row)
        session.flush()
        for publication in new.publications[len(old.publications) :]:
            session.add(FlowPublication(name=name, number=publication.number, by=by, at=now))
        return new


def _history(session: Session, name: str) -> History | None:
    draft = session.get(FlowDraft, name)
    if draft is None:
        return None
    versions = session.exec(select(FlowVersion).where(FlowVersion.name == name).order_by(col(FlowVersion.number)))
    published = select(FlowPublication).where(FlowPublication.name == name).order_by(col(FlowPublication.id))
    return History(
        name,
        draft.text,
        tuple(Version(row.number, row.hash, row.text, row.note) for row in versions),
        tuple(Publication(row.number, row.at.isoformat(), row.by) for row in session.exec(published)),
    )
