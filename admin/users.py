"""Users and their sign-ins, in the database: so a sign-in ends everywhere at once, and guessing is slow everywhere.

A token is 32 random bytes, kept by the browser; the database has its SHA-256 alone. Every sign-in gets a new token.
"""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, func, update
from sqlmodel import col, select

from admin.roles import ROLES
from admin.tables import Attempt, SignIn, User
from callcenter.store import Store

IDLE: Final = timedelta(hours=12)
LIFE: Final = timedelta(days=7)
WINDOW: Final = timedelta(minutes=15)
PER_NAME: Final = 10
PER_ADDRESS: Final = 50
"""Failures in the window after which a name, or an address, has to wait."""

SHORTEST: Final = 10
LONGEST: Final = 256
NAME: Final = re.compile(r"[a-z0-9][a-z0-9._+@-]{0,99}")
SEEN_EVERY: Final = timedelta(minutes=1)

HASHER: Final = PasswordHasher()
NOBODY: Final = HASHER.hash(secrets.token_hex(16))
"""Checked when there is no such user, so that both answers take as long."""


class UserError(ValueError):
    """Something about a user that a person can mend; the message says how."""


@dataclass(frozen=True, slots=True)
class Signed:
    """Somebody who is signed in."""

    name: str
    role: str
    token: str = ""
    """The browser's own; empty for a key of the API."""


def digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def new_token() -> str:
    return secrets.token_urlsafe(32)


# ----------------------------------------------------------------------------------------------------------- users


def add(store: Store, name: str, role: str, password: str = "", subject: str = "") -> User:
    user = User(
        name=_name(name),
        role=_role(role),
        password=HASHER.hash(_password(password)) if password or not subject else "",
        subject=subject,
        created_at=datetime.now(UTC),
    )
    with store.writing() as session:
        if session.get(User, user.name) is not None:
            raise UserError(f"there is a user {user.name} already")
        session.add(user)
    return user


def add_first(store: Store, name: str, password: str) -> User:
    """The first administrator: only while there is nobody at all."""
    hashed = HASHER.hash(_password(password))
    with store.writing() as session:
        if session.exec(select(User.name).limit(1)).first() is not None:
            raise UserError("there is an administrator already; sign in")
        user = User(name=_name(name), role="admin", password=hashed, created_at=datetime.now(UTC))
        session.add(user)
    return user


def change(
    store: Store, name: str, *, role: str = "", password: str = "", active: bool | None = None, keep: str = ""
) -> User:
    """Changes a user; whatever is changed ends their sign-ins (but the one whose token is `keep`)."""
    hashed = HASHER.hash(_password(password)) if password else ""
    with store.writing() as session:
        user = session.get(User, name)
        if user is None:
            raise UserError(f"there is no user {name[:80]!r}")
        user.role = _role(role) if role else user.role
        user.password = hashed or user.password
        user.active = user.active if active is None else active
        session.flush()
        session.execute(delete(SignIn).where(col(SignIn.name) == name, col(SignIn.token) != digest(keep)))
        admins = select(func.count()).select_from(User).where(col(User.role) == "admin", col(User.active))
        if not session.exec(admins).one():
            raise UserError("the last administrator stays one")
    return user


def everybody(store: Store) -> Sequence[User]:
    with store.reading() as session:
        return session.exec(select(User).order_by(col(User.name))).all()


def nobody_yet(store: Store) -> bool:
    with store.reading() as session:
        return session.exec(select(User.name).limit(1)).first() is None


def of_subject(store: Store, subject: str) -> User | None:
    with store.reading() as session:
        return session.exec(select(User).where(User.subject == subject)).first()


def _name(name: str) -> str:
    name = name.strip().lower()
    if not NAME.fullmatch(name):
        raise UserError("a name has letters, digits and . _ + @ -, and begins with a letter or digit")
    return name


def _role(role: str) -> str:
    if role not in ROLES:
        raise UserError(f"there is no role {role[:40]!r}; there are {', '.join(ROLES)}")
    return role


def _password(password: str) -> str:
    if not SHORTEST <= len(password) <= LONGEST:
        raise UserError(f"a password has {SHORTEST} to {LONGEST} characters")
    return password


# -------------------------------------------------------------------------------------------------------- signing in


def verify(store: Store, name: str, password: str) -> User | None:
    """The user, if the password is theirs. Takes as long for a name that nobody has."""
    with store.reading() as session:
        user = session.get(User, name.strip().lower())
    hashed = user.password if user is not None and user.password and user.active else NOBODY
    try:
        HASHER.verify(hashed, password[: LONGEST + 1])
    except (VerificationError, InvalidHashError):
        return None
    return user if hashed is not NOBODY else None


def too_many(store: Store, name: str, address: str) -> bool:
    """Whether this name, or this address, has failed too often of late."""
    since = datetime.now(UTC) - WINDOW
    with store.reading() as session:
        for whose, most in (_whose(name, address)[0], PER_NAME), (_whose(name, address)[1], PER_ADDRESS):
            count = select(func.count()).select_from(Attempt).where(Attempt.whose == whose, col(Attempt.at) > since)
            if session.exec(count).one() >= most:
                return True
    return False


def failed(store: Store, name: str, address: str) -> None:
    now = datetime.now(UTC)
    with store.writing() as session:
        session.execute(delete(Attempt).where(col(Attempt.at) < now - WINDOW))
        for whose in _whose(name, address):
            session.add(Attempt(whose=whose, at=now))


def _whose(name: str, address: str) -> tuple[str, str]:
    return f"name {name.strip().lower()[:100]}", f"address {address}"


def sign_in(store: Store, user: User, address: str, browser: str) -> str:
    """A new token for a new sign-in."""
    token, now = new_token(), datetime.now(UTC)
    with store.writing() as session:
        session.execute(delete(SignIn).where(_expired(now)))
        session.execute(delete(Attempt).where(col(Attempt.whose) == _whose(user.name, "")[0]))
        session.execute(update(User).where(col(User.name) == user.name).values(seen_at=now))
        entry = SignIn(token=digest(token), name=user.name, began_at=now, seen_at=now, address=address)
        entry.browser = browser[:200]
        session.add(entry)
    return token


def signed_in(store: Store, token: str) -> Signed | None:
    """Whose token this is, if it has not expired."""
    if not token:
        return None
    now = datetime.now(UTC)
    query = select(SignIn, User).join(User, col(SignIn.name) == col(User.name))
    with store.reading() as session:
        found = session.exec(query.where(SignIn.token == digest(token), col(User.active), ~_expired(now))).first()
    if found is None:
        return None
    entry, user = found
    if now - entry.seen_at > SEEN_EVERY:
        with store.writing() as session:
            session.execute(update(SignIn).where(col(SignIn.token) == entry.token).values(seen_at=now))
    return Signed(user.name, user.role, token)


def _expired(now: datetime):  # type: ignore[no-untyped-def]
    return (col(SignIn.seen_at) < now - IDLE) | (col(SignIn.began_at) < now - LIFE)


def sign_out(store: Store, token: str) -> None:
    with store.writing() as session:
        session.execute(delete(SignIn).where(col(SignIn.token) == digest(token)))
