"""Hosted duplex models on loopback, as strict as their published protocols: a wrong message is refused, not ignored."""

import asyncio
import base64
import json
import threading
from http import HTTPStatus
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed

from callcenter.units import RATE
from callcenter.voices import Espeak

KEY = "the key of the hosted model"
PIECE = RATE // 10


class Refused(Exception):
    def __init__(self, code, message=""):
        super().__init__(message)
        self.told = {"type": "error", "error": {"type": "invalid_request_error", "code": code, "message": message}}


def only(message, needed, allowed=()):
    """Unknown fields are rejected, as the real ones do."""
    if missing := set(needed) - set(message):
        raise Refused("missing_required_parameter", ", ".join(sorted(missing)))
    if unknown := set(message) - set(needed) - set(allowed) - {"type", "event_id"}:
        raise Refused("unknown_parameter", ", ".join(sorted(unknown)))


def sound_of(text):
    return Espeak().speak(text, "en-us+f3").audio


class Model:
    """A server in a thread of its own, which can be dropped, killed, or made deaf."""

    path = "/v1/live/sessions"

    def __init__(self, refuse_with=None):
        self.refuse_with = refuse_with
        self.messages = []
        self.audio = bytearray()
        self.sessions = []
        self.sockets = set()
        self.hangs = False
        self.refuses = ""
        """An error code to answer the opening with."""
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))
        self._thread.start()
        assert self._ready.wait(20)

    @property
    def url(self):
        return f"ws://127.0.0.1:{self.port}{self.path}"

    async def _serve(self):
        self.loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        self.server = await serve(self._session, "127.0.0.1", 0, process_request=self._asked, close_timeout=0.2)
        self.port = self.server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._over.wait()
        self.server.close()
        for socket in list(self.sockets):
            socket.transport.abort()
        await self.server.wait_closed()

    def _asked(self, connection, request):
        if self.refuse_with:
            return connection.respond(self.refuse_with, "no")
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return connection.respond(HTTPStatus.UNAUTHORIZED, "a key is needed")
        if urlsplit(request.path).path != self.path:
            return connection.respond(HTTPStatus.NOT_FOUND, "nothing here")
        return None

    async def _session(self, socket):
        self.sockets.add(socket)
        try:
            await self.converse(socket)
        except ConnectionClosed:
            pass
        finally:
            self.sockets.discard(socket)

    async def read(self, socket):
        message = json.loads(await socket.recv())
        self.messages.append(message)
        while self.hangs:
            await asyncio.sleep(0.02)
        return message

    def told(self, kind):
        return [message for message in self.messages if message["type"] == kind]

    # ----------------------------------------------------------------------------- what a test does to it, from outside

    def send(self, *messages):
        async def work():
            for socket in list(self.sockets):
                for message in messages:
                    await socket.send(message if isinstance(message, str | bytes) else json.dumps(message))

        asyncio.run_coroutine_threadsafe(work(), self.loop).result(20)

    def drop(self):
        """Every connection breaks; new ones are taken."""
        self.loop.call_soon_threadsafe(lambda: [socket.transport.abort() for socket in list(self.sockets)])

    def kill(self):
        """It is gone, as a process that was killed."""
        if self._thread.is_alive():
            self.hangs = False
            self.loop.call_soon_threadsafe(self._over.set)
            self._thread.join(20)


