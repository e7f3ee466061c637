"""The page of API keys: made here, shown once, revoked here."""

from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from admin.keyring import Keyring
from admin.roles import ROLES, SAYS
from admin.site import Refused, Site

LONGEST_DAYS = 3_650


def install(site: Site, ring: Keyring) -> None:
    def page(request: Request, status: int = 200, key: str = "", made: str = "") -> Response:
        return site.render(
            request,
            "keys.html",
            status,
            title="API keys",
            keys=ring.all(),
            roles=ROLES,
            says=SAYS,
            key=key,
            made=made,
        )

    @site.get("/keys", "house")
    def keys(request: Request) -> Response:
        return page(request)

    @site.post("/keys", "house")
    def make(request: Request) -> Response:
        form, who = request.state.form, request.state.who
        days = form.get("days", "").strip() or "0"
        if not days.isdigit() or int(days) > LONGEST_DAYS:
            raise Refused(422, f"Days are 0 (until it is revoked) to {LONGEST_DAYS}.")
        row, key = ring.make(form.get("name", ""), form.get("role", ""), who.name, int(days))
        site.note(request, "made api key", row.id, f"{row.name}, {row.role}, days {days}")
        return page(request, key=key, made=row.name)

    @site.post("/keys/{key}/revoke", "house")
    def revoke(request: Request, key: str) -> Response:
        site.note(request, "revoked api key", key)
        if not ring.revoke(key):
            raise Refused(404, "There is no such key that is still valid.")
        return RedirectResponse("/keys", 303)
