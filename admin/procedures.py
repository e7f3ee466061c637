"""Flows: the list, an editor that shows each error at its line, the drawing, what changed, publishing and going back.

The rules are `flows.check` and `flows.versions`; a draft with problems can be saved and cannot be published. A flow
that was never edited here is the shipped one, and becomes a draft with the first save.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

from fastapi import Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from markupsafe import Markup

import flows
from admin.site import Refused, Site
from callcenter.background.catalogue import known_tools
from callcenter.config import Settings
from callcenter.published import Published
from callcenter.store import Store
from callcenter.store import published as shelf
from callcenter.store.tables import clean
from flows import FlowError, Problem, edit
from flows.check import check
from flows.graph import svg
from flows.versions import History, difference, edited, published, rolled_back

NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True, slots=True)
class Entry:
    """A flow in the list."""

    name: str
    title: str
    live: int | None
    versions: int
    changed: bool
    followed: bool


class Procedures:
    """What authors do to flows, on the pages and over the API."""

    def __init__(self, store: Store, settings: Settings, offer: Published) -> None:
        self._store = store
        self._offer = offer
        self._followed = settings.flow
        self.tools: Mapping[str, Any] = known_tools(Path(settings.tools) if settings.tools else None)

    def texts(self) -> dict[str, str]:
        """Every flow there is, as callers would get it."""
        drafted = shelf.names(self._store)
        return shipped_texts() | {name: text for name in drafted if (text := shelf.live_text(self._store, name))}

    def names(self) -> list[str]:
        return sorted({*self.texts(), *shelf.names(self._store)})

    def entries(self) -> list[Entry]:
        return [self.entry(self.history(name)) for name in self.names()]

    def entry(self, kept: History) -> Entry:
        live = kept.live
        changed = live is not None and kept.changed
        title = title_of(kept.draft)
        followed = kept.name == self._followed
        return Entry(kept.name, title, live.number if live else None, len(kept.versions), changed, followed)

    def problems(self, text: str) -> tuple[Problem, ...]:
        others = {}
        for name, other in self.texts().items():
            try:
                others[name] = flows.parse(other)
            except FlowError:
                continue
        return check(text, self.tools, others)

    def history(self, name: str) -> History:
        kept = shelf.history(self._store, name)
        if kept is not None:
            return kept
        text = shipped_texts().get(name)
        if text is None:
            raise Refused(404, "There is no such flow.")
        return History(name, text)

    def version(self, name: str, number: int) -> str:
        kept = self.history(name)
        if not any(known.number == number for known in kept.versions):
            raise Refused(404, "There is no such version.")
        return kept.version(number).text

    def make(self, name: str, like: str, by: str) -> History:
        """A new flow that begins as a copy of another."""
        if not NAME.fullmatch(name) or name in self.names():
            raise Refused(422, "A new name is needed: lower case letters, digits and _.")
        pattern = self.history(like or "front_desk")
        text = re.sub(r'(?m)^name\s*=\s*"[^"]*"', f'name = "{name}"', pattern.draft, count=1)
        return shelf.change(self._store, name, by, partial(_edited, text=text))

    def save(self, name: str, text: str, by: str) -> History:
        self.history(name)
        return shelf.change(self._store, name, by, partial(_edited, text=tidy(text)))

    def publish(self, name: str, note: str, by: str) -> History:
        """The draft becomes a version and callers get it; raises `FlowError` with all that is wrong with it."""
        kept, now = self.history(name), datetime.now(UTC).isoformat()

        def deed(old: History) -> History:
            draft = old if old.draft else edited(old, kept.draft)
            return published(draft, now, by, note[:200], self.problems)

        made = shelf.change(self._store, name, by, deed)
        self._offer.published(flows.parse(made.draft))
        return made

    def back(self, name: str, number: int, by: str) -> History:
        self.version(name, number)
        now = datetime.now(UTC).isoformat()
        return shelf.change(self._store, name, by, lambda old: rolled_back(old, number, now, by))


def install(site: Site, desk: Procedures) -> None:
    @site.get("/flows", "flows")
    def page(request: Request) -> Response:
        return site.render(request, "flows.html", title="Flows", entries=desk.entries())

    @site.post("/flows", "write_flows")
    def new(request: Request) -> Response:
        form = request.state.form
        name, like = form.get("name", "").strip(), form.get("like", "")
        desk.make(name, like, request.state.who.name)
        site.note(request, "made flow", name, f"like {like or 'front_desk'}")
        return RedirectResponse(f"/flows/{name}", 303)

    @site.get("/flows/{name}", "flows")
    def one(request: Request, name: str, version: int = 0) -> Response:
        kept = desk.history(name)
        return shown(request, kept, desk.version(name, version) if version else kept.draft, version)

    def shown(request: Request, kept: History, text: str, version: int = 0, status: int = 200) -> Response:
        live = kept.live
        before = live.text if live else desk.texts().get(kept.name, "")
        return site.render(
            request,
            "flow.html",
            status,
            title=title_of(text) or kept.name,
            history=kept,
            text=text,
            version=version,
            problems=desk.problems(text),
            drawing=drawing(text),
            changes=difference(before, text, f"version {live.number}" if live else "shipped", "this text"),
            steps={name: step.get("goal", "") for name, step in edit.steps(text).items()},
            tools=sorted(desk.tools),
        )

    @site.post("/flows/{name}", "write_flows")
    def save(request: Request, name: str) -> Response:
        text = request.state.form.get("text", "")
        kept = desk.save(name, text, request.state.who.name)
        site.note(request, "edited flow", name, f"{len(text.splitlines())} lines")
        return shown(request, kept, kept.draft)

    @site.post("/flows/{name}/check", "write_flows")
    def examine(request: Request, name: str) -> Response:
        text = tidy(request.state.form.get("text", ""))
        told = [{"line": p.line, "where": p.where, "cause": p.cause, "remedy": p.remedy} for p in desk.problems(text)]
        return JSONResponse({"problems": told, "drawing": str(drawing(text))})

    @site.post("/flows/{name}/publish", "write_flows")
    def publish(request: Request, name: str) -> Response:
        note = request.state.form.get("note", "")[:200]
        try:
            desk.publish(name, note, request.state.who.name)
        except FlowError:
            kept = desk.history(name)
            return shown(request, kept, kept.draft, status=422)
        site.note(request, "published flow", name, note)
        return RedirectResponse(f"/flows/{name}", 303)

    @site.post("/flows/{name}/back", "write_flows")
    def back(request: Request, name: str) -> Response:
        wanted = request.state.form.get("number", "")
        desk.back(name, int(wanted) if wanted.isdigit() else 0, request.state.who.name)
        site.note(request, "went back to version", name, wanted)
        return RedirectResponse(f"/flows/{name}", 303)


def tidy(text: str) -> str:
    """As browsers send it, without what no database takes."""
    return clean(text).replace("\r\n", "\n")


@cache
def shipped_texts() -> dict[str, str]:
    return {name: flow.text for name, flow in flows.shipped().items()}


def _edited(kept: History, text: str) -> History:
    return edited(kept, text)


def title_of(text: str) -> str:
    try:
        return flows.parse(text).title
    except FlowError:
        return ""


def drawing(text: str) -> Markup:
    """The drawing of a flow whose form is right; every word of the flow in it is escaped by `flows.graph`."""
    try:
        return Markup(svg(flows.parse(text), styled=False))
    except FlowError:
        return Markup("")
