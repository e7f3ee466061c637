"""A hosted duplex model: a websocket beside the call, and turns that never wait for it.

A turn hands the caller's sound to the socket and takes what has come back. Where the model's sound comes faster than it
is spoken it is kept here, and what the caller's interruption makes void is thrown away here. A socket that breaks is
opened once more within a second, with the conversation so far in its instructions; if that does not help, or pings are
not answered, the turn raises a typed `HostedError`: this duplex is lost, and the call goes on with another one.
"""

import asyncio
import json
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI

from callcenter.audio import Presence
from callcenter.config import Secret
from callcenter.duplex.dialects import (
    Complained,
    Dialect,
    Happening,
    HostedError,
    Interrupted,
    Message,
    Persona,
    Ready,
    Said,
    Sounded,
    Understood,
    Wanted,
)
from callcenter.events import Act, Asked, Floor, Heard, Note, Policy, Spoken, TookFloor, Yielded
from callcenter.logs import log
from callcenter.units import FRAME, SILENT_TURN, TURN

INSTRUCTIONS: Final = (
    "You are on the telephone for a company and speak with a caller. Be brief and friendly; say one thing at a time.\n"
    "Backchannel policy: while the caller tells something long, say a short 'mm-hmm' now and then, and no more.\n"
    "Interruption policy: stop at once when the caller wants to speak; go on through 'mm-hmm', coughs and noise.\n"
    "Delegation policy: you know no facts about the caller, orders, prices or dates. Ask for them to be looked up, and "
    "say amounts, dates and promises only as they are given to you."
)
STARTS_WITHIN: Final = 4.0
AGAIN_WITHIN: Final = 1.0
"""Seconds for a connection that broke to be there again."""

TRIES: Final = 2
"""Times in a call that a broken connection is opened once more."""

PING_TIMEOUT: Final = 1011
"""The code with which we close a connection whose pongs do not come."""

TURNS_WAITING: Final = 25
"""Turns the socket may be behind; then it is stalled."""

RESTS: Final = 3
"""Turns of silence after which the model begins anew."""

AHEAD: Final = 3 * TURN
"""Of a model that speaks as it is heard so much is kept; silence beyond it is left out."""

REMEMBERED: Final = 4_000
"""Characters of the conversation that a new session is told."""


@dataclass(frozen=True, slots=True)
class Where:
    url: str
    key: Secret = field(default_factory=Secret)
    ping_every: float = 0.5
    pong_within: float = 1.2
    """Seconds; a server that is silent for longer is stalled, and so is the caller."""


@dataclass(slots=True)
class Mouthful:
    """What came back and is not handed out yet."""

    audio: bytearray = field(default_factory=bytearray)
    item: str = ""
    came: int = 0
    """Samples of the item that came."""
    out: int = 0
    """Samples of it that were handed out."""
    words: str = ""
    told: int = 0
    """How many of its words were told."""

    def add(self, sounded: Sounded) -> None:
        if sounded.item != self.item:
            self.item, self.came, self.out = sounded.item, 0, 0
        self.audio += sounded.audio
        self.came += len(sounded.audio)

    def take(self) -> bytes:
        audio = bytes(self.audio[:TURN])
        del self.audio[:TURN]
        self.out += len(audio)
        return audio

    def said(self) -> str:
        """The words that the sound handed out so far speaks, by its share; all of them once all is out."""
        whole = self.words.split()
        if self.words and not self.words[-1].isspace() and self.audio:
            whole = whole[:-1]  # its last word may still grow
        due = len(whole) if not self.audio else len(whole) * self.out // max(self.came, 1)
        found = " ".join(whole[self.told : due])
        self.told = max(self.told, due)
        if not self.audio and self.told == len(whole):
            self.words, self.told = "", 0
        return found


