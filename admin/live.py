"""Live calls: who speaks with whom now, listening in, a word to the agent, taking over, and ending.

Everything here is noted in the audit log and in the call's own journal before it is done.
"""

import asyncio
from secrets import token_hex
from typing import Any, Final

from fastapi import Request, WebSocket, WebSocketDisconnect
from fastapi.responses import RedirectResponse, Response, StreamingResponse
from starlette.concurrency import run_in_threadpool

from admin import audit
from admin.hub import Hub
from admin.site import Refused, Site, address
from callcenter.events import Directed, Note, Noted
from callcenter.store import Search
from callcenter.store.tables import clean

LONGEST_WHISPER: Final = 500
SHOWN: Final = 200
LONGEST_SOUND: Final = 3_200


def install(site: Site, hub: Hub) -> None:
    house = site.house
    store, board = house.store, house.board

    def rows() -> list[Any]:
        found = [*store.calls(Search(state="live", limit=SHOWN)).calls]
        found += store.calls(Search(state="ringing", limit=SHOWN)).calls
        return sorted(found, key=lambda call: call.rung_at, reverse=True)

    @site.get("/live", "live")
    def page(request: Request) -> Response:
        return site.render(request, "live.html", title="Live calls", calls=rows(), here_too=set(board.lines))

    @site.get("/live/{call}", "live")
    def one(request: Request, call: str) -> Response:
        row = store.row(call)
        if row is None:
            raise Refused(404, "There is no such call.")
        if hub.line(call) is None and row.state not in ("live", "ringing"):
            return RedirectResponse(f"/calls/{call}", 303)
        lines = store.transcript(call)
        return site.render(
            request, "live_call.html", title="Live call", call=row, lines=lines, here_too=hub.line(call) is not None
        )

    @site.get("/live/{call}/events", "live")
    async def events(call: str) -> Response:
        return stream(hub, call)

    @site.post("/live/{call}/whisper", "steer")
    async def whisper(request: Request, call: str) -> Response:
        form = request.state.form
        text, kind = clean(form.get("text", "").strip())[:LONGEST_WHISPER], form.get("kind", "say")
        if not text:
            raise Refused(422, "A whisper needs words.")
        await noted(request, f"whispered ({kind})", call, text)
        told = Note(f"whisper-{token_hex(4)}", "know" if kind == "know" else "say", text, source=("supervisor",))
        await order(call, Noted(told))
        return Response(status_code=204)

    @site.post("/live/{call}/end", "steer")
    async def end(request: Request, call: str) -> Response:
        await noted(request, "ended call", call)
        await order(call, Directed("hang_up", "supervisor", by=request.state.who.name))
        return Response(status_code=204)

    @site.post("/live/{call}/transfer", "steer")
    async def transfer(request: Request, call: str) -> Response:
        target = request.state.form.get("target", "")[:80]
        await noted(request, "transferred call", call, target)
        await order(call, Directed("transfer", target, by=request.state.who.name))
        return Response(status_code=204)

    async def noted(request: Request, what: str, call: str, detail: str = "") -> None:
        await run_in_threadpool(site.note, request, what, call, detail)

    async def order(call: str, event: Noted | Directed) -> None:
        row = await run_in_threadpool(store.row, call)
        if row is None or row.state not in ("ringing", "live"):
            raise Refused(404, "This call is over.")
        await board.order(call, event)

    @site.socket("/live/{call}/listen")
    async def listen(socket: WebSocket, call: str) -> None:
        """Both channels of a call, as its caller hears it."""
        who = await site.listener(socket, "listen")
        if who is None:
            return
        await run_in_threadpool(audit.note, store, who, "listened to live call", call, "", address(socket))
        await socket.accept()
        try:
            async for turn in hub.sound(call):
                await socket.send_bytes(turn)
            await socket.close(1000)
        except (WebSocketDisconnect, RuntimeError):
            return

    @site.socket("/live/{call}/speak")
    async def speak(socket: WebSocket, call: str) -> None:
        """A supervisor speaks in place of the agent for as long as their microphone is connected."""
        who = await site.listener(socket, "steer")
        if who is None:
            return
        await socket.accept()
        line = hub.line(call)
        if line is None:
            await socket.close(1008, "not here")
            return
        await run_in_threadpool(audit.note, store, who, "took call over", call, "", address(socket))
        microphone = house.desk.of(call)
        line.feed(Directed("take_over", by=who.name))
        try:
            while hub.line(call) is line:
                try:
                    sound = await asyncio.wait_for(socket.receive_bytes(), 2.0)
                except TimeoutError:
                    continue
                if len(sound) <= LONGEST_SOUND:
                    microphone.hear(sound)
            await socket.close(1000)
        except (WebSocketDisconnect, KeyError, RuntimeError):
            pass
        finally:
            line.feed(Directed("give_back", by=who.name))
            house.desk.leave(call)
            await run_in_threadpool(audit.note, store, who, "gave call back", call, "", address(socket))


def stream(hub: Hub, call: str) -> Response:
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(hub.events(call), media_type="text/event-stream", headers=headers)
