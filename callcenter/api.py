"""The JSON API under /v1 and what operations ask. By key, or from this machine only while no key is set.

The key of the settings may do everything; keys made in the admin site may do what their role may.
"""

import asyncio
import hmac
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final, Protocol, TypeVar
from urllib.parse import urlencode

from fastapi import Depends, FastAPI, HTTPException, Request, Response, params
from fastapi.responses import FileResponse, JSONResponse, PlainTextResponse
from fastapi.security import HTTPBearer
from pydantic import BaseModel

from callcenter import metrics, numbers
from callcenter.config import Settings
from callcenter.events import Rang
from callcenter.house import House
from callcenter.store import Call, Files, Leg, Search, StoreDown, Utterance
from callcenter.store.exports import exported, redacts, transcript
from callcenter.telephony.rest import Outbound, RestError
from callcenter.units import RATE

T = TypeVar("T")
BEARER: Final = HTTPBearer(auto_error=False, description="The key of the API")
"""Told in the description; `Guard` decides."""

PATIENCE = 10.0
"""Seconds that a page of calls may take."""


def operations(app: FastAPI, house: House) -> None:
    @app.get("/healthz", response_class=PlainTextResponse, include_in_schema=False)
    async def healthz() -> str:
        return "ok\n"

    @app.get("/readyz", include_in_schema=False)
    async def readyz() -> JSONResponse:
        """Whether another call would be admitted. A database that is down does not keep calls out."""
        admission = house.board.admission()
        try:
            answers = await house.board.asker.ask(house.store.answers)
        except StoreDown:
            answers = False
        body = {"admission": admission, "calls": len(house.board.lines), "database": "up" if answers else "down"}
        return JSONResponse(body, 200 if admission == "admitted" else 503)

    @app.get("/metrics", include_in_schema=False)
    async def metrics_page() -> Response:
        metrics.BACKLOG.set(house.shipper.backlog())
        return Response(metrics.page(), media_type="text/plain; version=0.0.4; charset=utf-8")


class Placing(BaseModel):
    """An outbound call to place."""

    to: str
    arm: str = ""


class Line(BaseModel):
    """A line of the transcript; times are seconds of its leg. `unheard` is what an interruption cut off."""

    side: str
    start: float
    end: float
    text: str
    unheard: str
    kind: str


class Transcript(BaseModel):
    call: str
    lines: list[Line]


class Keys(Protocol):
    """Keys that people made. All methods ask the store."""

    def allows(self, key: str, address: str, needs: str, what: str) -> bool | None:
        """Whether its holder may; None if there is no such key. Raises TooOften."""

    def sees_numbers(self, key: str) -> bool: ...

    def named(self, key: str) -> str:
        """How the audit log calls it."""


class TooOften(Exception):
    """A key, or an address with wrong ones, has asked too often; `wait` is how many seconds it has to wait."""

    def __init__(self, wait: float) -> None:
        super().__init__(f"too many requests; try again in {wait:.0f} s")
        self.wait = wait


class Guard:
    """Who may use the API: each route names the permission it needs. The key of the settings has all of them."""

    def __init__(self, settings: Settings, keys: Keys) -> None:
        self._key = settings.api_key.reveal()
        self._keys = keys

    def __call__(self, needs: str) -> list[params.Depends]:
        async def permitted(request: Request, _shown: Annotated[Any, Depends(BEARER)]) -> None:
            await self.check(request, needs)

        return [Depends(permitted)]

    async def check(self, request: Request, needs: str) -> None:
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        request.state.numbers = True
        if given.startswith("cc_"):
            request.state.numbers = await self._made_by_people(request, given, needs)
            return
        if self._key and not hmac.compare_digest(given.encode(), self._key.encode()):
            raise HTTPException(401, "a key is needed: Authorization: Bearer ...", {"WWW-Authenticate": "Bearer"})
        if not self._key and (request.client is None or request.client.host not in ("127.0.0.1", "::1")):
            raise HTTPException(403, "make a key in the admin site to use the API from another machine")

    async def _made_by_people(self, request: Request, given: str, needs: str) -> bool:
        """Lets the holder of a key pass or not; whether they may see whole telephone numbers."""
        address = request.client.host if request.client else ""
        what = f"{request.method} {request.url.path}"
        try:
            verdict = await asyncio.to_thread(self._keys.allows, given, address, needs, what)
            if verdict is None:
                raise HTTPException(401, "there is no such key", {"WWW-Authenticate": "Bearer"})
            if not verdict:
                raise HTTPException(403, "the role of this key does not allow that")
            request.state.key = await asyncio.to_thread(self._keys.named, given)
            return await asyncio.to_thread(self._keys.sees_numbers, given)
        except TooOften as error:
            raise HTTPException(429, str(error), {"Retry-After": str(round(error.wait))}) from None
        except StoreDown as error:
            raise HTTPException(503, f"the database does not answer: {error}") from None


