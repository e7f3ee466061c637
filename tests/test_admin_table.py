"""Who may what: every route of the server against every role. A route without a row fails."""

import shutil
import socket

import pytest
from running import running
from starlette.routing import Route, WebSocketRoute
from visitor import Visitor, visitor_of

ROLES = ("viewer", "reviewer", "supervisor", "author", "admin")
ALL = set(ROLES)
HEARING = {"reviewer", "supervisor", "author", "admin"}
REVIEWING = {"reviewer", "supervisor", "admin"}
STEERING = {"supervisor", "admin"}
AUTHORS = {"author", "admin"}
COMPARING = {"supervisor", "author", "admin"}
ADMIN = {"admin"}

EVERYBODY = {
    ("GET", "/"),
    ("GET", "/sign-in"),
    ("POST", "/sign-in"),
    ("GET", "/first"),
    ("POST", "/first"),
    ("POST", "/theme"),
    ("GET", "/sso"),
    ("GET", "/sso/back"),
    ("GET", "/assets/{name}"),
    ("GET", "/shared/{token}"),
    ("GET", "/shared/{token}/lines"),
    ("GET", "/shared/{token}/review.json"),
    ("GET", "/shared/{token}/peaks"),
    ("GET", "/shared/{token}/audio.wav"),
}
"""Open to those who are not signed in."""

OWN_CHECK = ("/twilio/", "/v1/", "/healthz", "/readyz", "/metrics", "/openapi.json")
"""Checked by a signature or a key (test_server, test_admin_keys), or open to operations."""

TABLE = {
    ("POST", "/sign-out"): ALL,
    ("GET", "/account"): ALL,
    ("POST", "/account/password"): ALL,
    ("GET", "/users"): ADMIN,
    ("POST", "/users"): ADMIN,
    ("POST", "/users/{name}"): ADMIN,
    ("GET", "/audit"): ADMIN,
    ("GET", "/dashboard"): ALL,
    ("GET", "/webhooks"): ADMIN,
    ("POST", "/webhooks"): ADMIN,
    ("GET", "/webhooks/{hook}"): ADMIN,
    ("POST", "/webhooks/{hook}/rotate"): ADMIN,
    ("POST", "/webhooks/{hook}/switch"): ADMIN,
    ("POST", "/webhooks/{hook}/remove"): ADMIN,
    ("POST", "/webhooks/{hook}/try"): ADMIN,
    ("POST", "/webhooks/{hook}/again"): ADMIN,
    ("GET", "/keys"): ADMIN,
    ("POST", "/keys"): ADMIN,
    ("POST", "/keys/{key}/revoke"): ADMIN,
    ("GET", "/keeping"): ADMIN,
    ("POST", "/keeping"): ADMIN,
    ("POST", "/keeping/drop"): ADMIN,
    ("POST", "/keeping/forget"): ADMIN,
    ("POST", "/keeping/redact"): ADMIN,
    ("GET", "/calls"): ALL,
    ("GET", "/calls.csv"): REVIEWING,
    ("GET", "/calls.jsonl"): REVIEWING,
    ("POST", "/views"): ALL,
    ("POST", "/views/delete"): ALL,
    ("GET", "/calls/{call}"): ALL,
    ("GET", "/calls/{call}/lines"): ALL,
    ("GET", "/calls/{call}/review.json"): ALL,
    ("GET", "/calls/{call}/peaks"): ALL,
    ("GET", "/calls/{call}/audio.wav"): HEARING,
    ("GET", "/calls/{call}/download.wav"): REVIEWING,
    ("GET", "/calls/{call}/download.json"): REVIEWING,
    ("POST", "/calls/{call}/comments"): REVIEWING,
    ("POST", "/calls/{call}/comments/{id}/delete"): REVIEWING,
    ("POST", "/calls/{call}/verdict"): REVIEWING,
    ("POST", "/calls/{call}/tags"): REVIEWING,
    ("POST", "/calls/{call}/share"): REVIEWING,
    ("GET", "/flows"): ALL,
    ("POST", "/flows"): AUTHORS,
    ("GET", "/flows/{name}"): ALL,
    ("POST", "/flows/{name}"): AUTHORS,
    ("POST", "/flows/{name}/check"): AUTHORS,
    ("POST", "/flows/{name}/publish"): AUTHORS,
    ("POST", "/flows/{name}/back"): AUTHORS,
    ("GET", "/flows/{name}/steps/{step}"): ALL,
    ("POST", "/flows/{name}/steps"): AUTHORS,
    ("POST", "/flows/{name}/steps/{step}"): AUTHORS,
    ("GET", "/experiments"): ALL,
    ("POST", "/experiments"): COMPARING,
    ("GET", "/experiments/plan"): ALL,
    ("GET", "/experiments/{name}"): ALL,
    ("POST", "/experiments/{name}/start"): COMPARING,
    ("POST", "/experiments/{name}/stop"): COMPARING,
    ("POST", "/experiments/{name}/decide"): COMPARING,
    ("GET", "/experiments/{name}/calls.csv"): COMPARING,
    ("GET", "/live"): STEERING,
    ("GET", "/live/{call}"): STEERING,
    ("GET", "/live/{call}/events"): STEERING,
    ("POST", "/live/{call}/whisper"): STEERING,
    ("POST", "/live/{call}/end"): STEERING,
    ("POST", "/live/{call}/transfer"): STEERING,
    ("WEBSOCKET", "/live/{call}/listen"): STEERING,
    ("WEBSOCKET", "/live/{call}/speak"): STEERING,
    ("GET", "/phone"): HEARING,
    ("POST", "/phone/calls"): HEARING,
    ("POST", "/phone/simulated"): HEARING,
    ("GET", "/phone/calls/{call}/events"): HEARING,
    ("POST", "/phone/calls/{call}/end"): HEARING,
    ("WEBSOCKET", "/phone/calls/{call}/listen"): HEARING,
}


