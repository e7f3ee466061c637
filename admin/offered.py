"""The JSON API for flows, experiments, and what is worked out of calls; calls themselves are `callcenter.api`.

The same deeds as the pages', with the same checks, and noted in the same audit log.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from typing import Annotated, Any

import orjson
from fastapi import FastAPI, Path, Query, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from pydantic import BaseModel, Field, create_model
from sqlalchemy import delete

from admin import audit
from admin.call import found_in
from admin.calls import row as told_row
from admin.experiments import kept_in
from admin.procedures import Entry, Procedures
from admin.reviews import Reviews
from admin.search import Filter, Search
from admin.site import address
from admin.users import Signed
from callcenter import comparing
from callcenter.api import Guard, Transcript, transcript_of
from callcenter.comparing import Shop, Wanted
from callcenter.contacts import contacts
from callcenter.experiment import ExperimentError
from callcenter.house import House
from callcenter.store import Call, Store, experiments, exports
from callcenter.store.experiments import Kept
from callcenter.store.keeping import NEVER, policies, policy_of
from callcenter.store.tables import Tag, clean
from flows import FlowError, Problem
from flows.versions import History

Name = Annotated[str, Path(max_length=60)]


_FILTERS: dict[str, Any] = {each.name: (str, Field("", max_length=200)) for each in fields(Filter)}


class Asked(create_model("Filters", **_FILTERS)):  # type: ignore[misc]
    """The filters of the calls page; empty asks for nothing."""

    limit: int = Field(50, ge=1, le=200)


class Trouble(BaseModel):
    """Something to put right in a flow."""

    line: int
    where: str
    cause: str
    remedy: str


class Text(BaseModel):
    text: str = Field(max_length=1 << 20)


class Listed(BaseModel):
    """A flow. `live` is the version callers get; null: it is as shipped. `followed`: calls follow it."""

    name: str
    title: str
    live: int | None
    versions: int
    changed: bool
    followed: bool


class Release(BaseModel):
    number: int
    hash: str
    note: str


class Whole(Listed):
    draft: str
    history: list[Release]
    problems: list[Trouble]


class Publishing(BaseModel):
    note: str = Field("", max_length=200)


class Returning(BaseModel):
    number: int


class Tagging(BaseModel):
    tags: list[Annotated[str, Field(min_length=1, max_length=40)]] = Field(max_length=50)


class Planning(BaseModel):
    """An experiment to fix. An arm is `NAME=DUPLEX[,fallback=..,eagerness=..,yielding=..,backchannels=..]`, the first
    is the control; without `callers`, as many as the effect needs."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_.\-]{0,39}$")
    arms: list[str] = Field(min_length=2, max_length=8)
    percents: list[float] = []
    callers: int = Field(0, ge=0)
    base: float = Field(0.7, gt=0, lt=1)
    effect: float = Field(0.05, gt=0, lt=1)
    repeat_days: int = Field(7, ge=0, le=365)
    resolved: list[str] = []
    excluded: list[str] = []


class Starting(BaseModel):
    """What `bench interaction` printed, with every arm's duplex; or why there is nothing."""

    gate: str = Field("", max_length=1 << 20)
    without: str = Field("", max_length=400)


class Stopping(BaseModel):
    why: str = Field(min_length=1, max_length=400)


class Deciding(BaseModel):
    """`arm` empty: nothing changes."""

    arm: str = ""
    why: str = Field(min_length=1, max_length=2_000)


def install(
    app: FastAPI,
    house: House,
    guard: Guard,
    desk: Procedures,
    search: Search,
    reviews: Reviews,
    redacted: Reviews,
) -> None:
    """`redacted` has the reviews that leave the house."""
    _calls(app, house, guard, search, reviews, redacted)
    _flows(app, house, guard, desk)
    _experiments(app, house, guard)


def noted(house: House, request: Request, what: str, about: str = "", detail: str = "") -> None:
    audit.note(house.store, Signed(by(request), "api"), what, about, detail, address(request))


def by(request: Request) -> str:
    """Who asks: the name of the key, where keys have names."""
    return str(getattr(request.state, "key", "") or "API key")


# ------------------------------------------------------------------------------------------------------------- calls


def _calls(app: FastAPI, house: House, guard: Guard, search: Search, reviews: Reviews, redacted: Reviews) -> None:
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


# ------------------------------------------------------------------------------------------------------------- flows