def install(app: FastAPI, house: House, guard: Guard) -> None:
    store, board = house.store, house.board

    async def _asked(question: Callable[[], T]) -> T:
        try:
            return await board.asker.ask(question, PATIENCE)
        except StoreDown as error:
            raise HTTPException(503, f"the database does not answer: {error}") from None

    async def found(call: str) -> Call:
        row = await _asked(lambda: store.row(call) or store.row_of("twilio", call))
        if row is None:
            raise HTTPException(404, f"no call {call[:80]!r}")
        return row

    @app.get("/v1/calls", dependencies=guard("calls"), tags=["calls"])
    async def calls(
        request: Request,
        state: str = "",
        caller: str = "",
        outcome: str = "",
        arm: str = "",
        tag: str = "",
        after: str = "",
        limit: int = 50,
    ) -> dict[str, Any]:
        """Calls, newest first; `more` is what `after` takes for the next page."""
        search = Search(
            state=state, caller=caller, outcome=outcome, arm=arm, tag=tag, after=after, limit=max(1, min(limit, 200))
        )
        page = await _asked(lambda: store.calls(search))
        return {"calls": [_told(row, request) for row in page.calls], "more": page.more}

    @app.get("/v1/calls/{call}", dependencies=guard("calls"), tags=["calls"])
    async def one(request: Request, call: str) -> dict[str, Any]:
        """A call by our id or the carrier's, with its transcript and its legs."""
        row = await found(call)
        lines = await _asked(lambda: transcript(store, house.spool.root, row))
        legs = await _asked(lambda: store.legs(row.id))
        return {
            **_told(row, request),
            "transcript": [line.model_dump() for line in transcript_of(lines)],
            "legs": [{"writer": leg.writer, "state": leg.state, "seconds": leg.samples / RATE} for leg in legs],
        }

    @app.get("/v1/calls/{call}/journal", dependencies=guard("export"), tags=["calls"])
    async def journal(call: str) -> Response:
        """Everything that happened, as JSON lines."""
        row = await found(call)
        legs = await _asked(lambda: store.legs(row.id))
        files = [Files(house.spool.root, row.id, leg.writer) for leg in legs]
        lines = await _asked(lambda: [line for f in files for line in exported(store, f, row, sound=False).lines])
        return Response(b"".join(lines), media_type="application/x-ndjson")

    @app.get("/v1/calls/{call}/recording.wav", dependencies=guard("hear"), tags=["calls"])
    async def recording_wav(call: str, leg: int = 0) -> Response:
        """Both channels: left the caller, right what the caller heard of us."""
        row = await found(call)
        legs = await _asked(lambda: store.legs(row.id))
        path = await asyncio.to_thread(_recording, house, row.id, legs, leg)
        if path is None:
            raise HTTPException(404, "this leg has no recording on this machine")
        if await _asked(lambda: redacts(store, row)):
            files = Files(house.spool.root, row.id, legs[leg].writer)
            body = (await _asked(lambda: exported(store, files, row))).recording
            named = {"Content-Disposition": f'attachment; filename="{row.id}-{leg}.wav"'}
            return Response(body, media_type="audio/wav", headers=named)
        return FileResponse(path, media_type="audio/wav", filename=f"{row.id}-{leg}.wav")

    @app.post("/v1/calls", dependencies=guard("steer"), tags=["calls"], status_code=201)
    async def place(placing: Placing) -> dict[str, Any]:
        """Call somebody. Only allowed prefixes are dialled."""
        if house.account is None or not house.settings.from_number:
            raise HTTPException(409, "set CALLCENTER_TWILIO_ACCOUNT, _TWILIO_TOKEN and _FROM_NUMBER to place calls")
        try:
            party = numbers.read(placing.to, house.settings.country)
        except numbers.NumberError as error:
            raise HTTPException(422, str(error)) from None
        if not isinstance(party, numbers.Number | numbers.Address) or not house.exchange.permits(party):
            raise HTTPException(403, f"{placing.to!r} is not among CALLCENTER_DIAL_ALLOWED")
        if (admission := board.admission()) != "admitted":
            raise HTTPException(503, admission)
        rang = Rang(house.settings.from_number, str(party), "outbound")
        ringing = await board.ring("", rang, arm=placing.arm)
        about = urlencode({"call": ringing.call_id})
        order = Outbound(
            to=str(party),
            sender=house.settings.from_number,
            url=house.origin.http(f"/twilio/voice?{about}"),
            status=house.origin.http(f"/twilio/status?{about}"),
            amd=house.origin.http(f"/twilio/amd?{about}"),
        )
        try:
            sid = await asyncio.to_thread(house.account.place, order)
        except RestError as error:
            ended = partial(store.tell, ringing.call_id, state="ended", outcome="failed", ended_reason=error.kind)
            await board.asker.tell("place", ringing.call_id, ended)
            raise HTTPException(502, f"{error.detail} {error.remedy}") from None
        await board.asker.tell("place", ringing.call_id, partial(store.tell, ringing.call_id, carrier_call=sid))
        return {"id": ringing.call_id, "carrier_call": sid}


def _recording(house: House, call_id: str, legs: list[Leg], leg: int) -> Path | None:
    if not 0 <= leg < len(legs) or not legs[leg].recording:
        return None
    path = Files(house.spool.root, call_id, legs[leg].writer).recording
    return path if path.exists() else None


def hidden(number: str) -> str:
    """A number for those who may not see it."""
    return number[:2] + "…" + number[-2:] if len(number) > 6 else "…"


def _told(row: Call, request: Request) -> dict[str, Any]:
    told = row.model_dump(mode="json", exclude={"plan"}) | {"seconds": row.duration / RATE}
    return told if request.state.numbers else told | {"caller": hidden(row.caller), "called": hidden(row.called)}


def transcript_of(lines: Sequence[Utterance]) -> list[Line]:
    return [
        Line(
            side=line.side,
            start=line.start / RATE,
            end=line.end / RATE,
            text=line.text,
            unheard=line.unheard,
            kind=line.kind,
        )
        for line in lines
    ]
