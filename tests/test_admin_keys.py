"""Keys of the API: shown once, kept as a hash, allowed what their role is, revoked, slowed down, noted."""

import re
import shutil
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from kept_call import CALLER, keep
from running import running
from sqlalchemy import text, update
from visitor import visitor_of

from admin import audit
from admin.keyring import Keyring, Rate
from admin.tables import ApiKey
from admin.users import PER_ADDRESS, UserError
from callcenter.api import TooOften
from callcenter.store import Store


@pytest.fixture(scope="module")
def server(tmp_path_factory, upgraded):
    folder = tmp_path_factory.mktemp("keys")
    shutil.copy(upgraded["sqlite"].removeprefix("sqlite:///"), folder / "k.db")
    with running(folder, f"sqlite:///{folder / 'k.db'}") as server:
        yield server


@pytest.fixture(scope="module")
def call(server):
    return keep(server.house, 3)


@pytest.fixture
def ring(database):
    store = Store(database)
    yield Keyring(store)
    store.close()


def ask(server, key, path, verb="GET", **given):
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return httpx.request(verb, server.url + path, headers=headers, trust_env=False, timeout=20, **given)


def test_a_key_is_shown_once_and_kept_as_a_hash(server):
    admin = visitor_of(server, "admin")
    admin.get("/keys")
    page = admin.post("/keys", {"name": "nightly", "role": "reviewer", "days": "30"}).text
    (key,) = re.findall(r"cc_[0-9a-z]{8}_[\w-]{43}", page)
    assert key not in admin.get("/keys").text
    with server.house.store.reading() as session:
        rows = session.execute(text("select * from admin_key")).mappings().all()
    assert key not in str(rows)
    assert key[12:] not in str(rows)
    notes = [(e.what, e.about) for e in audit.entries(server.house.store)]
    assert ("made api key", key[3:11]) in notes
    assert ask(server, key, "/v1/calls").status_code == 200
    assert admin.post(f"/keys/{key[3:11]}/revoke").status_code == 303
    assert ask(server, key, "/v1/calls").status_code == 401
    assert ("revoked api key", key[3:11]) in [(e.what, e.about) for e in audit.entries(server.house.store)]
    assert admin.post(f"/keys/{key[3:11]}/revoke").status_code == 404
    admin.close()


ALL = {"viewer", "reviewer", "supervisor", "author", "admin"}
REVIEWING = {"reviewer", "supervisor", "admin"}
AUTHORS = {"author", "admin"}
COMPARING = {"supervisor", "author", "admin"}
MAY = {
    ("GET", "/v1/calls"): ALL,
    ("GET", "/v1/calls/{call}"): ALL,
    ("GET", "/v1/calls/{call}/transcript"): ALL,
    ("GET", "/v1/calls/{call}/review"): ALL,
    ("PUT", "/v1/calls/{call}/tags"): REVIEWING,
    ("GET", "/v1/calls/{call}/journal"): REVIEWING,
    ("GET", "/v1/calls/{call}/recording.wav"): {"reviewer", "supervisor", "author", "admin"},
    ("POST", "/v1/calls"): {"supervisor", "admin"},
    ("GET", "/v1/search"): REVIEWING,
    ("GET", "/v1/flows"): ALL,
    ("POST", "/v1/flows/check"): ALL,
    ("GET", "/v1/flows/{name}"): ALL,
    ("PUT", "/v1/flows/{name}"): AUTHORS,
    ("GET", "/v1/flows/{name}/versions/{number}"): ALL,
    ("POST", "/v1/flows/{name}/publish"): AUTHORS,
    ("POST", "/v1/flows/{name}/back"): AUTHORS,
    ("GET", "/v1/experiments"): ALL,
    ("POST", "/v1/experiments"): COMPARING,
    ("GET", "/v1/experiments/{name}"): ALL,
    ("GET", "/v1/experiments/{name}/reading"): ALL,
    ("GET", "/v1/experiments/{name}/calls"): COMPARING,
    ("POST", "/v1/experiments/{name}/start"): COMPARING,
    ("POST", "/v1/experiments/{name}/stop"): COMPARING,
    ("POST", "/v1/experiments/{name}/decide"): COMPARING,
    ("GET", "/calls.csv"): REVIEWING,
    ("POST", "/users"): {"admin"},
    ("GET", "/keys"): {"admin"},
}


