"""A real MCP server, written with the official package: `python mcp_server.py` on stdio, with a port over HTTP."""

import os
import sys
from pathlib import Path
from typing import Any

import anyio
import uvicorn
from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import ToolAnnotations

server = MCPServer("parcels")
READS = ToolAnnotations(read_only_hint=True)


@server.tool(annotations=READS)
def parcel_place(number: str, full: bool = False) -> dict[str, Any]:
    """Tell where
    a parcel is."""
    return {"number": number, "full": full, "city": "Reno", "sees": sorted(os.environ)}


@server.tool()
def parcel_notes(number: str) -> str:
    """Notes, on a server that does not say that this only reads."""
    return f"nothing about {number}"


@server.tool()
def redirect_parcel(number: int, to: str) -> str:
    """Send a parcel elsewhere."""
    if number == 1:
        raise ToolError("Parcel 1 is out for delivery.")
    if number == 2:
        raise KeyError("password hunter2")
    if number == 3:
        os._exit(1)
    return f"{number} goes to {to}"


@server.tool(annotations=ToolAnnotations(idempotent_hint=True))
def book_van(day: str) -> str:
    """Book a van, once a day."""
    return f"booked for {day}"


@server.tool(annotations=READS)
async def hang(mark: str) -> str:
    """Never answer; leave a mark when nobody waits any more."""
    try:
        await anyio.sleep_forever()
    finally:
        Path(mark).touch()  # noqa: ASYNC240
    return ""


@server.tool(annotations=READS)
def crash_once(mark: str) -> str:
    """Take the server down the first time."""
    if not Path(mark).exists():
        Path(mark).touch()
        os._exit(1)
    return "back again"


@server.tool(annotations=READS)
def show_token() -> str:
    """Tell a secret."""
    return f"token is {os.environ.get('PARCEL_TOKEN')}"


def signed(app: Any, token: str) -> Any:
    """Only who knows the token is let in."""

    async def guard(scope: Any, receive: Any, send: Any) -> None:
        headers = dict(scope.get("headers", []))
        if scope["type"] == "http" and headers.get(b"authorization") != f"Bearer {token}".encode():
            await send({"type": "http.response.start", "status": 401, "headers": []})
            await send({"type": "http.response.body"})
            return
        await app(scope, receive, send)

    return guard


if __name__ == "__main__":
    if sys.argv[1:]:
        app = server.streamable_http_app()
        app = signed(app, os.environ["PARCEL_TOKEN"])
        uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
    else:
        server.run("stdio")
