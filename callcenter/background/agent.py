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
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, cast

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
    Withhold,
    Words,
)
from callcenter.background.grammar import Day
from callcenter.background.ledger import Ledger
from callcenter.background.patience import SETTLES, SETTLES_LATER, WHOLE_BY, Patience
from callcenter.background.pen import Pen
from callcenter.background.phrases import PERSON, learn
from callcenter.background.planner import Move, ToolCard
from callcenter.background.proposals import settle, situation
from callcenter.background.reading import Reader, Reading
from callcenter.background.remote import ROUNDS, Consulting
from callcenter.background.rules import against_change, against_text, against_tool, evidence
from callcenter.background.state import Awaiting, Dialogue, Result
from callcenter.background.state import Wish as Want
from callcenter.background.walking import Plan, Said, Walker, proven
from callcenter.events import Asked, TookFloor, Yielded
from callcenter.units import samples
from flows import Flow
from flows.hours import open_at

SORRY: Final = "I'm sorry, I did not understand that."
HOLD: Final = "Of course, take your time."
NOBODY: Final = "I'm sorry, nobody could take your call just now."
LATE: Final = "About your earlier request:"
DECLINED: Final = "All right, I have not done that."
_PRESENT: Final = re.compile(r"(?:(?:yes|yeah|yep|hello|hi|i'm|i am|still|here|sorry|oh|um|there|of course)\s*)+")


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
    """A remote planner is consulted; the embedded one stays for what it cannot do, or not in time."""


