"""Everything that is wrong with a flow, each with its line, the cause and what to do about it.

The form comes first (form.py); a flow whose form is right is checked for its meaning here: names that lead nowhere,
steps nobody can reach or that say nothing, questions whose answers are not used, changes that nobody confirms.
`tools` and `others` (flows that can be included) are checked only when they are given.
"""

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from callcenter.events import Policy
from flows import Flow, FlowError, Problem, parse
from flows.form import dotted
from flows.hours import opening
from flows.keys import ENDS, FORMATS, GRAMMARS, POLICIES
from flows.lines import Path, key_lines, line_of, line_of_text
from flows.shape import Collect, Step, Use

LANGUAGES = ("en",)
LEAST_PHRASES = 8
GIVEN = ("caller", "today", "attempt", "number")
"""Names a template may use without anybody having collected them."""
_FIELD = re.compile(r"\{([^{}]*)\}")


class Card(Protocol):
    """What has to be known of a tool."""

    @property
    def changes(self) -> bool: ...
    @property
    def private(self) -> bool: ...
    @property
    def parameters(self) -> Mapping[str, Any]: ...


def check(
    text: str, tools: Mapping[str, Card] | None = None, others: Mapping[str, Flow] | None = None
) -> tuple[Problem, ...]:
    """The problems of a flow, in the order of their lines."""
    try:
        flow = parse(text)
    except FlowError as error:
        return tuple(sorted(error.problems, key=lambda problem: problem.line))
    found = _Check(flow, text, key_lines(text), tools, others).problems()
    return tuple(sorted(set(found), key=lambda problem: (problem.line, problem.where, problem.cause)))