class Hosted:
    def __init__(self, dialect: Dialect, where: Where, persona: Persona) -> None:
        self._dialect = dialect
        self._where = where
        self._persona = persona
        self._out: asyncio.Queue[Message] = asyncio.Queue(TURNS_WAITING)
        self._notes: deque[Note] = deque()
        self._saying: Note | None = None
        """The `say` note the model was given last, until it has fallen silent again."""
        self._begun = False
        """Words were said since."""
        self._mouthful = Mouthful()
        self._heard = ""
        self._acts: list[Act] = []
        self._told: deque[str] = deque(maxlen=200)
        self._voice = Presence()
        self._silent = RESTS
        """Turns since the last voice of the model."""
        self._ready = False
        self._failure: HostedError | None = None
        self._task: asyncio.Task[None] | None = None

    def open(self, policy: Policy, notes: Sequence[Note]) -> None:
        told = f"{self._persona.instructions}\nNow: eagerness {policy.eagerness}, backchannels {policy.backchannels}."
        self._persona = replace(self._persona, instructions=told)
        self._notes.extend(notes)
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def turn(self, heard: Heard) -> Spoken:
        self._notes.extend(heard.notes)
        if self._ready and self._failure is None:
            self._tell(heard.audio)
        await asyncio.sleep(0)
        if self._failure is not None:
            raise self._failure
        if self._task is not None and self._task.done():
            self._task.result()
        return self._spoken(heard.turn)

    def close(self) -> None:
        if self._task is not None:
            self._task.cancel()

    # ------------------------------------------------------------------------------------------------- to the model

    def _tell(self, audio: bytes) -> None:
        messages = [message for note in self._notes for message in self._given(note)]
        self._notes.clear()
        try:
            for message in (*messages, self._dialect.hear(audio)):
                self._out.put_nowait(message)
        except asyncio.QueueFull:
            self._failure = HostedError("stalled", f"{TURNS_WAITING} messages behind")

    def _given(self, note: Note) -> Sequence[Message]:
        if note.kind == "say":
            self._saying, self._begun = note, False
        elif self._saying is not None and self._saying.id in note.supersedes:
            self._saying = None
        return self._dialect.note(note)

    # ----------------------------------------------------------------------------------------------- from the model

    def _spoken(self, turn: int) -> Spoken:
        if self._dialect.paced:
            self._leave_out_silence()
        audio = self._mouthful.take()
        voiced = bool(audio) and "1" in self._voice.push((audio + SILENT_TURN)[:TURN])
        acts, self._acts = self._acts, []
        if voiced and self._silent >= RESTS:
            acts.append(TookFloor())
        self._silent = 0 if voiced else self._silent + 1
        said, heard = self._mouthful.said(), self._understood()
        self._remember("caller", heard)
        self._remember("you", said)
        floor = Floor(p_speak=float(voiced), p_yield=float(any(isinstance(act, Yielded) for act in acts)))
        sounds = audio and (self._silent < RESTS or not self._dialect.paced)
        return Spoken(turn, audio if sounds else None, heard, said, tuple(acts), floor, self._note_of(said))

    def _note_of(self, said: str) -> str:
        """Words are of the note that was given last, until the model has fallen silent after them."""
        if self._saying is None:
            return ""
        if self._begun and self._silent > RESTS and not said:
            self._saying = None
            return ""
        self._begun = self._begun or bool(said)
        return self._saying.id if said else ""

    def _leave_out_silence(self) -> None:
        """The model's clock may be faster than the caller's: of what it is ahead, silence is not missed."""
        held = self._mouthful.audio
        while len(held) > AHEAD and "1" not in Presence().push(bytes(held[:FRAME])):
            del held[:FRAME]

    def _understood(self) -> str:
        """Whole words; a piece of one waits for its rest."""
        whole, _, self._heard = self._heard.rpartition(" ")
        return " ".join(whole.split())

    def _remember(self, who: str, text: str) -> None:
        if text:
            self._told.append(f"{who}: {text}")

    def _happened(self, happening: Happening) -> None:
        match happening:
            case Sounded():
                self._mouthful.add(happening)
            case Said(text):
                self._mouthful.words += text
            case Understood(text):
                self._heard += text
            case Wanted():
                self._heard += " "
                self._acts.append(Asked("delegation"))
            case Interrupted():
                self._interrupted()
            case Ready():
                self._ready = True
            case Complained(detail):
                log.warning("the hosted model complains", detail=detail)

    def _interrupted(self) -> None:
        """What the caller talks over is thrown away here, and forgotten there."""
        if not self._mouthful.audio and self._silent >= RESTS:
            return
        unheard = self._dialect.unheard(self._mouthful.item, self._mouthful.out) if self._mouthful.audio else ()
        self._mouthful, self._saying = Mouthful(), None
        self._acts.append(Yielded())
        for message in unheard:
            with suppress(asyncio.QueueFull):
                self._out.put_nowait(message)

    # ----------------------------------------------------------------------------------------------------- the socket

    async def _run(self) -> None:
        """Connect and converse; once more if it breaks. What ends it for good is kept for the next turn to raise."""
        tries, within = 0, STARTS_WITHIN
        while True:
            try:
                await self._connected(within)
            except HostedError as error:
                if error.kind != "lost" or not self._ready or tries == TRIES:
                    self._failure = error
                    return
                log.warning("the hosted model is gone", error=str(error), tries=tries)
                tries, within = tries + 1, AGAIN_WITHIN
                self._begin_again()

    def _begin_again(self) -> None:
        """A new session knows nothing: what it was told and has not said is told again, old sound is not."""
        self._ready = False
        while not self._out.empty():
            self._out.get_nowait()
        if self._saying is not None and not self._begun:
            self._notes.appendleft(self._saying)

    async def _connected(self, within: float) -> None:
        where = self._where
        headers = {"Authorization": f"Bearer {where.key.reveal()}"} if where.key else {}
        try:
            async with asyncio.timeout(within):
                socket = await connect(
                    where.url,
                    additional_headers=headers,
                    compression=None,
                    proxy=None,
                    max_size=4 << 20,
                    ping_interval=where.ping_every,
                    ping_timeout=where.pong_within,
                    close_timeout=0.2,
                )
        except InvalidStatus as error:
            status = error.response.status_code
            raise HostedError("unauthorised" if status in (401, 403) else "refused", f"HTTP {status}") from error
        except (OSError, TimeoutError, InvalidHandshake, InvalidURI) as error:
            raise HostedError("unreachable", f"{type(error).__name__} {error}") from error
        async with socket:
            await self._conversed(socket, within)

    async def _conversed(self, socket: ClientConnection, within: float) -> None:
        try:
            for message in self._dialect.opening(self._recalling()):
                await socket.send(json.dumps(message))
            async with asyncio.timeout(within) as starting:
                sending: asyncio.Task[None] | None = None
                try:
                    async for text in socket:
                        happenings, answers = self._dialect.receive(text)
                        for happening in happenings:
                            self._happened(happening)
                        for message in answers:
                            await socket.send(json.dumps(message))
                        if sending is None and any(isinstance(one, Ready) for one in happenings):
                            starting.reschedule(None)
                            sending = asyncio.create_task(self._send(socket))
                finally:
                    if sending is not None:
                        sending.cancel()
            raise HostedError("lost", "the server closed the connection")
        except TimeoutError:
            raise HostedError("stalled", f"no session within {within:g} s") from None
        except ConnectionClosed as error:
            stalled = error.sent is not None and error.sent.code == PING_TIMEOUT
            raise HostedError("stalled" if stalled else "lost", str(error)) from error

    async def _send(self, socket: ClientConnection) -> None:
        with suppress(ConnectionClosed):
            while True:
                await socket.send(json.dumps(await self._out.get()))

    def _recalling(self) -> Persona:
        """A session that takes over from a broken one is told what was said."""
        if not self._told:
            return self._persona
        told = "\n".join(self._told)[-REMEMBERED:]
        return replace(self._persona, instructions=f"{self._persona.instructions}\nThe conversation so far:\n{told}")
