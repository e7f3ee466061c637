"""What is kept and for how long: policies, redacting a call at once, and forgetting a caller who asks for it."""

from datetime import UTC, datetime
from typing import Final

from fastapi import Request
from fastapi.responses import RedirectResponse, Response
from sqlalchemy import delete, func
from sqlmodel import Session, col, select

from admin.roles import masked
from admin.site import Form, Refused, Site
from admin.tables import Comment
from callcenter.numbers import NumberError, caller
from callcenter.store.keeping import EVERYTHING, REDACT, KeepingError, Treated, drop, keep, policies
from callcenter.store.removal import Removal
from callcenter.store.tables import Call, clean

DAYS: Final = ("audio_days", "transcript_days", "journal_days", "call_days")


def without_comments(session: Session, call_id: str) -> None:
    """What reviewers said about a call's words goes with the words."""
    session.execute(delete(Comment).where(col(Comment.call_id) == call_id))


def days(form: Form) -> dict[str, int]:
    found = {}
    for name in DAYS:
        text = form.get(name, "").strip() or "0"
        if not text.isdigit():
            raise Refused(422, "Days are whole numbers; 0 keeps for ever.")
        found[name] = int(text)
    return found


def install(site: Site, removal: Removal) -> None:
    store, settings = site.house.store, site.house.settings

    def page(request: Request, status: int = 200, **told: str | int) -> Response:
        with store.reading() as session:
            flows = sorted(session.exec(select(Call.flow).distinct()))
            counted = {
                name: session.exec(select(func.count()).select_from(Treated).where(column.is_not(None))).one()
                for name, column in (
                    ("redacted", col(Treated.redacted_at)),
                    ("audio", col(Treated.audio_at)),
                    ("transcript", col(Treated.transcript_at)),
                    ("journal", col(Treated.journal_at)),
                )
            }
        shown = {"wanted": "", "found": -1, "done": "", **told}
        return site.render(
            request,
            "keeping.html",
            status,
            title="Keeping",
            policies=sorted(policies(store).values(), key=lambda row: row.flow),
            flows=[flow for flow in flows if flow],
            redact=REDACT,
            counted=counted,
            **shown,
        )

    @site.get("/keeping", "house")
    def keeping(request: Request) -> Response:
        return page(request)

    @site.post("/keeping", "house")
    def set_policy(request: Request) -> Response:
        form, who = request.state.form, request.state.who
        flow, redact, told = clean(form.get("flow", "").strip()), form.get("redact", ""), days(form)
        detail = f"redact {redact[:20]}, " + ", ".join(f"{name} {count}" for name, count in told.items())
        site.note(request, "set keeping", flow or "every flow", detail)
        try:
            keep(store, flow, who.name, datetime.now(UTC), redact, told)
        except KeepingError as error:
            raise Refused(422, f"{error}.") from None
        return RedirectResponse("/keeping", 303)

    @site.post("/keeping/drop", "house")
    def drop_policy(request: Request) -> Response:
        flow = request.state.form.get("flow", EVERYTHING)
        site.note(request, "dropped keeping", flow or "every flow")
        drop(store, flow)
        return RedirectResponse("/keeping", 303)

    @site.post("/keeping/forget", "house")
    def forget(request: Request) -> Response:
        """First says how many calls there are; does it once that is confirmed."""
        form = request.state.form
        number = form.get("number", "").strip()
        try:
            calls = removal.calls_of(number, settings.country) if number else []
        except NumberError as error:
            raise Refused(422, f"{error}.") from None
        if form.get("sure") != "yes" or not calls:
            return page(request, wanted=number, found=len(calls))
        site.note(request, "forgot caller", masked(str(caller(number, settings.country))), f"{len(calls)} calls")
        gone = removal.forget(calls)
        left = f" {len(calls) - gone} still go on; end them and ask again." if gone < len(calls) else ""
        return page(request, done=f"{gone} calls are deleted.{left}")

    @site.post("/keeping/redact", "house")
    def redact(request: Request) -> Response:
        call = request.state.form.get("call", "").strip()
        if store.row(call) is None:
            raise Refused(404, "There is no such call.")
        site.note(request, "redacted call", call)
        counts = removal.redact(call)
        if counts is None:
            raise Refused(409, "The call still goes on.")
        told = ", ".join(f"{count} of {kind}" for kind, count in sorted(counts.items())) or "nothing"
        return page(request, done=f"Words taken out: {told}.")
