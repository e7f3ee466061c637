"""The first administrator, one's own password, and who may sign in."""

from running import running
from visitor import PASSWORD, Visitor, visitor_of

from admin import users
from admin.signin import right_code, write_code


def test_a_newcomer_at_this_machine_becomes_the_administrator(lite):
    with running(*lite) as server:
        visitor = Visitor(server)
        assert visitor.get("/").headers["location"] == "/sign-in"
        assert visitor.get("/sign-in").headers["location"] == "/first"
        page = visitor.get("/first")
        assert "first administrator" in page.text
        assert 'name="code"' not in page.text
        short = visitor.post("/first", {"name": "ana", "password": "short"})
        assert (short.status_code, "10 to 256 characters" in short.text) == (422, True)
        assert visitor.post("/first", {"name": "ana", "password": PASSWORD}).status_code == 303
        assert visitor.get("/account").status_code == 200
        assert users.everybody(server.house.store)[0].role == "admin"
        second = Visitor(server)
        assert second.get("/first").headers["location"] == "/sign-in"
        second.get("/sign-in")
        assert second.post("/first", {"name": "eve", "password": PASSWORD}).status_code == 403
        visitor.close()
        second.close()


def test_from_elsewhere_the_first_administrator_shows_a_code_from_the_machine(lite):
    with running(*lite, public_url="http://agent.example.com") as server:
        visitor = Visitor(server)
        assert 'name="code"' in visitor.get("/first").text
        form = {"name": "ana", "password": PASSWORD}
        assert visitor.post("/first", {**form, "code": "guess"}).status_code == 403
        code = (server.settings.var / "first-sign-in-code").read_text().strip()
        answer = visitor.post("/first", {**form, "code": code})
        assert answer.status_code == 303
        assert not (server.settings.var / "first-sign-in-code").exists()
        visitor.close()


def test_behind_https_the_cookie_is_never_sent_without_it(lite):
    with running(*lite, public_url="https://agent.example.com") as server:
        visitor = Visitor(server)
        answer = visitor.get("/first")
        assert "secure" in answer.headers["set-cookie"].lower()
        assert "strict-transport-security" in answer.headers
        visitor.close()


def test_a_code_is_made_once_and_read_by_nobody_else(tmp_path):
    path = tmp_path / "var" / "code"
    assert not right_code(path, "")
    write_code(path)
    code = path.read_text().strip()
    write_code(path)
    assert right_code(path, code)
    assert not right_code(path, code[:-1])
    assert path.stat().st_mode & 0o077 == 0


def test_a_password_is_changed_by_whoever_knows_the_old_one(lite):
    with running(*lite) as server:
        visitor, other = visitor_of(server, "admin"), visitor_of(server, "admin")
        assert visitor.post("/account/password", {"old": "wrong", "password": "another password"}).status_code == 401
        assert visitor.post("/account/password", {"old": PASSWORD, "password": "another password"}).status_code == 200
        assert visitor.get("/account").status_code == 200
        assert other.get("/account").status_code == 303
        visitor.close()
        other.close()


def test_an_administrator_adds_changes_and_closes_users(lite):
    with running(*lite) as server:
        visitor = visitor_of(server, "admin")
        assert visitor.post("/users", {"name": "ben", "role": "viewer", "password": PASSWORD}).status_code == 303
        visitor.post("/users/ben", {"role": "supervisor"})
        visitor.post("/users/ben", {"active": "no"})
        ben = next(user for user in users.everybody(server.house.store) if user.name == "ben")
        assert (ben.role, ben.active) == ("supervisor", False)
        log = visitor.get("/audit").text
        assert "added user" in log
        assert "changed user" in log
        visitor.close()


def test_the_theme_is_remembered_without_an_account(lite):
    with running(*lite) as server:
        visitor = Visitor(server)
        visitor.get("/first")
        visitor.post("/theme", {"theme": "dark", "next": "/first"})
        assert 'data-theme="dark"' in visitor.get("/first").text
        visitor.close()
