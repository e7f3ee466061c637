"""Calls by their filters, as transcript and as their page shows them, and their tags."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from typing import Annotated, Any

import orjson
from fastapi import FastAPI, Query, Request
from fastapi.responses import PlainTextResponse, Response
from pydantic import BaseModel, Field, create_model
from sqlalchemy import delete

from admin.call import found_in
from admin.calls import row as told_row
from admin.offered.noting import Name, noted
from admin.reviews import Reviews
from admin.search import Filter, Search
from callcenter.api import Guard, Transcript, transcript_of
from callcenter.house import House
from callcenter.store import Call, Store, exports
from callcenter.store.keeping import NEVER, policies, policy_of
from callcenter.store.tables import Tag, clean

_FILTERS: dict[str, Any] = {each.name: (str, Field("", max_length=200)) for each in fields(Filter)}


class Asked(create_model("Filters", **_FILTERS)):  # type: ignore[misc]
    """The filters of the calls page; empty asks for nothing."""

    limit: int = Field(50, ge=1, le=200)


class Tagging(BaseModel):
    tags: list[Annotated[str, Field(min_length=1, max_length=40)]] = Field(max_length=50)


def install(app: FastAPI, house: House, guard: Guard, search: Search, reviews: Reviews, redacted: Reviews) -> None:
    store = house.store

    @app.get("/v1/search", dependencies=guard("export"), tags=["calls"])
    def find(request: Request, asked: Annotated[Asked, Query()]) -> dict[str, Any]:
        """Calls by every filter of the calls page, newest first, with their figures. `q`: words that were said;
        `longer`, `shorter` are seconds, `slower` milliseconds to answer; `after` takes the last page's `more`.
        A page may hold fewer than `limit`: calls that only words match which are taken out of exports are left out."""
        results = search.find(Filter(**asked.model_dump(exclude={"limit"})), asked.limit)
        rules = policies(store) if asked.q else {}
        told = [
            found
            for found in results.rows
            if not asked.q
            or policy_of(rules, found.call).redact == NEVER
            or not hidden(store, redacted, found.call, asked.q)
        ]
        rows = [told_row(found, request.state.numbers) for found in told]
        return {"calls": rows, "more": results.more, "problems": list(results.problems)}

    @app.get("/v1/calls/{call}/transcript", dependencies=guard("calls"), tags=["calls"])
    def transcript(call: Name, format: Annotated[str, Query(pattern="^(json|text)$")] = "json") -> Any:
        """What was said, in order; as text, a line an utterance."""
        row = found_in(store, call)
        lines = transcript_of(exports.transcript(store, house.spool.root, row))
        if format == "json":
            return Transcript(call=row.id, lines=lines)
        return PlainTextResponse("".join(f"{line.side}: {line.text}\n" for line in lines))

    @app.get("/v1/calls/{call}/review", dependencies=guard("calls"), tags=["calls"])
    def review(call: Name) -> Response:
        """Everything the call's page shows: floor, overlaps, words with times, tools, variables and every figure."""
        row = found_in(store, call)
        shelf = redacted if exports.redacts(store, row) else reviews
        return Response(orjson.dumps(shelf.of(row.id)), media_type="application/json")

    @app.put("/v1/calls/{call}/tags", dependencies=guard("review"), tags=["calls"])
    def tag(request: Request, call: Name, tagging: Tagging) -> dict[str, list[str]]:
        """Gives the call these tags and no others."""
        row, wanted = found_in(store, call), sorted({clean(tag) for tag in tagging.tags})
        with store.writing() as session:
            session.execute(delete(Tag).where(Tag.call_id == row.id))  # type: ignore[arg-type]
            session.add_all([Tag(call_id=row.id, tag=word) for word in wanted])
        noted(house, request, "tagged call", row.id, " ".join(wanted))
        return {"tags": wanted}


def hidden(store: Store, redacted: Reviews, call: Call, asked: str) -> bool:
    """Whether a call has words that are asked for only where they are taken out of what leaves the house: else whoever
    asks for a number would be told whose it is."""
    within = words_of([asked]) & words_of(f"{line.text} {line.unheard}" for line in store.transcript(call.id))
    return bool(within) and bool(within - words_of(shown(redacted.of(call.id))))


def shown(review: Mapping[str, Any]) -> Iterator[str]:
    """The words of a review."""
    for line in review["lines"]:
        yield line["unheard"]
        yield from (word for _, _, word in line["words"])


def words_of(texts: Iterable[str]) -> set[str]:
    return {word for text in texts for word in re.findall(r"[^\W_]+", text.lower())}
