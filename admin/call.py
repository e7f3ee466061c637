"""One call: what was said and heard, who had the floor, what the background did, and what people say about it."""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import orjson
from fastapi import Request
from fastapi.responses import FileResponse, RedirectResponse, Response
from markupsafe import Markup, escape
from sqlalchemy import delete
from sqlmodel import col, select

from admin import users
from admin.costs import bill
from admin.reviews import Reviews
from admin.search import Search
from admin.site import OPEN, Refused, Site, inside
from admin.tables import Comment, Share, Verdict
from callcenter.measures import TITLES
from callcenter.store import Call, Store
from callcenter.store.exports import redacts
from callcenter.store.tables import Tag, clean
from callcenter.units import RATE

NEAR: Final = RATE // 2
"""An answer belongs to the agent's line that begins this near to it."""

EVENTS_AT_MOST: Final = 400
"""Events listed on the page; all of them are in the download."""

FIRST: Final = 150
NEXT: Final = 1_000
"""Entries of the transcript that come with the page, and with each further piece: thousands would keep it waiting."""

SHARED_DAYS: Final = 30


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of the transcript: a line of either side, or a tool that answered."""

    at: int
    line: dict[str, Any] | None = None
    tool: dict[str, Any] | None = None
    latency: float | None = None


def spoken(line: dict[str, Any]) -> Markup:
    """The words of a line, each with its time. Written here and not in the template: there are thousands of them."""
    words = line["words"]
    return Markup(
        "".join(f'<span class="w" data-at="{a}" data-to="{b}">{escape(word)}</span> ' for a, b, word in words)
    )


def items(shown: dict[str, Any]) -> list[Item]:
    """Lines and tools in order of time, each answer with how long it took."""
    answers = sorted((start, end) for end, start, _ in shown["answers"])
    starts = [start for start, _ in answers]
    found = [Item(tool["at"], tool=tool) for tool in shown["tools"]]
    used: set[int] = set()
    for line in shown["lines"]:
        latency = None
        if line["side"] == "agent" and line["kind"] == "speech":
            place = bisect_right(starts, line["start"] + NEAR) - 1
            if place >= 0 and place not in used and abs(starts[place] - line["start"]) <= NEAR:
                used.add(place)
                latency = (answers[place][0] - answers[place][1]) / RATE
        found.append(Item(line["start"], line=line, latency=latency))
    return sorted(found, key=lambda item: item.at)


def found_in(store: Store, call_id: str) -> Call:
    row = store.row(call_id)
    if row is None:
        raise Refused(404, "There is no such call.")
    return row


def install(site: Site, search: Search, reviews: Reviews, redacted: Reviews) -> None:
    """`redacted` has the reviews that leave the house."""
    store = site.house.store

    def leaving(call: Call) -> Reviews:
        """The reviews from which a download or a shared link of this call is made."""
        return redacted if redacts(store, call) else reviews

    def found(call_id: str) -> Call:
        return found_in(store, call_id)

    def told(call: Call) -> dict[str, Any]:
        with store.reading() as session:
            comments = session.exec(select(Comment).where(Comment.call_id == call.id).order_by(col(Comment.at))).all()
            verdict = session.get(Verdict, call.id)
        return {"comments": comments, "verdict": verdict, "tags": store.tags(call.id)}

    @site.get("/calls/{call}", "calls")
    def page(request: Request, call: str, tab: str = "summary", blind: str = "") -> Response:
        row, shown = found(call), reviews.at_once(call)
        if shown is None:
            soon = site.render(request, "call_soon.html", 202, title="A long call")
            soon.headers["Refresh"] = "1"
            return soon
        earlier, later = search.neighbours(row)
        entries = items(shown)
        return site.render(
            request,
            "call.html",
            title=f"Call of {site.moment(row.rung_at)}",
            call=row,
            shown=shown,
            items=entries[:FIRST],
            more=FIRST if len(entries) > FIRST else 0,
            spoken=spoken,
            most=EVENTS_AT_MOST,
            tab=tab,
            blind=bool(blind),
            earlier=earlier,
            later=later,
            outcomes=search.choices()["outcome"],
            bill=bill(row, shown, site.house.settings.prices),
            shared="",
            **told(row),
        )

    def entries(request: Request, shelf: Reviews, call: str, since: int) -> Response:
        """The next piece of the transcript, and where the one after it begins."""
        told = items(shelf.latest(call))
        since = max(0, since)
        response = site.render(request, "transcript.html", items=told[since : since + NEXT], spoken=spoken)
        response.headers["X-More"] = str(since + NEXT if len(told) > since + NEXT else 0)
        return response

    @site.get("/calls/{call}/lines", "calls")
    def further(request: Request, call: str, since: int = 0) -> Response:
        found(call)
        return entries(request, reviews, call, since)

    @site.get("/calls/{call}/review.json", "calls")
    def as_data(call: str) -> Response:
        found(call)
        return Response(orjson.dumps(picture(reviews.latest(call))), media_type="application/json")

    @site.get("/calls/{call}/peaks", "calls")
    def peaks(call: str) -> Response:
        found(call)
        return Response(reviews.peaks(call), media_type="application/octet-stream")

    @site.get("/calls/{call}/audio.wav", "hear")
    def audio(request: Request, call: str) -> Response:
        found(call)
        if request.headers.get("range", "bytes=0-") in ("bytes=0-", ""):
            site.note(request, "heard call", call)
        return sound(reviews, call)

    def sound(shelf: Reviews, call: str, name: str = "") -> Response:
        path: Path | None = shelf.audio(call)
        if path is None:
            raise Refused(404, "This call has no recording here.")
        return FileResponse(path, media_type="audio/wav", filename=name or None)

    @site.get("/calls/{call}/download.wav", "export")
    def download_wav(request: Request, call: str) -> Response:
        row = found(call)
        site.note(request, "downloaded recording", call)
        return sound(leaving(row), call, f"{call}.wav")

    @site.get("/calls/{call}/download.json", "export")
    def download_json(request: Request, call: str) -> Response:
        row = found(call)
        site.note(request, "downloaded call", call)
        body = {"call": row.model_dump(mode="json", exclude={"plan"}), "review": leaving(row).of(call)}
        named = {"Content-Disposition": f'attachment; filename="{call}.json"'}
        return Response(orjson.dumps(body), media_type="application/json", headers=named)

    # ---------------------------------------------------------------------------------------------- what people say

    @site.post("/calls/{call}/comments", "review")
    def comment(request: Request, call: str) -> Response:
        form, who = request.state.form, request.state.who
        found(call)
        text = clean(form.get("text", "").strip())[:4_000]
        if not text:
            raise Refused(422, "A comment needs words.")
        at = round(float(form["at"]) * RATE) if form.get("at", "").replace(".", "", 1).isdigit() else None
        with store.writing() as session:
            session.add(Comment(call_id=call, who=who.name, made_at=datetime.now(UTC), at=at, text=text))
        return back(call, "comments")

    @site.post("/calls/{call}/comments/{id}/delete", "review")
    def uncomment(request: Request, call: str, id: int) -> Response:
        mine = delete(Comment).where(col(Comment.id) == id, col(Comment.call_id) == call)
        if request.state.who.role != "admin":
            mine = mine.where(col(Comment.who) == request.state.who.name)
        with store.writing() as session:
            session.execute(mine)
        return back(call, "comments")

    @site.post("/calls/{call}/verdict", "review")
    def verdict(request: Request, call: str) -> Response:
        form, who = request.state.form, request.state.who
        found(call)
        outcome, flagged = clean(form.get("outcome", "").strip())[:60], bool(form.get("flagged"))
        site.note(request, "reviewed call", call, f"outcome {outcome or 'as it was'}, flagged {flagged}")
        with store.writing() as session:
            row = Verdict(call_id=call, reviewer=who.name, at=datetime.now(UTC), outcome=outcome, flagged=flagged)
            session.merge(row)
        return back(call, "summary")

    @site.post("/calls/{call}/tags", "review")
    def tag(request: Request, call: str) -> Response:
        found(call)
        wanted = {clean(word)[:40] for word in request.state.form.get("tags", "").replace(",", " ").split()}
        with store.writing() as session:
            session.execute(delete(Tag).where(col(Tag.call_id) == call))
            for word in sorted(wanted):
                session.add(Tag(call_id=call, tag=word))
        return back(call, "summary")

    # ---------------------------------------------------------------------------------------------------- sharing

    @site.post("/calls/{call}/share", "review")
    def share(request: Request, call: str) -> Response:
        form, who = request.state.form, request.state.who
        found(call)
        token, now = users.new_token(), datetime.now(UTC)
        days = min(SHARED_DAYS, int(form["days"])) if form.get("days", "").isdigit() else 7
        row = Share(token=users.digest(token), call_id=call, made_by=who.name, made_at=now, until=now)
        row.until, row.audio = now + timedelta(days=max(1, days)), bool(form.get("audio"))
        site.note(request, "shared call", call, f"{days} days, {'with' if row.audio else 'without'} audio")
        with store.writing() as session:
            session.add(row)
        link = str(request.base_url).rstrip("/") + f"/shared/{token}"
        return site.render(request, "share.html", title="Shared", link=link, until=row.until, call=call)

    def shared(token: str) -> Share:
        with store.reading() as session:
            row = session.get(Share, users.digest(token))
        if row is None or row.until < datetime.now(UTC):
            raise Refused(404, "This link has expired, or there never was one.")
        return row

    @site.get("/shared/{token}", OPEN)
    def shared_page(request: Request, token: str) -> Response:
        link = shared(token)
        row = found(link.call_id)
        shown = leaving(row).latest(link.call_id)
        request.state.who = None
        told = items(shown)
        return site.render(
            request,
            "call.html",
            title=f"Call of {site.moment(row.rung_at)}",
            call=row,
            shown={**shown, "recorded": shown["recorded"] and link.audio},
            items=told[:FIRST],
            more=FIRST if len(told) > FIRST else 0,
            spoken=spoken,
            most=EVENTS_AT_MOST,
            tab="summary",
            blind=True,
            earlier="",
            later="",
            outcomes=[],
            bill=None,
            shared=f"/shared/{token}",
            comments=[],
            verdict=None,
            tags=[],
        )

    @site.get("/shared/{token}/lines", OPEN)
    def shared_lines(request: Request, token: str, since: int = 0) -> Response:
        row = found(shared(token).call_id)
        request.state.who = None
        return entries(request, leaving(row), row.id, since)

    @site.get("/shared/{token}/review.json", OPEN)
    def shared_data(token: str) -> Response:
        row = found(shared(token).call_id)
        return Response(orjson.dumps(picture(leaving(row).latest(row.id))), media_type="application/json")

    @site.get("/shared/{token}/peaks", OPEN)
    def shared_peaks(token: str) -> Response:
        row = found(shared(token).call_id)
        return Response(leaving(row).peaks(row.id), media_type="application/octet-stream")

    @site.get("/shared/{token}/audio.wav", OPEN)
    def shared_audio(token: str) -> Response:
        link = shared(token)
        if not link.audio:
            raise Refused(404, "This link is without audio.")
        return sound(leaving(found(link.call_id)), link.call_id)


def picture(shown: dict[str, Any]) -> dict[str, Any]:
    """What the drawing needs of a review."""
    names = ("samples", "step", "floor", "overlaps", "leanings", "acts", "background", "path")
    return {name: shown[name] for name in names} | {"titles": TITLES}


def back(call: str, tab: str) -> Response:
    return RedirectResponse(inside(f"/calls/{call}?tab={tab}"), 303)
