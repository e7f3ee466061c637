"""A flow is the procedure a call follows: a TOML text, read into frozen values and never changed afterwards.

`parse` gives a Flow or raises FlowError with every problem at its line; `check` (flows/check.py) finds what is wrong
with the meaning; `combine` lets one flow offer the steps of others; flows/README.md lists every key.
"""

import hashlib
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from callcenter.events import Policy
from flows.form import form_problems, syntax_problem
from flows.lines import key_lines
from flows.shape import (
    Collect,
    Ending,
    Flow,
    FlowError,
    HandOver,
    Line,
    Problem,
    Silence,
    Step,
    Target,
    Use,
    Verification,
    Waiting,
)

__all__ = [
    "Collect",
    "Ending",
    "Flow",
    "FlowError",
    "HandOver",
    "Line",
    "Problem",
    "Silence",
    "Step",
    "Target",
    "Use",
    "Verification",
    "Waiting",
    "combine",
    "content_hash",
    "load",
    "parse",
    "shipped",
]

T = TypeVar("T")


def parse(text: str) -> Flow:
    """Read a flow; whatever is wrong with its form is told at once, each problem with its line."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise FlowError((syntax_problem(error, text),)) from None
    lines = key_lines(text)
    problems = list(form_problems(table, "flow", (), lines))
    if problems:
        raise FlowError(tuple(problems))
    return _flow(table, text)


def load(path: Path) -> Flow:
    return parse(path.read_text(encoding="utf-8"))


def shipped() -> dict[str, Flow]:
    """The flows that come with the product, each with the steps of those it includes."""
    plain = {path.stem: load(path) for path in sorted(Path(__file__).parent.glob("*.toml"))}
    return {name: combine(flow, plain) for name, flow in plain.items()}


def content_hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def combine(flow: Flow, others: Mapping[str, Flow]) -> Flow:
    """The flow with the steps and targets of the flows it includes, named `flow.step` there."""
    steps, targets, hashes = dict(flow.steps), dict(flow.targets), [flow.hash]
    for name in flow.includes:
        other = others[name]
        hashes.append(other.hash)
        targets |= {f"{name}.{key}": replace(target, name=f"{name}.{key}") for key, target in other.targets.items()}
        for step in other.steps.values():
            steps[f"{name}.{step.name}"] = _moved(step, name)
    facts = flow.facts + tuple(fact for name in flow.includes for fact in others[name].facts)
    labels = tuple(dict.fromkeys(flow.labels + tuple(one for name in flow.includes for one in others[name].labels)))
    whole = flow.hash if not flow.includes else content_hash(" ".join(hashes))
    return replace(flow, steps=steps, targets=targets, facts=facts, labels=labels, hash=whole)


def _moved(step: Step, name: str) -> Step:
    def there(key: str) -> str:
        return f"{name}.{key}" if key and key not in ("more", "end") else key

    return replace(
        step,
        name=there(step.name),
        next=there(step.next),
        correct=there(step.correct),
        hand_over=there(step.hand_over),
    )


def _flow(table: dict[str, Any], text: str) -> Flow:
    verification = _verification(table["verification"]) if "verification" in table else None
    steps = {name: _step(name, item, verification) for name, item in table["steps"].items()}
    targets = {name: _make(Target, item, name=name) for name, item in table.get("targets", {}).items()}
    plain = {key: value for key, value in table.items() if isinstance(value, str | list)}
    return _make(
        Flow,
        plain,
        policies=Policy(**table.get("policies", {})),
        verification=verification,
        targets=targets,
        hand_over=_make(HandOver, table["hand_over"]),
        waiting=_make(Waiting, table.get("waiting", {})),
        silence=_make(Silence, table.get("silence", {})),
        ending=_make(Ending, table["ending"]),
        steps=steps,
        text=text,
        hash=content_hash(text),
    )


def _step(name: str, table: dict[str, Any], verification: Verification | None) -> Step:
    policies = Policy(**table["policies"]) if "policies" in table else None
    return _make(
        Step,
        table,
        name=name,
        policies=policies,
        collect=_collects(table),
        calls=tuple(_use(item) for item in table.get("calls", ())),
        say=tuple(_make(Line, item) for item in table.get("say", ())),
        verification=verification,
    )


def _use(table: dict[str, Any]) -> Use:
    rest = {key: value for key, value in table.items() if key not in ("with", "as")}
    return _make(Use, rest, arguments=table.get("with", {}), name=table.get("as", table["tool"]))


def _verification(table: dict[str, Any]) -> Verification:
    rest = {key: value for key, value in table.items() if key != "with"}
    return _make(Verification, rest, arguments=table["with"], collect=_collects(table))


def _collects(table: dict[str, Any]) -> tuple[Collect, ...]:
    return tuple(_make(Collect, item) for item in table.get("collect", ()))


def _make(kind: Callable[..., T], table: Mapping[str, Any], **over: Any) -> T:
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in table.items()}
    return kind(**{**values, **over})
