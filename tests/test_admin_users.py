"""Users and sign-ins in the database: passwords, expiry, the last administrator, guessing."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update
from sqlmodel import select

from admin import audit, users
from admin.tables import Attempt, SignIn, User
from admin.users import IDLE, LIFE, PER_NAME, UserError
from callcenter.store import Store

PASSWORD = "correct horse battery"


@pytest.fixture
def store(database):
    store = Store(database)
    yield store
    store.close()


def test_a_password_is_kept_as_a_hash_and_verified(store):
    users.add(store, "Ana@Example.com", "reviewer", PASSWORD)
    with store.reading() as session:
        kept = session.get(User, "ana@example.com").password
    assert kept.startswith("$argon2id$")
    assert PASSWORD not in kept
    assert users.verify(store, "ANA@example.com", PASSWORD).role == "reviewer"
    assert users.verify(store, "ana@example.com", PASSWORD + "x") is None
    assert users.verify(store, "ben@example.com", PASSWORD) is None


@pytest.mark.parametrize(
    ("name", "role", "password"),
    [("", "viewer", PASSWORD), ("a b", "viewer", PASSWORD), ("ana", "king", PASSWORD), ("ana", "viewer", "short")],
)
def test_a_user_that_cannot_be_is_refused_with_the_reason(store, name, role, password):
    with pytest.raises(UserError):
        users.add(store, name, role, password)
    assert users.nobody_yet(store)


def test_there_is_one_first_administrator_and_no_second_one(store):
    users.add_first(store, "ana", PASSWORD)
    with pytest.raises(UserError, match="already"):
        users.add_first(store, "ben", PASSWORD)


def test_a_sign_in_is_known_by_its_token_alone_and_only_its_hash_is_kept(store):
    user = users.add(store, "ana", "viewer", PASSWORD)
    token = users.sign_in(store, user, "127.0.0.1", "a browser")
    assert users.signed_in(store, token).name == "ana"
    assert users.signed_in(store, token + "x") is None
    assert users.signed_in(store, "") is None
    with store.reading() as session:
        assert session.exec(select(SignIn.token)).one() != token


@pytest.mark.parametrize(("column", "ago"), [("seen_at", IDLE), ("began_at", LIFE)])
def test_a_sign_in_expires_when_idle_and_at_the_latest_after_its_life(store, column, ago):
    token = users.sign_in(store, users.add(store, "ana", "viewer", PASSWORD), "", "")
    with store.writing() as session:
        session.execute(update(SignIn).values({column: datetime.now(UTC) - ago - timedelta(seconds=1)}))
    assert users.signed_in(store, token) is None


@pytest.mark.parametrize("change", [{"role": "author"}, {"password": "another password"}, {"active": False}])
def test_what_changes_a_user_signs_them_out_everywhere(store, change):
    token = users.sign_in(store, users.add(store, "ana", "viewer", PASSWORD), "", "")
    users.add(store, "root", "admin", PASSWORD)
    users.change(store, "ana", **change)
    assert users.signed_in(store, token) is None


def test_the_last_administrator_can_neither_be_closed_nor_made_less(store):
    users.add(store, "ana", "admin", PASSWORD)
    for change in ({"active": False}, {"role": "viewer"}):
        with pytest.raises(UserError, match="last administrator"):
            users.change(store, "ana", **change)
    users.add(store, "ben", "admin", PASSWORD)
    assert users.change(store, "ana", role="viewer").role == "viewer"


def test_a_closed_user_is_not_let_in(store):
    users.add(store, "root", "admin", PASSWORD)
    users.add(store, "ana", "viewer", PASSWORD)
    users.change(store, "ana", active=False)
    assert users.verify(store, "ana", PASSWORD) is None


def test_guessing_closes_the_door_for_the_name_and_only_for_a_while(store):
    users.add(store, "ana", "viewer", PASSWORD)
    for _ in range(PER_NAME):
        assert not users.too_many(store, "ana", "192.0.2.1")
        users.failed(store, "Ana", "192.0.2.1")
    assert users.too_many(store, "ana", "192.0.2.9")
    assert not users.too_many(store, "ben", "192.0.2.9")
    with store.writing() as session:
        session.execute(update(Attempt).values(at=datetime.now(UTC) - users.WINDOW - timedelta(seconds=1)))
    assert not users.too_many(store, "ana", "192.0.2.1")


def test_the_audit_log_is_read_from_its_newest_entry(store):
    who = users.Signed("ana", "admin")
    for what in ("one", "two", "three"):
        audit.note(store, who, what, about="call-1" if what != "two" else "call-2", address="192.0.2.1")
    assert [entry.what for entry in audit.entries(store)] == ["three", "two", "one"]
    assert [entry.what for entry in audit.entries(store, about="call-1")] == ["three", "one"]
    newest = audit.entries(store, limit=1)[0]
    assert [entry.what for entry in audit.entries(store, before=newest.id)] == ["two", "one"]
