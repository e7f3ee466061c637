"""A call without sound: a caller with a task, the background agent, the real tools of the CRM, in simulated time.

Ears are perfect and late by a turn at most; a voice speaks the notes at 15 letters a second, yields when it is talked
over, and reports what was heard. Tools really run, at the moment they are called; their answers arrive later, or
twice, or not at all, as the scenario's faults say. Everything that happened is kept for the judge.
"""

import asyncio
import heapq
import json
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from itertools import count
from typing import Any, Final, Protocol

from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import StaticPool
from sqlmodel import Session, select

from callcenter.background.agent import Agent, Setting
from callcenter.background.crm import crm_tools
from callcenter.background.crm.seed import create_tables, seed
from callcenter.background.crm.tables import Done
from callcenter.background.exchange import (
    Acted,
    Began,
    CallTool,
    CancelTool,
    Consult,
    End,
    Ended,
    Label,
    Passed,
    Planned,
    SpokenHeard,
    Told,
    ToolAnswered,
    TransferTo,
    Wish,
    Withdraw,
    Withhold,
    Words,
    Write,
)
from callcenter.background.grammar import Day
from callcenter.background.outcome import Outcome
from callcenter.background.planner import Move, Situation
from callcenter.background.tools import Toolbox
from callcenter.callers.tasks import Cue, Scenario, otherwise
from callcenter.callers.tasks.caller import Caller
from callcenter.events import Note, Yielded
from callcenter.units import TURN, samples, seconds
from flows import Flow

LETTERS_A_SECOND: Final = 15
LONGEST: Final = samples(420)
YIELDS: Final = samples(0.4)


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened, for the judge."""

    at: int
    what: str
    detail: Any


@dataclass(slots=True)
class Speech:
    """A note that is being spoken."""

    note: Note
    start: int
    heard: str = ""


@dataclass(slots=True)
class World:
    """A fresh CRM as it is on the day of the scenario."""

    day: datetime
    toolbox: Toolbox
    engine: Engine

    def changes(self) -> list[tuple[str, dict[str, Any]]]:
        """What was really changed, from the CRM's own books."""
        with Session(self.engine) as session:
            done = [json.loads(row.request) for row in session.exec(select(Done)).all()]
        return [(tool, {key: value for key, value in asked.items() if value is not None}) for tool, asked in done]


def world(at: str) -> World:
    start = datetime.fromisoformat(at)
    engine = _empty()
    with engine.connect() as connection:
        connection.connection.driver_connection.deserialize(_seeded(start.date()))  # type: ignore[union-attr]
    return World(start, Toolbox(crm_tools(engine, lambda: start)), engine)


@lru_cache
def _seeded(day: date) -> bytes:
    """The database as it is on this day; filled once, copied for every call."""
    engine = _empty()
    create_tables(engine)
    seed(engine, day)
    with engine.connect() as connection:
        return bytes(connection.connection.driver_connection.serialize())  # type: ignore[union-attr]


def _empty() -> Engine:
    return create_engine("sqlite://", connect_args={"check_same_thread": False}, poolclass=StaticPool)


Asks = Callable[[Situation], tuple[tuple[Move, ...], str, float]]
"""A remote planner, asked and waited for: its moves or an error, and the seconds it took."""


class Decides(Protocol):
    """An agent, or one that is made to do wrong."""

    def receive(self, told: Told) -> list[Wish]: ...


