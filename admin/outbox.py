"""The outbox of webhooks: what is to be delivered about calls that ended, kept in the database until it is.

A call that ends makes one delivery for each webhook, whichever process sees it first. A delivery is claimed for a
while, sent, and then told: a process that dies in between lets it go, and it is sent again. So a receiver may see a
delivery twice, and knows it by its id.
"""

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from random import Random
from typing import Any, Final

import orjson
from sqlalchemy import delete, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, exists, select

from admin import reach
from admin.tables import Delivery, Hook
from admin.users import new_token
from callcenter.store import Store
from callcenter.store.derived import Examined
from callcenter.store.tables import Call, Leg, Tag, clean
from callcenter.units import RATE

FIRST_S: Final = 10.0
LONGEST_S: Final = 6 * 3600.0
TRIES: Final = 17
"""Ten seconds, then twice as long each time, at last every six hours: for about a day and a half."""

LEASE: Final = timedelta(seconds=60)
RECENT: Final = timedelta(days=2)
OVERLAP: Final = timedelta(hours=24)
"""How long a delivery is signed with the old secret beside the new one."""

AT_ONCE: Final = 20
KEPT: Final = timedelta(days=30)
"""How long deliveries that are over stay in the log."""

WAITING, DELIVERED, GIVEN_UP = "waiting", "delivered", "given up"
ENDED, TRIED = "call.ended", "webhook.tried"


@dataclass(frozen=True, slots=True)
class Told:
    """How a delivery went."""

    status: int
    """0 if nobody answered."""
    problem: str
    took_ms: int

    @property
    def good(self) -> bool:
        return 200 <= self.status < 300


def _now() -> datetime:
    return datetime.now(UTC)


def wait(tries: int, chance: Random) -> timedelta:
    """How long until the next try, a little uneven so that many do not come at once."""
    return timedelta(seconds=min(LONGEST_S, FIRST_S * 2.0 ** (tries - 1)) * chance.uniform(0.9, 1.1))


def signature(hook: Hook, body: str, now: datetime) -> str:
    """`t=1764150000,v1=...`: HMAC-SHA256 of `t.body` by the secret, and by the old one for a while after a change."""
    stamp = int(now.timestamp())
    keys = [hook.secret]
    if hook.old_secret and hook.old_until is not None and now < hook.old_until:
        keys.append(hook.old_secret)
    signed = [hmac.new(key.encode(), f"{stamp}.{body}".encode(), sha256).hexdigest() for key in keys]
    return ",".join([f"t={stamp}", *(f"v1={one}" for one in signed)])