@pytest.mark.parametrize("role", sorted(ALL))
def test_a_key_may_do_what_its_role_may_and_nothing_else(server, call, role):
    _, key = Keyring(server.house.store).make(f"of {role}", role, "ana")
    for (verb, path), roles in MAY.items():
        there = path.replace("{call}", call).replace("{name}", "none").replace("{number}", "1")
        given = {"json": {"to": "+15550107723"}} if verb in ("POST", "PUT") and path.startswith("/v1/") else {}
        status = ask(server, key, there, verb, **given).status_code
        assert (status not in (401, 403)) == (role in roles), f"{role} {verb} {path}: {status}"


def test_every_route_of_the_api_is_in_the_table(server):
    paths = {(m, r.path) for r in server.server.config.app.routes if r.path.startswith("/v1/") for m in r.methods}
    assert paths - {("GET", "/v1/docs")} <= set(MAY)


def test_numbers_are_hidden_from_a_role_that_may_not_see_them(server, call):
    for role, seen in (("viewer", False), ("reviewer", True)):
        _, key = Keyring(server.house.store).make("numbers", role, "ana")
        told = ask(server, key, f"/v1/calls/{call}").text + ask(server, key, "/v1/calls").text
        assert (CALLER in told) == seen


def test_hearing_with_a_key_is_noted(server, call):
    _, key = Keyring(server.house.store).make("listener", "reviewer", "ana")
    ask(server, key, f"/v1/calls/{call}/recording.wav")
    newest = audit.entries(server.house.store)[0]
    assert (newest.who, newest.role) == ("key listener", "reviewer")
    assert newest.what.endswith("recording.wav")


def test_the_last_use_is_seen(ring):
    row, key = ring.make("k", "viewer", "ana")
    assert row.seen_at is None
    ring.who(key, "10.0.0.7")
    (now,) = ring.all()
    assert now.seen_from == "10.0.0.7"
    assert datetime.now(UTC) - now.seen_at < timedelta(minutes=1)


def test_an_expired_key_and_one_with_another_end_are_nobodys(ring):
    row, key = ring.make("k", "viewer", "ana", days=1)
    assert ring.who(key, "a").name == "key k"
    assert ring.who(key[:-1] + ("A" if key[-1] != "A" else "B"), "a") is None
    assert ring.who("", "a") is None
    assert ring.who("cc_" + "x" * 100, "a") is None
    with ring._store.writing() as session:
        late = datetime.now(UTC) - timedelta(seconds=1)
        session.execute(update(ApiKey).where(ApiKey.id == row.id).values(until=late))
    assert ring.who(key, "a") is None


@pytest.mark.parametrize(("name", "role"), [("", "viewer"), ("k", "king"), ("k" * 61, "viewer")])
def test_a_key_that_cannot_be_is_refused(ring, name, role):
    with pytest.raises(UserError):
        ring.make(name, role, "ana")


def test_guessing_is_slowed_down_by_address(ring):
    _, key = ring.make("k", "viewer", "ana")
    for n in range(PER_ADDRESS):
        ring.who(f"cc_{n:08d}_" + "A" * 43, "6.6.6.6")
    with pytest.raises(TooOften):
        ring.who(key, "6.6.6.6")
    assert ring.who(key, "7.7.7.7") is not None


def test_a_key_has_so_many_requests_a_minute(server, monkeypatch):
    rate = Rate(60)
    for _ in range(60):
        rate.take("k", 100.0)
    with pytest.raises(TooOften) as refused:
        rate.take("k", 100.0)
    assert 0 < refused.value.wait < 3
    rate.take("other", 100.0)
    rate.take("k", 102.0)


def test_a_key_that_asks_too_often_is_told_when_to_come_back(server, call):
    _, key = Keyring(server.house.store).make("busy", "viewer", "ana")
    with httpx.Client(base_url=server.url, trust_env=False, headers={"Authorization": f"Bearer {key}"}) as client:
        answers = [client.get("/v1/calls?limit=1") for _ in range(340)]
    late = [answer for answer in answers if answer.status_code == 429]
    assert late
    assert int(late[0].headers["retry-after"]) >= 1
