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
from dataclasses import replace
from typing import Final

from callcenter.background import deputy
from callcenter.background.carrying import go, opened, to_person
from callcenter.background.desk import Desk, Setting
from callcenter.background.details import Details
from callcenter.background.errands import TRIES, Errand
from callcenter.background.exchange import (
    Acted,
    Began,
    CancelTool,
    End,
    Ended,
    Passed,
    Planned,
    Pressed,
    Returned,
    SpokenHeard,
    Told,
    ToolAnswered,
    Wish,
    Withhold,
    Words,
)
from callcenter.background.grammar import words
from callcenter.background.grammar.answers import has_marker
from callcenter.background.leaving import ended, goodbye, leave, returned
from callcenter.background.patience import SETTLES, SETTLES_LATER, WHOLE_BY
from callcenter.background.phrases import PERSON, learn
from callcenter.background.proving import another_proof, as_heard
from callcenter.background.reading import SORRY, Reader, Reading
from callcenter.background.state import Dialogue, Result, Said
from callcenter.background.walking import told as what_it_tells
from callcenter.background.walking import walk
from callcenter.background.wishes import Wishes
from callcenter.events import Asked, TookFloor, Yielded
from callcenter.units import samples
from flows import Flow

__all__ = ["Agent", "Setting"]

AGAIN: Final = "Could you say it again?"
INSTEAD: Final = "I'm sorry, let us try it another way."
HOLD: Final = "Of course, take your time."
LATE: Final = "About your earlier request:"
_PRESENT: Final = re.compile(r"(?:(?:yes|yeah|yep|hello|hi|i'm|i am|still|here|sorry|oh|um|there|of course)\s*)+")