def _flows(app: FastAPI, house: House, guard: Guard, desk: Procedures) -> None:
    def whole(kept: History) -> Whole:
        releases = [Release(number=one.number, hash=one.hash, note=one.note) for one in kept.versions]
        return Whole(
            **vars(listed(desk.entry(kept))),
            draft=kept.draft,
            history=releases,
            problems=troubles(desk.problems(kept.draft)),
        )

    @app.get("/v1/flows", dependencies=guard("flows"), tags=["flows"])
    def all_flows() -> list[Listed]:
        """Every flow, shipped or made here."""
        return [listed(entry) for entry in desk.entries()]

    @app.post("/v1/flows/check", dependencies=guard("flows"), tags=["flows"])
    def check(text: Text) -> list[Trouble]:
        """What is wrong with a text; nothing is kept."""
        return troubles(desk.problems(text.text))

    @app.get("/v1/flows/{name}", dependencies=guard("flows"), tags=["flows"])
    def one(name: Name) -> Whole:
        """A flow with its draft, what is wrong with it, and every version."""
        return whole(desk.history(name))

    @app.get("/v1/flows/{name}/versions/{number}", dependencies=guard("flows"), tags=["flows"])
    def version(name: Name, number: int) -> PlainTextResponse:
        """The text of a version, as it was published."""
        return PlainTextResponse(desk.version(name, number))

    @app.put("/v1/flows/{name}", dependencies=guard("write_flows"), tags=["flows"])
    def save(request: Request, name: Name, text: Text) -> Whole:
        """Saves a draft, of a new flow too; one with problems is kept and cannot be published."""
        if name not in desk.names():
            desk.make(name, "", by(request))
        kept = desk.save(name, text.text, by(request))
        noted(house, request, "edited flow", name, f"{len(text.text.splitlines())} lines")
        return whole(kept)

    @app.post("/v1/flows/{name}/publish", dependencies=guard("write_flows"), tags=["flows"], response_model=Whole)
    def publish(request: Request, name: Name, publishing: Publishing) -> Any:
        """Makes the draft a version and gives it to callers. 422 with every problem while it has any."""
        try:
            kept = desk.publish(name, publishing.note, by(request))
        except FlowError as error:
            told = [one.model_dump() for one in troubles(error.problems)]
            return JSONResponse({"detail": "put the problems right first", "problems": told}, 422)
        noted(house, request, "published flow", name, publishing.note)
        return whole(kept)

    @app.post("/v1/flows/{name}/back", dependencies=guard("write_flows"), tags=["flows"])
    def back(request: Request, name: Name, returning: Returning) -> Whole:
        """Gives callers an older version again."""
        kept = desk.back(name, returning.number, by(request))
        noted(house, request, "went back to version", name, str(returning.number))
        return whole(kept)


def listed(entry: Entry) -> Listed:
    return Listed(
        name=entry.name,
        title=entry.title,
        live=entry.live,
        versions=entry.versions,
        changed=entry.changed,
        followed=entry.followed,
    )


def troubles(problems: tuple[Problem, ...]) -> list[Trouble]:
    return [Trouble(line=p.line, where=p.where, cause=p.cause, remedy=p.remedy) for p in problems]


# -------------------------------------------------------------------------------------------------------- experiments


def _experiments(app: FastAPI, house: House, guard: Guard) -> None:
    store = house.store

    def named(name: str) -> Kept:
        return kept_in(store, name)

    def changed(request: Request, kept: Kept, deed: str, detail: str = "") -> dict[str, Any]:
        noted(house, request, f"{deed} experiment", kept.row.name, detail)
        return experiment_told(kept)

    @app.get("/v1/experiments", dependencies=guard("calls"), tags=["experiments"])
    def all_experiments() -> list[dict[str, Any]]:
        """Every experiment and its state, oldest first."""
        return [row.model_dump(mode="json", exclude={"decision", "gate"}) for row in experiments.listed(store)]

    @app.post("/v1/experiments", dependencies=guard("run_experiments"), tags=["experiments"], status_code=201)
    def fix(request: Request, planning: Planning) -> dict[str, Any]:
        """Fixes arms, shares and rules; nothing of it can be changed afterwards."""
        if any("weights=" in arm for arm in planning.arms):
            raise ExperimentError("weights are files of the server's: fix such an experiment on its command line")
        shop = Shop(house.settings, house.board.serves, house.board.follows)
        kept, planned = comparing.fix(store, shop, Wanted(**planning.model_dump()))
        told = changed(request, kept, "fixed", kept.row.fingerprint[:12])
        return told | {"needs": {"one_look": planned.fixed, "any_look": planned.sequential}}

    @app.get("/v1/experiments/{name}", dependencies=guard("calls"), tags=["experiments"])
    def one(name: Name) -> dict[str, Any]:
        """What was fixed, where it stands, what was decided."""
        return experiment_told(named(name))

    @app.get("/v1/experiments/{name}/reading", dependencies=guard("calls"), tags=["experiments"])
    def reading(name: Name) -> dict[str, Any]:
        """What it says now: the split, every metric with its interval, broken guardrails, the verdict."""
        return comparing.told(comparing.look(store, named(name)))

    @app.get("/v1/experiments/{name}/calls", dependencies=guard("run_experiments"), tags=["experiments"])
    def calls(request: Request, name: Name) -> StreamingResponse:
        """The raw rows as JSON lines, one a call; callers are named by a hash."""
        kept = named(name)
        noted(house, request, "exported experiment", name)
        return StreamingResponse(_rows(house, kept), media_type="application/x-ndjson")

    @app.post("/v1/experiments/{name}/start", dependencies=guard("run_experiments"), tags=["experiments"])
    def start(request: Request, name: Name, starting: Starting) -> dict[str, Any]:
        """From now on callers are assigned."""
        named(name)
        kept = comparing.start(store, name, starting.gate, starting.without, "the gate")
        return changed(request, kept, "started", starting.without)

    @app.post("/v1/experiments/{name}/stop", dependencies=guard("run_experiments"), tags=["experiments"])
    def stop(request: Request, name: Name, stopping: Stopping) -> dict[str, Any]:
        """New calls get what is usual."""
        named(name)
        kept = experiments.stop(store, name, comparing.now(), clean(stopping.why))
        return changed(request, kept, "stopped", stopping.why)

    @app.post("/v1/experiments/{name}/decide", dependencies=guard("run_experiments"), tags=["experiments"])
    def decide(request: Request, name: Name, deciding: Deciding) -> dict[str, Any]:
        """The written record, with all that was known."""
        named(name)
        record = comparing.decide(store, name, deciding.arm, clean(deciding.why), by(request))
        return changed(request, named(name), "decided", record["verdict"])


def experiment_told(kept: Kept) -> dict[str, Any]:
    return kept.row.model_dump(mode="json")


def _rows(house: House, kept: Kept) -> Iterator[bytes]:
    for row in contacts(house.store, kept, comparing.now()):
        yield orjson.dumps(comparing.exported(kept, row)) + b"\n"
