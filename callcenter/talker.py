"""Runs the duplex of a line: gives it its turns in order and hands on what it says.

Whatever a duplex does wrong (it does not open, throws, answers nonsense, will not close) is this duplex being lost, and
nothing else: the call decides what to do about it.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from callcenter import metrics
from callcenter.duplex import Duplex
from callcenter.events import Event, Heard, Late, Lost, Policy, Spoken
from callcenter.logs import log
from callcenter.units import RATE, TURN

TURNS_WAITING: Final = 50
"""Turns a duplex may be behind (10 s); beyond it the oldest are dropped, and the call decides that it is stuck."""


class Talker:
    def __init__(
        self,
        name: str,
        make: Callable[[str], Duplex],
        *,
        policy: Policy,
        feed: Callable[[Event], None],
        speed: float,
        call_id: str,
    ) -> None:
        self._name = name
        self._make = make
        self._policy = policy
        self._feed = feed
        self._speed = speed
        self._log = log.bind(call=call_id, duplex=name)
        self._turns: asyncio.Queue[Heard] = asyncio.Queue(TURNS_WAITING)
        self._stopped = False
        self._task = asyncio.get_running_loop().create_task(self._run())

    def give(self, heard: Heard) -> None:
        if self._turns.full():
            self._turns.get_nowait()
        self._turns.put_nowait(heard)

    def stop(self) -> None:
        """Nothing is heard of it any more."""
        self._stopped = True
        self._task.cancel()

    async def _run(self) -> None:
        try:
            await self._converse()
        except Exception as error:
            kind = getattr(error, "kind", "")  # a failure it foresaw; printing where it came from would only hold us up
            self._tell(Lost(kind or type(error).__name__))
            self._log.warning("duplex lost", error=repr(error), exc_info=None if kind else error)

    async def _converse(self) -> None:
        seconds, clock = metrics.TURN.labels(self._name), asyncio.get_running_loop().time
        duplex = self._make(self._name)
        try:
            duplex.open(self._policy, ())
            while True:
                heard = await self._turns.get()
                began = clock()
                spoken = whole(await duplex.turn(heard))
                took = clock() - began
                seconds.observe(took)
                if took * self._speed > TURN / RATE:
                    self._tell(Late(heard.turn, round(took * 1_000)))
                self._tell(spoken)
        finally:
            duplex.close()

    def _tell(self, event: Event) -> None:
        if not self._stopped:
            self._feed(event)


def whole(spoken: Spoken) -> Spoken:
    """A duplex that answers nonsense is lost at once, and not when its answer is to be spoken."""
    if not isinstance(spoken, Spoken) or not isinstance(spoken.audio, bytes | None):
        raise TypeError(f"no answer to a turn: {spoken!r:.100}")
    return spoken
