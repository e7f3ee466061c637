"""Asks the store for the event loop, and never waits long: calls begin, go on and end without an answer.

A database that refuses is known to be down at once; one that hangs is only noticed by waiting. So no question is
waited for beyond `WITHIN`, and after one that was in vain the store is left alone for a while. What has to be told
all the same is kept and told, in order, when the store answers again.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, Final, TypeVar

from callcenter.logs import log
from callcenter.store import StoreDown

WITHIN: Final = 2.0
REST: Final = 5.0
"""Seconds the store is left alone after it did not answer."""

THREADS: Final = 8
KEPT: Final = 10_000
"""News kept for a store that is down; the oldest are forgotten first."""

T = TypeVar("T")
Question = Callable[[], T]


class Asker:
    def __init__(self) -> None:
        self._questions: SimpleQueue[tuple[Question[Any], asyncio.Future[Any]] | None] = SimpleQueue()
        self._rested = 0.0
        self._news: deque[Question[Any]] = deque(maxlen=KEPT)
        for _ in range(THREADS):  # not asyncio's own: those are waited for at the end, and one that hangs never ends
            threading.Thread(target=self._answer, name="asker", daemon=True).start()

    @property
    def untold(self) -> int:
        return len(self._news)

    async def ask(self, question: Question[T], within: float = WITHIN) -> T:
        """The answer; StoreDown if there is none in time."""
        if time.monotonic() < self._rested:
            raise StoreDown("left alone, because it did not answer")
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._questions.put((question, answer))
        try:
            async with asyncio.timeout(within):
                return await answer
        except TimeoutError:
            self._rested = time.monotonic() + REST
            raise StoreDown(f"no answer within {within:.0f} s") from None

    async def tell(self, doing: str, call_id: str, news: Question[Any]) -> None:
        """Tells the store now, or when it answers again."""
        try:
            if self._news:
                raise StoreDown("older news wait")
            await self.ask(news)
        except StoreDown:
            self.keep(doing, call_id, news)

    def keep(self, doing: str, call_id: str, news: Question[Any]) -> None:
        """News for later."""
        log.warning("store down", call=call_id, doing=doing, untold=len(self._news))
        self._news.append(news)

    async def catch_up(self) -> None:
        """Tells what waits, oldest first, as far as the store answers."""
        while self._news:
            news = self._news[0]
            asked: tuple[Any] = await asyncio.gather(self.ask(news), return_exceptions=True)
            refusal = asked[0]
            if isinstance(refusal, StoreDown):
                return
            if isinstance(refusal, Exception):
                log.error("news refused", error=repr(refusal), exc_info=refusal)
            if self._news and self._news[0] is news:
                self._news.popleft()

    def close(self) -> None:
        for _ in range(THREADS):
            self._questions.put(None)

    def _answer(self) -> None:
        while (asked := self._questions.get()) is not None:
            question, answer = asked
            loop = answer.get_loop()
            if answer.cancelled():
                continue
            try:
                result, error = question(), None
            except BaseException as raised:
                result, error = None, raised
            try:
                loop.call_soon_threadsafe(_settle, answer, result, error)
            except RuntimeError:
                return  # the loop is closed: nobody waits any more


def _settle(answer: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
    if answer.done():
        return
    if error is None:
        answer.set_result(result)
    else:
        answer.set_exception(error)