class Agent:
    def __init__(self, setting: Setting) -> None:
        self.desk = Desk(setting)
        self.flow = setting.flow
        wishes = Wishes(setting.flow, learn(_examples(setting.flow)))
        self.reader = Reader(self.desk.ground, wishes, Details(self.desk.ground))
        self.deferred: list[str] = []
        """Said while a change was under way; read when it is done."""
        self.consumed = ""
        """What was settled already of the utterance that is being spoken."""
        self.word_at, self.part_at = 0, 0
        self.yielded = False

    def receive(self, told: Told) -> list[Wish]:
        desk = self.desk
        desk.at = max(desk.at, told.at)
        desk.out.clear()
        known = desk.d.caller
        if desk.phase != "ended":
            self._receive(told)
            if desk.d.caller is not None and known is None:
                desk.let_know("The caller is verified.", desk.d.caller.request)
            desk.behave()
            desk.expect()
        elif isinstance(told, ToolAnswered):
            desk.out.append(Withhold("late", f"{told.request} after the call"))
        return list(desk.out)

    def _receive(self, told: Told) -> None:
        match told:
            case Began():
                first = (self.flow.greeting, self.flow.disclosure, self.flow.opening)
                self.desk.say(Said(text, ("flow",)) for text in first)
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
                returned(self.desk)
            case Passed():
                self._passed()
            case Ended():
                ended(self.desk)

    # ------------------------------------------------------------------------------------------- the caller speaks

    def _words(self, told: Words) -> None:
        desk = self.desk
        if desk.phase != "talking":
            return
        fresh = told.text.removeprefix(self.consumed).strip() if self.consumed else told.text.strip()
        if fresh != desk.heard:
            self.word_at, desk.heard, desk.patience.checks = desk.at, fresh, 0
        if told.final:
            self.consumed = ""
            self._settle()
        elif fresh:
            self._try()
        else:
            desk.pen.take_back()

    def _acted(self, told: Acted) -> None:
        match told.act:
            case Yielded():
                self.yielded = True
            case TookFloor() | Asked() if self.desk.heard and self.desk.phase == "talking":
                self._settle_early()
            case _:
                pass

    def _pressed(self, digit: str) -> None:
        """Keys are words. 0 is a person, where no number is wanted; # ends an answer."""
        desk = self.desk
        if desk.phase != "talking":
            return
        if digit == "0" and desk.d.awaiting.kind not in ("slot", "readback"):
            to_person(desk, "asked")
        elif digit == "#":
            self._settle()
        elif digit.isdigit():
            desk.heard, self.word_at = f"{desk.heard} {digit}".strip(), desk.at
            self._try()

    def _try(self) -> None:
        """Read what was said so far, as if it were all: look up what it needs, have the answer ready."""
        desk = self.desk
        if desk.errands.change():
            return
        reading = self._read(desk.heard)
        useful = reading.kind == "understood" and not self._is_there(desk.heard)
        plan = walk(desk.ground, reading.dialogue, desk.errands.book) if useful else None
        if plan is None:
            desk.pen.take_back()
            return
        desk.look(plan.looks, plan.dialogue, wanted=False)
        unsaid = plan.looks or plan.change or plan.hand_over or plan.finished or not plan.lines
        if unsaid or desk.setting.remote:
            desk.pen.take_back()
        else:
            desk.prepare(opened(reading.say, plan.lines))

    def _settle_early(self) -> None:
        self.consumed = " ".join(filter(None, (self.consumed, self.desk.heard)))
        self._settle()

    def _settle(self) -> None:
        """The utterance is over: now it counts."""
        desk = self.desk
        text, desk.heard = desk.heard, ""
        if not text:
            return
        desk.transcript.append(("caller", text))
        if desk.errands.change():
            self.deferred.append(text)
            desk.pen.take_back()
            return
        desk.query += 1
        self._understand(text)
        desk.pen.tentative, self.yielded = "", False

    def _understand(self, text: str) -> None:
        desk = self.desk
        reading = self._still_there() if self._is_there(text) else self._read(text)
        plain = desk.d.awaiting.kind in ("confirm", "retry", "readback") and reading.kind != "missed"
        if desk.setting.remote and not plain and reading.kind not in ("person", "hold", "repeat", "nothing", "part"):
            deputy.ask(desk, desk.consulting.begin(text, desk.at))
        else:
            self._react(reading, text)

    def _read(self, text: str) -> Reading:
        return self.reader.read(self.desk.d, text, self.desk.pen.question_heard())

    def _is_there(self, text: str) -> bool:
        """The caller only says that they are still there."""
        last = self.desk.ledger.last(progress=True, but=self.desk.pen.tentative)
        return bool(last and last.note.text in self.flow.silence.lines and _PRESENT.fullmatch(text.lower()))

    def _still_there(self) -> Reading:
        """Asked the question again; whoever is there and answers nothing, again and again, is not understood."""
        d = replace(self.desk.d, misses=self.desk.d.misses + 1)
        return Reading(d, "missed" if d.misses >= self.flow.hand_over.after else "repeat")

    # ------------------------------------------------------------------------------------------- what it means

    def _react(self, reading: Reading, text: str = "") -> None:
        desk = self.desk
        if reading.kind not in ("nothing", "part", "hold"):
            desk.patience.held_until = 0
        match reading.kind:
            case "understood":
                if desk.d.awaiting.kind == "retry":
                    desk.errands.forget_faults()
                go(desk, reading.dialogue, reading.say)
            case "missed":
                self._missed(reading.dialogue, text)
            case "unheard" | "go on":
                go(desk, reading.dialogue)
            case "unsure":
                self._which(reading.dialogue)
            case "part":
                desk.pen.take_back()
                desk.d, self.part_at = reading.dialogue, desk.at
            case "nothing":
                desk.pen.take_back()
                self._resume()
            case "hold":
                desk.patience.hold(desk.at)
                desk.say([Said(HOLD)])
            case "repeat":
                desk.d = reading.dialogue
                desk.repeat()
            case "person":
                to_person(desk, "asked")
            case "bye":
                goodbye(desk)
        if desk.patience.since is not None and reading.kind in ("nothing", "part", "hold", "repeat"):
            go(desk, desk.d, over=False)

    def _missed(self, dialogue: Dialogue, text: str = "") -> None:
        if (other := another_proof(self.desk.ground, dialogue)) is not None:
            go(self.desk, other, INSTEAD)
        elif (named := as_heard(self.desk.ground, dialogue, text)) is not None:
            go(self.desk, named)
        elif (offered := self.reader.offered(dialogue, text)) is not None:
            self._which(offered)
        elif dialogue.misses >= self.flow.hand_over.after:
            self.desk.d = dialogue
            to_person(self.desk, "not_understood")
        elif dialogue.awaiting.kind == "nothing" and dialogue.tasks and has_marker(words(text)):
            self._ask_again(dialogue)
        elif dialogue.awaiting.kind == "more" and any(self.desk.ledger.pending()) and not self.desk.pen.put():
            self._go_on(dialogue)
        else:
            go(self.desk, dialogue, SORRY)

    def _go_on(self, dialogue: Dialogue) -> None:
        """What was done and is about to be told is told all the same: it ends with a question."""
        self.desk.d = dialogue
        self.desk.pen.take_back()
        self._resume()

    def _ask_again(self, dialogue: Dialogue) -> None:
        """Something was put right while nothing was asked, and not understood: what was about to be told may not be
        what is wanted, and waits."""
        self.desk.d = dialogue
        self.desk.patience.done()
        self.desk.pen.question = self.desk.say([Said(SORRY), Said(AGAIN)])

    def _which(self, dialogue: Dialogue) -> None:
        """More than one step could be meant: ask."""
        if dialogue.misses >= self.flow.hand_over.after:
            self._missed(dialogue)
            return
        abouts = [self.flow.steps[name].about for name in dialogue.awaiting.name.split("|")]
        self.desk.d = dialogue
        self.desk.pen.question = self.desk.say([Said(f"Do you want to {', or to '.join(abouts)}?", ("flow",))])

    def _resume(self) -> None:
        """The caller said nothing of weight, but the voice has yielded: what is left is said after all."""
        desk = self.desk
        entry = desk.ledger.last()
        if self.yielded and entry and entry.pending and entry.heard and entry.rest:
            again = desk.say([Said(entry.rest, entry.note.source)])
            desk.pen.question = again if desk.pen.question == entry.note.id else desk.pen.question

    def _spoken(self, told: SpokenHeard) -> None:
        desk = self.desk
        before = desk.ledger.entries.get(told.note_id)
        entry = desk.ledger.hear(told.note_id, told.text, told.complete, desk.at)
        if entry is None:
            desk.out.append(Withhold("late", f"heard of {told.note_id}, which was never written"))
        elif entry.complete and before and not before.complete:
            desk.transcript.append(("agent", entry.note.text))

    # ------------------------------------------------------------------------------------------- tools and planners

    def _answered(self, told: ToolAnswered) -> None:
        desk = self.desk
        errand = desk.errands.all.get(told.request)
        if errand is None or errand.state in ("answered", "cancelled"):
            twice = errand is not None and errand.state == "answered"
            desk.out.append(Withhold("twice" if twice else "late", told.request))
            return
        wish = errand.wish
        result = Result(told.request, wish.tool, wish.arguments, told.ok, told.value, told.error, wish.task)
        desk.results[told.request] = result
        if errand.state == "given up":
            self._too_late(errand, result)
        elif result.faulty and errand.tries < TRIES and errand.wanted:
            desk.out.append(desk.errands.again(errand, desk.at))
        else:
            desk.errands.close(errand, result)
            self._continue(errand, result)

    def _continue(self, errand: Errand, result: Result) -> None:
        """An answer has come: go on with what waited for it."""
        desk = self.desk
        if desk.phase != "talking":
            return
        if desk.setting.remote and deputy.concerns(desk, errand):
            if not deputy.show(desk, errand, result):
                self._plan_ourselves("too many rounds")
        elif self.deferred and not desk.errands.change():
            go(desk, desk.d)
            said, self.deferred = " ".join(self.deferred), []
            desk.query += 1
            self._understand(said)
        elif desk.heard and not errand.changes:
            self._try()
        elif desk.patience.since is not None:
            go(desk, desk.d, over=False)

    def _too_late(self, errand: Errand, result: Result) -> None:
        """A look-up that comes too late is dropped; a change that did happen after all has to be told."""
        desk = self.desk
        task = next((one for one in (*desk.d.tasks, desk.d.last) if one and one.id == errand.wish.task), None)
        if not errand.changes or not result.ok or desk.phase != "talking" or task is None:
            desk.out.append(Withhold("late", errand.request))
            return
        desk.errands.close(errand, result)
        uses = self.flow.steps[task.step].calls
        at = next(at for at, use in enumerate(uses) if use.tool == errand.wish.tool)
        lines = what_it_tells(desk.ground, desk.d, replace(task, pinned={**task.pinned, at: result}))
        if lines:
            desk.say([Said(LATE), *lines], over=False)

    def _give_up(self, errand: Errand) -> None:
        """No answer in time: a change is asked for again under its key, a look-up counts as failed."""
        desk = self.desk
        if errand.changes and errand.tries < TRIES:
            desk.out.append(desk.errands.again(errand, desk.at))
            return
        if not errand.changes:
            desk.out.append(CancelTool(errand.request))
        wish = errand.wish
        result = Result(errand.request, wish.tool, wish.arguments, False, None, "timeout: no answer", wish.task)
        desk.errands.close(errand, result, "given up" if errand.changes else "cancelled")
        if errand.wanted:
            self._continue(errand, result)

    def _planned(self, told: Planned) -> None:
        desk = self.desk
        if told.request != desk.consulting.request or desk.phase != "talking":
            desk.out.append(Withhold("plan", f"{told.request} is not asked any more"))
        elif told.error or not deputy.follow(desk, told.moves):
            self._plan_ourselves(told.error or "nothing that may be done")

    def _plan_ourselves(self, why: str) -> None:
        self._react(self._read(deputy.give_up(self.desk, why)))

    # ------------------------------------------------------------------------------------------- time

    def _passed(self) -> None:
        desk = self.desk
        desk.ledger.expire(desk.at)
        for errand in desk.errands.overdue(desk.at, samples(self.flow.waiting.give_up)):
            self._give_up(errand)
        if desk.phase != "talking":
            return
        if desk.consulting.overdue(desk.at):
            self._plan_ourselves("stalled")
        if desk.heard:
            if desk.at - self.word_at >= (SETTLES_LATER if self._in_part() else SETTLES):
                self._settle_early()
        elif desk.d.part and desk.at - max(self.part_at, self.word_at) >= WHOLE_BY:
            self._missed(replace(desk.d, misses=desk.d.misses + 1), desk.d.part)
        elif not any(desk.ledger.pending()):
            self._wait()

    def _in_part(self) -> bool:
        return self.desk.d.awaiting.kind == "slot" and self._read(self.desk.heard).kind == "part"

    def _wait(self) -> None:
        """Nobody speaks: we work, or nobody knows what to say."""
        desk = self.desk
        last = max(self.word_at, desk.ledger.heard_until())
        if desk.patience.since is not None:
            if line := desk.patience.progress(desk.at, last):
                desk.say_meanwhile(line, over=False)
            return
        check = desk.patience.check(desk.at, last)
        if check:
            desk.say_meanwhile(check, over=True)
        elif check == "":
            leave(desk, [Said(self.flow.silence.goodbye, ("flow",))], End("silence"))


def _examples(flow: Flow) -> dict[str, tuple[str, ...]]:
    """What the classifier learns from: every step's phrases, and its own name for itself."""
    steps = {name: (*step.phrases, f"i want to {step.about}") for name, step in flow.steps.items() if step.phrases}
    return steps | ({PERSON: flow.hand_over.phrases} if flow.hand_over.phrases else {})
