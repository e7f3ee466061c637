"""Single sign-on against a provider that really signs: who comes in, as what, and who is not believed."""

import shutil
import time
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from identity import CLIENT, SECRET, Identities, elliptic, shared, stranger, unsigned
from running import running
from sqlalchemy import update
from visitor import PASSWORD, Visitor

from admin import audit, oidc, users
from admin.tables import Way
from callcenter.config import Secret, SettingError, read

ROLES = {"reviewers": "reviewer", "bosses": "supervisor", "root": "admin"}


@pytest.fixture
def provider():
    made = Identities()
    yield made
    made.stop()


@pytest.fixture
def server(tmp_path, upgraded, provider):
    shutil.copy(upgraded["sqlite"].removeprefix("sqlite:///"), tmp_path / "s.db")
    told = {"oidc_issuer": provider.url, "oidc_client": CLIENT, "oidc_secret": Secret(SECRET), "oidc_roles": ROLES}
    with running(tmp_path, f"sqlite:///{tmp_path / 's.db'}", **told) as server:
        users.add(server.house.store, "boss", "admin", PASSWORD)
        yield server


VISITORS = []


@pytest.fixture(autouse=True)
def _goodbye():
    yield
    while VISITORS:
        VISITORS.pop().close()


def newcomer(server):
    """A browser that nobody has signed in with; closed at the end."""
    VISITORS.append(Visitor(server))
    return VISITORS[-1]


def there(visitor, next="/flows"):
    """To the provider and back: where the browser is sent with its code."""
    going = visitor.get(f"/sso?next={next}")
    assert going.status_code == 303
    coming = httpx.get(going.headers["location"], trust_env=False)
    assert coming.status_code == 302
    return coming.headers["location"]


def come_in(server, **given):
    visitor = newcomer(server)
    return visitor, visitor.get(there(visitor, **given))


def why(server):
    return audit.entries(server.house.store)[0].detail


def test_somebody_comes_in_by_the_provider_with_the_role_of_their_group(server, provider):
    visitor, answer = come_in(server)
    assert (answer.status_code, answer.headers["location"]) == (303, "/flows")
    assert "ana@example.com" in visitor.get("/account").text
    user = users.of_subject(server.house.store, f"{provider.url} u-1")
    assert (user.name, user.role, user.password) == ("ana@example.com", "reviewer", "")
    assert visitor.get("/users").status_code == 403
    assert audit.entries(server.house.store)[0].what == "signed in"
    assert users.verify(server.house.store, "ana@example.com", "") is None
    assert "/sso?next=" in newcomer(server).get("/sign-in").text


def test_their_role_follows_their_groups_and_the_highest_counts(server, provider):
    come_in(server)
    provider.who = {**provider.who, "groups": ["reviewers", "bosses", "others"]}
    come_in(server)
    assert users.of_subject(server.house.store, f"{provider.url} u-1").role == "supervisor"
    provider.who = {**provider.who, "groups": ["others"]}
    _, answer = come_in(server)
    assert answer.status_code == 403
    assert "no group" in why(server)


def test_whose_access_is_closed_here_does_not_come_in(server, provider):
    come_in(server)
    users.change(server.house.store, "ana@example.com", active=False)
    _, answer = come_in(server)
    assert answer.status_code == 403


def test_nobody_becomes_somebody_who_has_a_password_here(server, provider):
    provider.who = {**provider.who, "email": "boss", "preferred_username": "boss"}
    _, answer = come_in(server)
    assert answer.status_code == 403
    assert users.of_subject(server.house.store, f"{provider.url} u-1") is None


def test_an_address_that_the_provider_has_not_verified_is_no_name(server, provider):
    provider.who = {**provider.who, "email_verified": False, "preferred_username": "ana"}
    come_in(server)
    assert users.of_subject(server.house.store, f"{provider.url} u-1").name == "ana"


def test_groups_may_come_from_the_userinfo_of_the_same_user_only(server, provider):
    provider.who = {"sub": "u-2", "email": "ben@example.com", "email_verified": True}
    provider.userinfo = {"sub": "u-2", "groups": ["bosses"]}
    come_in(server)
    assert users.of_subject(server.house.store, f"{provider.url} u-2").role == "supervisor"
    provider.userinfo = {"sub": "u-3", "groups": ["root"]}
    _, answer = come_in(server)
    assert answer.status_code == 403
    assert "somebody else" in why(server)


def test_an_elliptic_key_is_as_good(server, provider):
    provider.sign = elliptic()
    provider.published, provider.alg = [provider.key, provider.sign], "ES256"
    _, answer = come_in(server)
    assert answer.status_code == 303


def test_a_provider_that_changes_its_keys_is_asked_for_them_again(server, provider, monkeypatch):
    come_in(server)
    monkeypatch.setattr(oidc, "AGAIN_S", 0.0)
    provider.sign = elliptic()
    provider.published, provider.alg = [provider.sign], "ES256"
    _, answer = come_in(server)
    assert answer.status_code == 303
    assert provider.asked.count("/keys") == 2


def late(claims):
    return {**claims, "exp": int(time.time()) - 120, "iat": int(time.time()) - 600}


