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
from callcenter.published import Published
from callcenter.store import published as shelf
from callcenter.store.tables import clean
from flows import Flow, FlowError, Problem
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


def install(site: Site, offer: Published) -> None:
    store, settings = site.house.store, site.house.settings
    tools: Mapping[str, Any] = known_tools(Path(settings.tools) if settings.tools else None)

    def texts() -> dict[str, str]:
        """Every flow there is, as callers would get it."""
        return shipped_texts() | {name: text for name in shelf.names(store) if (text := shelf.live_text(store, name))}

    def others() -> dict[str, Flow]:
        found = {}
        for name, text in texts().items():
            try:
                found[name] = flows.parse(text)
            except FlowError:
                continue
        return found

    def problems(text: str) -> tuple[Problem, ...]:
        return check(text, tools, others())

    def history(name: str) -> History:
        kept = shelf.history(store, name)
        if kept is not None:
            return kept
        text = shipped_texts().get(name)
        if text is None:
            raise Refused(404, "There is no such flow.")
        return History(name, text)

    @site.get("/flows", "flows")
    def page(request: Request) -> Response:
        found = []
        for name in sorted({*texts(), *shelf.names(store)}):
            kept = history(name)
            live = kept.live
            changed = live is not None and kept.changed
            title = title_of(kept.draft)
            number = live.number if live else None
            found.append(Entry(name, title, number, len(kept.versions), changed, name == settings.flow))
        return site.render(request, "flows.html", title="Flows", entries=found)

    @site.post("/flows", "write_flows")
    def new(request: Request) -> Response:
        name = request.state.form.get("name", "").strip()
        if not NAME.fullmatch(name) or name in {*texts(), *shelf.names(store)}:
            raise Refused(422, "A new name is needed: lower case letters, digits and _.")
        like = history(request.state.form.get("like", "") or "front_desk")
        text = re.sub(r'(?m)^name\s*=\s*"[^"]*"', f'name = "{name}"', like.draft, count=1)
        site.note(request, "made flow", name, f"like {like.name}")
        shelf.change(store, name, request.state.who.name, partial(_edited, text=text))
        return RedirectResponse(f"/flows/{name}", 303)

    @site.get("/flows/{name}", "flows")
    def one(request: Request, name: str, version: int = 0) -> Response:
        kept = history(name)
        if version and not any(known.number == version for known in kept.versions):
            raise Refused(404, "There is no such version.")
        return shown(request, kept, kept.version(version).text if version else kept.draft, version)

    def shown(request: Request, kept: History, text: str, version: int = 0, status: int = 200) -> Response:
        found = problems(text)
        live = kept.live
        before = live.text if live else texts().get(kept.name, "")
        return site.render(
            request,
            "flow.html",
            status,
            title=title_of(text) or kept.name,
            history=kept,
            text=text,
            version=version,
            problems=found,
            drawing=drawing(text),
            changes=difference(before, text, f"version {live.number}" if live else "shipped", "this text"),
            steps=steps(text),
            tools=sorted(tools),
        )

    @site.post("/flows/{name}", "write_flows")
    def save(request: Request, name: str) -> Response:
        kept = history(name)
        text = clean(request.state.form.get("text", "")).replace("\r\n", "\n")
        site.note(request, "edited flow", name, f"{len(text.splitlines())} lines")
        kept = shelf.change(store, name, request.state.who.name, partial(_edited, text=text))
        return shown(request, kept, text)

    @site.post("/flows/{name}/check", "write_flows")
    def examine(request: Request, name: str) -> Response:
        found = problems(request.state.form.get("text", "").replace("\r\n", "\n"))
        told = [{"line": p.line, "where": p.where, "cause": p.cause, "remedy": p.remedy} for p in found]
        return JSONResponse({"problems": told, "drawing": str(drawing(request.state.form.get("text", "")))})

    @site.post("/flows/{name}/publish", "write_flows")
    def publish(request: Request, name: str) -> Response:
        form, who = request.state.form, request.state.who
        history(name)
        now = datetime.now(UTC).isoformat()
        note = form.get("note", "")[:200]
        site.note(request, "published flow", name, note)

        def deed(kept: History) -> History:
            draft = kept if kept.draft else edited(kept, history(name).draft)
            return published(draft, now, who.name, note, problems)

        try:
            shelf.change(store, name, who.name, deed)
        except FlowError:
            kept = history(name)
            return shown(request, kept, kept.draft, status=422)
        offer.published(flows.parse(history(name).draft))
        return RedirectResponse(f"/flows/{name}", 303)

    @site.post("/flows/{name}/back", "write_flows")
    def back(request: Request, name: str) -> Response:
        who, wanted = request.state.who, request.state.form.get("number", "")
        kept = history(name)
        if not wanted.isdigit() or not any(one.number == int(wanted) for one in kept.versions):
            raise Refused(404, "There is no such version.")
        site.note(request, "went back to version", name, wanted)
        now = datetime.now(UTC).isoformat()
        shelf.change(store, name, who.name, lambda old: rolled_back(old, int(wanted), now, who.name))
        return RedirectResponse(f"/flows/{name}", 303)


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


def steps(text: str) -> list[Any]:
    try:
        return list(flows.parse(text).steps.values())
    except FlowError:
        return []
