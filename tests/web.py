"""A small real HTTP server for the far ends of tools: strict about what it is sent, and able to fail on the wire."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import h11


@dataclass(frozen=True)
class Asked:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Reply:
    status: int = 200
    body: Any = b""
    """Bytes, an async iterator of bytes (sent as they come), or anything JSON can hold."""
    headers: dict[str, str] = field(default_factory=dict)


class Cut(Exception):
    """Raised by an answer: the connection is dropped where it stands."""


Answer = Callable[[Asked], Awaitable[Reply]]


class Web:
    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.asked: list[Asked] = []
        self.connections = 0
        self.open: set[asyncio.Task[None]] = set()
        self.url = ""
        self.faults: list[AssertionError] = []
        """What the other side should not have sent; raised at the end."""

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self.open.add(task)
        peer = h11.Connection(h11.SERVER)
        try:
            while peer.our_state is h11.IDLE and (asked := await receive(peer, reader)) is not None:
                self.asked.append(asked)
                await send(peer, writer, await self.answer(asked))
                peer.start_next_cycle()
        except (Cut, ConnectionError, h11.ProtocolError):
            writer.transport.abort()
        except AssertionError as fault:
            self.faults.append(fault)
            writer.transport.abort()
        except asyncio.CancelledError:
            writer.transport.abort()
        finally:
            self.open.discard(task)
            writer.close()


@asynccontextmanager
async def serving(answer: Answer, tls: ssl.SSLContext | None = None) -> AsyncIterator[Web]:
    web = Web(answer)
    server = await asyncio.start_server(web.meet, "127.0.0.1", 0, ssl=tls)
    web.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield web
    finally:
        server.close()
        for task in list(web.open):
            task.cancel()
        await asyncio.gather(*web.open, return_exceptions=True)
    if web.faults:
        raise web.faults[0]


async def receive(peer: h11.Connection, reader: asyncio.StreamReader) -> Asked | None:
    head, body = None, b""
    while True:
        event = peer.next_event()
        match event:
            case h11.NEED_DATA:
                peer.receive_data(await reader.read(65_536))
            case h11.Request():
                head = event
            case h11.Data():
                body += event.data
            case h11.EndOfMessage() if head is not None:
                headers = {name.decode(): value.decode() for name, value in head.headers}
                return Asked(head.method.decode(), head.target.decode(), headers, body)
            case _:
                return None


async def send(peer: h11.Connection, writer: asyncio.StreamWriter, reply: Reply) -> None:
    streamed = hasattr(reply.body, "__aiter__")
    body = b"" if streamed else reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
    headers = {"Content-Type": "application/json", **reply.headers}
    headers |= {"Transfer-Encoding": "chunked"} if streamed else {"Content-Length": str(len(body))}
    writer.write(peer.send(h11.Response(status_code=reply.status, headers=list(headers.items()))) or b"")
    if streamed:
        async with aclosing(reply.body) as parts:
            async for part in parts:
                writer.write(peer.send(h11.Data(data=part)) or b"")
                await writer.drain()
    elif body:
        writer.write(peer.send(h11.Data(data=body)) or b"")
    writer.write(peer.send(h11.EndOfMessage()) or b"")
    await writer.drain()
