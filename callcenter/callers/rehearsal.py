"""A call without wire and clock: a person, a bad network, the real call and a duplex, frame by frame in one loop.

An offline shortcut for development: it runs as fast as the duplex does and is exactly repeatable, but measures no
socket, no pacing and no lateness. Figures for anybody else come from real websockets.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from callcenter.audio import Media, Reel
from callcenter.call import Call, Setup
from callcenter.callers.ear import Ear
from callcenter.callers.mouth import HangUp, Mouth, Press
from callcenter.callers.network import CALM, Network, Weather
from callcenter.carriers.twilio import Twilio
from callcenter.duplex import Duplex
from callcenter.events import (
    Clear,
    Command,
    Event,
    Hear,
    Mark,
    Marked,
    Policy,
    Pressed,
    Rang,
    Send,
    Started,
    Stopped,
    Ticked,
    Transfer,
)
from callcenter.events import HangUp as HungUp
from callcenter.measures import Timeline, recorded
from callcenter.units import FRAME, SILENT_FRAME, samples

Happened = tuple[int, Event | None, tuple[Command, ...]]


@dataclass(frozen=True)
class Rehearsed:
    """What was spoken and heard at the caller's end, sample-aligned, and the call's own record."""

    spoken: bytes = field(repr=False)
    heard: bytes = field(repr=False)
    happened: tuple[Happened, ...] = field(repr=False)

    @property
    def timeline(self) -> Timeline:
        return recorded(self.spoken, self.heard, self.happened)


class Rehearsal:
    """`delay`: frames that anything needs from one end to the other. `policy`: what the duplex is opened with."""

    def __init__(
        self, mouth: Mouth, duplex: Duplex, weather: Weather = CALM, delay: int = 1, policy: Policy | None = None
    ) -> None:
        self._mouth = mouth
        self._duplex = duplex
        self._network = Network(weather)
        self._delay = delay
        self._policy = policy or Policy()
        self._call = Call(Setup(caps=Twilio().caps, duplex="rehearsed"))
        self._ear = Ear()
        self._reel = Reel()
        self._step = 0
        self._up: list[tuple[int, Media | Event]] = []
        self._down: list[tuple[int, Command]] = []
        self._frames: dict[str, bytes] = {}
        self._over = False
        self._happened: list[Happened] = []

    async def run(self, limit: float = 300.0) -> Rehearsed:
        spoken, listened = bytearray(), bytearray()
        self._duplex.open(self._policy, ())
        await self._feed(Rang("+15550100001", "+15550109999"))
        await self._feed(Started("MZ", "CA"))
        heard = SILENT_FRAME
        while not self._over and self._step < samples(limit) // FRAME:
            self._receive()
            said = self._mouth.frame(heard)
            spoken += said
            listened += heard
            self._frames[str(self._step)] = said
            for name in self._network.carry(str(self._step)):
                self._send_up(Media(int(name) * FRAME, self._frames.pop(name)))
            heard = self._ear.play()
            self._deeds()
            await self._serve()
            self._step += 1
        self._duplex.close()
        return Rehearsed(bytes(spoken), bytes(listened), tuple(self._happened))

    # ------------------------------------------------------------------------------------------------ the handset

    def _receive(self) -> None:
        while self._down and self._down[0][0] <= self._step:
            _, command = self._down.pop(0)
            match command:
                case Send(frame):
                    self._ear.put(frame)
                case Mark(name):
                    self._ear.mark(name)
                case Clear():
                    self._ear.clear()
                case _:
                    pass
        for name in self._ear.reached():
            self._send_up(Marked(name))

    def _deeds(self) -> None:
        for deed in self._mouth.deeds():
            if isinstance(deed, Press):
                for digit in deed.digits:
                    self._send_up(Pressed(digit))
            elif isinstance(deed, HangUp):
                self._send_up(Stopped())

    def _send_up(self, what: Media | Event) -> None:
        self._up.append((self._step + self._delay, what))

    # ------------------------------------------------------------------------------------------------- the server

    async def _serve(self) -> None:
        while self._up and self._up[0][0] <= self._step:
            _, arrival = self._up.pop(0)
            if isinstance(arrival, Media):
                for turn in self._reel.push(arrival):
                    await self._feed(turn)
            else:
                await self._feed(arrival)
        await self._feed(Ticked())

    async def _feed(self, event: Event) -> None:
        at = max(0, self._step + 1 - self._delay) * FRAME
        commands = tuple(self._call.receive(at, event))
        self._happened.append((at, event, commands))
        for command in commands:
            match command:
                case Send() | Mark() | Clear():
                    self._down.append((self._step + self._delay, command))
                case Hear(heard):
                    await self._feed(await self._duplex.turn(heard))
                case HungUp() | Transfer():
                    self._over = True
                case _:
                    pass


async def rehearse(mouth: Mouth, make: Callable[[], Duplex], weather: Weather = CALM) -> Rehearsed:
    return await Rehearsal(mouth, make(), weather).run()