@dataclass(frozen=True, slots=True)
class _Check:
    flow: Flow
    text: str
    lines: Mapping[Path, int]
    tools: Mapping[str, Card] | None
    others: Mapping[str, Flow] | None

    def problems(self) -> Iterator[Problem]:
        yield from self._head()
        yield from self._targets()
        yield from self._verification()
        for step in self.flow.steps.values():
            yield from self._step(step)
        yield from self._phrases()
        yield from self._reach()

    def at(self, path: Path, cause: str, remedy: str) -> Problem:
        return Problem(line_of(path, self.lines), dotted(path), cause, remedy)

    def unknown(self, path: Path, what: str, name: str, known: Mapping[str, Any] | tuple[str, ...]) -> Problem:
        near = difflib.get_close_matches(name, list(known), 1)
        listed = ", ".join(sorted(known)) or "none"
        remedy = f'Did you mean "{near[0]}"?' if near else f"There are: {listed}."
        return self.at(path, f'there is no {what} "{name}".', remedy)

    # ------------------------------------------------------------------------------------------- the flow itself

    def _head(self) -> Iterator[Problem]:
        flow = self.flow
        if not re.fullmatch(r"[a-z][a-z0-9_]*", flow.name):
            yield self.at(("name",), f'"{flow.name}" is no name.', "Use lower case letters, digits and _.")
        for language in flow.languages:
            if language not in LANGUAGES:
                yield self.unknown(("languages",), "language", language, LANGUAGES)
        yield from self._policies(flow.policies, ("policies",))
        if self.others is not None:
            for name in flow.includes:
                if name not in self.others or name == flow.name:
                    yield self.unknown(("includes",), "flow", name, {key: 0 for key in self.others if key != flow.name})
        yield from self._labels()
        if flow.waiting.give_up <= flow.waiting.after:
            remedy = "Make `give_up` longer than `after`."
            yield self.at(("waiting", "give_up"), "tools are given up before anything is said about waiting.", remedy)

    def _policies(self, policies: Policy, path: Path) -> Iterator[Problem]:
        for name, allowed in POLICIES.items():
            if (value := getattr(policies, name)) not in allowed:
                yield self.unknown((*path, name), "setting", value, allowed)

    def _labels(self) -> Iterator[Problem]:
        given: list[tuple[Path, str]] = [(("ending", "label"), self.flow.ending.label)]
        given += [(("hand_over", "label"), self.flow.hand_over.label)] if self.flow.hand_over.label else []
        given += [(("steps", step.name, "label"), step.label) for step in self.flow.steps.values() if step.label]
        for path, label in given:
            if label not in self.flow.labels:
                yield self.unknown(path, "label", label, self.flow.labels)

    def _targets(self) -> Iterator[Problem]:
        for target in self.flow.targets.values():
            for hours in target.hours:
                if opening(hours) is None:
                    remedy = 'Write days and times such as "mon-fri 08:00-18:00".'
                    yield self.at(("targets", target.name, "hours"), f'"{hours}" is no opening time.', remedy)
        named: list[tuple[Path, str]] = [(("hand_over", "target"), self.flow.hand_over.target)]
        named += [(("steps", s.name, "hand_over"), s.hand_over) for s in self.flow.steps.values() if s.hand_over]
        for path, name in named:
            if name not in self.flow.targets:
                yield self.unknown(path, "target", name, self.flow.targets)

    def _verification(self) -> Iterator[Problem]:
        rule, path = self.flow.verification, ("verification",)
        if rule is None:
            return
        yield from self._collects(rule.collect, path, ())
        names = tuple(collect.name for collect in rule.collect)
        yield from self._templates((*path, "with"), rule.arguments, names)
        card = self._card((*path, "tool"), rule.tool)
        if isinstance(card, Problem):
            yield card
        elif card is not None:
            if card.changes or card.private:
                yield self.at((*path, "tool"), f'"{rule.tool}" cannot verify anybody.', "Name a tool that only reads.")
            yield from self._arguments((*path, "with"), card, rule.arguments, needs_all=False)

    # ------------------------------------------------------------------------------------------- a step

    def _step(self, step: Step) -> Iterator[Problem]:
        path: Path = ("steps", step.name)
        results = tuple(use.name for use in step.calls)
        yield from self._collects(step.collect, path, results)
        names = (*(collect.name for collect in step.collect), *results, *self._carried(step))
        for index, use in enumerate(step.calls):
            yield from self._use(step, use, (*path, "calls", index), names)
        for index, line in enumerate(step.say):
            here = (*path, "say", index)
            yield from self._template((*here, "text"), line.text, names)
            yield from self._conditions((*here, "when"), line.when, names)
            yield from self._conditions((*here, "unless"), line.unless, names)
        if step.policies:
            yield from self._policies(step.policies, (*path, "policies"))
        yield from self._leads(step, path)
        yield from self._unused(step, path)

    def _leads(self, step: Step, path: Path) -> Iterator[Problem]:
        if step.next not in (*ENDS, *self.flow.steps):
            yield self.unknown((*path, "next"), "step", step.next, (*ENDS, *self.flow.steps))
        if step.correct and step.correct not in self.flow.steps:
            yield self.unknown((*path, "correct"), "step", step.correct, self.flow.steps)
        if not (step.say or step.hand_over or step.next in self.flow.steps):
            yield self.at(path, "this step is a dead end: it tells the caller nothing.", "Add a [[...say]] or `next`.")
        if step.next in self.flow.steps and self._loops(step):
            remedy = "Collect something in one of these steps, or end one of them."
            yield self.at((*path, "next"), "these steps lead to each other without end.", remedy)

    def _loops(self, step: Step) -> bool:
        """Whether `next` leads back here past no step that asks the caller anything."""
        seen: list[str] = []
        here = step
        while here.next in self.flow.steps and not here.collect and not any(use.confirm for use in here.calls):
            if here.name in seen:
                return here.name == step.name
            seen.append(here.name)
            here = self.flow.steps[here.next]
        return False

    def _carried(self, step: Step) -> tuple[str, ...]:
        """Names a step has from the one that leads to it."""
        from_ = [one for one in self.flow.steps.values() if step.name in (one.correct, one.next)]
        names = [collect.name for one in from_ for collect in one.collect]
        return tuple(names + [use.name for one in from_ for use in one.calls])

    def _unused(self, step: Step, path: Path) -> Iterator[Problem]:
        texts = [line.text for line in step.say] + [use.confirm for use in step.calls]
        texts += [value for use in step.calls for value in use.arguments.values() if isinstance(value, str)]
        used = {root for text in texts for root in _roots(text)}
        used |= {key.split(".")[0] for line in step.say for key in (*line.when, *line.unless)}
        used |= {key.split(".")[0] for use in step.calls for key in use.when}
        used |= {key.split(".")[0] for collect in step.collect for key in collect.when}
        for index, collect in enumerate(step.collect):
            if collect.name not in used and step.next not in self.flow.steps:
                remedy = f"Use {{{collect.name}}} in a call or a line, or do not ask for it."
                yield self.at((*path, "collect", index), f'nothing is done with "{collect.name}".', remedy)

    # ------------------------------------------------------------------------------------------- details

    def _collects(self, collects: tuple[Collect, ...], path: Path, results: tuple[str, ...]) -> Iterator[Problem]:
        names = tuple(collect.name for collect in collects)
        for index, collect in enumerate(collects):
            here = (*path, "collect", index)
            if collect.name in (*names[:index], *results, *GIVEN):
                cause = f'the name "{collect.name}" is taken already.'
                yield self.at((*here, "name"), cause, "Give this detail a name of its own.")
            if collect.grammar not in GRAMMARS:
                yield self.unknown((*here, "grammar"), "grammar", collect.grammar, GRAMMARS)
            yield from self._choice(collect, here, results)
            for key in ("ask", "again", "readback", "none", "but"):
                yield from self._template((*here, key), getattr(collect, key), (*names, *results))
            yield from self._conditions((*here, "when"), collect.when, (*names, *results))
            if collect.readback and f"{{{collect.name}" not in collect.readback:
                remedy = f"Put {{{collect.name}}} into it."
                yield self.at((*here, "readback"), "reads nothing back.", remedy)

    def _choice(self, collect: Collect, here: Path, results: tuple[str, ...]) -> Iterator[Problem]:
        choice = collect.grammar == "choice"
        if choice and bool(collect.choices) == bool(collect.options):
            remedy = "Give it `choices` (a list from a call) or `options` (the values themselves), one of them."
            yield self.at(here, f'it is not clear what "{collect.name}" can be chosen from.', remedy)
        if collect.choices and choice and collect.choices.split(".")[0] not in results:
            yield self.unknown((*here, "choices"), "result", collect.choices.split(".")[0], results)
        for key in ("choices", "by", "among", "options", "only", "none"):
            if getattr(collect, key) and not choice:
                yield self.at((*here, key), f"only a choice has `{key}`.", 'Remove it, or write grammar = "choice".')
        if collect.length and collect.grammar not in ("digits", "postcode"):
            yield self.at((*here, "length"), "only digits have a length.", 'Remove it, or write grammar = "digits".')

    # ------------------------------------------------------------------------------------------- tools

    def _card(self, path: Path, name: str) -> Card | Problem | None:
        if self.tools is None:
            return None
        return self.tools[name] if name in self.tools else self.unknown(path, "tool", name, self.tools)

    def _use(self, step: Step, use: Use, here: Path, names: tuple[str, ...]) -> Iterator[Problem]:
        yield from self._templates((*here, "with"), use.arguments, names)
        yield from self._conditions((*here, "when"), use.when, names)
        for key in ("confirm", "refused", "declined"):
            yield from self._template((*here, key), getattr(use, key), names)
        card = self._card((*here, "tool"), use.tool)
        if isinstance(card, Problem):
            yield card
        elif card is not None:
            yield from self._arguments((*here, "with"), card, use.arguments, needs_all=True)
            yield from self._change(use, card, here)
            if card.private and step.verification is None:
                cause = f'"{use.tool}" is private, but nobody is verified.'
                yield self.at((*here, "tool"), cause, "Add a [verification] to the flow.")

    def _change(self, use: Use, card: Card, here: Path) -> Iterator[Problem]:
        if card.changes and not use.confirm:
            remedy = 'Add confirm = "Shall I ... {detail}?".'
            yield self.at(here, f'"{use.tool}" changes something, and nobody is asked.', remedy)
        if card.changes and use.confirm and use.arguments and not _roots(use.confirm):
            remedy = "Name in {...} what will be changed."
            yield self.at((*here, "confirm"), "the caller cannot tell what they say yes to.", remedy)
        if card.changes and use.ahead:
            yield self.at(
                (*here, "ahead"), f'"{use.tool}" changes something.', "Remove `ahead`: only look-ups may run ahead."
            )
        if not card.changes and use.confirm:
            yield self.at(
                (*here, "confirm"), f'"{use.tool}" changes nothing.', "Remove `confirm`: look-ups need no yes."
            )

    def _arguments(self, path: Path, card: Card, given: Mapping[str, Any], needs_all: bool) -> Iterator[Problem]:
        known = dict(card.parameters.get("properties", {}))
        for name in given:
            if name not in known:
                yield self.unknown((*path, name), "argument", name, known)
        for name in card.parameters.get("required", ()) if needs_all else ():
            if name not in given:
                yield self.at(path, f'the argument "{name}" is missing.', f'Add {name} = "{{...}}" to `with`.')

    # ------------------------------------------------------------------------------------------- templates

    def _templates(self, path: Path, values: Mapping[str, Any], names: tuple[str, ...]) -> Iterator[Problem]:
        for key, value in values.items():
            if isinstance(value, str):
                yield from self._template((*path, key), value, names)

    def _template(self, path: Path, text: str, names: tuple[str, ...]) -> Iterator[Problem]:
        rest = _FIELD.sub("", text)
        if "{" in rest or "}" in rest:
            yield self.at(path, "a brace is not closed, or not opened.", "Write {name} with both braces.")
        for field in _FIELD.findall(text):
            place, *formats = (part.strip() for part in field.split("|"))
            if (root := place.split(".")[0].rstrip("?")) not in (*names, *GIVEN):
                yield self.unknown(path, "value", root, (*names, *GIVEN))
            for name in formats:
                if name not in FORMATS:
                    yield self.unknown(path, "format", name, FORMATS)

    def _conditions(self, path: Path, conditions: Mapping[str, Any], names: tuple[str, ...]) -> Iterator[Problem]:
        for key in conditions:
            if key.split(".")[0] not in (*names, *GIVEN):
                yield self.unknown((*path, key), "value", key.split(".")[0], (*names, *GIVEN))

    # ------------------------------------------------------------------------------------------- phrases, ways

    def _phrases(self) -> Iterator[Problem]:
        seen: dict[str, str] = {}
        for step in self.flow.steps.values():
            path: Path = ("steps", step.name, "phrases")
            if step.phrases and len(step.phrases) < LEAST_PHRASES:
                cause = f"has only {len(step.phrases)} phrases."
                yield self.at(path, cause, f"Write at least {LEAST_PHRASES}, as callers really say it.")
            for phrase in step.phrases:
                plain = " ".join(re.findall(r"[\w']+", phrase.lower()))
                line = line_of_text(phrase, line_of(path, self.lines), self.text)
                if (other := seen.setdefault(plain, step.name)) != step.name:
                    cause = f'"{phrase}" is a phrase of the step "{other}" too.'
                    yield Problem(line, dotted(path), cause, "Leave it to one of them, or say more.")

    def _reach(self) -> Iterator[Problem]:
        """Steps that a caller can get to: by their own words, or from one that they can get to."""
        reached = [step.name for step in self.flow.steps.values() if step.phrases]
        for name in reached:
            step = self.flow.steps[name]
            reached += [to for to in (step.next, step.correct) if to in self.flow.steps and to not in reached]
        if not reached and self.flow.steps:
            yield self.at(("steps",), "no step can be reached.", "Give the steps phrases.")
        for name in self.flow.steps:
            if reached and name not in reached:
                remedy = "Give it phrases, or name it as `next` of another step."
                yield self.at(("steps", name), "nobody can get to this step.", remedy)


def _roots(text: str) -> set[str]:
    return {field.split("|")[0].strip().split(".")[0].rstrip("?") for field in _FIELD.findall(text)}
