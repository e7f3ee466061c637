"""The remote planner: any OpenAI-compatible endpoint, asked over one shared client.

An answer is streamed and has deadlines: for its first token, for each next one, for all of it; a caller waits. An
endpoint that refuses is asked once more after a short, drawn pause, as long as there is time. Several failures in a row
open a circuit breaker: for a while every question fails at once, and the agent plans with the embedded planner.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import httpx
import structlog

from callcenter.background.breaker import Breaker
from callcenter.background.completion import MAX_BYTES, Completion, Events, decoded
from callcenter.background.outcome import ToolError
from callcenter.background.planner import Move, PlanError, Situation, ToolCard
from callcenter.background.prompt import messages, moves, tools
from callcenter.background.secret import Secret

log = structlog.get_logger()

COUNTED: Final = ("refused", "stalled", "unauthorised")
"""Failures of the endpoint; the others are failures of the model, which may be right next time."""
DRAINING: Final = 0.1


@dataclass(frozen=True, slots=True)
class Endpoint:
    url: str
    """Up to and including the version: https://host/v1"""
    model: str
    key: Secret | None = None
    first_token: float = 2.0
    """Seconds until something of the answer must be here."""
    gap: float = 1.5
    """Seconds between two pieces of it."""
    whole: float = 6.0
    """Seconds for all of it, further tries included."""
    tries: int = 2
    pause: float = 0.15
    """Seconds before another try, drawn from half to one and a half of it."""
    max_tokens: int = 400


class Llm:
    """One for all calls of a loop. It answers or raises `PlanError`."""

    def __init__(
        self,
        endpoint: Endpoint,
        client: httpx.AsyncClient,
        cards: Mapping[str, ToolCard],
        chance: random.Random,
        breaker: Breaker | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.endpoint = endpoint
        self.client = client
        self.cards = cards
        self.chance = chance
        self.breaker = breaker or Breaker()
        self.clock = clock

    async def plan(self, situation: Situation) -> tuple[Move, ...]:
        if not self.breaker.allows(self.clock()):
            raise PlanError("resting")
        try:
            proposed = await self._within(situation)
        except PlanError as error:
            if error.kind in COUNTED:
                self.breaker.failed(self.clock())
            else:
                self.breaker.worked()
            raise
        finally:
            self.breaker.left()
        self.breaker.worked()
        return proposed

    async def _within(self, situation: Situation) -> tuple[Move, ...]:
        try:
            async with asyncio.timeout(self.endpoint.whole):
                return moves(await self._tried(situation), situation, self.cards)
        except TimeoutError:
            raise PlanError("stalled", f"no whole answer in {self.endpoint.whole} s") from None

    async def _tried(self, situation: Situation) -> Completion:
        for left in reversed(range(self.endpoint.tries)):
            try:
                return await self._ask(situation)
            except Unreachable as error:
                if not left:
                    raise
                log.info("planner asked again", error=str(error))
            await asyncio.sleep(self.endpoint.pause * self.chance.uniform(0.5, 1.5))
        raise AssertionError("the last try returns or raises")

    async def _ask(self, situation: Situation) -> Completion:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self.endpoint.first_token) as patience:
                async with self.client.stream("POST", self._url(), **self._request(situation)) as response:
                    await _refuse(response)
                    return await _read(response, lambda: patience.reschedule(loop.time() + self.endpoint.gap))
        except TimeoutError:
            raise PlanError("stalled", "no token in time") from None
        except httpx.HTTPError as error:
            raise Unreachable("refused", type(error).__name__) from None

    def _url(self) -> str:
        return self.endpoint.url.rstrip("/") + "/chat/completions"

    def _request(self, situation: Situation) -> dict[str, Any]:
        headers = {"Accept": "text/event-stream"}
        if self.endpoint.key:
            try:
                headers["Authorization"] = f"Bearer {self.endpoint.key.reveal()}"
            except ToolError as error:
                raise PlanError("unauthorised", error.sentence) from None
        body = {
            "model": self.endpoint.model,
            "messages": messages(situation),
            "tools": tools(situation, self.cards),
            "stream": True,
            "temperature": 0,
            "max_tokens": self.endpoint.max_tokens,
        }
        return {"json": body, "headers": headers, "timeout": None}


class Unreachable(PlanError):
    """The endpoint did not answer, and may do so when it is asked again."""


async def _refuse(response: httpx.Response) -> None:
    if response.status_code in (401, 403):
        raise PlanError("unauthorised", str(response.status_code))
    if response.status_code in (408, 409, 429) or response.status_code >= 500:
        raise Unreachable("refused", str(response.status_code))
    if response.status_code != 200:
        raise PlanError("refused", str(response.status_code))


async def _read(response: httpx.Response, arrived: Callable[[], None]) -> Completion:
    """The whole answer; `arrived` is told when there is something of it."""
    completion, events, whole = Completion(), Events(), b""
    streamed = "text/event-stream" in response.headers.get("Content-Type", "text/event-stream")
    pieces = response.aiter_bytes()
    async for piece in pieces:
        for event in events.push(piece) if streamed else ():
            if completion.add(event):
                arrived()
        if events.over:
            await _drain(pieces)
            return completion
        whole += b"" if streamed else piece
        if len(whole) > MAX_BYTES:
            raise PlanError("too_long")
    for event in events.end() if streamed else [decoded(whole)]:
        completion.add(event)
    if not completion.finish and not events.over:
        raise Unreachable("refused", "the stream broke off")
    return completion


async def _drain(pieces: AsyncIterator[bytes]) -> None:
    """Nothing follows the end, but a connection that was not read to its own end cannot be used again."""
    with suppress(TimeoutError):
        async with asyncio.timeout(DRAINING):
            async for _ in pieces:
                pass
