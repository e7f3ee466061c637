"""The list of calls: filters in the URL, words in transcripts, saved views, and everything as CSV or JSON lines."""

import csv
import io
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import parse_qsl

import orjson
from fastapi import Request
from fastapi.responses import RedirectResponse, Response, StreamingResponse
from sqlalchemy import delete
from sqlmodel import col, select

from admin.roles import masked, may
from admin.search import Filter, Found, Search
from admin.site import Refused, Site
from admin.tables import View
from callcenter.store.tables import clean
from callcenter.units import RATE

COLUMNS: Final = (
    "id", "rung_at", "ended_at", "seconds", "state", "direction", "caller", "called", "outcome", "ended_reason", "flow",
    "flow_version", "arm", "assigned", "served", "faults", "latency_ms", "slowest_ms", "interruptions", "yielded",
    "broken_into", "overlaps", "dead", "tools", "tool_errors", "agent_share", "tags",
)  # fmt: skip


def install(site: Site, search: Search) -> None:
    store = site.house.store

    @site.get("/calls", "calls")
    def calls(request: Request) -> Response:
        asked = Filter.read(request.query_params)
        results = search.find(asked)
        with store.reading() as session:
            views = session.exec(
                select(View).where(View.name == request.state.who.name).order_by(col(View.title))
            ).all()
        return site.render(
            request,
            "calls.html",
            title="Calls",
            asked=asked,
            results=results,
            choices=search.choices(),
            views=views,
        )

    @site.get("/calls.csv", "export")
    def as_csv(request: Request) -> Response:
        asked = Filter.read(request.query_params)
        site.note(request, "exported calls", "csv", asked.query())
        return StreamingResponse(_csv(rows(asked, request)), media_type="text/csv", headers=_named("calls.csv"))

    @site.get("/calls.jsonl", "export")
    def as_lines(request: Request) -> Response:
        asked = Filter.read(request.query_params)
        site.note(request, "exported calls", "jsonl", asked.query())
        lines = (orjson.dumps(row) + b"\n" for row in rows(asked, request))
        return StreamingResponse(lines, media_type="application/x-ndjson", headers=_named("calls.jsonl"))

    def rows(asked: Filter, request: Request) -> Iterator[dict[str, Any]]:
        whole = may(request.state.who.role, "numbers")
        return (row(found, whole) for found in search.every(asked))

    @site.post("/views", "own")
    def save_view(request: Request) -> Response:
        form, who = request.state.form, request.state.who
        title = clean(form.get("title", "").strip())[:60]
        if not title:
            raise Refused(422, "A view needs a name.")
        asked = Filter.read(dict(_pairs(form.get("query", ""))))
        with store.writing() as session:
            session.merge(View(name=who.name, title=title, query=asked.query()))
        return RedirectResponse(f"/calls?{asked.query()}", 303)

    @site.post("/views/delete", "own")
    def delete_view(request: Request) -> Response:
        form, who = request.state.form, request.state.who
        with store.writing() as session:
            session.execute(delete(View).where(col(View.name) == who.name, col(View.title) == form.get("title", "")))
        return RedirectResponse("/calls", 303)


def row(found: Found, whole_numbers: bool) -> dict[str, Any]:
    """A call as exports tell it."""
    call, figures = found.call, found.measured
    told = {
        name: getattr(call, name, None) if hasattr(call, name) else getattr(figures, name, None) for name in COLUMNS
    }
    told |= {"seconds": call.duration / RATE, "outcome": found.outcome, "tags": " ".join(found.tags)}
    if not whole_numbers:
        told |= {"caller": masked(call.caller), "called": masked(call.called)}
    return told


def _csv(rows: Iterator[dict[str, Any]]) -> Iterator[str]:
    line = io.StringIO()
    writer = csv.DictWriter(line, COLUMNS)
    writer.writeheader()
    for told in rows:
        writer.writerow({name: _cell(value) for name, value in told.items()})
        yield line.getvalue()
        line.seek(0)
        line.truncate()
    yield line.getvalue()


def _cell(value: Any) -> Any:
    """A text that a spreadsheet would take for a formula is kept a text."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "-", "@", "\t", "\r") else value


def _named(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}"'}


def _pairs(query: str) -> list[tuple[str, str]]:
    return parse_qsl(query)
