"""Experiments: fixed, begun, read, stopped, decided, and their raw rows."""

from collections.abc import Iterator
from typing import Any

import orjson
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from admin.experiments import kept_in
from admin.offered.noting import Name, by, noted
from callcenter import comparing
from callcenter.api import Guard
from callcenter.comparing import Shop, Wanted
from callcenter.contacts import contacts
from callcenter.experiment import ExperimentError
from callcenter.house import House
from callcenter.store import experiments
from callcenter.store.experiments import Kept
from callcenter.store.tables import clean


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


def install(app: FastAPI, house: House, guard: Guard) -> None:
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
