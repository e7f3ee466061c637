"""The phone page: call the agent from the browser's microphone, or let a simulated caller do it and listen.

The browser's call takes the same way as any other: it rings, is admitted, opens its stream with a token that works
once, is journalled, recorded and reviewed. A simulated caller is `callcenter call`, the fake phone, as a process.
"""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from secrets import token_hex
from typing import Any, Final

from fastapi import Request, WebSocket, WebSocketDisconnect
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool

from admin.hub import Hub
from admin.live import stream
from admin.site import Refused, Site
from callcenter import numbers
from callcenter.events import Directed, Rang
from callcenter.switchboard import BROWSER_PATH
from flows import Flow, FlowError

SCRIPTS: Final = {
    "hello": "Says hello and asks one question",
    "bill": "Asks about a bill",
    "interrupt": "Cuts in while the agent speaks",
    "keys": "Presses keys",
    "quiet": "Hardly says anything",
}
AT_ONCE: Final = 4
"""Simulated callers at the same time."""

LONGEST_S: Final = 120
ARRIVES_WITHIN: Final = 60.0
"""Seconds a simulated caller may take to get through."""


class Simulated:
    """Fake phones as processes of their own; they end with the server."""

    def __init__(self) -> None:
        self._processes: list[subprocess.Popen[bytes]] = []

    def call(self, words: Sequence[str], environ: Mapping[str, str]) -> "subprocess.Popen[bytes]":
        quiet = subprocess.DEVNULL
        line = [sys.executable, "-m", "callcenter", "call", *words]
        process = subprocess.Popen(line, env=environ, stdin=quiet, stdout=quiet, stderr=quiet)
        self._processes.append(process)
        return process

    def count(self) -> int:
        self._processes = [process for process in self._processes if process.poll() is None]
        return len(self._processes)

    def start(self) -> None:
        pass

    def stop(self) -> None:
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            try:
                process.wait(5.0)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def install(site: Site, hub: Hub, trial: Any) -> None:
    house = site.house
    board, settings = house.board, house.settings
    owners: dict[str, str] = {}
    simulated = Simulated()
    site.works.append(simulated)

    @site.get("/phone", "phone")
    def page(request: Request, flow: str = "") -> Response:
        return site.render(
            request,
            "phone.html",
            title="Phone",
            scripts=SCRIPTS,
            trying=flow,
            flow=settings.flow,
            caller="+15550104418",
        )

    @site.post("/phone/calls", "phone")
    async def place(request: Request) -> Response:
        form = request.state.form
        admit()
        flow: Flow | None = None
        if form.get("flow"):
            flow = await run_in_threadpool(tried, form["flow"])
        caller = str(numbers.caller(form.get("caller", "").strip()[:40] or "anonymous", settings.country))
        stream_id = f"browser-{token_hex(8)}"
        await run_in_threadpool(site.note, request, "called from the browser", stream_id, form.get("flow", ""))
        ringing = await board.ring(stream_id, Rang(caller, "browser"), carrier="browser", flow=flow)
        remember(ringing.call_id, request.state.who.name)
        path = BROWSER_PATH + board.mint(ringing.call_id, 0)
        return JSONResponse({"call": ringing.call_id, "start": stream_id, "path": path})

    def tried(name: str) -> Flow:
        try:
            found: Flow = trial(name)
        except FlowError as error:
            raise Refused(422, f"The draft has problems: {error.problems[0]}") from None
        return found

    @site.post("/phone/simulated", "phone")
    async def simulate(request: Request) -> Response:
        script = request.state.form.get("script", "hello")
        if script not in SCRIPTS:
            raise Refused(422, "There is no such caller.")
        admit()
        if simulated.count() >= AT_ONCE:
            raise Refused(429, "Enough simulated callers are on the line; wait for one to finish.")
        await run_in_threadpool(site.note, request, "let a simulated caller call", script)
        before = set(board.lines)
        caller = f"+1555010{int(token_hex(2), 16) % 10_000:04d}"
        words = ("--script", script, "--caller", caller, "--limit", str(LONGEST_S))
        url = f"http://127.0.0.1:{settings.port}"
        process = await run_in_threadpool(simulated.call, (*words, "--url", url), environment())
        call = await arrived(before, caller, process)
        if not call:
            raise Refused(503, "The simulated caller did not get through; callcenter doctor says why.")
        remember(call, request.state.who.name)
        return JSONResponse({"call": call})

    def environment() -> dict[str, str]:
        """What the fake phone must know to be this server's: the token it signs with, and the public address."""
        told = {
            "CALLCENTER_VAR": str(settings.var.absolute()),
            "CALLCENTER_DATABASE": settings.database,
            "CALLCENTER_PUBLIC_URL": settings.public_url,
            "CALLCENTER_TWILIO_TOKEN": settings.twilio_token.reveal(),
            "CALLCENTER_API_KEY": settings.api_key.reveal(),
        }
        kept = {name: value for name, value in os.environ.items() if not name.startswith("CALLCENTER_")}
        return kept | {name: value for name, value in told.items() if value}

    async def arrived(before: set[str], caller: str, process: subprocess.Popen[bytes]) -> str:
        until = time.monotonic() + ARRIVES_WITHIN
        while process.poll() is None and time.monotonic() < until:
            for call in set(board.lines) - before:
                row = await run_in_threadpool(house.store.row, call)
                if row is not None and row.caller == caller:
                    return call
            await asyncio.sleep(0.1)
        return ""

    def admit() -> None:
        if (admission := board.admission()) != "admitted":
            raise Refused(503, f"No call can be taken now: the server is {admission}.")

    def remember(call: str, who: str) -> None:
        owners[call] = who
        while len(owners) > 1_000:
            owners.pop(next(iter(owners)))

    def own(request: Request, call: str) -> None:
        if owners.get(call) != request.state.who.name:
            raise Refused(404, "This is no call of yours.")

    @site.get("/phone/calls/{call}/events", "phone")
    async def events(request: Request, call: str) -> Response:
        own(request, call)
        return stream(hub, call)

    @site.post("/phone/calls/{call}/end", "phone")
    async def end(request: Request, call: str) -> Response:
        own(request, call)
        await board.order(call, Directed("hang_up", "caller", by=request.state.who.name))
        return Response(status_code=204)

    @site.socket("/phone/calls/{call}/listen")
    async def listen(socket: WebSocket, call: str) -> None:
        """A simulated caller's call, for whoever let it call."""
        who = await site.listener(socket, "phone")
        if who is None:
            return
        await socket.accept()
        if owners.get(call) != who.name:
            await socket.close(1008, "not yours")
            return
        try:
            async for turn in hub.sound(call):
                await socket.send_bytes(turn)
            await socket.close(1000)
        except (WebSocketDisconnect, RuntimeError):
            return
