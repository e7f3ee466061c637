"""Signing in and out, the first administrator, and one's own password."""

import hmac
import secrets
from functools import partial
from pathlib import Path
from typing import Any, Final

from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from admin import audit, users
from admin.roles import ROLES, SAYS
from admin.site import COOKIE, OPEN, THEME, Refused, Site, address, inside
from admin.tables import User
from admin.users import IDLE, LIFE, Signed, UserError
from callcenter.logs import log

LOOPBACK: Final = ("127.0.0.1", "::1")
YEAR: Final = 365 * 86_400


def install(site: Site) -> None:
    store, settings = site.house.store, site.house.settings
    code_file = settings.var / "first-sign-in-code"

    def form_page(request: Request, template: str, **shown: Any) -> Response:
        """A page with a form for somebody who is not signed in: it needs a cookie that the form can be checked by."""
        token = request.cookies.get(COOKIE, "")
        if not token:
            token = users.new_token()
            request.cookies[COOKIE] = token
        response = site.render(request, template, **shown)
        site.cookie(response, COOKIE, token, int(LIFE.total_seconds()))
        return response

    def needs_code(request: Request) -> bool:
        """Whoever is not at this very machine shows that they can read its files."""
        host = request.headers.get("host", "").rpartition(":")[0] or request.headers.get("host", "")
        here = address(request) in LOOPBACK and host.strip("[]") in (*LOOPBACK, "localhost")
        return bool(settings.public_url) or not here or "x-forwarded-for" in request.headers

    @site.get("/", OPEN)
    def root(request: Request) -> Response:
        return RedirectResponse("/calls" if request.state.who else "/sign-in", 303)

    @site.get("/sign-in", OPEN)
    def sign_in_page(request: Request, next: str = "/") -> Response:
        if request.state.who is not None:
            return RedirectResponse(inside(next), 303)
        if users.nobody_yet(store):
            return RedirectResponse("/first", 303)
        return form_page(request, "sign_in.html", title="Sign in", next=inside(next), wrong="", name="")

    @site.post("/sign-in", OPEN)
    def sign_in(request: Request) -> Response:
        form, where = request.state.form, address(request)
        name, target = form.get("name", ""), inside(form.get("next", "/"))
        if users.too_many(store, name, where):
            audit.note(store, Signed(name[:100], ""), "sign-in locked", address=where)
            raise Refused(429, "Too many attempts. Wait a quarter of an hour.")
        user = users.verify(store, name, form.get("password", ""))
        if user is None:
            users.failed(store, name, where)
            audit.note(store, Signed(name[:100], ""), "sign-in failed", address=where)
            wrong = "The name or the password is not right."
            return form_page(request, "sign_in.html", status=401, title="Sign in", next=target, wrong=wrong, name=name)
        return welcome(request, user, target)

    def welcome(request: Request, user: User, target: str) -> Response:
        if request.cookies.get(COOKIE):
            users.sign_out(store, request.cookies[COOKIE])
        token = users.sign_in(store, user, address(request), request.headers.get("user-agent", ""))
        audit.note(store, Signed(user.name, user.role), "signed in", address=address(request))
        response = RedirectResponse(target, 303)
        site.cookie(response, COOKIE, token, int(IDLE.total_seconds()))
        return response

    site.welcome = welcome

    @site.get("/first", OPEN)
    def first_page(request: Request) -> Response:
        if not users.nobody_yet(store):
            return RedirectResponse("/sign-in", 303)
        code = needs_code(request)
        if code:
            write_code(code_file)
        return form_page(request, "first.html", title="Welcome", code=code, code_file=str(code_file), wrong="", name="")

    @site.post("/first", OPEN)
    def first(request: Request) -> Response:
        form = request.state.form
        if not users.nobody_yet(store):
            raise Refused(403, "There is an administrator already.")
        if needs_code(request) and not right_code(code_file, form.get("code", "")):
            users.failed(store, "first", address(request))
            raise Refused(403, f"The code is not the one in {code_file}.")
        try:
            user = users.add_first(store, form.get("name", ""), form.get("password", ""))
        except UserError as error:
            shown = {"code": needs_code(request), "code_file": str(code_file), "name": form.get("name", "")}
            return form_page(request, "first.html", status=422, title="Welcome", wrong=f"{error}.", **shown)
        code_file.unlink(missing_ok=True)
        return welcome(request, user, "/calls")

    @site.post("/sign-out", "own")
    def sign_out(request: Request) -> Response:
        site.note(request, "signed out")
        users.sign_out(store, request.state.who.token)
        response = RedirectResponse("/sign-in", 303)
        response.delete_cookie(COOKIE, path="/")
        return response

    @site.get("/account", "own")
    def account(request: Request) -> Response:
        return site.render(request, "account.html", title="Your account", wrong="", done="")

    @site.post("/account/password", "own")
    def password(request: Request) -> Response:
        form, who = request.state.form, request.state.who
        if users.too_many(store, who.name, address(request)):
            raise Refused(429, "Too many attempts. Wait a quarter of an hour.")
        if users.verify(store, who.name, form.get("old", "")) is None:
            users.failed(store, who.name, address(request))
            wrong = "Your old password is not right."
            return site.render(request, "account.html", 401, title="Your account", wrong=wrong, done="")
        users.change(store, who.name, password=form.get("password", ""), keep=who.token)
        site.note(request, "changed password", who.name)
        return site.render(request, "account.html", title="Your account", wrong="", done="Your password is changed.")

    @site.post("/theme", OPEN)
    def theme(request: Request) -> Response:
        chosen = request.state.form.get("theme", "")
        response = RedirectResponse(inside(request.state.form.get("next", "/")), 303)
        site.cookie(response, THEME, chosen if chosen in ("light", "dark") else "auto", YEAR)
        return response

    # ------------------------------------------------------------------------------------------------------- users

    @site.get("/users", "users")
    def users_page(request: Request) -> Response:
        return site.render(request, "users.html", title="Users", users=users.everybody(store), roles=ROLES, says=SAYS)

    @site.post("/users", "users")
    def add_user(request: Request) -> Response:
        form = request.state.form
        site.note(request, "added user", form.get("name", ""), form.get("role", ""))
        users.add(store, form.get("name", ""), form.get("role", ""), form.get("password", ""))
        return RedirectResponse("/users", 303)

    @site.post("/users/{name}", "users")
    def change_user(request: Request, name: str) -> Response:
        form = request.state.form
        active = {"yes": True, "no": False}.get(form.get("active", ""))
        role, new = form.get("role", ""), form.get("password", "")
        site.note(request, "changed user", name, f"role {role or 'as before'}, active {active}")
        users.change(store, name, role=role, password=new, active=active, keep=request.state.who.token)
        return RedirectResponse("/users", 303)

    @site.get("/audit", "users")
    def audit_page(request: Request, before: int = 0, about: str = "", who: str = "") -> Response:
        found = audit.entries(store, about, who, before, 101)
        more = found[99].id if len(found) > 100 else 0
        return site.render(
            request, "audit.html", title="Audit log", entries=found[:100], more=more, about=about, by=who
        )

    @site.get("/v1/docs", OPEN)
    def docs(request: Request) -> Response:
        """What the JSON API offers, from its own description."""
        told = site.app.openapi()
        offered = [
            (verb.upper(), path, one)
            for path, verbs in told["paths"].items()
            for verb, one in verbs.items()
            if path.startswith("/v1/")
        ]
        schemas = told.get("components", {}).get("schemas", {})
        return site.render(request, "docs.html", title="API", offered=offered, body=partial(body_of, schemas))

    @site.app.get("/assets/{name}", include_in_schema=False)
    def asset(name: str) -> Response:
        found = site.assets.by_path.get(f"/assets/{name}")
        if found is None:
            return Response(status_code=404)
        kept = {"Cache-Control": "public, max-age=31536000, immutable"}
        return Response(found.body, media_type=found.kind, headers=kept)


def body_of(schemas: dict[str, Any], told: dict[str, Any]) -> list[str]:
    """The fields of the JSON that a request carries."""
    content = told.get("requestBody", {}).get("content", {}).get("application/json", {})
    named = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
    return list(schemas.get(named, {}).get("properties", {}))


def write_code(path: Path) -> None:
    """A code for whoever can read this machine's files."""
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(0o600)
    path.write_text(secrets.token_hex(8) + "\n")
    log.warning("no administrator yet", code=str(path))


def right_code(path: Path, given: str) -> bool:
    return path.exists() and hmac.compare_digest(path.read_text().strip().encode(), given.strip().encode())
