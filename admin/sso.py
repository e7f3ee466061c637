"""Single sign-on: to the OpenID provider and back, and what somebody's groups make of them here.

The way there is kept in the database under a hash of its state, and belongs to the browser that began it: it is taken
once. Who has none of the groups named in the settings does not come in, and whose groups change changes the role.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from fastapi import Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import delete
from sqlmodel import col

from admin import audit, users
from admin.oidc import Identity, OidcError, Provider
from admin.roles import ROLES
from admin.site import OPEN, Refused, Site, address, inside
from admin.tables import User, Way
from admin.users import Signed, UserError, digest, new_token
from callcenter.store import Store

COOKIE: Final = "callcenter-sso"
LASTS: Final = timedelta(minutes=10)
BACK: Final = "/sso/back"
RANKS: Final = ("viewer", "author", "reviewer", "supervisor", "admin")
"""Whoever is in groups of several roles has the last of these."""

EVERYBODY: Final = "*"
"""A group in the settings that everybody is in whom the provider lets in."""


def role_of(groups: tuple[str, ...], roles: Mapping[str, Any]) -> str:
    """The role that these groups give; empty if none."""
    given = [roles[group] for group in (*groups, EVERYBODY) if group in roles]
    return max(given, key=RANKS.index, default="")


def welcomed(store: Store, identity: Identity, role: str) -> User:
    """The user whom the provider names, made or changed as the provider says."""
    subject = f"{identity.issuer} {identity.subject}"
    user = users.of_subject(store, subject)
    if user is None:
        return users.add(store, identity.name, role, subject=subject)
    if not user.active:
        raise UserError("an administrator has closed your access")
    return user if user.role == role else users.change(store, user.name, role=role)


def install(site: Site) -> None:
    store, settings = site.house.store, site.house.settings
    if not settings.oidc_issuer:
        return
    roles = {group: str(role) for group, role in settings.oidc_roles.items()}
    if unknown := sorted(set(roles.values()) - set(ROLES)):
        raise ValueError(f"CALLCENTER_OIDC_ROLES names roles that there are not: {', '.join(unknown)}")
    provider = Provider(settings.oidc_issuer, settings.oidc_client, settings.oidc_secret.reveal(), settings.oidc_groups)

    site.works.append(provider)

    def refused(request: Request, why: str, status: int = 403) -> Refused:
        users.failed(store, "single sign-on", address(request))
        audit.note(store, Signed("single sign-on", ""), "sign-in failed", detail=why, address=address(request))
        return Refused(status, f"Signing in did not work: {why}.")

    def redirect() -> str:
        return site.house.origin.http(BACK)

    @site.get("/sso", OPEN)
    def there(request: Request, next: str = "/") -> Response:
        if users.too_many(store, "", address(request)):
            raise Refused(429, "Too many attempts. Wait a quarter of an hour.")
        try:
            start = provider.begin(redirect())
        except OidcError as error:
            raise refused(request, str(error), 502) from None
        browser, now = new_token(), datetime.now(UTC)
        way = Way(
            state=digest(start.state),
            browser=digest(browser),
            nonce=start.nonce,
            verifier=start.verifier,
            target=inside(next),
            until=now + LASTS,
        )
        with store.writing() as session:
            session.execute(delete(Way).where(col(Way.until) < now))
            session.add(way)
        response = RedirectResponse(start.url, 303)
        site.cookie(response, COOKIE, browser, int(LASTS.total_seconds()))
        return response

    def taken(state: str, browser: str) -> Way | None:
        """The way that this browser began with this state; nobody comes back on it twice."""
        with store.writing() as session:
            way = session.get(Way, digest(state), with_for_update=True)
            if way is None:
                return None
            session.delete(way)
        mine = bool(browser) and way.browser == digest(browser)
        return way if mine and way.until > datetime.now(UTC) else None

    @site.get(BACK, OPEN)
    def back(request: Request, code: str = "", state: str = "", error: str = "", iss: str = "") -> Response:
        if users.too_many(store, "", address(request)):
            raise Refused(429, "Too many attempts. Wait a quarter of an hour.")
        way = taken(state, request.cookies.get(COOKIE, "")) if state else None
        if way is None:
            raise refused(request, "it was begun in another browser, or too long ago; begin again")
        if error or not code:
            raise refused(request, f"the provider says {error[:100] or 'nothing'}")
        if iss and iss != settings.oidc_issuer:
            raise refused(request, "another provider answered")
        try:
            identity = provider.redeem(code, redirect(), way.nonce, way.verifier)
        except OidcError as problem:
            raise refused(request, str(problem)) from None
        role = role_of(identity.groups, roles)
        if not role:
            raise refused(request, f"{identity.name[:100]} is in no group that may come in")
        try:
            user = welcomed(store, identity, role)
        except UserError as problem:
            raise refused(request, str(problem)) from None
        response = site.welcome(request, user, inside(way.target))
        response.delete_cookie(COOKIE, path="/")
        return response
