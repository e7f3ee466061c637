"""Flows: read, checked, written, published and taken back."""

from dataclasses import asdict
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, PlainTextResponse
from pydantic import BaseModel, Field

from admin.offered.noting import Name, by, noted
from admin.procedures import Entry, Procedures
from callcenter.api import Guard
from callcenter.house import House
from flows import FlowError, Problem
from flows.versions import History


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


def install(app: FastAPI, house: House, guard: Guard, desk: Procedures) -> None:
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
    return Listed(**asdict(entry))


def troubles(problems: tuple[Problem, ...]) -> list[Trouble]:
    return [Trouble(line=p.line, where=p.where, cause=p.cause, remedy=p.remedy) for p in problems]
