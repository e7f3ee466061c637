"""The pages of webhooks: where ended calls are told to, the log of deliveries, secrets that are shown once."""

from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from admin import reach
from admin.outbox import Outbox
from admin.site import Refused, Site
from admin.tables import Hook


def install(site: Site, outbox: Outbox) -> None:
    allowed = site.house.settings.hooks_allowed

    def found(id: str) -> Hook:
        row = outbox.hook(id)
        if row is None:
            raise Refused(404, "There is no such webhook.")
        return row

    def page(request: Request, secret: str = "", of: str = "") -> Response:
        return site.render(
            request, "hooks.html", title="Webhooks", hooks=outbox.hooks(), secret=secret, of=of, allowed=allowed
        )

    @site.get("/webhooks", "house")
    def hooks(request: Request) -> Response:
        return page(request)

    @site.post("/webhooks", "house")
    def add(request: Request) -> Response:
        url = request.state.form.get("url", "").strip()
        try:
            reach.resolved(reach.checked(url), allowed)
            site.note(request, "added webhook", url[:200])
            row = outbox.add(url, request.state.who.name)
        except reach.Unreachable as error:
            raise Refused(422, f"{error}.") from None
        return page(request, row.secret, row.url)

    @site.get("/webhooks/{hook}", "house")
    def one(request: Request, hook: str) -> Response:
        return site.render(request, "hook.html", title="Webhook", hook=found(hook), log=outbox.log(hook))

    @site.post("/webhooks/{hook}/rotate", "house")
    def rotate(request: Request, hook: str) -> Response:
        row = found(hook)
        site.note(request, "changed secret of webhook", hook, row.url)
        return page(request, outbox.rotate(hook), row.url)

    @site.post("/webhooks/{hook}/switch", "house")
    def switch(request: Request, hook: str) -> Response:
        active = request.state.form.get("active") == "yes"
        site.note(request, "switched webhook", hook, f"{found(hook).url} {'on' if active else 'off'}")
        outbox.switch(hook, active)
        return RedirectResponse(f"/webhooks/{hook}", 303)

    @site.post("/webhooks/{hook}/remove", "house")
    def remove(request: Request, hook: str) -> Response:
        site.note(request, "removed webhook", hook, found(hook).url)
        outbox.remove(hook)
        return RedirectResponse("/webhooks", 303)

    @site.post("/webhooks/{hook}/try", "house")
    def try_out(request: Request, hook: str) -> Response:
        row = found(hook)
        site.note(request, "tried webhook", hook, row.url)
        outbox.try_out(row)
        return RedirectResponse(f"/webhooks/{hook}", 303)

    @site.post("/webhooks/{hook}/again", "house")
    def again(request: Request, hook: str) -> Response:
        id = request.state.form.get("delivery", "")
        site.note(request, "sent delivery again", hook, id[:60])
        if not outbox.again(hook, id):
            raise Refused(404, "There is no such delivery that is over.")
        return RedirectResponse(f"/webhooks/{hook}", 303)