class Agent:
    def __init__(self, setting: Setting) -> None:
        self.setting, self.flow = setting, setting.flow
        self.walker = Walker(setting.flow, setting.cards, setting.day, setting.number)
        self.reader = Reader(self.walker, learn(_examples(setting.flow)))
        self.d = Dialogue()
        self.out: list[Wish] = []
        self.ledger = Ledger()
        self.pen = Pen(self.out, setting.day, self._evidence, self.ledger)
        self.patience = Patience(self.flow.waiting, self.flow.silence)
        self.consulting = Consulting()
        self.errands = Errands(self._next_request)
        self.results: dict[str, Result] = {}
        self.transcript: list[tuple[Literal["caller", "agent"], str]] = []
        self.deferred: list[str] = []
        """Said while a change was under way; read when it is done."""
        self.phase: Literal["talking", "leaving", "ended"] = "talking"
        self.at, self.query, self.calls = 0, 0, 0
        self.heard, self.consumed = "", ""
        """Of the utterance that is being spoken: what is new, and what was settled before it."""
        self.word_at, self.part_at = 0, 0
        self.yielded = False

    def receive(self, told: Told) -> list[Wish]:
        self.at = max(self.at, told.at)
        self.out.clear()
        if self.phase != "ended":
            self._receive(told)
        elif isinstance(told, ToolAnswered):
            self.out.append(Withhold("late", f"{told.request} after the call"))
        return list(self.out)

    def _receive(self, told: Told) -> None:
        match told:
            case Began():
                first = (self.flow.greeting, self.flow.disclosure, self.flow.opening)
                self._say(Said(text, ("flow",)) for text in first)
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
                self._planned(told)
            case Returned():
                self._returned()
            case Passed():
                self._passed()
            case Ended():
                self._ended()

    # ------------------------------------------------------------------------------------------- the caller speaks

    def _words(self, told: Words) -> None:
        if self.phase != "talking":
            return
        fresh = told.text.removeprefix(self.consumed).strip() if self.consumed else told.text.strip()
        if fresh != self.heard:
            self.word_at, self.heard, self.patience.checks = self.at, fresh, 0
        if told.final:
            self.consumed = ""
            self._settle()
        elif fresh:
            self._try()

    def _acted(self, told: Acted) -> None:
        match told.act:
            case Yielded():
                self.yielded = True
            case TookFloor() | Asked() if self.heard and self.phase == "talking":
                self._settle_early()
            case _:
                pass

    def _pressed(self, digit: str) -> None:
        """Keys are words. 0 is a person, where no number is wanted; # ends an answer."""
        if self.phase != "talking":
            return
        if digit == "0" and self.d.awaiting.kind not in ("slot", "readback"):
            self._hand_over("asked")
        elif digit == "#":
            self._settle()
        elif digit.isdigit():
            self.heard, self.word_at = f"{self.heard} {digit}".strip(), self.at
            self._try()

    def _try(self) -> None:
        """Read what was said so far, as if it were all: look up what it needs, have the answer ready."""
        if self.errands.change():
            return
        reading = self.reader.read(self.d, self.heard, self.pen.question_heard())
        plan = self.walker.walk(reading.dialogue, self.errands.book) if reading.kind == "understood" else None
        if plan is not None:
            self._look(plan, wanted=False)
        idle = plan is None or plan.looks or plan.change or plan.hand_over or plan.finished or not plan.lines
        if plan is None or idle or self.setting.remote:
            self.pen.take_back()
        else:
            self.pen.prepare(_opened(reading.say, plan.lines), self.at, f"q{self.query + 1}")

    def _settle_early(self) -> None:
        self.consumed = " ".join(filter(None, (self.consumed, self.heard)))
        self._settle()

    def _settle(self) -> None:
        """The utterance is over: now it counts."""
        text, self.heard = self.heard, ""
        if not text:
            return
        self.transcript.append(("caller", text))
        if self.errands.change():
            self.deferred.append(text)
            self.pen.take_back()
            return
        self.query += 1
        self._understand(text)
        self.pen.tentative, self.yielded = "", False

    def _understand(self, text: str) -> None:
        reading = self.reader.read(self.d, text, self.pen.question_heard())
        if self._is_there(text):
            reading = Reading(self.d, "repeat")
        plain = self.d.awaiting.kind in ("confirm", "retry", "readback") and reading.kind != "missed"
        if self.setting.remote and not plain and reading.kind not in ("person", "hold", "repeat", "nothing", "part"):
            self._consult(self.consulting.begin(text, self.at))
        else:
            self._react(reading)

    def _is_there(self, text: str) -> bool:
        """The caller only says that they are still there."""
        last = self.ledger.last(progress=True)
        return bool(last and last.note.text in self.flow.silence.lines and _PRESENT.fullmatch(text.lower()))

    def _react(self, reading: Reading) -> None:
        if reading.kind not in ("nothing", "part", "hold"):
            self.patience.held_until = 0
        match reading.kind:
            case "understood":
                if self.d.awaiting.kind == "retry":
                    self.errands.forget_faults()
                self._go(reading.dialogue, reading.say)
            case "missed":
                self._missed(reading.dialogue)
            case "unheard" | "go on":
                self._go(reading.dialogue)
            case "unsure":
                self._which(reading.dialogue)
            case "part":
                self.pen.take_back()
                self.d, self.part_at = reading.dialogue, self.at
            case "nothing":
                self.pen.take_back()
                self._resume()
            case "hold":
                self.patience.hold(self.at)
                self._say([Said(HOLD)])
            case "repeat":
                self._repeat()
            case "person":
                self._hand_over("asked")
            case "bye":
                self._leave([Said(self.flow.ending.goodbye, ("flow",))], End("done"))
        if self.patience.since is not None and reading.kind in ("nothing", "part", "hold", "repeat"):
            self._go(self.d, over=False)

    def _missed(self, dialogue: Dialogue) -> None:
        if dialogue.misses >= self.flow.hand_over.after:
            self.d = dialogue
            self._hand_over("not_understood")
        else:
            self._go(dialogue, SORRY)

    def _which(self, dialogue: Dialogue) -> None:
        """More than one step could be meant: ask."""
        if dialogue.misses >= self.flow.hand_over.after:
            self._missed(dialogue)
            return
        abouts = [self.flow.steps[name].about for name in dialogue.awaiting.name.split("|")]
        self.d = dialogue
        self.pen.question = self._say([Said(f"Do you want to {', or to '.join(abouts)}?")])

    # ------------------------------------------------------------------------------------------- carrying out a plan

    def _go(self, dialogue: Dialogue, opener: str = "", over: bool = True) -> None:
        if dialogue.proposed is not None:
            self._agreed(dialogue, dialogue.proposed)
            return
        plan = self.walker.walk(dialogue, self.errands.book)
        if not (plan.lines or plan.looks or plan.change or plan.hand_over or plan.dialogue.tasks):
            opening = dialogue.awaiting.kind == "opening"
            plan = replace(plan, lines=(Said(self.flow.opening if opening else self.flow.ending.more, ("flow",)),))
        self._carry_out(plan, opener, over)

    def _carry_out(self, plan: Plan, opener: str = "", over: bool = True) -> None:
        self.d = plan.dialogue
        self.out += self.errands.cancel(lambda errand: not errand.wanted or _wants(plan, errand))
        self._look(plan, wanted=True)
        self._ahead()
        if plan.looks or plan.change:
            self.patience.wait(self.at)
        else:
            self.patience.done()
        lines = _opened(opener, plan.lines)
        if self._stranded(plan):
            lines.append(Said(self.flow.ending.more, ("flow",)))
            self.d = replace(self.d, tasks=(), awaiting=Awaiting("more"))
        if plan.hand_over:
            self._hand_over(*plan.hand_over, lines)
        elif plan.finished:
            self._leave([*lines, Said(self.flow.ending.goodbye, ("flow",))], End("done"))
        elif lines:
            self._put(lines, over)
        elif over:
            self.pen.clear()
        if plan.change and self.phase == "talking":
            self._start(plan.change, self.d, wanted=True)

    def _stranded(self, plan: Plan) -> bool:
        """Nothing was asked and nothing is under way: the caller would wait for ever."""
        leads = plan.looks or plan.change or plan.hand_over or plan.finished or self.consulting.open
        return not leads and plan.dialogue.awaiting.kind == "nothing"

    def _put(self, lines: Sequence[Said], over: bool) -> None:
        """Say what the plan says. A question whose facts have no source was not put: no answer is taken for it."""
        if not over:
            self.pen.clear_outdated()
        note = self._say(lines, over=over)
        self.pen.question = note if self.d.awaiting.kind != "nothing" else ""
        if not self.pen.told(note):
            self.d = replace(self.d, tasks=(), awaiting=Awaiting("more"), proposed=None)

    def _look(self, plan: Plan, wanted: bool) -> None:
        """Start the look-ups of a plan. Proving who the caller is waits for their last word: attempts are counted."""
        for wish in plan.looks:
            if wanted or wish.tool not in self.walker.proofs():
                self._start(wish, plan.dialogue, wanted)

    def _ahead(self) -> None:
        for wish in self.walker.ahead(self.d):
            self._start(wish, self.d, wanted=False, allowed=(wish.tool,))

    def _start(self, wish: Want, d: Dialogue, wanted: bool, allowed: Sequence[str] = ()) -> bool:
        """Run a tool, if no rule is against it."""
        changes = wish.tool in self.setting.cards and self.setting.cards[wish.tool].changes
        step = d.task.step if d.task else ""
        against = against_tool(wish, allowed or self.flow.tools(step), self.setting.cards, d)
        against = against or (against_change(wish, d) if changes else "")
        if against:
            kind, _, detail = against.partition(": ")
            self.out.append(Withhold(cast(Literal["tool", "unverified", "unconfirmed"], kind), detail))
            return False
        self.out += self.errands.start(wish, self.at, changes, wanted, self.setting.call)
        return True

    # ------------------------------------------------------------------------------------------- answers of tools

    def _answered(self, told: ToolAnswered) -> None:
        errand = self.errands.all.get(told.request)
        if errand is None or errand.state in ("answered", "cancelled"):
            twice = errand is not None and errand.state == "answered"
            self.out.append(Withhold("twice" if twice else "late", told.request))
            return
        wish = errand.wish
        result = Result(told.request, wish.tool, wish.arguments, told.ok, told.value, told.error, wish.task)
        self.results[told.request] = result
        if errand.state == "given up":
            self._too_late(errand, result)
        elif result.faulty and errand.tries < TRIES and errand.wanted:
            self.out.append(self.errands.again(errand, self.at))
        else:
            self.errands.close(errand, result)
            self._continue(errand, result)

    def _continue(self, errand: Errand, result: Result) -> None:
        """An answer has come: go on with what waited for it."""
        if self.phase != "talking":
            return
        if self.setting.remote and self._continue_remote(errand, result):
            return
        if self.deferred and not self.errands.change():
            self._go(self.d)
            said, self.deferred = " ".join(self.deferred), []
            self.query += 1
            self._understand(said)
        elif self.heard and not errand.changes:
            self._try()
        elif self.patience.since is not None:
            self._go(self.d, over=False)

    def _too_late(self, errand: Errand, result: Result) -> None:
        """A look-up that comes too late is dropped; a change that did happen after all has to be told."""
        task = next((one for one in (*self.d.tasks, self.d.last) if one and one.id == errand.wish.task), None)
        if not errand.changes or not result.ok or self.phase != "talking" or task is None:
            self.out.append(Withhold("late", errand.request))
            return
        self.errands.close(errand, result)
        uses = self.flow.steps[task.step].calls
        at = next(at for at, use in enumerate(uses) if use.tool == errand.wish.tool)
        lines = self.walker.told(self.d, replace(task, pinned={**task.pinned, at: result}))
        if lines:
            self._say([Said(LATE), *lines], over=False)

    def _give_up(self, errand: Errand) -> None:
        """No answer in time: a change is asked for again under its key, a look-up counts as failed."""
        if errand.changes and errand.tries < TRIES:
            self.out.append(self.errands.again(errand, self.at))
            return
        if not errand.changes:
            self.out.append(CancelTool(errand.request))
        wish = errand.wish
        result = Result(errand.request, wish.tool, wish.arguments, False, None, "timeout: no answer", wish.task)
        self.errands.close(errand, result, "given up" if errand.changes else "cancelled")
        if errand.wanted:
            self._continue(errand, result)

    # ------------------------------------------------------------------------------------------- a remote planner

    def _consult(self, request: str) -> None:
        self.patience.wait(self.at)
        said = self.transcript[:-1] if self.transcript[-1:] == [("caller", self.consulting.text)] else self.transcript
        shown = situation(self.walker, self.d, self.consulting.text, said, tuple(self.results.values()))
        self.out.append(Consult(request, shown))

    def _planned(self, told: Planned) -> None:
        if told.request != self.consulting.request or self.phase != "talking":
            self.out.append(Withhold("plan", f"{told.request} is not asked any more"))
        elif told.error or not self._follow(told.moves):
            self._plan_ourselves(told.error or "nothing that may be done")

    def _follow(self, moves: Sequence[Move]) -> bool:
        """Do what the planner proposes as far as the rules allow; whether anything came of it."""
        self.consulting.request = ""
        plan = settle(moves, self.d, self.walker)
        if not (plan.lines or plan.looks or plan.change or plan.hand_over or plan.finished):
            return self._take_notes(plan.dialogue)
        said = tuple(one for line in plan.lines for one in line.source)
        text = " ".join(line.text for line in plan.lines)
        if against := against_text(text, self._evidence(said), self.setting.day):
            self.out.append(Withhold("unsourced", against))
            return False
        looks = [wish for wish in plan.looks if self._start(wish, plan.dialogue, wanted=True)]
        if len(looks) < len(plan.looks):
            return False
        running = {found.request for wish in looks if (found := self.errands.find(wish))}
        if looks and not running and self.consulting.rounds >= ROUNDS:
            return False
        self._carry_out(replace(plan, looks=tuple(looks)))
        if looks:
            self.consulting.looking = running
            if not running:
                self._consult(self.consulting.next(self.at))
        elif not plan.change:
            self.consulting.close()
        return True

    def _take_notes(self, dialogue: Dialogue) -> bool:
        """The planner has only noted what the caller said; the flow goes on from there."""
        if (dialogue.tasks, dialogue.identity) == (self.d.tasks, self.d.identity):
            return False
        self.consulting.close()
        self._go(replace(dialogue, awaiting=self.d.awaiting))
        return True

    def _continue_remote(self, errand: Errand, result: Result) -> bool:
        """Show the planner what its look-up, or its change, has brought; whether that is what it was for."""
        if result.ok and proven(result, self.walker) and self.d.caller is None:
            self.d = replace(self.d, caller=result)
        mine = self.consulting.answered(errand.request)
        if not (mine or (errand.changes and self.d.proposed == errand.wish)):
            return bool(self.consulting.looking)
        self.d = replace(self.d, proposed=None)
        if self.consulting.rounds >= ROUNDS:
            self._plan_ourselves("too many rounds")
        else:
            self._consult(self.consulting.next(self.at))
        return True

    def _agreed(self, dialogue: Dialogue, wish: Want) -> None:
        """The answer to the question about a change that the planner proposed."""
        if not against_change(wish, dialogue):
            self._carry_out(Plan(replace(dialogue, awaiting=Awaiting("nothing")), change=wish))
            return
        asked = dialogue.awaiting.kind == "confirm" and not (dialogue.task and dialogue.task.declined)
        d = replace(dialogue, proposed=None, awaiting=Awaiting("more"), tasks=dialogue.tasks[:-1])
        if asked:
            self._repeat()
        else:
            self._carry_out(Plan(d, (Said(DECLINED), Said(self.flow.ending.more, ("flow",)))))

    def _plan_ourselves(self, why: str) -> None:
        """The remote planner is of no use for this utterance: the embedded one takes it."""
        self.out.append(Withhold("plan", why))
        text = self.consulting.text
        self.consulting.close()
        self.patience.done()
        self.d = replace(self.d, proposed=None)
        self._react(self.reader.read(self.d, text, self.pen.question_heard()))

    # ------------------------------------------------------------------------------------------- notes

    def _say(self, lines: Iterable[Said], over: bool = True) -> str:
        return self.pen.write(lines, self.at, f"q{self.query}", over=over)

    def _say_waiting(self, text: str, over: bool) -> None:
        keeps = samples(self.flow.waiting.after)
        self.pen.write([Said(text, ("flow",))], self.at, f"q{self.query}", over=over, keeps=keeps, progress=True)

    def _evidence(self, source: Sequence[str]) -> list[object]:
        said = [text for side, text in self.transcript if side == "caller"] + [self.heard]
        said += [str(slot.value) for task in (*self.d.tasks, self.d.identity) for slot in task.slots.values()]
        return [one for name in source for one in evidence(name, self.flow, self.results, said)]

    def _spoken(self, told: SpokenHeard) -> None:
        before = self.ledger.entries.get(told.note_id)
        entry = self.ledger.hear(told.note_id, told.text, told.complete, self.at)
        if entry is None:
            self.out.append(Withhold("late", f"heard of {told.note_id}, which was never written"))
        elif entry.complete and before and not before.complete:
            self.transcript.append(("agent", entry.note.text))

    def _resume(self) -> None:
        """The caller said nothing of weight, but the voice has yielded: what is left is said after all."""
        entry = self.ledger.last()
        if self.yielded and entry and entry.pending and entry.heard and entry.rest:
            again = self._say([Said(entry.rest, entry.note.source)])
            self.pen.question = again if self.pen.question == entry.note.id else self.pen.question

    def _repeat(self) -> None:
        entry = self.ledger.entries.get(self.pen.question) or self.ledger.last()
        if entry is not None:
            self.pen.question = self._say([Said(entry.note.text, entry.note.source)])

    # ------------------------------------------------------------------------------------------- time

    def _passed(self) -> None:
        self.ledger.expire(self.at)
        for errand in self.errands.overdue(self.at, samples(self.flow.waiting.give_up)):
            self._give_up(errand)
        if self.phase != "talking":
            return
        if self.consulting.overdue(self.at):
            self._plan_ourselves("stalled")
        if self.heard:
            if self.at - self.word_at >= (SETTLES_LATER if self._in_part() else SETTLES):
                self._settle_early()
        elif self.d.part and self.at - max(self.part_at, self.word_at) >= WHOLE_BY:
            self._missed(replace(self.d, misses=self.d.misses + 1))
        elif not any(self.ledger.pending()):
            self._wait()

    def _in_part(self) -> bool:
        return self.d.awaiting.kind == "slot" and self.reader.read(self.d, self.heard).kind == "part"

    def _wait(self) -> None:
        """Nobody speaks: we work, or nobody knows what to say."""
        last = max(self.word_at, self.ledger.heard_until())
        if self.patience.since is not None:
            if line := self.patience.progress(self.at, last):
                self._say_waiting(line, over=False)
            return
        check = self.patience.check(self.at, last)
        if check:
            self._say_waiting(check, over=True)
        elif check == "":
            self._leave([Said(self.flow.silence.goodbye, ("flow",))], End("silence"))

    # ------------------------------------------------------------------------------------------- leaving

    def _hand_over(self, reason: str, target: str = "", before: Sequence[Said] = ()) -> None:
        """To a person; outside their hours the caller is told so, and helped on as far as we can."""
        to = self.flow.targets[target or self.flow.hand_over.target]
        minute = self.setting.minute + self.at // samples(60)
        weekday = (self.setting.day.weekday + minute // 1440) % 7
        self.patience.done()
        self.consulting.close()
        if open_at(to.hours, weekday, minute % 1440):
            leaving = TransferTo(to.name, cast(TransferReason, reason))
            self._leave([*before, Said(to.say, ("flow",))], leaving)
            return
        self.out.append(Withhold("closed", f"{to.name}: {reason}"))
        lines = [*before, Said(to.closed, ("flow",))]
        if reason == "asked" and self.d.tasks:
            again = self.walker.walk(self.d, self.errands.book)
            self._carry_out(replace(again, lines=(*lines, *again.lines)))
            return
        last = self.d.task or self.d.last
        self.d = replace(
            self.d, tasks=(), last=last, awaiting=Awaiting("more"), misses=0, faults=0, part="", proposed=None
        )
        self._put([*lines, Said(self.flow.ending.more, ("flow",))], over=True)

    def _leave(self, lines: Sequence[Said], end: TransferTo | End) -> None:
        self._say(lines)
        self.phase = "leaving"
        self.patience.done()
        self.out += self.errands.cancel(lambda errand: False)
        label = self.flow.hand_over.label if isinstance(end, TransferTo) else ""
        self.out += [Label(label or self.d.label or self.flow.ending.label), end]

    def _returned(self) -> None:
        """The transfer failed and the caller is back."""
        self.phase = "talking"
        self.d = replace(self.d, tasks=(), awaiting=Awaiting("more"), misses=0, faults=0, part="")
        self._put([Said(NOBODY), Said(self.flow.ending.more, ("flow",))], over=True)

    def _ended(self) -> None:
        self.out += self.errands.cancel(lambda errand: False)
        if self.phase == "talking":
            self.out.append(Label(self.d.label or self.flow.ending.label))
        self.phase = "ended"

    def _next_request(self) -> str:
        self.calls += 1
        return f"t{self.calls}"


def _examples(flow: Flow) -> dict[str, tuple[str, ...]]:
    """What the classifier learns from: every step's phrases, and its own name for itself."""
    steps = {name: (*step.phrases, f"i want to {step.about}") for name, step in flow.steps.items() if step.phrases}
    return steps | ({PERSON: flow.hand_over.phrases} if flow.hand_over.phrases else {})


def _opened(opener: str, lines: Sequence[Said]) -> list[Said]:
    return [Said(opener), *lines] if opener else list(lines)


def _wants(plan: Plan, errand: Errand) -> bool:
    return any(wish.tool == errand.wish.tool and wish.arguments == errand.wish.arguments for wish in plan.looks)
