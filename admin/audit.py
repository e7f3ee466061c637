"""The audit log: who did what, when and from where."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlmodel import col, select

from admin.tables import Audit
from admin.users import Signed
from callcenter.store import Store
from callcenter.store.tables import clean


def note(store: Store, who: Signed, what: str, about: str = "", detail: str = "", address: str = "") -> None:
    """Written before it is done, so that nothing is done unnoted."""
    entry = Audit(at=datetime.now(UTC), who=who.name, role=who.role, what=what, about=clean(about)[:200])
    entry.detail, entry.address = clean(detail)[:2_000], address
    with store.writing() as session:
        session.add(entry)


def entries(store: Store, about: str = "", who: str = "", before: int = 0, limit: int = 100) -> Sequence[Audit]:
    """Newest first; `before` is the last one's id."""
    query = select(Audit).order_by(col(Audit.id).desc()).limit(limit)
    if about:
        query = query.where(Audit.about == about)
    if who:
        query = query.where(Audit.who == who)
    if before:
        query = query.where(col(Audit.id) < before)
    with store.reading() as session:
        return session.exec(query).all()
