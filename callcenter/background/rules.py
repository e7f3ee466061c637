"""What may not happen, whoever proposes it. A rule answers with the reason, or with nothing.

Tools: only those the step allows, private ones only for the caller who was verified. Changes: only what the caller has
said yes to, in these very arguments. Sentences: no fact without a source.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from callcenter.background.facts import deeds, unsourced, without_deeds
from callcenter.background.grammar import Day
from callcenter.background.planner import ToolCard
from callcenter.background.state import Dialogue, Result, Wish, same
from flows import Flow, Step


def against_tool(wish: Wish, allowed: Sequence[str], cards: Mapping[str, ToolCard], d: Dialogue) -> str:
    """Why this tool may not be called now."""
    card = cards.get(wish.tool)
    if card is None or wish.tool not in allowed:
        return f"tool: {wish.tool} is not allowed in this step"
    if card.private and d.caller is None:
        return f"unverified: {wish.tool} is private"
    if card.private and not _own(wish.arguments, d.caller):
        return f"unverified: {wish.tool} was asked for somebody else"
    return ""


def _own(arguments: Mapping[str, Any], caller: Result | None) -> bool:
    """Whoever is named in the arguments is the caller who was verified."""
    known = caller.value if caller and isinstance(caller.value, Mapping) else {}
    return "customer" not in arguments or str(arguments["customer"]) == str(known.get("customer"))


def against_change(wish: Wish, d: Dialogue) -> str:
    """Why this change may not be made: the caller has not said yes to exactly this."""
    agreed = any(f"{wish.tool} {same(wish.arguments)}" in task.confirmed for task in d.tasks)
    return "" if agreed else f"unconfirmed: {wish.tool}"


def against_text(text: str, evidence: Sequence[Any], today: Day) -> str:
    """Which facts of this sentence nothing vouches for."""
    missing = unsourced(text, evidence, today)
    return f"{', '.join(missing)} in: {text}" if missing else ""


def evidence(
    source: str, flow: Flow, results: Mapping[str, Result], said: Sequence[str], walked: bool = True
) -> Iterator[Any]:
    """What stands behind a source that a note names.

    `walked`: the sentence is the flow's own, said because its conditions hold. Otherwise a line of the flow vouches for
    its figures, but not for what it says was done: "is cancelled" stands in the flow of every order.
    """
    if source == "caller":
        yield from said
    elif source.startswith("flow"):
        texts = flow_texts(flow, source.removeprefix("flow").strip())
        yield from texts if walked else map(without_deeds, texts)
    elif source in results:
        result = results[source]
        yield result.value
        yield result.sentence
        if result.ok and result.task:
            yield [{"arguments": dict(result.arguments)}, " ".join(deeds(result.tool))]


def flow_texts(flow: Flow, step: str) -> Iterator[str]:
    """Every sentence of the flow itself, and of this step."""
    yield from (flow.greeting, flow.disclosure, flow.opening, flow.ending.more, flow.ending.goodbye, *flow.facts)
    yield from (*flow.waiting.lines, flow.waiting.failed, flow.waiting.unknown, *flow.silence.lines)
    yield flow.silence.goodbye
    for target in flow.targets.values():
        yield from (target.say, target.closed)
    here = flow.steps.get(step)
    if here:
        yield from step_texts(here)


def step_texts(step: Step) -> Iterator[str]:
    rule = step.verification
    if rule:
        yield from (rule.say, rule.passed, rule.failed)
    for collect in (*step.collect, *(rule.collect if rule else ())):
        yield from (collect.ask, collect.again, collect.readback, collect.none)
    for use in step.calls:
        yield from (use.confirm, use.refused, use.declined)
    yield from (line.text for line in step.say)