def without(*names):
    return lambda claims: {name: value for name, value in claims.items() if name not in names}


@pytest.mark.parametrize(
    "amend",
    [
        lambda claims: {**claims, "nonce": "another"},
        without("nonce"),
        lambda claims: {**claims, "aud": "somebody-else"},
        lambda claims: {**claims, "aud": [CLIENT, "somebody-else"]},
        lambda claims: {**claims, "aud": [CLIENT, "somebody-else"], "azp": "somebody-else"},
        without("aud"),
        lambda claims: {**claims, "iss": "https://elsewhere.example"},
        late,
        without("exp"),
        without("iat"),
        without("sub"),
        lambda claims: {**claims, "iat": int(time.time()) + 600},
    ],
    ids=[
        "wrong nonce", "no nonce", "wrong audience", "audiences without azp", "wrong azp", "no audience",
        "wrong issuer", "expired", "no end", "no beginning", "nobody", "from the future",
    ],
)  # fmt: skip
def test_an_id_token_that_does_not_hold_lets_nobody_in(server, provider, amend):
    provider.amend = amend
    visitor, answer = come_in(server)
    assert answer.status_code == 403
    assert visitor.get("/flows").status_code == 303
    assert users.of_subject(server.house.store, f"{provider.url} u-1") is None


@pytest.mark.parametrize("fault", ["a stranger's key", "none", "our secret", "our public key", "cut", "nothing"])
def test_a_signature_that_is_not_the_providers_lets_nobody_in(server, provider, fault):
    forged = {
        "a stranger's key": lambda asked: provider.signed(provider.claims(asked), stranger()),
        "none": lambda asked: unsigned(provider.claims(asked)),
        "our secret": lambda asked: provider.signed(provider.claims(asked), shared(SECRET), "HS256"),
        "our public key": lambda asked: provider.signed(
            provider.claims(asked), shared(str(provider.key.as_dict(private=False)["n"])), "HS256", kid="k1"
        ),
        "cut": lambda asked: provider.signed(provider.claims(asked))[:-8] + "AAAAAAAA",
        "nothing": lambda _asked: None,
    }
    provider.raw = forged[fault]
    _, answer = come_in(server)
    assert answer.status_code == 403
    assert "ID token" in why(server)


def test_without_its_state_in_another_browser_twice_or_too_late_nobody_comes_back(server):
    visitor = newcomer(server)
    back = there(visitor)
    without_state = back.replace("state=", "other=")
    assert visitor.get(without_state).status_code == 403
    wrong = back.replace("state=", "state=x")
    assert visitor.get(wrong).status_code == 403
    assert newcomer(server).get(back).status_code == 403, "the way belongs to the browser that began it"
    assert visitor.get(back).status_code == 403, "whoever tried it has used it up"
    back = there(visitor)
    assert visitor.get(back).status_code == 303
    assert visitor.get(back).status_code == 403
    back = there(visitor)
    with server.house.store.writing() as session:
        session.execute(update(Way).values(until=datetime.now(UTC) - timedelta(seconds=1)))
    assert visitor.get(back).status_code == 403


def test_a_code_of_another_way_is_not_taken(server):
    """PKCE: who steals a code has not the verifier."""
    mine, theirs = newcomer(server), newcomer(server)
    stolen = parse_qs(urlsplit(there(theirs)).query)["code"][0]
    back = there(mine)
    own = parse_qs(urlsplit(back).query)["code"][0]
    assert mine.get(back.replace(own, stolen)).status_code == 403
    assert "does not take the code" in why(server)


def test_what_the_provider_refuses_and_another_provider_are_told(server, provider):
    visitor = newcomer(server)
    back = there(visitor)
    state = parse_qs(urlsplit(back).query)["state"][0]
    assert visitor.get(f"/sso/back?state={state}&error=access_denied").status_code == 403
    assert "access_denied" in why(server)
    back = there(visitor)
    other = parse_qs(urlsplit(back).query)["iss"][0]
    assert (
        visitor.get(back.replace(other.replace(":", "%3A").replace("/", "%2F"), "https://evil.example")).status_code
        == 403
    )


def test_the_way_leads_only_to_pages_of_ours(server):
    _, answer = come_in(server, next="https://evil.example/")
    assert answer.headers["location"] == "/"


def test_a_provider_that_does_not_answer_or_calls_itself_otherwise_is_told(server, provider):
    provider.issuer = "https://elsewhere.example"
    answer = newcomer(server).get("/sso")
    assert answer.status_code == 502
    assert "calls itself" in why(server)
    provider.issuer = provider.url
    assert newcomer(server).get("/sso").status_code == 303


@pytest.mark.parametrize(
    ("issuer", "client", "roles"),
    [
        ("http://id.example", "x", '{"*": "viewer"}'),
        ("https://id.example", "", '{"*": "viewer"}'),
        ("https://id.example", "x", "{}"),
    ],
)
def test_settings_that_cannot_work_are_refused(issuer, client, roles):
    told = {"ISSUER": issuer, "CLIENT": client, "ROLES": roles}
    with pytest.raises(SettingError):
        read({f"CALLCENTER_OIDC_{name}": value for name, value in told.items()})
