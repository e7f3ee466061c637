"""Keys of the API: who made them, what they may, when they were used last; and how often they may ask.

A key is `cc_`, an id that everybody may know, and 32 random bytes; the database has the SHA-256 of it alone. Whoever
guesses is slowed down by address like somebody who guesses passwords; each key has so many requests a minute (in each
process).
"""

import hmac
import re
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import update
from sqlmodel import col, select

from admin import audit, users
from admin.roles import ROLES, may
from admin.tables import ApiKey
from admin.users import SEEN_EVERY, Signed, UserError, digest
from callcenter.api import TooOften
from callcenter.store import Store
from callcenter.store.tables import clean

KEY: Final = re.compile(r"cc_([0-9a-z]{8})_[A-Za-z0-9_-]{43}")
A_MINUTE: Final = 300
MINUTE_S: Final = 60.0
WATCHED: Final = 10_000
"""Keys whose rate is remembered at most."""

NOBODY: Final = "api key"
"""The name under which failed keys are counted."""

NOTED: Final = ("hear", "export", "steer", "listen")
"""Uses that are written into the audit log."""


class Rate:
    """So many requests a minute for each key: what is left of a minute fills up evenly."""

    def __init__(self, a_minute: int = A_MINUTE) -> None:
        self._most = float(a_minute)
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, key: str, now: float) -> None:
        with self._lock:
            left, then = self._left.pop(key, (self._most, now))
            left = min(self._most, left + (now - then) * self._most / MINUTE_S)
            self._left[key] = (max(0.0, left - 1), now)
            if len(self._left) > WATCHED:
                self._left.popitem(last=False)
        if left < 1:
            raise TooOften((1 - left) * MINUTE_S / self._most + 0.5)


class Keyring:
    def __init__(self, store: Store, a_minute: int = A_MINUTE) -> None:
        self._store = store
        self._rate = Rate(a_minute)

    def make(self, name: str, role: str, by: str, days: int = 0) -> tuple[ApiKey, str]:
        """A new key: its row, and the key itself, which nobody can ever see again."""
        name = clean(name).strip()
        if not 1 <= len(name) <= 60:
            raise UserError("a key needs a name of at most 60 characters")
        if role not in ROLES:
            raise UserError(f"there is no role {role[:40]!r}; there are {', '.join(ROLES)}")
        id = "".join(secrets.choice("0123456789abcdefghijklmnopqrstuvwxyz") for _ in range(8))
        key, now = f"cc_{id}_{users.new_token()}", datetime.now(UTC)
        until = now + timedelta(days=days) if days else None
        row = ApiKey(id=id, name=name, role=role, digest=digest(key), made_by=by, made_at=now, until=until)
        with self._store.writing() as session:
            session.add(row)
        return row, key

    def all(self) -> Sequence[ApiKey]:
        with self._store.reading() as session:
            return session.exec(select(ApiKey).order_by(col(ApiKey.made_at).desc())).all()

    def revoke(self, id: str) -> bool:
        """From now on nothing is answered to it. What it did stays in the audit log, and so does its row."""
        alive = (col(ApiKey.id) == id, col(ApiKey.revoked_at).is_(None))
        with self._store.writing() as session:
            done = session.execute(update(ApiKey).where(*alive).values(revoked_at=datetime.now(UTC)))
            return bool(done.rowcount)  # type: ignore[attr-defined]

    def who(self, key: str, address: str) -> Signed | None:
        """Whose key this is. Raises TooOften if it, or this address with wrong ones, has asked too often."""
        if users.too_many(self._store, NOBODY if not KEY.fullmatch(key) else key[3:11], address):
            raise TooOften(users.WINDOW.total_seconds())
        found = self._found(key)
        if found is None:
            users.failed(self._store, key[3:11] if KEY.fullmatch(key) else NOBODY, address)
            return None
        self._rate.take(found.id, time.monotonic())
        now = datetime.now(UTC)
        if found.seen_at is None or now - found.seen_at > SEEN_EVERY or found.seen_from != address:
            with self._store.writing() as session:
                seen = {"seen_at": now, "seen_from": address}
                session.execute(update(ApiKey).where(col(ApiKey.id) == found.id).values(**seen))
        return Signed(f"key {found.name}", found.role)

    def _found(self, key: str) -> ApiKey | None:
        form = KEY.fullmatch(key)
        with self._store.reading() as session:
            row = session.get(ApiKey, form[1]) if form else None
        if row is None or not hmac.compare_digest(row.digest, digest(key)):
            return None
        late = row.until is not None and row.until <= datetime.now(UTC)
        return None if late or row.revoked_at is not None else row

    # ------------------------------------------------------------------------------------------------ for the JSON API

    def allows(self, key: str, address: str, needs: str, what: str) -> bool | None:
        """Whether the holder of a key may do this; None if there is no such key. What tells of people is noted."""
        who = self.who(key, address)
        if who is None:
            return None
        if not may(who.role, needs):
            return False
        if needs in NOTED:
            audit.note(self._store, who, f"api {what}", address=address)
        return True

    def sees_numbers(self, key: str) -> bool:
        row = self._found(key)
        return row is not None and may(row.role, "numbers")

    def named(self, key: str) -> str:
        row = self._found(key)
        return f"key {row.name}" if row else ""
