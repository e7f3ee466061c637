"""Details in what the caller says: given when asked for, by the way, or to put an earlier one right."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from callcenter.background.grammar import Parse, Wanted, parse
from callcenter.background.ground import Ground, plain_value
from callcenter.background.notes import holds, paths
from callcenter.background.state import Dialogue, Slot, Task
from flows import Collect

_OTHER: Final = re.compile(r"\bother (?:one|order|bill|appointment)\b|\bthe other\b")


@dataclass(frozen=True, slots=True)
class Details:
    ground: Ground

    def volunteered(self, d: Dialogue, spoken: Sequence[str], but: str = "", told: Slot | None = None) -> Dialogue:
        """Details given by the way, for the step and for the identity check. `told`: what these words have answered
        already; it is no second detail (a date of birth is not the day of an appointment)."""
        if task := d.task:
            step = self.ground.flow.steps[task.step]
            for collect in step.collect:
                if collect.name != but and collect.name not in task.slots:
                    slot = self.slot_in(d, task, collect, spoken, asked=False)
                    fresh = slot is not None and (told is None or slot.value != told.value)
                    task = task.filled(collect.name, slot) if slot and fresh else task
            d = d.with_task(task)
        return self.introduced(d, spoken, but)

    def introduced(self, d: Dialogue, spoken: Sequence[str], but: str = "") -> Dialogue:
        rule = self.ground.verification(d)
        if d.caller is not None or rule is None:
            return d
        identity = d.identity
        for collect in rule.collect:
            if collect.name != but and collect.name not in identity.slots:
                slot = self.slot_in(d, identity, collect, spoken, asked=False)
                identity = identity.filled(collect.name, slot) if slot else identity
        return replace(d, identity=identity)

    def slot_in(self, d: Dialogue, task: Task, collect: Collect, spoken: Sequence[str], asked: bool) -> Slot | None:
        found = self._parse(d, task, collect, spoken, asked)
        if found is None or not found.whole:
            return None
        source = ("caller", *(result.request for result in task.pinned.values())) if collect.choices else ("caller",)
        return Slot(plain_value(found.value), sure=not collect.readback, source=source)

    def _parse(self, d: Dialogue, task: Task, collect: Collect, spoken: Sequence[str], asked: bool) -> Parse | None:
        values = self.ground.values(d, task)
        wanted = self.ground.wanted(collect, values)
        if wanted is None or not (holds(collect.when, values) or collect.name in (d.need, d.awaiting.name)):
            return None
        if other := _the_other(spoken, wanted, task.slots.get(collect.name)):
            return Parse(other)
        return parse(wanted, spoken, self.ground.today, asked)

    def filled(self, d: Dialogue, collect: Collect, slot: Slot, spoken: Sequence[str]) -> Dialogue:
        d = replace(d, denied=())
        if d.awaiting.identity:
            d = replace(d, identity=d.identity.filled(collect.name, slot), part="")
        elif d.task:
            d = replace(d.with_task(d.task.filled(collect.name, slot)), part="")
        return self.volunteered(d, spoken, but=collect.name, told=slot)

    def collects(self, d: Dialogue) -> tuple[Collect, ...]:
        return self.ground.flow.steps[d.task.step].collect if d.task else ()

    def changed(
        self, d: Dialogue, task: Task, collects: Sequence[Collect], spoken: Sequence[str], but: str = ""
    ) -> Task | None:
        """The task with what these words give a new value, and without what depended on it."""
        new: dict[str, Slot] = {}
        for collect in collects:
            old = task.slots.get(collect.name)
            if collect.name == but or old is None or collect.grammar in ("text", "name", "city"):
                continue
            slot = self.slot_in(d, task, collect, spoken, asked=collect.grammar not in ("amount", "number"))
            if slot is not None and slot.value != old.value:
                new[collect.name] = slot
        if not new:
            return None
        stale = [name for name in self._dependents(task.step, set(new)) if name not in new]
        changed = task.without(*stale)
        for name, slot in new.items():
            changed = changed.filled(name, slot)
        return replace(changed, said=(" ".join(spoken),))

    def _dependents(self, step: str, names: set[str]) -> set[str]:
        """Details chosen from a list that was looked up with one of these."""
        here = self.ground.flow.steps[step]
        lists = {
            use.name
            for use in here.calls
            if any(
                path.split(".")[0].rstrip("?") in names for value in use.arguments.values() for path in _paths(value)
            )
        }
        return {collect.name for collect in here.collect if collect.choices.split(".")[0] in lists}

    def put_right(self, d: Dialogue, base: Task, spoken: Sequence[str]) -> Dialogue | None:
        """New details for the task under way, or for the one that was just finished."""
        step = self.ground.flow.steps[base.step]
        if base is d.task:
            changed = self.changed(d, base, step.collect, spoken)
            return d.with_task(changed) if changed else None
        target = self.ground.flow.steps.get(step.correct, step)
        changed = self.changed(d, base, step.collect, spoken)
        if changed is None:
            return None
        names = {collect.name for collect in target.collect}
        slots = {name: slot for name, slot in changed.slots.items() if name in names}
        carried = self.ground.values(d, base) if target is not step else {}
        return d.begin(target, " ".join(spoken), slots, carried)


def _paths(value: Any) -> tuple[str, ...]:
    return paths(value) if isinstance(value, str) else ()


def _the_other(spoken: Sequence[str], wanted: Wanted, old: Slot | None) -> Mapping[str, Any] | None:
    """ "The other one", when there are two and one was taken."""
    if old is None or len(wanted.records) != 2 or not _OTHER.search(" ".join(spoken)):
        return None
    rest = [record for record in wanted.records if plain_value(record) != old.value]
    return rest[0] if len(rest) == 1 else None