class TextCall:
    def __init__(
        self,
        scenario: Scenario,
        flow: Flow,
        luck: int = 0,
        planner: Asks | None = None,
        agent: Callable[[Setting], Decides] = Agent,
        misheard: float = 0.0,
    ) -> None:
        """`misheard`: share of the caller's words that are misheard."""
        self.misheard = misheard
        self.scenario, self.flow, self.luck = otherwise(scenario, luck), flow, luck
        self.moments: list[Moment] = []
        self.world = world(self.scenario.at)
        self.chance = random.Random(f"{self.scenario.name} {self.luck}")
        self.caller = Caller(self.scenario, self.luck)
        start = self.world.day
        self.planner = planner
        self.agent = agent(
            Setting(
                call="call",
                flow=self.flow,
                cards=self.world.toolbox.tools,
                day=Day(start.year, start.month, start.day),
                minute=start.hour * 60 + start.minute,
                number=self.scenario.number,
                remote=planner is not None,
            )
        )
        self.queue: list[tuple[int, int, Callable[[], None]]] = []
        self.order = count()
        self.at = 0
        self.notes: list[Note] = []
        self.speech: Speech | None = None
        self.talking_until = 0
        self.silent_since = 0
        self.utterance = 0
        self.over = ""
        self.leaving: Wish | None = None
        self.calls: dict[str, int] = {}
        self.reply_due = 0

    # ---------------------------------------------------------------------------------------------- time

    def run(self) -> "TextCall":
        self.later(0, lambda: self.tell(Began(self.at)))
        self.later(TURN, self.turn)
        while self.queue and not self.over and self.at < LONGEST:
            self.at, _, act = heapq.heappop(self.queue)
            act()
        self.over = self.over or "never ended"
        self.tell(Ended(self.at))
        return self

    def later(self, at: int, act: Callable[[], None]) -> None:
        heapq.heappush(self.queue, (max(at, self.at), next(self.order), act))

    def note_down(self, what: str, detail: Any) -> None:
        self.moments.append(Moment(self.at, what, detail))

    def turn(self) -> None:
        self.tell(Passed(self.at))
        self.speak()
        self.later(self.at + TURN, self.turn)

    # ---------------------------------------------------------------------------------------------- the agent

    def tell(self, told: Told) -> None:
        if not isinstance(told, Passed):
            self.note_down("told", told)
        for wish in self.agent.receive(told):
            self.note_down("wish", wish)
            self.do(wish)

    def do(self, wish: Wish) -> None:
        match wish:
            case CallTool():
                self.run_tool(wish)
            case Write() if wish.note.kind != "say":
                pass
            case Write():
                self.notes = [note for note in self.notes if note.id not in wish.note.supersedes]
                self.notes.append(wish.note)
                if self.speech and self.speech.note.id in wish.note.supersedes:
                    self.stop_speaking()
            case Withdraw():
                self.notes = [note for note in self.notes if note.id != wish.note_id]
                if self.speech and self.speech.note.id == wish.note_id:
                    self.stop_speaking()
            case TransferTo() | End():
                self.leaving = wish
            case Consult():
                self.consult(wish)
            case CancelTool() | Withhold() | Label():
                pass

    def consult(self, wish: Consult) -> None:
        """The planner is asked now; its answer comes as much later as it took."""
        moves, error, taken = self.planner(wish.situation) if self.planner else ((), "lost", 0.0)
        self.later(self.at + samples(taken), lambda: self.tell(Planned(self.at, wish.request, moves, error)))

    def run_tool(self, call: CallTool) -> None:
        self.calls[call.name] = nth = self.calls.get(call.name, 0) + 1
        outcome = asyncio.run(self.world.toolbox.run(call.name, call.arguments, call.key))
        for delay, result in self.answers(call, nth, outcome):
            self.later(self.at + samples(delay), lambda result=result: self.answer(call, result))  # type: ignore[misc]
        for cue in self.caller.notice(call.name):
            self.later(self.at + samples(cue.after), lambda cue=cue: self.cue(cue))  # type: ignore[misc]

    def answers(self, call: CallTool, nth: int, outcome: Outcome) -> Iterator[tuple[float, Outcome]]:
        usual = self.chance.uniform(0.1, 0.5)
        fault = next((one for one in self.scenario.faults if one.tool == call.name and one.on in (0, nth)), None)
        match fault.kind if fault else "":
            case "slow":
                yield (fault.seconds if fault else 0), outcome
            case "breaks":
                yield usual, Outcome(False, None, "unavailable: The system could not answer.")
            case "twice":
                yield usual, outcome
                yield usual + 1.5, outcome
            case "hangs" | "lost":
                return
            case _:
                yield usual, outcome

    def answer(self, call: CallTool, outcome: Outcome) -> None:
        self.note_down("answer", (call, outcome))
        self.tell(ToolAnswered(self.at, call.request, outcome.ok, outcome.value, outcome.error))

    # ---------------------------------------------------------------------------------------------- the voice

    def speak(self) -> None:
        if self.speech:
            self.go_on()
        elif self.free():
            self.notes = [note for note in self.notes if note.expires is None or note.expires > self.at]
            if self.notes:
                note = self.notes.pop(0)
                self.speech = Speech(note, self.at)
                self.begins(note)
            elif self.leaving:
                self.leave(self.leaving)

    def free(self) -> bool:
        """Whether a voice that knows when its caller has ended would speak now."""
        return self.at >= self.talking_until and self.at - self.silent_since >= samples(0.2)

    def begins(self, note: Note) -> None:
        self.note_down("begins", note)

    def go_on(self) -> None:
        speech = self.speech
        if speech is None:
            return
        spoken = int(seconds(self.at - speech.start) * LETTERS_A_SECOND)
        text = speech.note.text
        whole = spoken >= len(text)
        heard = text if whole else text[:spoken].rpartition(" ")[0]
        speech.heard = heard
        if whole:
            self.speech = None
            self.note_down("heard", text)
            self.tell(SpokenHeard(self.at, speech.note.id, text, True))
            self.silent_since = self.at
            if not self.listen(heard):
                self.reply_to(text)
        else:
            self.tell(SpokenHeard(self.at, speech.note.id, heard, False))
            self.listen(heard)

    def stop_speaking(self) -> None:
        speech, self.speech = self.speech, None
        if speech:
            self.note_down("cut", (speech.heard, speech.note))
            self.silent_since = self.at
            self.agent_heard(speech)

    def agent_heard(self, speech: Speech) -> None:
        self.later(self.at, lambda: self.tell(SpokenHeard(self.at, speech.note.id, speech.heard, False)))

    def leave(self, wish: Wish) -> None:
        match wish:
            case TransferTo():
                self.over = f"{wish.target}: {wish.reason}"
            case End():
                self.over = wish.reason
            case _:
                raise ValueError(f"nobody leaves by {wish}")

    # ---------------------------------------------------------------------------------------------- the caller

    def listen(self, heard: str) -> bool:
        """Cues set off by what was heard; whether there were any."""
        cues = list(self.caller.overhear(heard))
        for cue in cues:
            self.later(self.at + samples(0.1), lambda cue=cue: self.cue(cue))  # type: ignore[misc]
        return any(not cue.backchannel for cue in cues)

    def cue(self, cue: Cue) -> None:
        self.note_down("cue", cue)
        if cue.hang_up:
            self.over = "hung up"
        elif cue.backchannel:
            self.say(cue.say, backchannel=True)
        else:
            self.reply_due = 0
            self.say(cue.say)

    def reply_to(self, text: str) -> None:
        self.reply_due = due = self.at + samples(self.chance.uniform(0.25, 0.9))

        def reply() -> None:
            if self.reply_due == due and self.at >= self.talking_until and not self.leaving:
                said = self.caller.react(text)
                if said:
                    self.say(said)

        self.later(due, reply)

    def say(self, text: str, backchannel: bool = False) -> None:
        """Word by word; the ears have a word by the end of the turn in which it ends."""
        self.utterance += 1
        number, at, said = self.utterance, self.at, ""
        self.opens(text, backchannel)
        for word in text.split():
            if pause := re.fullmatch(r"\[([\d.]+)\]", word):
                at += samples(float(pause[1]))
                continue
            at += samples(0.16 + 0.05 * len(word))
            said = f"{said} {self.ear(word)}".strip()
            heard_at = -(-at // TURN) * TURN
            self.later(heard_at, lambda said=said, number=number: self.hear(said, number))  # type: ignore[misc]
        end = self.closes(text, at)
        self.later(end + samples(0.4), lambda: self.hear(said, number, final=True))

    def opens(self, text: str, backchannel: bool) -> None:
        """The caller begins to speak; a voice that speaks gives way to more than a listener's word."""
        self.note_down("says", text)
        if not backchannel:
            self.caller.last = text
        if self.speech and not backchannel:
            self.later(self.at + YIELDS, self.yield_floor)

    def closes(self, text: str, at: int) -> int:
        """The caller's last sound is at `at`; the end of its turn."""
        self.talking_until = max(self.talking_until, at)
        end = -(-at // TURN) * TURN
        self.later(end, lambda: self.note_down("last word", text))
        return end

    def ear(self, word: str) -> str:
        """The word, or now and then nothing, or a word that is spelled a little differently."""
        if not self.misheard or self.chance.random() >= self.misheard:
            return word
        if self.chance.random() < 0.4:
            return ""
        place = self.chance.randrange(len(word))
        return word[:place] + self.chance.choice("aeioustnrl") + word[place + 1 :]

    def hear(self, said: str, number: int, final: bool = False) -> None:
        if number == self.utterance:
            self.silent_since = self.at
            self.tell(Words(self.at, said, final))

    def yield_floor(self) -> None:
        if self.speech:
            self.stop_speaking()
            self.tell(Acted(self.at, Yielded()))