class Outbox:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._chance = Random()

    # ----------------------------------------------------------------------------------------------------- webhooks

    def hooks(self) -> Sequence[Hook]:
        with self._store.reading() as session:
            return session.exec(select(Hook).order_by(col(Hook.made_at))).all()

    def hook(self, id: str) -> Hook | None:
        with self._store.reading() as session:
            return session.get(Hook, id)

    def add(self, url: str, by: str) -> Hook:
        """Told of every call that ends from now on."""
        address = str(reach.checked(url))
        row = Hook(id=secrets.token_hex(6), url=clean(address), secret=fresh_secret(), made_by=by, made_at=_now())
        with self._store.writing() as session:
            session.add(row)
        return row

    def rotate(self, id: str) -> str:
        """A new secret; the old one goes on signing beside it for a day."""
        with self._store.writing() as session:
            row = session.get_one(Hook, id)
            row.old_secret, row.old_until = row.secret, datetime.now(UTC) + OVERLAP
            row.secret = fresh_secret()
            return row.secret

    def switch(self, id: str, active: bool) -> None:
        """A webhook that is switched off is told nothing, and nothing waits for it."""
        with self._store.writing() as session:
            session.execute(update(Hook).where(col(Hook.id) == id).values(active=active))
            if not active:
                mine = (col(Delivery.hook_id) == id, col(Delivery.state) == WAITING)
                session.execute(update(Delivery).where(*mine).values(state=GIVEN_UP, problem="switched off"))
            else:
                session.execute(update(Hook).where(col(Hook.id) == id).values(made_at=datetime.now(UTC)))

    def remove(self, id: str) -> None:
        with self._store.writing() as session:
            row = session.get(Hook, id)
            if row is not None:
                session.delete(row)

    # ---------------------------------------------------------------------------------------------------- deliveries

    def log(self, hook_id: str, limit: int = 100) -> Sequence[Delivery]:
        query = select(Delivery).where(Delivery.hook_id == hook_id).order_by(col(Delivery.made_at).desc())
        with self._store.reading() as session:
            return session.exec(query.limit(limit)).all()

    def fill(self, now: datetime) -> int:
        """Deliveries for calls that have ended since; how many were made."""
        made = 0
        for hook in [hook for hook in self.hooks() if hook.active]:
            for call in self._untold(hook, now):
                try:
                    with self._store.writing() as session:
                        session.add(_delivery(session, hook, call, now))
                    made += 1
                except IntegrityError:  # another process has just done it
                    continue
        return made

    def _untold(self, hook: Hook, now: datetime) -> Sequence[Call]:
        told = exists().where(col(Delivery.call_id) == Call.id, col(Delivery.hook_id) == hook.id)
        writing = exists().where(col(Leg.call_id) == Call.id, col(Leg.state) == "writing")
        over = col(Call.state).in_(("ended", "lost")), col(Call.rung_at) >= now - RECENT
        since = col(Call.ended_at) >= hook.made_at
        query = select(Call).where(*over, since, ~told, ~writing).order_by(col(Call.rung_at)).limit(AT_ONCE)
        with self._store.reading() as session:
            return session.exec(query).all()

    def try_out(self, hook: Hook) -> Delivery:
        """A delivery that tells of nothing, to see whether one arrives."""
        now = datetime.now(UTC)
        id = new_token()
        body = orjson.dumps({"id": id, "event": TRIED, "at": now}).decode()
        row = Delivery(id=id, hook_id=hook.id, event=TRIED, body=body, made_at=now, due_at=now)
        with self._store.writing() as session:
            session.add(row)
        return row

    def again(self, hook_id: str, id: str) -> bool:
        """Sends a delivery once more, now, with all its tries before it."""
        mine = (col(Delivery.id) == id, col(Delivery.hook_id) == hook_id, col(Delivery.state) != WAITING)
        again = {"state": WAITING, "tries": 0, "due_at": datetime.now(UTC)}
        with self._store.writing() as session:
            return bool(session.execute(update(Delivery).where(*mine).values(**again)).rowcount)  # type: ignore[attr-defined]

    def claim(self, now: datetime) -> list[tuple[Delivery, Hook]]:
        """What is due, and nobody else's for a while."""
        due = select(Delivery, Hook).join(Hook, col(Delivery.hook_id) == col(Hook.id))
        due = due.where(col(Delivery.state) == WAITING, col(Delivery.due_at) <= now, col(Hook.active))
        with self._store.reading() as session:
            if session.exec(due.limit(1)).first() is None:
                return []
        query = due.order_by(col(Delivery.due_at)).limit(AT_ONCE).with_for_update(skip_locked=True, of=Delivery)
        with self._store.writing() as session:
            found = list(session.exec(query))
            for delivery, _ in found:
                delivery.due_at = now + LEASE
                delivery.tries += 1
            return found

    def tell(self, delivery: Delivery, told: Told) -> None:
        """How it went: over, or to be tried again later."""
        now = datetime.now(UTC)
        if told.good:
            state, due = DELIVERED, now
        elif delivery.tries >= TRIES or told.status == 410:
            state, due = GIVEN_UP, now
        else:
            state, due = WAITING, now + wait(delivery.tries, self._chance)
        values: dict[str, Any] = {"state": state, "due_at": due, "status": told.status, "took_ms": told.took_ms}
        values |= {"problem": clean(told.problem)[:300], "tried_at": now}
        with self._store.writing() as session:
            session.execute(update(Delivery).where(col(Delivery.id) == delivery.id).values(**values))

    def sweep(self, now: datetime) -> None:
        """Deliveries that are over leave the log after a while; nothing is made of their calls again by then."""
        with self._store.writing() as session:
            old = (col(Delivery.state) != WAITING, col(Delivery.made_at) < now - KEPT)
            session.execute(delete(Delivery).where(*old))


def fresh_secret() -> str:
    return f"whsec_{new_token()}"


def _delivery(session: Session, hook: Hook, call: Call, now: datetime) -> Delivery:
    id = new_token()
    figures = session.get(Examined, call.id)
    tags = session.exec(select(Tag.tag).where(Tag.call_id == call.id).order_by(col(Tag.tag))).all()
    told = call.model_dump(mode="json", exclude={"plan"}) | {"seconds": call.duration / RATE, "tags": list(tags)}
    if figures is not None:
        told["figures"] = figures.model_dump(mode="json", exclude={"call_id", "rung_at", "version"})
    body = orjson.dumps({"id": id, "event": ENDED, "at": now, "call": told}).decode()
    return Delivery(id=id, hook_id=hook.id, call_id=call.id, event=ENDED, body=body, made_at=now, due_at=now)
