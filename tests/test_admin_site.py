"""The rim of every page: headers, forms from elsewhere, forged cookies, paths that lead out."""

import re
import shutil

import pytest
from running import running
from visitor import PASSWORD, Visitor, visitor_of

from admin import audit, users
from admin.site import clock, csrf, inside


@pytest.fixture(scope="module")
def server(tmp_path_factory, upgraded):
    folder = tmp_path_factory.mktemp("site")
    shutil.copy(upgraded["sqlite"].removeprefix("sqlite:///"), folder / "site.db")
    with running(folder, f"sqlite:///{folder / 'site.db'}") as server:
        users.add(server.house.store, "root", "admin", PASSWORD)
        yield server


@pytest.fixture
def visitor(server):
    visitor = Visitor(server)
    yield visitor
    visitor.close()


def test_browsers_are_told_to_load_nothing_from_elsewhere(visitor):
    headers = visitor.get("/sign-in").headers
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert "unsafe" not in headers["content-security-policy"]
    assert policy["frame-ancestors"] == "'none'"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"


def test_a_page_is_not_shown_to_whoever_is_not_signed_in(visitor):
    answer = visitor.get("/users?x=1")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?next=%2Fusers%3Fx%3D1"


def test_signing_in_gives_a_new_cookie_that_scripts_cannot_read(visitor, server):
    visitor.get("/sign-in")
    before = visitor.cookie
    answer = visitor.post("/sign-in", {"name": "root", "password": PASSWORD, "next": "/users"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/users")
    assert visitor.cookie != before
    assert users.signed_in(server.house.store, before) is None
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert visitor.get("/users").status_code == 200


def test_signing_out_ends_the_sign_in_on_the_server(server):
    visitor = visitor_of(server, "viewer")
    token = visitor.cookie
    assert visitor.post("/sign-out").status_code == 303
    assert users.signed_in(server.house.store, token) is None
    visitor.close()


def test_a_wrong_password_says_no_more_than_that(visitor):
    visitor.get("/sign-in")
    answers = [visitor.post("/sign-in", {"name": name, "password": "wrong"}) for name in ("root", "nobody")]
    assert [answer.status_code for answer in answers] == [401, 401]
    assert "not right" in answers[0].text
    told = [re.sub(r'content="[^"]+"|root|nobody', "", answer.text) for answer in answers]
    assert told[0] == told[1]


def test_guessing_is_stopped_and_noted(visitor, server):
    visitor.get("/sign-in")
    answers = [visitor.post("/sign-in", {"name": "victim", "password": str(n)}).status_code for n in range(12)]
    assert answers == [401] * 10 + [429] * 2
    assert {"sign-in failed", "sign-in locked"} <= {entry.what for entry in audit.entries(server.house.store)}


@pytest.mark.parametrize("token", ["", "0" * 64, csrf("another sign-in")])
def test_a_form_without_this_sign_ins_token_does_nothing(server, token):
    visitor = visitor_of(server, "admin")
    answer = visitor.post("/users", {"name": "mallory", "role": "admin", "password": PASSWORD}, csrf=token)
    assert answer.status_code == 403
    assert "mallory" not in {user.name for user in users.everybody(server.house.store)}
    visitor.close()


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_form_from_another_site_does_nothing_even_with_the_token(server, headers):
    visitor = visitor_of(server, "admin")
    form = {"name": "mallory", "role": "admin", "password": PASSWORD}
    assert visitor.post("/users", form, headers=headers).status_code == 403
    assert "mallory" not in {user.name for user in users.everybody(server.house.store)}
    visitor.close()


@pytest.mark.parametrize(
    "path",
    ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "", "/\t/evil", "evil"],
)
def test_nobody_is_sent_elsewhere_after_signing_in(path, visitor):
    assert inside(path) == "/"
    assert visitor.sign_in("root", next=path).headers["location"] == "/"


def test_a_path_of_ours_is_kept():
    assert inside("/calls?outcome=failed&q=a%20b") == "/calls?outcome=failed&q=a%20b"


@pytest.mark.parametrize("path", ["/assets/../__init__.py", "/assets/..%2f__init__.py", "/assets/%2e%2e/site.py"])
def test_no_file_is_served_that_is_not_meant_to_be(visitor, path):
    assert visitor.get(path).status_code == 404


def test_what_is_served_for_ever_is_named_by_its_content(visitor):
    page = visitor.get("/sign-in").text
    name = next(part for part in page.split('"') if part.startswith("/assets/site.") and part.endswith(".css"))
    answer = visitor.get(name)
    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-type"].startswith("text/css")


def test_a_form_that_never_ends_is_cut_off(server):
    visitor = visitor_of(server, "admin")
    assert visitor.post("/users", {"name": "x" * (2 << 20)}).status_code == 413
    visitor.close()


def test_an_error_a_person_can_mend_is_told_as_a_sentence(server):
    visitor = visitor_of(server, "admin")
    answer = visitor.post("/users", {"name": "<b>", "role": "admin", "password": PASSWORD})
    assert answer.status_code == 422
    assert "a name has letters" in answer.text
    visitor.close()


def test_what_users_are_called_is_never_markup(server):
    visitor = visitor_of(server, "admin")
    visitor.get("/sign-in")
    audit.note(server.house.store, users.Signed("<script>alert(1)</script>", ""), "tried", about='"><img src=x>')
    page = visitor.get("/audit").text
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    visitor.close()


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00"), (187.46, "3:07"), (3723, "1:02:03")])
def test_times_are_written_as_people_read_them(seconds, text):
    assert clock(seconds) == text
