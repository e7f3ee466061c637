"""The ground a call walks on: what the flow and its tools say about a step, and the values known in it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from callcenter.background.grammar import Day, Wanted
from callcenter.background.notes import MISSING, argument, holds, look_up
from callcenter.background.planner import ToolCard
from callcenter.background.state import Dialogue, Result, Task, Wish
from flows import Collect, Flow, Step, Use, Verification


@dataclass(frozen=True, slots=True)
class Ground:
    flow: Flow
    cards: Mapping[str, ToolCard]
    today: Day
    number: str = ""
    """The caller's telephone number."""

    def private(self, step: Step) -> bool:
        return step.private or any(self.cards[use.tool].private for use in step.calls if use.tool in self.cards)

    def verification(self, dialogue: Dialogue) -> Verification | None:
        """How callers of the step under way prove who they are."""
        return self.flow.steps[dialogue.task.step].verification if dialogue.task else self.flow.verification

    def asked_for(self, d: Dialogue) -> Collect | None:
        """The detail the open question is about."""
        rule = self.verification(d)
        own = self.flow.steps[d.task.step].collect if d.task else ()
        listed = rule.collect if d.awaiting.identity and rule else own
        return next((one for one in listed if one.name == d.awaiting.name), None)

    def proofs(self) -> frozenset[str]:
        """The tools that verify callers."""
        return frozenset(step.verification.tool for step in self.flow.steps.values() if step.verification)

    def proven(self, result: Result) -> bool:
        """Whether this answer says that the caller is who they say."""
        answer = result.value if isinstance(result.value, Mapping) else {}
        return result.tool in self.proofs() and result.ok and answer.get("verified") is True

    def changes(self, use: Use) -> bool:
        return use.tool in self.cards and self.cards[use.tool].changes

    def ahead(self, dialogue: Dialogue) -> Iterator[Wish]:
        """Look-ups that may be wanted soon and need nothing more from the caller."""
        for step in self.flow.steps.values():
            if self.private(step) and dialogue.caller is None:
                continue
            values = self.values(dialogue, Task(0, step.name))
            for use in step.calls:
                arguments = filled_arguments(use.arguments, values)
                if use.ahead and not self.changes(use) and arguments is not None:
                    yield Wish(use.tool, arguments)

    def values(self, dialogue: Dialogue, task: Task) -> dict[str, Any]:
        """Everything a line or an argument of this task may look up."""
        step = self.flow.steps.get(task.step)
        results = {step.calls[at].name: result.value for at, result in task.pinned.items()} if step else {}
        return {
            "today": str(self.today),
            "attempt": dialogue.attempt,
            "number": self.number,
            "caller": dialogue.caller.value if dialogue.caller else {},
            **task.carried,
            **results,
            **{name: slot.value for name, slot in task.slots.items()},
        }

    def wanted(self, collect: Collect, values: Mapping[str, Any]) -> Wanted | None:
        """The grammar of a detail as things stand; None while its list of choices is not there yet."""
        sayings = tuple((said, argument(value, values)) for said, value in collect.sayings.items())
        sayings = tuple((said, value) for said, value in sayings if value is not MISSING)
        if collect.grammar != "choice":
            return Wanted(collect.grammar, collect.length, sayings=sayings)
        listed = list(collect.options) if collect.options else look_up(collect.choices, values)
        if not isinstance(listed, list):
            return None
        each = (item if isinstance(item, Mapping) else {"value": item} for item in listed)
        records = tuple(record for record in each if holds(collect.among, record))
        return Wanted("choice", records=records, by=collect.by or ("value",), sayings=sayings)


def filled_arguments(templates: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any] | None:
    """The arguments of a call; None while one is wanting. One that is only `{optional}` is then left out by its "?"."""
    out: dict[str, Any] = {}
    for name, template in templates.items():
        optional = isinstance(template, str) and template.endswith("?}")
        value = argument(template.replace("?}", "}") if optional else template, values)
        if value is MISSING and optional:
            continue
        if value is MISSING:
            return None
        out[name] = value
    return out


def plain_value(value: Any) -> Any:
    """A choice from a plain list stands for its value."""
    return value["value"] if isinstance(value, Mapping) and set(value) == {"value"} else value
