"""The liaison between a line and the background of its call: what happened goes to the agent, what it wants comes back.

It decides nothing. Of everything that passes through a line it tells the agent the words, keys, acts, what was really
heard of its notes, and the time; a wish of the agent becomes an event of the call, so that it has its place in the
call's one order and in its journal. What the agent was told, wanted and did with tools is remarked in the same journal.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from pydantic_core import to_jsonable_python

from callcenter.background.agent import Agent, Setting
from callcenter.background.exchange import (
    Acted,
    Began,
    End,
    Label,
    Passed,
    Pressed,
    Returned,
    SpokenHeard,
    Told,
    TransferTo,
    Wish,
    Withdraw,
    Withhold,
    Words,
    Write,
)
from callcenter.background.grammar import Day
from callcenter.background.planner import RemotePlanner
from callcenter.background.state import Slot
from callcenter.background.tools import Ran, Toolbox
from callcenter.background.worker import Worker
from callcenter.curtain import TAIL, WITHHELD
from callcenter.events import (
    Command,
    Delivered,
    Directed,
    Event,
    Note,
    Noted,
    Record,
    Spoken,
    Started,
    Surmised,
    TurnHeard,
    Understood,
    Withdrawn,
)
from callcenter.events import Pressed as KeyPressed
from callcenter.logs import log
from flows import Flow

NEVER: Final = 1 << 62

ALONE: Final = Note("alone", "say", "I am sorry, I cannot look anything up at the moment.", source=("line",))


class Line(Protocol):
    """The side of a line that a liaison needs."""

    def feed(self, event: Event) -> None: ...

    @property
    def at(self) -> int: ...


class Remarks(Protocol):
    """The journal, for what is beside the conversation."""

    def remark(self, kind: str, **facts: Any) -> None: ...


@dataclass(frozen=True, slots=True)
class Office:
    """What the background of every call shares: the flow, the tools, the planner, the company's clock."""

    flow: Flow
    toolbox: Toolbox
    now: Callable[[], datetime]
    planner: RemotePlanner | None = None
    rescue: str = ""

    def agent(self, call_id: str, caller: str) -> Agent:
        now = self.now()
        return Agent(
            Setting(
                call=call_id,
                flow=self.flow,
                cards=self.toolbox.tools,
                day=Day(now.year, now.month, now.day),
                minute=now.hour * 60 + now.minute,
                number=caller,
                remote=self.planner is not None,
            )
        )


class Liaison:
    def __init__(self, office: Office, call_id: str, caller: str, remarks: Remarks) -> None:
        self.label = ""
        self._office = office
        self._call_id = call_id
        self._caller = caller
        self._remarks = remarks
        self._line: Line | None = None
        self._worker: Worker | None = None
        self._agent: Agent | None = None
        self._known: dict[tuple[str, str], Slot] = {}
        self._hidden_until = 0
        """Details that become known before this sample may have been said while nothing was recorded."""

    # ------------------------------------------------------------------------------------------------ the line's side

    def attach(self, line: Line) -> None:
        """The line is open and its loop runs."""
        self._line = line
        self._agent = self._office.agent(self._call_id, self._caller)
        self._worker = Worker(
            self._call_id,
            self._agent,
            self._office.toolbox,
            give=self._give,
            lost=self._lost,
            now=lambda: line.at,
            diary=self,
            planner=self._office.planner,
        )

    def saw(self, at: int, event: Event, commands: Sequence[Command]) -> None:
        """Something passed through the line. What a duplex does in a turn comes after the turn's words: they are what
        it answers."""
        worker = self._worker
        if worker is None:
            return
        if isinstance(event, TurnHeard):
            worker.heard(at)
        for command in commands:
            match command:
                case Understood(text, final):
                    worker.tell(Words(at, text, final))
                case Surmised(text):
                    worker.tell(Words(at, text))
                case _:
                    pass
        match event:
            case Spoken():
                for act in event.acts:
                    worker.tell(Acted(at, act))
            case KeyPressed(digit):
                worker.tell(Pressed(at, digit))
            case Started():
                returned = dict(event.params).get("returned", "")
                worker.tell(Returned(at, returned) if returned else Began(at))
            case _:
                pass
        for command in commands:
            match command:
                case Delivered(note_id, text, complete):
                    worker.tell(SpokenHeard(at, note_id, text, complete))
                case Record(on):
                    self._hidden_until = at + TAIL if on else NEVER
                case _:
                    pass

    async def end(self, at: int) -> None:
        """The line is over; changes under way are heard to their end."""
        worker, self._worker = self._worker, None
        if worker is not None:
            await worker.end(at)

    # ---------------------------------------------------------------------------------------------- the agent's side

    def _give(self, wish: Wish) -> None:
        line = self._line
        if line is None:
            return
        match wish:
            case Write(note):
                line.feed(Noted(note))
            case Withdraw(note_id):
                line.feed(Withdrawn(note_id))
            case TransferTo(target, reason):
                line.feed(Directed("transfer", target, by=reason, when_said=True))
            case End(reason):
                line.feed(Directed("hang_up", reason, by="background", when_said=True))
            case Label(outcome):
                self.label = outcome
            case _:
                pass

    def _lost(self, reason: str) -> None:
        """There is no agent any more. The caller is told so, truly, and passed on if there is somebody."""
        log.error("background lost", call=self._call_id, reason=reason)
        if self._line is None:
            return
        self._line.feed(Noted(ALONE))
        if self._office.rescue:
            self._line.feed(Directed("transfer", self._office.rescue, by="background_lost", when_said=True))

    # --------------------------------------------------------------------------------------------- the worker's diary

    def told(self, told: Told, wishes: Sequence[Wish]) -> None:
        if isinstance(told, Passed) and not wishes:
            return
        facts = [f"{type(wish).__name__} {_short(wish)}".strip() for wish in wishes if not isinstance(wish, Write)]
        if facts or not isinstance(told, Passed | SpokenHeard | Acted):
            self._remarks.remark("background", told=type(told).__name__, at=told.at, wants=facts)
        if self._agent is not None and not isinstance(told, Passed):
            self._learnt(told.at, self._agent.desk.d.known)

    def _learnt(self, at: int, known: dict[tuple[str, str], Slot]) -> None:
        """What has become known, or has changed, since something was told last."""
        for (step, name), slot in known.items():
            if self._known.get((step, name)) != slot:
                value = WITHHELD if at < self._hidden_until else to_jsonable_python(slot.value, fallback=str)
                source = list(slot.source)
                self._remarks.remark("variable", step=step, name=name, value=value, sure=slot.sure, source=source)
        self._known = known

    def ran(self, ran: Ran) -> None:
        outcome = ran.outcome
        self._remarks.remark(
            "tool",
            name=ran.tool,
            arguments=ran.arguments,
            key=ran.key,
            ok=outcome.ok,
            result=outcome.value if outcome.ok else outcome.error,
            seconds=round(ran.seconds, 4),
            repeated=ran.repeated,
        )


def _short(wish: Wish) -> str:
    match wish:
        case TransferTo(target, reason):
            return f"{target} ({reason})"
        case End(reason):
            return reason
        case Withhold(kind, detail):
            return f"{kind}: {detail}"
        case Label(outcome):
            return outcome
        case Withdraw(note_id):
            return note_id
        case _:
            return getattr(wish, "request", "") or ""
