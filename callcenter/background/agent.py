"""The background agent of one call: what happened in, what is wanted out. Sans IO; time is samples.

It works on partial words: after each, it reads the utterance so far, walks the flow with what is known, starts the
look-ups that would be needed and writes the answer as soon as there is one, so that it lies ready at the last word.
Nothing of this lasts: the next word may take it back. Only what was said to the end moves the call on.

Rules it keeps, whoever plans: see `rules`. And: a result that nobody wants any more is not spoken; a change that is
under way is heard to its end before anything else is begun; waiting is said after a while and never with anything
invented; a caller who is not understood three times, or asks for a person, is handed over, or told when somebody is
there.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from callcenter.background.errands import TRIES, Errand, Errands
from callcenter.background.exchange import (
    Acted,
    Began,
    CancelTool,
    Consult,
    End,
    Ended,
    Label,
    Passed,
    Planned,
    Pressed,
    Returned,
    SpokenHeard,
    Told,
    ToolAnswered,
    TransferReason,
    TransferTo,
    Wish,
    Withdraw,
    Withhold,
    Words,
    Write,
)
from callcenter.background.facts import facts
from callcenter.background.grammar import Day
from callcenter.background.ledger import Entry, Ledger
from callcenter.background.phrases import PERSON, learn
from callcenter.background.planner import ToolCard
from callcenter.background.reading import Reader, Reading
from callcenter.background.rules import against_change, against_text, against_tool, evidence
from callcenter.background.state import Awaiting, Dialogue, Result
from callcenter.background.walking import Plan, Said, Walker
from callcenter.background.walking import Wish as Want
from callcenter.events import Asked, Note, TookFloor, Yielded
from callcenter.units import samples
from flows import Flow
from flows.hours import open_at

SETTLES: Final = samples(1.2)
"""Silence after which an utterance is over though nobody said so."""
SETTLES_LATER: Final = samples(2.4)
"""The same within an answer that is not whole: digits come in groups."""
WHOLE_BY: Final = samples(3.0)
"""Silence after which the rest of such an answer is asked for."""
KEEPS: Final = samples(60)
"""How long an answer stays true enough to be spoken."""

_PRESENT: Final = re.compile(r"(?:(?:yes|yeah|yep|hello|hi|i'm|i am|still|here|sorry|oh|um|there|of course)\s*)+")
SORRY: Final = "I'm sorry, I did not understand that."
HOLD: Final = "Of course, take your time."
CANNOT_TELL: Final = "I'm sorry, I cannot tell you that right now."
NOBODY: Final = "I'm sorry, nobody could take your call just now."
LATE: Final = "About your earlier request:"


@dataclass(frozen=True, slots=True)
class Setting:
    """What a call is born with. `day` and `minute` are the company's when the call begins."""

    call: str
    flow: Flow
    cards: Mapping[str, ToolCard]
    day: Day
    minute: int
    number: str = ""
    remote: bool = False
    """A remote planner is consulted; the embedded one stays for what it cannot do in time."""


