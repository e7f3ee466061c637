"""A voice far away: any endpoint that speaks OpenAI's speech protocol, heard while it is still speaking.

A caller waits, so it has deadlines: for its first sound, tries included, and then for keeping ahead of the ear. What it
does not say, or breaks off, a voice of this machine says in its place, from the word on that is missing: the caller
always hears the sentence. Several failures in a row open a circuit breaker, and for a while nobody asks at all.
"""

import asyncio
import random
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
import structlog

from callcenter.background.breaker import Breaker
from callcenter.background.http_tools import shared_client
from callcenter.config import Secret
from callcenter.units import RATE
from callcenter.voices.pcm import Pcm
from callcenter.voices.sound import Sound, Voice
from callcenter.voices.speech import Speech, VoiceError

log = structlog.get_logger()

KEPT: Final = 512
"""Sentences that recur are asked for once."""

SHORTEST, LONGEST = RATE // 60, RATE // 2
"""Samples a letter between which a sentence lasts; the first bars sound that broke off, the second what never ends."""

SLACK: Final = 10 * RATE


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where it is: `https://host/v1`, the model to ask for, its key, the rate of its samples."""

    url: str
    model: str
    key: Secret = field(default_factory=Secret)
    rate: int = 24_000
    first: float = 1.5
    """Seconds until the first sound must be here, further tries included."""
    behind: float = 0.5
    """Seconds by which the sound may then be later than an ear that hears it as it comes."""
    tries: int = 2
    pause: float = 0.1
    """Seconds before another try, drawn from half to one and a half of it."""


class Unreachable(VoiceError):
    """The endpoint did not answer, or not to the end, and may do so when it is asked again."""


class Remote:
    """One for a voice, `breaker` one for its endpoint; `instead` speaks where it does not."""

    def __init__(
        self,
        endpoint: Endpoint,
        voice: str,
        instead: Voice | None,
        *,
        breaker: Breaker | None = None,
        client: httpx.AsyncClient | None = None,
        clock: Callable[[], float] = time.monotonic,
        chance: random.Random | None = None,
    ) -> None:
        self.endpoint = endpoint
        self.voice = voice
        self.instead = instead
        self.breaker = breaker or Breaker()
        self._client = client or shared_client()
        self._clock = clock
        self._chance = chance or random.Random()
        self._kept: OrderedDict[str, Speech] = OrderedDict()
        self._coming: set[str] = set()
        self._learning: set[asyncio.Task[None]] = set()

    # -------------------------------------------------------------------------------------------------- for a tongue

    def begin(self, text: str) -> Sound:
        if (kept := self._known(text)) is not None:
            return Sound.made(text, kept)
        sound = Sound(text, streamed=True)
        sound.run(self._fill(sound, self._client))
        return sound

    def ready(self, text: str) -> Speech:
        """From what was said before, or from the voice of this machine; then it is there the next time."""
        if (kept := self._known(text)) is not None:
            return kept
        self.learn((text,))
        return self.instead.speak(text) if self.instead else Speech(b"", ())

    def learn(self, texts: Sequence[str]) -> None:
        """Have these ready soon, one after the other; needs a loop that runs."""
        fresh = [text for text in texts if text not in self._kept and text not in self._coming]
        if fresh:
            self._coming.update(fresh)
            task = asyncio.get_running_loop().create_task(self._learn(fresh))
            self._learning.add(task)
            task.add_done_callback(self._learning.discard)

    def speak(self, text: str) -> Speech:
        """All of it, waited for, in a loop of its own."""
        return self._known(text) or waited(self._whole(text, self._fill))

    def alone(self, text: str) -> Speech:
        """The same from the endpoint or not at all; what was said before does not count."""
        return waited(self._whole(text, self._asked))

    # ----------------------------------------------------------------------------------------------------- one sentence

    async def _whole(self, text: str, by: Callable[[Sound, httpx.AsyncClient], Coroutine[Any, Any, None]]) -> Speech:
        sound = Sound(text)
        async with shared_client() as client:
            await by(sound, client)
        return Speech(bytes(sound.audio), sound.words)

    async def _learn(self, texts: Sequence[str]) -> None:
        for text in texts:
            try:
                await self._asked(Sound(text), self._client)
            except VoiceError as error:
                log.info("voice not learnt", text=text[:60], error=str(error))
            finally:
                self._coming.discard(text)

    async def _fill(self, sound: Sound, client: httpx.AsyncClient) -> None:
        try:
            await self._asked(sound, client)
        except VoiceError as error:
            said = len(sound.audio) / RATE
            log.warning("another voice speaks instead", voice=self.voice, said_s=round(said, 2), error=str(error))
            await self._replace(sound, error)

    async def _replace(self, sound: Sound, error: VoiceError) -> None:
        if self.instead is None:
            raise VoiceError(f"{self.endpoint.url} does not speak ({error}), and no other voice is installed")
        rest = sound.rest
        if rest:
            sound.take(await asyncio.to_thread(self.instead.speak, rest))
        else:
            sound.finish()

    async def _asked(self, sound: Sound, client: httpx.AsyncClient) -> None:
        """From the endpoint alone, and kept if it is whole; raises `VoiceError` if it is not."""
        if not self.breaker.allows(self._clock()):
            raise VoiceError("it failed several times and is left alone for a while")
        try:
            await self._in_time(sound, client)
        except VoiceError:
            self.breaker.failed(self._clock())
            raise
        finally:
            self.breaker.left()
        self.breaker.worked()
        sound.finish()
        self._keep(sound)

    async def _in_time(self, sound: Sound, client: httpx.AsyncClient) -> None:
        loop = asyncio.get_running_loop()
        heard_from: list[float] = []

        try:
            async with asyncio.timeout(self.endpoint.first) as limit:

                def came() -> None:
                    """It has time until an ear that has heard everything since the first sound has waited too long."""
                    heard_from[:] = heard_from or [loop.time()]
                    limit.reschedule(heard_from[0] + len(sound.audio) / RATE + self.endpoint.behind)

                await self._tried(lambda: self._ask(sound, client, came), sound)
        except TimeoutError:
            raise VoiceError("stalled" if sound.audio else f"no sound in {self.endpoint.first} s") from None

    async def _tried(self, ask: Callable[[], Coroutine[Any, Any, None]], sound: Sound) -> None:
        """Once more if nothing was heard of it."""
        for left in reversed(range(self.endpoint.tries)):
            try:
                await ask()
                return
            except Unreachable as error:
                if not left or sound.audio:
                    raise
                log.info("voice asked again", voice=self.voice, error=str(error))
            await asyncio.sleep(self.endpoint.pause * self._chance.uniform(0.5, 1.5))

    async def _ask(self, sound: Sound, client: httpx.AsyncClient, came: Callable[[], None]) -> None:
        letters = len(sound.text)
        try:
            async with client.stream("POST", self._url(), **self._request(sound.text)) as response:
                refuse(response.status_code)
                pcm = Pcm(response.headers.get("Content-Type", ""), self.endpoint.rate)
                async for piece in response.aiter_bytes():
                    if audio := pcm.push(piece):
                        sound.add(audio)
                        came()
                    if len(sound.audio) > letters * LONGEST + SLACK:
                        raise VoiceError("it goes on and on")
                sound.add(pcm.end())
        except httpx.HTTPError as error:
            raise Unreachable(f"{type(error).__name__} {error}".strip()) from None
        if len(sound.audio) < letters * SHORTEST:
            raise Unreachable("it broke off" if sound.audio else "no sound came")

    def _url(self) -> str:
        return self.endpoint.url.rstrip("/") + "/audio/speech"

    def _request(self, text: str) -> dict[str, Any]:
        key = self.endpoint.key
        return {
            "json": {"model": self.endpoint.model, "voice": self.voice, "input": text, "response_format": "pcm"},
            "headers": {"Authorization": f"Bearer {key.reveal()}"} if key else {},
            "timeout": None,
        }

    # ------------------------------------------------------------------------------------------------ what was said

    def _known(self, text: str) -> Speech | None:
        kept = self._kept.get(text)
        if kept is not None:
            self._kept.move_to_end(text)
        return kept

    def _keep(self, sound: Sound) -> None:
        self._kept[sound.text] = Speech(bytes(sound.audio), sound.words)
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)


def waited(work: Coroutine[Any, Any, Speech]) -> Speech:
    """Whether or not a loop runs in this thread already."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


def refuse(status: int) -> None:
    if status in (408, 409, 429) or status >= 500:
        raise Unreachable(f"it answers {status}")
    if status != 200:
        raise VoiceError(f"it answers {status}")
