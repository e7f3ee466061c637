"""A strict little agent to call: real HTTP, a real websocket, the provider's own signature check.

It is no part of ours, so that the fake phone is tested against the protocol and not against our reading of it.
"""

import asyncio
import json
import socket
import threading
from base64 import b64encode
from collections.abc import Awaitable, Callable
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect
from twilio.request_validator import RequestValidator

PUBLIC = "https://agent.test"
TOKEN = "a secret that both sides know"
STREAM = (
    '<Response><Connect action="/after"><Stream url="wss://agent.test/stream" name="main" statusCallback="/flow">'
    '<Parameter name="token" value="t-1"/></Stream></Connect></Response>'
)
HANG_UP = "<Response><Hangup/></Response>"

Conversation = Callable[["Peer"], Awaitable[None]]


@dataclass
class Peer:
    """The agent's end of one stream."""

    socket: WebSocket
    messages: list[dict] = field(default_factory=list)
    stream: str = ""

    async def receive(self) -> dict:
        message = json.loads(await self.socket.receive_text())
        self.messages.append(message)
        if message["event"] == "start":
            self.stream = message["streamSid"]
        return message

    async def until(self, event: str) -> dict:
        while (message := await self.receive())["event"] != event:
            pass
        return message

    async def say(self, audio: bytes) -> None:
        payload = b64encode(audio).decode()
        await self.send(event="media", media={"payload": payload})

    async def mark(self, name: str) -> None:
        await self.send(event="mark", mark={"name": name})

    async def send(self, **message) -> None:
        await self.socket.send_text(json.dumps({"streamSid": self.stream, **message}))

    def of(self, event: str) -> list[dict]:
        return [message for message in self.messages if message["event"] == event]


@dataclass
class Agent:
    """Answers webhooks with the documents it was given and holds the conversation it was given on each stream."""

    documents: dict[str, str | int]
    conversation: Conversation
    posts: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    peers: list[Peer] = field(default_factory=list)
    account: dict = field(default_factory=dict)
    """What the API tells of any call; nothing: it tells nothing."""
    url: str = ""
    called: asyncio.Event = field(default_factory=asyncio.Event)

    async def hook(self, request: Request) -> Response:
        form = dict((await request.form()).items())
        path = request.url.path
        self.posts.append((path, form))
        if not RequestValidator(TOKEN).validate(PUBLIC + path, form, request.headers.get("x-twilio-signature", "")):
            return Response("the signature does not match", 403)
        answer = self.documents.get(path, "<Response/>")
        return Response(status_code=answer) if isinstance(answer, int) else Response(answer, media_type="text/xml")

    async def stream(self, socket: WebSocket) -> None:
        signature = socket.headers.get("x-twilio-signature", "")
        assert RequestValidator(TOKEN).validate("wss://agent.test/stream", {}, signature)
        assert "sec-websocket-extensions" not in socket.headers
        await socket.accept()
        peer = Peer(socket)
        self.peers.append(peer)
        self.called.set()
        try:
            await self.conversation(peer)
            await socket.close(1000)
        except WebSocketDisconnect:
            pass

    @asynccontextmanager
    async def serving(self):
        with self.listening() as (server, listening):
            running = asyncio.create_task(server.serve([listening]))
            try:
                yield
            finally:
                server.should_exit = True
                await running

    @contextmanager
    def serving_beside(self):
        """In a thread of its own, for a caller that runs its own event loop."""
        with self.listening() as (server, listening):
            thread = threading.Thread(target=server.run, args=([listening],))
            thread.start()
            try:
                yield self.url
            finally:
                server.should_exit = True
                thread.join()

    @contextmanager
    def listening(self):
        app = Starlette(
            routes=[
                WebSocketRoute("/stream", self.stream),
                Route("/v1/calls/{call}", self.told, methods=["GET"]),
                Route("/{path:path}", self.hook, methods=["POST", "GET"]),
            ]
        )
        config = uvicorn.Config(app, log_level="error", ws="websockets-sansio", lifespan="off")
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
            listening.bind(("127.0.0.1", 0))
            self.url = f"http://127.0.0.1:{listening.getsockname()[1]}"
            yield uvicorn.Server(config), listening

    async def told(self, request: Request) -> Response:
        return JSONResponse(self.account, 200 if self.account else 404)

    def posted(self, path: str) -> list[dict[str, str]]:
        return [form for at, form in self.posts if at == path]