class Agent:
    def __init__(self, setting: Setting) -> None:
        self.setting, self.flow = setting, setting.flow
        self.walker = Walker(setting.flow, setting.cards, setting.day, setting.number)
        phrases = {
            name: (*step.phrases, f"i want to {step.about}") for name, step in self.flow.steps.items() if step.phrases
        }
        people = {PERSON: self.flow.hand_over.phrases} if self.flow.hand_over.phrases else {}
        self.reader = Reader(self.walker, learn({**phrases, **people}))
        self.d = Dialogue()
        self.ledger = Ledger()
        self.errands = Errands(self._next_request)
        self.results: dict[str, Result] = {}
        self.transcript: list[tuple[Literal["caller", "agent"], str]] = []
        self.phase: Literal["talking", "leaving", "ended"] = "talking"
        self.out: list[Wish] = []
        self.at = 0
        self.query, self.calls = 0, 0
        self.heard, self.consumed = "", ""
        self.word_at, self.part_at, self.hold_until = 0, 0, 0
        self.question = ""
        """The note that put the question which is open."""
        self.tentative = ""
        """The note that answers the utterance before it is over."""
        self.waiting: int | None = None
        self.progress, self.progress_at = 0, 0
        self.checks = 0
        self.yielded = False
        self.deferred: list[str] = []

    def receive(self, told: Told) -> list[Wish]:
        self.at = max(self.at, told.at)
        self.out = []
        if self.phase != "ended":
            self._receive(told)
        elif isinstance(told, ToolAnswered):
            self.out.append(Withhold("late", f"{told.request} after the call"))
        return self.out

    def _receive(self, told: Told) -> None:
        match told:
            case Began():
                self._begin()
            case Words():
                self._words(told)
            case Acted():
                self._acted(told)
            case SpokenHeard():
                self._spoken(told)
            case ToolAnswered():
                self._answered(told)
            case Pressed():
                self._pressed(told.digit)
            case Planned():
                pass
            case Returned():
                self._returned()
            case Passed():
                self._passed()
            case Ended():
                self._ended()

    # ------------------------------------------------------------------------------------------- the caller speaks

    def _begin(self) -> None:
        self.write([Said(text, ("flow",)) for text in (self.flow.greeting, self.flow.disclosure, self.flow.opening)])

    def _words(self, told: Words) -> None:
        if self.phase != "talking":
            return
        fresh = told.text.removeprefix(self.consumed).strip() if self.consumed else told.text.strip()
        if fresh != self.heard:
            self.word_at, self.heard, self.checks = self.at, fresh, 0
        if told.final:
            self.consumed = ""
            self._settle()
        elif fresh:
            self._try()

    def _acted(self, told: Acted) -> None:
        match told.act:
            case Yielded():
                self.yielded = True
            case TookFloor() | Asked() if self.heard:
                self._settle_early()
            case _:
                pass

    def _settle_early(self) -> None:
        self.consumed = " ".join(filter(None, (self.consumed, self.heard)))
        self._settle()

    def _try(self) -> None:
        """Read what was said so far, as if it were all: look up what it needs, have the answer ready."""
        if self.errands.change() or self.setting.remote:
            return
        reading = self.reader.read(self.d, self.heard, self._question_heard())
        plan = self.walker.walk(reading.dialogue, self.errands.book) if reading.kind == "understood" else None
        if plan is None:
            self._take_back()
            return
        self._look(plan, wanted=False)
        if plan.looks or plan.change or plan.hand_over or plan.finished or not plan.lines:
            self._take_back()
        else:
            self._prepare(plan, reading)

    def _prepare(self, plan: Plan, reading: Reading) -> None:
        lines = _opened(reading.say, plan.lines)
        text = " ".join(line.text for line in lines)
        ready = self.ledger.entries.get(self.tentative)
        if ready and not ready.gone and ready.note.text == text:
            return
        self._take_back()
        self.tentative = self.write(lines, answers=f"q{self.query + 1}", over=False)

    def _take_back(self) -> None:
        entry = self.ledger.entries.get(self.tentative)
        if entry and entry.pending:
            self.ledger.drop(entry.note.id)
            self.out.append(Withdraw(entry.note.id))
        self.tentative = ""

    def _settle(self) -> None:
        """The utterance is over: now it counts."""
        text, self.heard = self.heard, ""
        if not text:
            return
        self.transcript.append(("caller", text))
        if self.errands.change():
            self.deferred.append(text)
            self._take_back()
            return
        self.query += 1
        heard = self._question_heard()
        self._react(Reading(self.d, "repeat") if self._is_there(text) else self.reader.read(self.d, text, heard))
        self.tentative = ""
        self.yielded = False

    def _is_there(self, text: str) -> bool:
        """The caller only says that they are still there."""
        last = self.ledger.last(progress=True)
        return bool(last and last.note.text in self.flow.silence.lines and _PRESENT.fullmatch(text.lower()))

    def _react(self, reading: Reading) -> None:
        if reading.kind not in ("nothing", "part", "hold"):
            self.hold_until = 0
        match reading.kind:
            case "understood":
                if self.d.awaiting.kind == "retry":
                    self.errands.forget_faults()
                self._go(reading.dialogue, reading.say)
            case "missed":
                self._missed(reading.dialogue)
            case "part":
                self._take_back()
                self.d, self.part_at = reading.dialogue, self.at
            case "nothing":
                self._take_back()
                self._resume()
            case "hold":
                self.hold_until = self.at + samples(self.flow.silence.hold)
                self.write([Said(HOLD)])
            case "repeat":
                self._repeat()
            case "unheard" | "go on":
                self._go(reading.dialogue)
            case "unsure":
                self._which(reading.dialogue)
            case "person":
                self._hand_over("asked", "")
            case "bye":
                self._goodbye()
        if self.waiting is not None and reading.kind in ("nothing", "part", "hold", "repeat"):
            self._go(self.d, over=False)

    def _which(self, dialogue: Dialogue) -> None:
        """More than one step could be meant: ask."""
        if dialogue.misses >= self.flow.hand_over.after:
            self._missed(dialogue)
            return
        abouts = [self.flow.steps[name].about for name in dialogue.awaiting.name.split("|")]
        self.d = dialogue
        self.question = self.write([Said(f"Do you want to {', or to '.join(abouts)}?")])

    def _missed(self, dialogue: Dialogue) -> None:
        if dialogue.misses >= self.flow.hand_over.after:
            self.d = dialogue
            self._hand_over("not_understood", "")
        else:
            self._go(dialogue, SORRY)

    def _go(self, dialogue: Dialogue, opener: str = "", over: bool = True) -> None:
        plan = self.walker.walk(dialogue, self.errands.book)
        if not plan.lines and not plan.looks and not plan.change and not plan.hand_over and not plan.dialogue.tasks:
            plan = replace(plan, lines=(Said(self._open_question(dialogue), ("flow",)),))
        self._carry_out(plan, opener, over)

    def _open_question(self, dialogue: Dialogue) -> str:
        return self.flow.opening if dialogue.awaiting.kind == "opening" else self.flow.ending.more

    # ------------------------------------------------------------------------------------------- carrying out a plan

    def _carry_out(self, plan: Plan, opener: str, over: bool) -> None:
        self.d = plan.dialogue
        self.out += self.errands.cancel(lambda errand: not errand.wanted or _wants(plan, errand))
        self._look(plan, wanted=True)
        self._ahead()
        working = bool(plan.looks or plan.change)
        if working and self.waiting is None:
            self.waiting, self.progress = self.at, 0
        elif not working:
            self.waiting = None
        lines = _opened(opener, plan.lines)
        if plan.hand_over:
            self._hand_over(*plan.hand_over, lines)
        elif plan.finished:
            self._goodbye(lines)
        elif lines:
            self._ask(lines, over)
        elif over:
            self._clear_unheard()
        if plan.change:
            self._change(plan.change)

    def _ask(self, lines: Sequence[Said], over: bool) -> None:
        """Write what the plan says; a question whose facts have no source was not put, so no answer is taken for it."""
        if not over:
            self._drop_outdated()
        note = self.write(lines, over=over)
        self.question = note if self.d.awaiting.kind != "nothing" else ""
        if self.ledger.entries[note].note.text == CANNOT_TELL:
            self.d = replace(self.d, tasks=(), awaiting=Awaiting("more"))

    def _drop_outdated(self) -> None:
        for entry in list(self.ledger.pending()):
            if (entry.progress and not entry.heard) or entry.note.id == self.question:
                self.ledger.drop(entry.note.id)
                self.out.append(Withdraw(entry.note.id))

    def _look(self, plan: Plan, wanted: bool) -> None:
        """Start the look-ups of a plan. Proving who the caller is waits for their last word: attempts are counted."""
        proofs = {step.verification.tool for step in self.flow.steps.values() if step.verification}
        for wish in plan.looks:
            if wanted or wish.tool not in proofs:
                self._start(wish, plan.dialogue, wanted)

    def _ahead(self) -> None:
        for wish in self.walker.ahead(self.d):
            self._start(wish, self.d, wanted=False, allowed=(wish.tool,))

    def _start(self, wish: Want, d: Dialogue, wanted: bool, allowed: Sequence[str] = ()) -> None:
        changes = wish.tool in self.setting.cards and self.setting.cards[wish.tool].changes
        step = d.task.step if d.task else ""
        against = against_tool(wish, allowed or self.flow.tools(step), self.setting.cards, d)
        against = against or (against_change(wish, d) if changes else "")
        if against:
            kind, _, detail = against.partition(": ")
            self.out.append(Withhold(kind, detail))  # type: ignore[arg-type]
            return
        self.out += self.errands.start(wish, self.at, changes, wanted, self.setting.call)

    def _change(self, wish: Want) -> None:
        self._start(wish, self.d, wanted=True)

    def _answered(self, told: ToolAnswered) -> None:
        errand = self.errands.all.get(told.request)
        if errand is None or errand.state in ("answered", "cancelled"):
            kind: Literal["twice", "late"] = "twice" if errand and errand.state == "answered" else "late"
            self.out.append(Withhold(kind, told.request))
            return
        result = Result(
            told.request, errand.wish.tool, errand.wish.arguments, told.ok, told.value, told.error, errand.wish.task
        )
        self.results[told.request] = result
        if errand.state == "given up":
            self._too_late(errand, result)
        elif result.faulty and errand.tries < TRIES and errand.wanted:
            self.out.append(self.errands.again(errand, self.at))
        else:
            self.errands.close(errand, result)
            self._continue(errand)

    def _continue(self, errand: Errand) -> None:
        """An answer has come: go on with what waited for it."""
        if self.phase != "talking":
            return
        if self.deferred and not self.errands.change():
            self._go(self.d)
            said, self.deferred = self.deferred, []
            self.query += 1
            self._react(self.reader.read(self.d, " ".join(said)))
        elif self.heard and not errand.changes:
            self._try()
        elif self.waiting is not None:
            self._go(self.d, over=False)

    def _too_late(self, errand: Errand, result: Result) -> None:
        """A look-up that comes too late is dropped; a change that did happen after all has to be told."""
        if not errand.changes or not result.ok or self.phase != "talking":
            self.out.append(Withhold("late", errand.request))
            return
        self.errands.close(errand, result)
        task = next((one for one in (*self.d.tasks, self.d.last) if one and one.id == errand.wish.task), None)
        if task is not None:
            step = self.flow.steps[task.step]
            at = next(at for at, use in enumerate(step.calls) if use.tool == errand.wish.tool)
            known = replace(task, pinned={**task.pinned, at: result})
            lines = self.walker.told(self.d, known)
            if lines:
                self.write([Said(LATE), *lines], over=False)

    # ------------------------------------------------------------------------------------------- notes

    def write(self, lines: Sequence[Said], answers: str = "", over: bool = True, progress: bool = False) -> str:
        """Write a `say` note, if its facts have sources. `over`: it takes the place of what is not heard yet."""
        text = " ".join(line.text for line in lines)
        source = tuple(dict.fromkeys(one for line in lines for one in line.source))
        ready = self.ledger.entries.get(self.tentative)
        if over and ready and ready.pending and ready.note.text == text:
            self._clear_unheard(but=ready.note.id)
            return ready.note.id
        against = against_text(text, self._evidence(source), self.setting.day)
        if against:
            self.out.append(Withhold("unsourced", against))
            text, source = CANNOT_TELL, ()
        gone = tuple(entry.note.id for entry in self.ledger.pending()) if over else ()
        expires = self.at + (samples(self.flow.waiting.after) if progress else KEEPS)
        note = Note(self.ledger.new_id(), "say", text, answers or f"q{self.query}", gone, expires, source)
        self.ledger.add(note, self.at, progress)
        self.out += [*(Withdraw(one) for one in gone), Write(note)]
        return note.id

    def _evidence(self, source: Sequence[str]) -> list[object]:
        said = [text for side, text in self.transcript if side == "caller"] + [self.heard]
        said += [str(slot.value) for task in (*self.d.tasks, self.d.identity) for slot in task.slots.values()]
        return [one for name in source for one in evidence(name, self.flow, self.results, said)]

    def _clear_unheard(self, but: str = "") -> None:
        for entry in list(self.ledger.pending()):
            if entry.note.id != but:
                self.ledger.drop(entry.note.id)
                self.out.append(Withdraw(entry.note.id))

    def _spoken(self, told: SpokenHeard) -> None:
        before = self.ledger.entries.get(told.note_id)
        entry = self.ledger.hear(told.note_id, told.text, told.complete, self.at)
        if entry is None:
            self.out.append(Withhold("late", f"heard of {told.note_id}, which was never written"))
        elif entry.complete and before and not before.complete:
            self.transcript.append(("agent", entry.note.text))

    def _question_heard(self) -> bool:
        """Whether the caller heard what they were asked, all of it or all of its facts, and nothing else since."""
        entry = self.ledger.entries.get(self.question)
        if entry is None:
            return True
        if any(one.written > entry.written and one.heard and one.note.id != self.tentative for one in self._notes()):
            return False
        day = self.setting.day
        return entry.complete or (bool(entry.heard) and facts(entry.note.text, day) <= facts(entry.heard, day))

    def _notes(self) -> list[Entry]:
        return list(self.ledger.entries.values())

    def _resume(self) -> None:
        """The caller said nothing of weight, but the voice has yielded: what is left is said after all."""
        entry = self.ledger.last()
        if self.yielded and entry and entry.pending and entry.heard and entry.rest:
            again = self.write([Said(entry.rest, entry.note.source)])
            self.question = again if self.question == entry.note.id else self.question

    def _repeat(self) -> None:
        entry = self.ledger.entries.get(self.question) or self.ledger.last()
        if entry is not None:
            self.question = self.write([Said(entry.note.text, entry.note.source)])

    # ------------------------------------------------------------------------------------------- keys

    def _pressed(self, digit: str) -> None:
        """Keys are words. 0 is a person, where no number is wanted; # ends an answer."""
        if self.phase != "talking":
            return
        if digit == "0" and self.d.awaiting.kind not in ("slot", "readback"):
            self._hand_over("asked", "")
        elif digit == "#":
            self._settle()
        elif digit.isdigit():
            self.heard, self.word_at = f"{self.heard} {digit}".strip(), self.at
            self._try()

    # ------------------------------------------------------------------------------------------- time

    def _passed(self) -> None:
        self.ledger.expire(self.at)
        for errand in self.errands.overdue(self.at, samples(self.flow.waiting.give_up)):
            self._give_up(errand)
        if self.phase != "talking":
            return
        if self.heard and self.at - self.word_at >= (SETTLES_LATER if self._in_part() else SETTLES):
            self._settle_early()
        elif self.d.part and not self.heard and self.at - self.part_at >= WHOLE_BY:
            self._missed(replace(self.d, misses=self.d.misses + 1, part=self.d.part))
        elif self.waiting is not None:
            self._tell_progress()
        else:
            self._check_silence()

    def _in_part(self) -> bool:
        return self.d.awaiting.kind == "slot" and self.reader.read(self.d, self.heard).kind == "part"

    def _give_up(self, errand: Errand) -> None:
        """No answer in time: try again, or call it a failure."""
        if not errand.changes:
            self.out.append(CancelTool(errand.request))
        if errand.changes and errand.tries < TRIES:
            self.out.append(self.errands.again(errand, self.at))
            return
        result = Result(
            errand.request, errand.wish.tool, errand.wish.arguments, False, None, "timeout: no answer", errand.wish.task
        )
        self.errands.close(errand, result, "given up" if errand.changes else "cancelled")
        if errand.wanted:
            self._continue(errand)

    def _tell_progress(self) -> None:
        """Say that work goes on: after a while, and then not too often."""
        waiting = self.flow.waiting
        quiet = self.at - max(self.waiting or 0, self.word_at, self.ledger.heard_until())
        since = self.at - self.progress_at if self.progress else quiet
        due = samples(waiting.every if self.progress else waiting.after)
        talking = any(entry.pending and not entry.gone for entry in self.ledger.pending())
        if quiet >= samples(waiting.after) and since >= due and not self.heard and not talking and waiting.lines:
            line = waiting.lines[min(self.progress, len(waiting.lines) - 1)]
            self.progress, self.progress_at = self.progress + 1, self.at
            self.write([Said(line, ("flow",))], over=False, progress=True)

    def _check_silence(self) -> None:
        """Nobody says anything: ask, and in the end say goodbye."""
        silence = self.flow.silence
        if self.heard or any(self.ledger.pending()) or self.at < self.hold_until:
            return
        quiet = self.at - max(self.word_at, self.ledger.heard_until(), self.hold_until)
        if quiet < samples(silence.after):
            return
        if self.checks < len(silence.lines):
            self.checks += 1
            self.write([Said(silence.lines[self.checks - 1], ("flow",))], progress=True)
        else:
            self._leave([Said(silence.goodbye, ("flow",))], End("silence"))

    # ------------------------------------------------------------------------------------------- leaving

    def _hand_over(self, reason: str, target: str, before: Sequence[Said] = ()) -> None:
        """To a person; outside their hours the caller is told so, and helped on as far as we can."""
        to = self.flow.targets[target or self.flow.hand_over.target]
        minute = self.setting.minute + self.at // samples(60)
        weekday = (self.setting.day.weekday + minute // 1440) % 7
        typed: TransferReason = reason  # type: ignore[assignment]
        if open_at(to.hours, weekday, minute % 1440):
            self._leave([*before, Said(to.say, ("flow",))], TransferTo(to.name, typed))
            return
        self.out.append(Withhold("closed", f"{to.name}: {reason}"))
        lines = [*before, Said(to.closed, ("flow",))]
        self.waiting = None
        if reason == "asked" and self.d.tasks:
            self.write(lines + list(self.walker.walk(self.d, self.errands.book).lines))
            return
        self.d = replace(self.d, tasks=(), awaiting=Awaiting("more"), misses=0, faults=0, part="")
        self.write([*lines, Said(self.flow.ending.more, ("flow",))])

    def _goodbye(self, before: Sequence[Said] = ()) -> None:
        self._leave([*before, Said(self.flow.ending.goodbye, ("flow",))], End("done"))

    def _leave(self, lines: Sequence[Said], end: TransferTo | End) -> None:
        self.write(lines)
        self.phase, self.waiting = "leaving", None
        self.out += self.errands.cancel(lambda errand: False)
        label = self.flow.hand_over.label if isinstance(end, TransferTo) else ""
        self.out += [Label(label or self.d.label or self.flow.ending.label), end]

    def _returned(self) -> None:
        """The transfer failed and the caller is back."""
        self.phase, self.d = "talking", replace(self.d, tasks=(), awaiting=Awaiting("more"), misses=0, faults=0)
        self.write([Said(NOBODY), Said(self.flow.ending.more, ("flow",))])

    def _ended(self) -> None:
        self.out += self.errands.cancel(lambda errand: False)
        if self.phase == "talking":
            self.out.append(Label(self.d.label or self.flow.ending.label))
        self.phase = "ended"

    def _next_request(self) -> str:
        self.calls += 1
        return f"t{self.calls}"


def _opened(opener: str, lines: Sequence[Said]) -> list[Said]:
    return [Said(opener), *lines] if opener else list(lines)


def _wants(plan: Plan, errand: Errand) -> bool:
    return any(wish.tool == errand.wish.tool and wish.arguments == errand.wish.arguments for wish in plan.looks)


__all__ = ["Agent", "Consult", "Setting", "Told", "Wish"]