@pytest.fixture(scope="module")
def server(tmp_path_factory, upgraded):
    folder = tmp_path_factory.mktemp("table")
    shutil.copy(upgraded["sqlite"].removeprefix("sqlite:///"), folder / "table.db")
    sso = {"oidc_issuer": "https://id.example", "oidc_client": "us", "oidc_roles": {"*": "viewer"}}
    with running(folder, f"sqlite:///{folder / 'table.db'}", **sso) as server:
        yield server


def routes(server):
    found = set()
    for route in server.server.config.app.routes:
        if isinstance(route, WebSocketRoute) or type(route).__name__ == "APIWebSocketRoute":
            found.add(("WEBSOCKET", route.path))
        elif isinstance(route, Route):
            found |= {(method, route.path) for method in route.methods - {"HEAD"}}
    return found


def test_every_route_has_a_row_and_every_row_a_route(server):
    checked = {(method, path) for method, path in routes(server) if not path.startswith(OWN_CHECK)}
    assert checked == set(TABLE) | EVERYBODY


def asked(visitor, method, path):
    path = path.replace("{call}", "no-such-call").replace("{name}", "nobody").replace("{number}", "1")
    path = path.replace("{id}", "1").replace("{key}", "none").replace("{title}", "none").replace("{hook}", "none")
    form = {"script": "no such"} if path == "/phone/simulated" else {}
    return visitor.get(path) if method == "GET" else visitor.post(path, form)


@pytest.mark.parametrize("role", ROLES)
def test_a_role_sees_what_its_row_says_and_nothing_else(server, role):
    visitor = visitor_of(server, role)
    for (method, path), allowed in sorted(TABLE.items(), key=lambda row: row[0][1] == "/sign-out"):
        if method == "WEBSOCKET":
            continue
        status = asked(visitor, method, path).status_code
        assert (status != 403) == (role in allowed), f"{role} {method} {path}: {status}"
        assert status < 500, f"{role} {method} {path}: {status}"
    visitor.close()


@pytest.mark.parametrize("role", ["", *ROLES])
def test_a_websocket_opens_for_those_in_its_row_and_for_our_own_pages_only(server, role):
    visitor = visitor_of(server, role) if role else Visitor(server)
    cookie = {"Cookie": f"callcenter={visitor.cookie}"} if role else {}
    for (method, path), allowed in sorted(TABLE.items()):
        if method != "WEBSOCKET":
            continue
        there = path.replace("{call}", "no-such-call")
        assert opened(server, there, cookie) == (role in allowed), f"{role} {path}"
        elsewhere = {**cookie, "Origin": "https://evil.example"}
        assert not opened(server, there, elsewhere), f"{role} {path} from elsewhere"
    visitor.close()


def opened(server, path, headers):
    """Whether the handshake is answered with yes."""
    told = {"Host": f"127.0.0.1:{server.settings.port}", "Upgrade": "websocket", "Connection": "Upgrade", **headers}
    told |= {"Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
    lines = [f"GET {path} HTTP/1.1", *(f"{name}: {value}" for name, value in told.items()), "", ""]
    with socket.create_connection(("127.0.0.1", server.settings.port), timeout=10) as wire:
        wire.sendall("\r\n".join(lines).encode())
        return wire.recv(64).startswith(b"HTTP/1.1 101")


def test_nobody_sees_anything_without_signing_in(server):
    visitor = Visitor(server)
    visitor.get("/sign-in")
    for method, path in sorted(TABLE):
        if method == "WEBSOCKET":
            continue
        answer = asked(visitor, method, path)
        refused = answer.headers.get("location", "").startswith("/sign-in") if method == "GET" else True
        assert answer.status_code in (303, 401, 403), f"{method} {path}: {answer.status_code}"
        assert refused, f"{method} {path}"
    visitor.close()
