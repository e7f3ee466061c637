"""The admin site's own tables: who may sign in, who is signed in, what they did, and what they said about calls.

Secrets are kept as hashes only: passwords as argon2, sign-ins and links as SHA-256 of random tokens.
"""

from datetime import datetime

from sqlalchemy import BigInteger, Index, Text, UniqueConstraint
from sqlmodel import Field

from callcenter.store.tables import Instant, Row

__all__ = [
    "ApiKey",
    "Attempt",
    "Audit",
    "Comment",
    "Delivery",
    "Hook",
    "Share",
    "SignIn",
    "User",
    "Verdict",
    "View",
    "Way",
]


class User(Row, table=True):
    """Somebody who may sign in. `password` is an argon2 hash; empty for those who come through single sign-on only."""

    __tablename__ = "admin_user"

    name: str = Field(primary_key=True)
    """Lower case; an e-mail address or a short name."""
    role: str
    password: str = ""
    subject: str = Field(default="", index=True)
    """The OpenID provider's `issuer subject`, once they came through it."""
    active: bool = True
    created_at: datetime = Field(sa_type=Instant)
    seen_at: datetime | None = Field(default=None, sa_type=Instant)


class SignIn(Row, table=True):
    """One browser of a user, until it signs out or expires."""

    __tablename__ = "admin_sign_in"

    token: str = Field(primary_key=True)
    name: str = Field(foreign_key="admin_user.name", ondelete="CASCADE", index=True)
    began_at: datetime = Field(sa_type=Instant)
    seen_at: datetime = Field(sa_type=Instant)
    address: str = ""
    browser: str = ""


class Attempt(Row, table=True):
    """A sign-in that failed; many of one name or address close the door for a while."""

    __tablename__ = "admin_attempt"
    __table_args__ = (Index(None, "whose", "at"),)

    id: int | None = Field(default=None, primary_key=True)
    whose: str
    at: datetime = Field(sa_type=Instant)


class Audit(Row, table=True):
    """What somebody did, listening included. Never changed, never deleted by the site."""

    __tablename__ = "admin_audit"
    __table_args__ = (Index(None, "at"), Index(None, "about"))

    id: int | None = Field(default=None, primary_key=True)
    at: datetime = Field(sa_type=Instant)
    who: str
    role: str = ""
    what: str
    about: str = ""
    detail: str = Field(default="", sa_type=Text)
    address: str = ""


class View(Row, table=True):
    """A saved view of the calls list: a name for its filters."""

    __tablename__ = "admin_view"

    name: str = Field(primary_key=True, foreign_key="admin_user.name", ondelete="CASCADE")
    title: str = Field(primary_key=True)
    query: str


class Comment(Row, table=True):
    """What a reviewer says about a moment of a call; `at` is samples of the whole call."""

    __tablename__ = "admin_comment"

    id: int | None = Field(default=None, primary_key=True)
    call_id: str = Field(foreign_key="call.id", ondelete="CASCADE", index=True)
    who: str
    made_at: datetime = Field(sa_type=Instant)
    at: int | None = Field(default=None, sa_type=BigInteger)
    text: str = Field(sa_type=Text)


class Verdict(Row, table=True):
    """What a reviewer found: how the call really came out, and whether somebody should look at it."""

    __tablename__ = "admin_verdict"

    call_id: str = Field(primary_key=True, foreign_key="call.id", ondelete="CASCADE")
    reviewer: str = Field(index=True)
    at: datetime = Field(sa_type=Instant)
    outcome: str = ""
    """Instead of the call's own; empty leaves that."""
    flagged: bool = False


class Share(Row, table=True):
    """A link that shows one call to whoever holds it, until it expires."""

    __tablename__ = "admin_share"

    token: str = Field(primary_key=True)
    call_id: str = Field(foreign_key="call.id", ondelete="CASCADE", index=True)
    made_by: str
    made_at: datetime = Field(sa_type=Instant)
    until: datetime = Field(sa_type=Instant)
    audio: bool = False


class ApiKey(Row, table=True):
    """A key of the API, which may do what its role may."""

    __tablename__ = "admin_key"

    id: str = Field(primary_key=True)
    """The part of the key that everybody may know."""
    name: str
    role: str
    digest: str
    made_by: str
    made_at: datetime = Field(sa_type=Instant)
    until: datetime | None = Field(default=None, sa_type=Instant)
    seen_at: datetime | None = Field(default=None, sa_type=Instant)
    seen_from: str = ""
    revoked_at: datetime | None = Field(default=None, sa_type=Instant)


class Hook(Row, table=True):
    """An address that is told of every call that ends. Its secrets stand here as they are: deliveries are signed
    with them."""

    __tablename__ = "admin_hook"

    id: str = Field(primary_key=True)
    url: str
    active: bool = True
    secret: str
    old_secret: str = ""
    old_until: datetime | None = Field(default=None, sa_type=Instant)
    made_by: str
    made_at: datetime = Field(sa_type=Instant)
    """Calls that ended before are not told."""


class Delivery(Row, table=True):
    """Something that is to be told to a webhook, or has been."""

    __tablename__ = "admin_delivery"
    __table_args__ = (UniqueConstraint("hook_id", "call_id"), Index(None, "state", "due_at"), Index(None, "call_id"))

    id: str = Field(primary_key=True)
    hook_id: str = Field(foreign_key="admin_hook.id", ondelete="CASCADE")
    call_id: str | None = Field(default=None, foreign_key="call.id", ondelete="CASCADE")
    event: str
    body: str = Field(sa_type=Text)
    state: str = "waiting"
    tries: int = 0
    made_at: datetime = Field(sa_type=Instant)
    due_at: datetime = Field(sa_type=Instant)
    tried_at: datetime | None = Field(default=None, sa_type=Instant)
    status: int = 0
    problem: str = ""
    took_ms: int = 0


class Way(Row, table=True):
    """A way to the OpenID provider that somebody is on."""

    __tablename__ = "admin_way"

    state: str = Field(primary_key=True)
    """A hash, like `browser`, the cookie of whoever began."""
    browser: str
    nonce: str
    verifier: str
    target: str = "/"
    until: datetime = Field(sa_type=Instant)
