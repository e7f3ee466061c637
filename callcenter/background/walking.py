"""Along the flow: from where the call stands to the next thing that is said, looked up, changed or asked.

`walk` goes as far as it can with what is known: it collects details, checks identity, reads through tools,
has a change confirmed, tells the result, goes on to the next step. It stops where the caller or a tool has to answer.
It is pure: the same dialogue and results give the same plan, so it may be tried after every word.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from callcenter.background.grammar import Wanted, parse, words
from callcenter.background.ground import Ground, filled_arguments, plain_value
from callcenter.background.notes import any_holds, argument, fill, holds, paths
from callcenter.background.proving import asked_here, claimed, early, once_more, together
from callcenter.background.state import Awaiting, Dialogue, Plan, Result, Said, Slot, Task, Wish, same
from flows import Collect, Step, Use, Verification

Book = Mapping[tuple[str, str, int], Result]
"""Answers of tools by tool, arguments and task (0 for look-ups)."""

RETRY: Final = "Shall I try once more?"
RESUME: Final = "Now back to your other request."


Stop = Literal["stop", "on"]


def walk(ground: Ground, dialogue: Dialogue, book: Book) -> Plan:
    """As far as it goes from here."""
    return _Walk(ground, dialogue, book).plan()


def told(ground: Ground, dialogue: Dialogue, task: Task) -> tuple[Said, ...]:
    """What this task has to tell, as if it had just been done."""
    once = _Walk(ground, replace(dialogue, tasks=(task,)), {})
    once.tell(ground.flow.steps[task.step], task)
    return tuple(once.lines)


@dataclass(slots=True)
class _Walk:
    """One walk. Each `_method` that answers "stop" has said why there is no going on."""

    way: Ground
    d: Dialogue
    book: Book
    lines: list[Said] = field(default_factory=list)
    looks: list[Wish] = field(default_factory=list)
    change: Wish | None = None
    hand_over: tuple[str, str] | None = None
    finished: bool = False

    MOST_STEPS: Final = 12

    def plan(self) -> Plan:
        for _ in range(self.MOST_STEPS):
            if self.d.task is None or self._step(self.d.task) == "stop":
                break
        else:
            self._transfer("flow")
        return Plan(self.d, tuple(self.lines), tuple(self.looks), self.change, self.hand_over, self.finished)

    def _step(self, task: Task) -> Stop:
        step = self.way.flow.steps[task.step]
        if self.way.private(step) and self.d.caller is None:
            if step.verification is None:
                return self._transfer("not_verified")
            return self._verify(step.verification)
        task = self._read(step, task)
        for way in (self._faulty, self._stopped, self._collect, self._wait, self._stopped, self._change):
            if (turn := way(step, self.d.task or task)) is not None:
                return turn
        return self._finish(step, self.d.task or task)

    # ------------------------------------------------------------------------------------------- identity

    def _verify(self, rule: Verification) -> Stop:
        if self.d.attempt > rule.attempts:
            return self._transfer("not_verified")
        values = self.way.values(self.d, self.d.identity)
        for collect in asked_here(rule, self.d, values):
            if (slot := self.d.identity.slots.get(collect.name)) is None:
                if collect.name in self.d.before and (turn := self._fits(rule, early(self.way, rule, self.d, values))):
                    return turn
                first = not self.d.identity.slots and self.d.attempt == 1 and rule.say
                if first and self.d.awaiting.identity is False:
                    self._say(rule.say, {})
                return self._ask(collect, values, identity=True)
            if not slot.sure:
                return self._read_back(collect, values, identity=True)
        return self._proof(rule, values)

    def _proof(self, rule: Verification, values: Mapping[str, Any]) -> Stop:
        arguments = claimed(rule, values)
        result = self._known(Wish(rule.tool, arguments))
        if result is None:
            return self._need(Wish(rule.tool, arguments))
        answer = result.value if isinstance(result.value, Mapping) else {}
        if self.way.proven(result):
            self.d = replace(self.d, caller=result)
            self._say(rule.passed, {"caller": answer}, (result.request,))
            return "on"
        if result.faulty:
            return self._failed_look()
        need = str(answer.get("need") or "")
        if need in {collect.name for collect in rule.collect} and need not in self.d.identity.slots:
            self.d = replace(self.d, need=need)
            return "on"
        if turn := self._fits(rule, together(self.way, rule, self.d)):
            return turn
        if again := once_more(rule, self.d, values):
            self.d = replace(self.d, need=again)
            self._say(rule.failed, {})
            return "on"
        before = {**self.d.before, **self.d.identity.slots}
        self.d = replace(self.d, attempt=self.d.attempt + 1, need="", identity=Task(0, ""), before=before)
        if self.d.attempt > rule.attempts:
            return self._transfer("not_verified")
        self._say(rule.failed, {})
        return "on"

    def _fits(self, rule: Verification, several: Sequence[dict[str, Any]]) -> Stop | None:
        """The first of several claims that holds; "stop" while one of them is looked up, None where none does."""
        for arguments in several:
            result = self._known(Wish(rule.tool, arguments))
            if result is None:
                return self._need(Wish(rule.tool, arguments))
            if self.way.proven(result):
                self.d = replace(self.d, caller=result)
                self._say(rule.passed, {"caller": result.value}, (result.request,))
                return "on"
        return None

    # ------------------------------------------------------------------------------------------- look-ups

    def _read(self, step: Step, task: Task) -> Task:
        """Take in every look-up whose arguments are known; ask for those that were not made yet."""
        for at, use in enumerate(step.calls):
            if self.way.changes(use):
                continue
            values = self.way.values(self.d, task)
            arguments = filled_arguments(use.arguments, values)
            old = task.pinned.get(at)
            if arguments is None or not holds(use.when, values):
                task = _unpinned(task, at) if old else task
            elif old is None or old.faulty or same(old.arguments) != same(arguments):
                result = self._known(Wish(use.tool, arguments))
                task = replace(task, pinned={**task.pinned, at: result}) if result else _unpinned(task, at)
                if result is None:
                    self.looks.append(Wish(use.tool, arguments))
            self.d = self.d.with_task(task)
        return task

    def _known(self, wish: Wish) -> Result | None:
        return self.book.get((wish.tool, same(wish.arguments), wish.task))

    def _need(self, wish: Wish) -> Stop:
        self.looks.append(wish)
        self.d = replace(self.d, awaiting=Awaiting("nothing"))
        return "stop"

    def _faulty(self, step: Step, task: Task) -> Stop | None:
        bad = [(at, one) for at, one in task.pinned.items() if not one.ok and not self.way.changes(step.calls[at])]
        for at, result in bad:
            if result.faulty:
                return self._failed_look()
            text = step.calls[at].refused or result.sentence
            self._say(text, self.way.values(self.d, task), (result.request,))
            return self._done(step, task)
        return None

    def _failed_look(self) -> Stop:
        """A system could not be reached: say so, offer another try, and give up after the flow's number of failures."""
        self.d = replace(self.d, faults=self.d.faults + 1)
        self._say(self.way.flow.waiting.failed, {})
        if self.d.faults >= 2:
            return self._transfer("tool_failed")
        self.lines.append(Said(RETRY))
        self.d = replace(self.d, awaiting=Awaiting("retry"))
        return "stop"

    def _wait(self, step: Step, task: Task) -> Stop | None:
        if not self.looks:
            return None
        self.d = replace(self.d, awaiting=Awaiting("nothing"))
        return "stop"

    # -------------------------------------------------------------------------------------------- details

    def _collect(self, step: Step, task: Task) -> Stop | None:
        for collect in step.collect:
            task = self.d.task or task
            values = self.way.values(self.d, task)
            if not holds(collect.when, values):
                continue
            slot = task.slots.get(collect.name)
            if slot is not None and collect.but and argument(collect.but, values) == slot.value:
                self.d = self.d.with_task(task := task.without(collect.name))
                slot = None
            if slot is None:
                turn = self._stopped(step, task) or self._want(step, task, collect, values)
                if turn is not None:
                    return turn
            elif not slot.sure:
                return self._read_back(collect, values)
        return None

    def _want(self, step: Step, task: Task, collect: Collect, values: Mapping[str, Any]) -> Stop | None:
        """A detail that is not there: taken from what was said before, or the only choice, or asked for."""
        wanted = self.way.wanted(collect, values)
        if self.looks and any(line.stops for line in step.say):
            return self._wait(step, task)
        if wanted is None:
            return self._wait(step, task) or (None if collect.optional else self._ask(collect, values))
        if collect.choices and not wanted.records:
            return self._nothing_to_choose(step, task, collect, values)
        slot = self._from_before(task, collect, wanted, values) or self._carried(task, collect, wanted)
        if slot is None and collect.only and len(wanted.records) == 1:
            slot = Slot(plain_value(wanted.records[0]), source=self._sources(step, task))
        if slot is not None:
            self.d = self.d.with_task(task.filled(collect.name, slot))
            self._read(step, self.d.task or task)
            return self._faulty(step, self.d.task or task) or (
                "on" if not collect.readback else self._read_back(collect, self.way.values(self.d, self.d.task or task))
            )
        return None if collect.optional else self._ask(collect, values)

    def _from_before(self, task: Task, collect: Collect, wanted: Wanted, values: Mapping[str, Any]) -> Slot | None:
        for said in reversed(task.said):
            found = parse(wanted, words(said), self.way.today, asked=False)
            if found is not None and found.whole and found.value != argument(collect.but, values):
                return Slot(plain_value(found.value), sure=not collect.readback, source=("caller", *_requests(task)))
        return None

    def _carried(self, task: Task, collect: Collect, wanted: Wanted) -> Slot | None:
        """The record that the corrected task was about."""
        key = wanted.by[0] if wanted.by else ""
        about = {value[key] for value in task.carried.values() if isinstance(value, Mapping) and key in value}
        found = [record for record in wanted.records if record.get(key) in about]
        return Slot(plain_value(found[0]), source=_requests(task)) if len(found) == 1 else None

    def _nothing_to_choose(self, step: Step, task: Task, collect: Collect, values: Mapping[str, Any]) -> Stop:
        """An empty list: ask again for the details it came from, or end the step."""
        self._say(collect.none, values, _requests(task))
        name = collect.choices.split(".")[0]
        asked = {path.split(".")[0].rstrip("?") for use in step.calls if use.name == name for path in _all_paths(use)}
        again = [one for one in step.collect if one.name in asked and one.name in task.slots and not one.optional]
        if not again:
            return self._done(step, task)
        self.d = self.d.with_task(replace(task.without(*(one.name for one in again)), said=()))
        return self._ask(again[0], values)

    def _ask(self, collect: Collect, values: Mapping[str, Any], identity: bool = False) -> Stop:
        question = Awaiting("slot", collect.name, identity)
        again = self.d.misses and self.d.awaiting == question
        self._say((again and collect.again) or collect.ask, values)
        self.d = replace(self.d, awaiting=question, part="")
        return "stop"

    def _read_back(self, collect: Collect, values: Mapping[str, Any], identity: bool = False) -> Stop:
        self._say(collect.readback, values, ("caller",))
        self.d = replace(self.d, awaiting=Awaiting("readback", collect.name, identity), part="")
        return "stop"

    # -------------------------------------------------------------------------------------------- changes

    def _stopped(self, step: Step, task: Task) -> Stop | None:
        values = self.way.values(self.d, task)
        if any(self.way.changes(step.calls[at]) for at in task.pinned):
            return None
        for line in step.say:
            if line.stops and holds(line.when, values) and not any_holds(line.unless, values):
                self._say(line.text, values)
                return self._done(step, task)
        return None

    def _change(self, step: Step, task: Task) -> Stop | None:
        for at, use in enumerate(step.calls):
            values = self.way.values(self.d, task)
            if not self.way.changes(use) or not holds(use.when, values):
                continue
            arguments = filled_arguments(use.arguments, values)
            if arguments is None:
                continue
            wish = Wish(use.tool, arguments, task.id)
            result = self._known(wish)
            if result is None:
                return self._confirm(step, task, use, wish)
            task = replace(task, pinned={**task.pinned, at: result})
            self.d = self.d.with_task(task)
            if result.faulty:
                self._say(self.way.flow.waiting.unknown, {})
                return self._transfer("tool_failed")
            if not result.ok:
                self._say(use.refused or result.sentence, self.way.values(self.d, task), (result.request,))
                return self._done(step, task)
        task = self._read(step, task)
        return self._wait(step, task)

    def _confirm(self, step: Step, task: Task, use: Use, wish: Wish) -> Stop:
        name = f"{wish.tool} {same(wish.arguments)}"
        if task.declined:
            self._say(use.declined or "All right, I have not done that.", self.way.values(self.d, task))
            return self._done(step, task, declined=True)
        if name in task.confirmed:
            self.change = wish
            self.d = replace(self.d, awaiting=Awaiting("nothing"))
            return "stop"
        asked = len(self.lines)
        self._say(use.confirm, self.way.values(self.d, task), ("caller",))
        if len(self.lines) == asked:
            return self._transfer("flow")
        self.d = replace(self.d, awaiting=Awaiting("confirm", name))
        return "stop"

    # ------------------------------------------------------------------------------------------ the end of a step

    def _finish(self, step: Step, task: Task) -> Stop:
        self.tell(step, task)
        self.d = replace(self.d, label=step.label or self.d.label, faults=0)
        if step.hand_over:
            self.d = replace(self.d, tasks=self.d.tasks[:-1], last=task, awaiting=Awaiting("more"))
            return self._transfer("flow", step.hand_over)
        return self._done(step, task)

    def tell(self, step: Step, task: Task) -> None:
        values = self.way.values(self.d, task)
        for line in step.say:
            if not line.stops and holds(line.when, values) and not any_holds(line.unless, values):
                self._say(line.text, values)

    def _done(self, step: Step, task: Task, declined: bool = False) -> Stop:
        """The step is over, and so is whatever was still to be looked up for it."""
        self.looks.clear()
        self.d = replace(self.d, tasks=self.d.tasks[:-1], last=task, misses=0)
        if step.next in self.way.flow.steps and not declined:
            self.d = self.d.begin(self.way.flow.steps[step.next], carried=self.way.values(self.d, task))
            return "on"
        if step.next == "end" and not self.d.tasks:
            self.finished = True
            return "stop"
        if self.d.tasks:
            self.lines.append(Said(RESUME))
            return "on"
        self._say(self.way.flow.ending.more, {})
        self.d = replace(self.d, awaiting=Awaiting("more"))
        return "stop"

    def _transfer(self, reason: str, target: str = "") -> Stop:
        self.hand_over = (reason, target or self.way.flow.hand_over.target)
        return "stop"

    # -------------------------------------------------------------------------------------------------- words

    def _say(self, template: str, values: Mapping[str, Any], more: tuple[str, ...] = ()) -> None:
        """A line whose values are not all known is left out: nothing is better than half a sentence."""
        if not template:
            return
        filled = fill(template, values, str(self.way.today.year))
        task = self.d.task
        if filled is not None:
            flow = f"flow {task.step}" if task else "flow"
            source = (flow, *self._named(filled.used), *more)
            self.lines.append(Said(filled.text, tuple(dict.fromkeys(source))))

    def _named(self, used: tuple[str, ...]) -> tuple[str, ...]:
        """The sources of these names: requests of results, where slots came from, who the caller is."""
        task = self.d.task or self.d.identity
        step = self.way.flow.steps.get(task.step)
        found: list[str] = []
        for name in used:
            if step:
                found += [one.request for at, one in task.pinned.items() if step.calls[at].name == name]
            if name == "caller" and self.d.caller:
                found.append(self.d.caller.request)
            slot = task.slots.get(name) or self.d.identity.slots.get(name)
            found += slot.source if slot else ()
        return tuple(found)

    def _sources(self, step: Step, task: Task) -> tuple[str, ...]:
        return _requests(task)


def _requests(task: Task) -> tuple[str, ...]:
    return tuple(result.request for result in task.pinned.values())


def _unpinned(task: Task, at: int) -> Task:
    return replace(task, pinned={key: one for key, one in task.pinned.items() if key != at})


def _all_paths(use: Use) -> list[str]:
    return [path for value in use.arguments.values() if isinstance(value, str) for path in paths(value)]
