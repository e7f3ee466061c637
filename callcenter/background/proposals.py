"""A remote planner's moves, made into a plan that the agent can carry out under its own rules. Pure.

A change is turned into a question first. What the planner read as details goes through the same grammars as what the
caller says. Nothing here refuses anything: the rules are the agent's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from callcenter.background.grammar import parse, words
from callcenter.background.ground import Ground, plain_value
from callcenter.background.notes import fill
from callcenter.background.planner import Change, Fill, Finish, Go, HandOver, Look, Move, Situation, Tell
from callcenter.background.state import Awaiting, Dialogue, Plan, Result, Said, Slot, Task, Wish, same
from flows import Collect, Use


def situation(
    ground: Ground,
    d: Dialogue,
    heard: str,
    transcript: Sequence[tuple[Any, str]],
    results: Sequence[Result],
) -> Situation:
    """What a remote planner is shown."""
    step = d.task.step if d.task else ""
    tasks = [d.identity, *([d.task] if d.task else [])]
    slots = {name: slot.value for task in tasks for name, slot in task.slots.items()}
    return Situation(
        flow=ground.flow,
        step=step,
        today=str(ground.today),
        heard=heard,
        transcript=tuple(transcript),
        slots=slots,
        results=tuple(results),
        verified=d.caller is not None,
        tools=ground.flow.tools(step),
    )


def settle(moves: Sequence[Move], d: Dialogue, ground: Ground) -> Plan:
    """The plan that these moves make."""
    plan = Plan(replace(d, awaiting=Awaiting("nothing")))
    for move in moves:
        plan = _with(plan, move, ground)
    if not plan.looks and plan.change is None and plan.dialogue.awaiting.kind == "nothing":
        plan = replace(plan, dialogue=replace(plan.dialogue, awaiting=Awaiting("opening")))
    return plan


def _with(plan: Plan, move: Move, ground: Ground) -> Plan:
    d = plan.dialogue
    match move:
        case Go(step):
            here = d.task is not None and d.task.step == step
            return plan if here else replace(plan, dialogue=d.begin(ground.flow.steps[step]))
        case Fill(name, value):
            return replace(plan, dialogue=_filled(d, name, value, ground))
        case Look(tool, arguments):
            return replace(plan, looks=(*plan.looks, Wish(tool, arguments)))
        case Change(tool, arguments):
            return _changing(plan, Wish(tool, arguments, d.task.id if d.task else 0), ground)
        case Tell(text, source):
            return replace(plan, lines=(*plan.lines, Said(text, source)))
        case HandOver(reason, target):
            return replace(plan, hand_over=(reason, target))
        case Finish():
            return replace(plan, finished=True)


def _changing(plan: Plan, wish: Wish, ground: Ground) -> Plan:
    """A change the caller has agreed to is made; another is asked about."""
    d = plan.dialogue
    name = f"{wish.tool} {same(wish.arguments)}"
    if d.task is not None and name in d.task.confirmed:
        return replace(plan, change=wish)
    asked = replace(d, awaiting=Awaiting("confirm", name), proposed=wish)
    return replace(plan, dialogue=asked, lines=(*plan.lines, _question(d, wish, ground)))


def _question(d: Dialogue, wish: Wish, ground: Ground) -> Said:
    """The flow's own question where it can be filled in, else one made of the tool and its arguments."""
    step = ground.flow.steps.get(d.task.step) if d.task else None
    uses: list[Use] = [use for use in step.calls if use.tool == wish.tool and use.confirm] if step else []
    values = {**(ground.values(d, d.task) if d.task else {}), **wish.arguments}
    for use in uses:
        if (filled := fill(use.confirm, values, str(ground.today.year))) is not None:
            return Said(filled.text, ("caller", f"flow {step.name}" if step else "flow", *_requests(d.task)))
    card = ground.cards.get(wish.tool)
    told = [f"{name.replace('_', ' ')} {value}" for name, value in wish.arguments.items() if name != "customer"]
    about = (card.description if card else wish.tool.replace("_", " ")).partition(".")[0]
    return Said(f"Shall I do this: {about}{', ' if told else ''}{', '.join(told)}?", ("caller", *_requests(d.task)))


def _requests(task: Task | None) -> tuple[str, ...]:
    return tuple(result.request for result in task.pinned.values()) if task else ()


def _filled(d: Dialogue, name: str, value: object, ground: Ground) -> Dialogue:
    rule = ground.verification(d)
    own = {collect.name: collect for collect in ground.flow.steps[d.task.step].collect} if d.task else {}
    proof = {collect.name: collect for collect in rule.collect} if rule and d.caller is None else {}
    if d.task is not None and name in own:
        slot = _slot(own[name], value, ground, ground.values(d, d.task))
        return d.with_task(d.task.filled(name, slot))
    if name in proof:
        slot = _slot(proof[name], value, ground, ground.values(d, d.identity))
        return replace(d, identity=d.identity.filled(name, slot))
    return d


def _slot(collect: Collect, value: object, ground: Ground, values: Mapping[str, Any]) -> Slot:
    wanted = ground.wanted(collect, values)
    found = parse(wanted, words(str(value)), ground.today, asked=True) if wanted else None
    return Slot(plain_value(found.value) if found and found.whole else value)