class LiveModel(Model):
    """Speaks `session.*` events: says what is appended as commentary, at the pace at which it is heard."""

    async def converse(self, socket):
        try:
            await self.begin(socket, await self.read(socket))
        except Refused as refused:
            await socket.send(json.dumps(refused.told))
            return
        speaking = set()
        while True:
            message = await self.read(socket)
            try:
                text = self.take(message)
            except Refused as refused:
                await socket.send(json.dumps(refused.told))
                continue
            if text:
                speaking.add(asyncio.ensure_future(self.speak(socket, text)))

    async def begin(self, socket, message):
        if message["type"] != "session.start":
            raise Refused("session_not_started", "the first message must be session.start")
        only(message, ("session",))
        session = message["session"]
        only(session, ("model",), ("instructions", "audio", "delegation"))
        only(session["audio"], (), ("format", "output"))
        if session["audio"].get("format") != {"type": "audio/pcmu", "rate": 8000}:
            raise Refused("invalid_value", "audio.format")
        if session.get("delegation") != {"type": "client"} or self.refuses:
            raise Refused(self.refuses or "invalid_value", "session")
        self.sessions.append(session)
        await socket.send(json.dumps({"type": "session.started", "session": {**session, "id": "live_1"}}))

    def take(self, message):
        match message["type"]:
            case "session.input_audio.append":
                only(message, ("audio",))
                self.audio += base64.b64decode(message["audio"], validate=True)
                return ""
            case "session.commentary.append" | "session.thinking.append" | "session.instructions.append":
                only(message, ("content", "delegation_id"))
                if len(message["content"].encode()) > 500:
                    raise Refused("content_too_long", message["event_id"])
                return message["content"] if "commentary" in message["type"] else ""
        raise Refused("unknown_event", message["type"])

    async def speak(self, socket, text):
        audio, words = sound_of(text), text.split()
        pieces = [audio[at : at + PIECE] for at in range(0, len(audio), PIECE)]
        share = max(1, -(-len(words) // len(pieces)))
        for n, piece in enumerate(pieces):
            if said := words[n * share : (n + 1) * share]:
                delta = "".join(f" {word}" for word in said)
                told = {"type": "session.output_transcript.delta", "delta": delta, "start_ms": n, "end_ms": n}
                await socket.send(json.dumps(told))
            sound = {"type": "session.output_audio.delta", "delta": base64.b64encode(piece).decode()}
            await socket.send(json.dumps(sound))
            await asyncio.sleep(0.1)


class RealtimeModel(Model):
    """Speaks the Realtime protocol: a response at a time, its sound at once."""

    path = "/v1/realtime"

    def __init__(self, **more):
        self.active = False
        self.truncated = []
        super().__init__(**more)

    @property
    def url(self):
        return super().url + "?model=gpt-realtime"

    async def converse(self, socket):
        assert parse_qs(urlsplit(socket.request.path).query)["model"] == ["gpt-realtime"]
        await socket.send(json.dumps({"type": "session.created", "session": {"id": "sess_1"}}))
        while True:
            message = await self.read(socket)
            try:
                for answer in self.take(message):
                    await socket.send(json.dumps(answer))
            except Refused as refused:
                await socket.send(json.dumps(refused.told))

    def take(self, message):
        match message["type"]:
            case "session.update":
                return self.update(message)
            case "input_audio_buffer.append":
                only(message, ("audio",))
                self.audio += base64.b64decode(message["audio"], validate=True)
                return []
            case "conversation.item.create":
                only(message["item"], ("role", "content"))
                return [{"type": "conversation.item.added", "item": message["item"]}]
            case "conversation.item.truncate":
                only(message, ("item_id", "content_index", "audio_end_ms"))
                self.truncated.append((message["item_id"], message["audio_end_ms"]))
                return [{"type": "conversation.item.truncated", **{k: message[k] for k in message if k != "type"}}]
            case "response.create":
                only(message, ("response",))
                return self.respond(message["response"]["instructions"])
        raise Refused("unknown_event", message["type"])

    def update(self, message):
        only(message, ("session",))
        session = message["session"]
        only(session, (), ("instructions", "output_modalities", "audio"))
        if session["type"] != "realtime" or self.refuses:
            raise Refused(self.refuses or "invalid_value", "session.type")
        if "audio" in session:
            only(session["audio"]["input"], ("format",), ("transcription", "turn_detection"))
            if {session["audio"][side]["format"]["type"] for side in ("input", "output")} != {"audio/pcmu"}:
                raise Refused("invalid_value", "format")
        self.sessions.append(session)
        return [{"type": "session.updated", "session": session}]

    def respond(self, instructions):
        if self.active:
            raise Refused("conversation_already_has_active_response", "resp_1")
        self.active = True
        text = instructions.partition(": ")[2]
        audio, item = sound_of(text), f"item_{len(self.told('response.create'))}"
        about = {"response_id": "resp_1", "item_id": item, "output_index": 0, "content_index": 0}
        told = [{"type": "response.created", "response": {"id": "resp_1", "status": "in_progress"}}]
        told.append({"type": "response.output_audio_transcript.delta", "delta": text, **about})
        for at in range(0, len(audio), 4 * PIECE):
            piece = base64.b64encode(audio[at : at + 4 * PIECE]).decode()
            told.append({"type": "response.output_audio.delta", "delta": piece, **about})
        self.active = False
        return [*told, {"type": "response.done", "response": {"id": "resp_1", "status": "completed"}}]
