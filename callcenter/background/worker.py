"""The rim that runs the agent of one call: it tells the agent what happens and does what the agent wants.

It decides nothing. Everything the agent is told passes through one inbox, so its events have one order; answers of
tools and of a remote planner come back through the same inbox. The agent's time is samples: `heard(at)` makes one
`Passed` of every turn of the call, however late or bunched together the turns arrive, and no wall clock is read.

What cannot break a call: a tool that hangs, raises or answers after the end (a `Toolbox` turns all of that into
answers), a planner that fails (an error of `Planned`), a caller who hangs up while a change is under way (the change
is heard to its end and kept in the journal). An agent that raises is our fault: the call is told that it is alone.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

from callcenter.background.exchange import (
    CallTool,
    CancelTool,
    Consult,
    Ended,
    Passed,
    Planned,
    Told,
    ToolAnswered,
    Wish,
)
from callcenter.background.outcome import Outcome
from callcenter.background.planner import Move, PlanError, PlanFailure, RemotePlanner
from callcenter.background.tools import Ran, Toolbox
from callcenter.units import TURN

log = structlog.get_logger()

MAX_WAITING = 500
"""Events that may wait for the agent (100 s of turns). One that is so far behind is lost."""
CONSULTING = 8.0
"""Seconds a remote planner may take, whatever it allows itself."""
LAST_CHANGES = 60.0
"""Seconds after the call in which the end of its changes is still waited for."""


class Decides(Protocol):
    """An agent, or anything that is told what happens and says what it wants."""

    def receive(self, told: Told) -> Sequence[Wish]: ...


class Diary(Protocol):
    """Where a worker writes what happens; must not block."""

    def told(self, told: Told, wishes: Sequence[Wish]) -> None: ...

    def ran(self, ran: Ran) -> None: ...


class Worker:
    def __init__(
        self,
        call: str,
        agent: Decides,
        toolbox: Toolbox,
        *,
        give: Callable[[Wish], None],
        lost: Callable[[str], None],
        now: Callable[[], int],
        diary: Diary,
        planner: RemotePlanner | None = None,
        consulting: float = CONSULTING,
    ) -> None:
        """`give` takes what the call has to do; `lost` is told, once, when there is no agent any more; `now` is the
        number of samples heard."""
        self.agent = agent
        self.toolbox = toolbox
        self.planner = planner
        self._give = give
        self._lost = lost
        self._now = now
        self._diary = diary
        self._log = log.bind(call=call)
        self._inbox: asyncio.Queue[Told] = asyncio.Queue(MAX_WAITING)
        self._turn = 0
        self._errands: dict[str, asyncio.Task[None]] = {}
        self._patience = consulting
        self._newest: dict[str, str] = {}
        """Key of a change = the request that its answer belongs to."""
        self._consulting: asyncio.Task[tuple[Move, ...]] | None = None
        self._gone = False
        self._loop = asyncio.create_task(self._run(), name=f"worker {call}")

    # -------------------------------------------------------------------------------------------------- the call's side

    def tell(self, told: Told) -> None:
        """Something happened. Returns at once; the agent hears it in its turn."""
        if self._gone:
            return
        if self._inbox.full():
            self._lose("overrun")
            return
        self._inbox.put_nowait(told)

    def heard(self, at: int) -> None:
        """The caller has been heard up to here: a `Passed` for every turn that is complete."""
        while (self._turn + 1) * TURN <= at:
            self._turn += 1
            self.tell(Passed(self._turn * TURN))

    async def end(self, at: int) -> None:
        """The call is over. Returns when its changes have come to an end too, or have been given up."""
        self.tell(Ended(at))
        drained = asyncio.create_task(self._drained())
        await asyncio.wait({drained, self._loop}, timeout=LAST_CHANGES, return_when=asyncio.FIRST_COMPLETED)
        self._gone = True
        tasks = [drained, self._loop, *self._errands.values(), *([self._consulting] if self._consulting else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _drained(self) -> None:
        await self._inbox.join()
        while self._errands:
            await asyncio.wait(self._errands.values())
            await self._inbox.join()

    # ------------------------------------------------------------------------------------------------- the agent's side

    async def _run(self) -> None:
        while True:
            told = await self._inbox.get()
            try:
                wishes = self.agent.receive(told)
                self._diary.told(told, wishes)
                for wish in wishes:
                    self._do(wish)
            except Exception as error:
                self._log.error("agent lost", told=type(told).__name__, exc_info=error)
                self._lose(type(error).__name__)
                return
            finally:
                self._inbox.task_done()
            await asyncio.sleep(0)

    def _do(self, wish: Wish) -> None:
        match wish:
            case CallTool(request):
                self._newest[wish.key or request] = request
                errand = self._errands[request] = asyncio.create_task(self._call(wish), name=f"errand {request}")
                errand.add_done_callback(lambda task: self._called(request, task))
            case CancelTool(request):
                if running := self._errands.get(request):
                    running.cancel()
            case Consult(request):
                if self._consulting:
                    self._consulting.cancel()
                self._consulting = asyncio.create_task(self._consult(wish), name=f"consult {request}")
                self._consulting.add_done_callback(lambda task: self._consulted(request, task))
            case _:
                self._give(wish)

    def _lose(self, reason: str) -> None:
        """There is no agent any more: the call is on its own, and must know it."""
        if self._gone:
            return
        self._gone = True
        for task in (self._loop, *self._errands.values()):
            task.cancel()
        self._lost(reason)

    # ------------------------------------------------------------------------------------------------ tools and planner

    async def _call(self, wish: CallTool) -> None:
        outcome = await self.toolbox.run(wish.name, wish.arguments, wish.key, self._diary.ran)
        self._answer(wish, outcome)
        if wish.changes and outcome.kind == "timeout":
            late = await self.toolbox.settled(wish.key)
            if late is not None and late != outcome:
                self._answer(wish, late)

    def _answer(self, wish: CallTool, outcome: Outcome) -> None:
        """A change that was asked for again under its key answers to the newest request only."""
        if self._newest.get(wish.key or wish.request) == wish.request:
            self.tell(ToolAnswered(self._now(), wish.request, outcome.ok, outcome.value, outcome.error))

    def _called(self, request: str, task: "asyncio.Task[None]") -> None:
        """A toolbox answers whatever happens; if this raised all the same, it was ours."""
        self._errands.pop(request, None)
        if not task.cancelled() and (error := task.exception()):
            self._log.error("errand lost", request=request, exc_info=error)
            self._lose(type(error).__name__)

    async def _consult(self, wish: Consult) -> tuple[Move, ...]:
        if self.planner is None:
            raise PlanError("lost", "there is no remote planner")
        async with asyncio.timeout(self._patience):
            return await self.planner.plan(wish.situation)

    def _consulted(self, request: str, task: "asyncio.Task[tuple[Move, ...]]") -> None:
        if task.cancelled():
            return
        error = task.exception()
        failure: PlanFailure
        match error:
            case None:
                self.tell(Planned(self._now(), request, task.result()))
                return
            case PlanError():
                failure = error.kind
            case TimeoutError():
                failure = "stalled"
            case _:
                failure = "lost"
        self._log.warning("planner failed", request=request, failure=failure, error=repr(error))
        self.tell(Planned(self._now(), request, (), failure))
