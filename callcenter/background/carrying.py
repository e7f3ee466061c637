"""Carrying out a plan: look up, change, say, hand over; in that order, and never leaving the caller with nothing."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from callcenter.background.desk import Desk
from callcenter.background.errands import Errand
from callcenter.background.leaving import goodbye, hand_over, start_over
from callcenter.background.rules import against_change
from callcenter.background.state import Awaiting, Dialogue, Plan, Said
from callcenter.background.state import Wish as Want
from callcenter.background.walking import walk

DECLINED: Final = "All right, I have not done that."


def opened(opener: str, lines: Sequence[Said]) -> list[Said]:
    return [Said(opener), *lines] if opener else list(lines)


def go(desk: Desk, dialogue: Dialogue, opener: str = "", over: bool = True) -> None:
    """Walk on from here and do what that asks for. `over`: what was written before and not heard yet is void."""
    if dialogue.proposed is not None:
        _agreed(desk, dialogue, dialogue.proposed)
        return
    plan = walk(desk.ground, dialogue, desk.errands.book)
    if not (plan.lines or plan.looks or plan.change or plan.hand_over or plan.dialogue.tasks):
        question = desk.flow.opening if dialogue.awaiting.kind == "opening" else desk.flow.ending.more
        plan = replace(plan, lines=(Said(question, ("flow",)),))
    carry_out(desk, plan, opener, over)


def carry_out(desk: Desk, plan: Plan, opener: str = "", over: bool = True) -> None:
    desk.d = plan.dialogue
    desk.out += desk.errands.cancel(lambda errand: not errand.wanted or _wants(plan, errand))
    desk.look(plan.looks, plan.dialogue, wanted=True)
    desk.look_ahead()
    if plan.looks or plan.change:
        desk.patience.wait(desk.at)
    else:
        desk.patience.done()
    lines = opened(opener, plan.lines)
    if plan.hand_over:
        to_person(desk, *plan.hand_over, lines)
    elif plan.finished:
        goodbye(desk, lines)
    elif _stranded(desk, plan):
        start_over(desk, lines)
    elif lines:
        put(desk, lines, over)
    elif over:
        desk.pen.clear()
    if plan.change and desk.phase == "talking":
        desk.start(plan.change, desk.d, wanted=True)


def put(desk: Desk, lines: Sequence[Said], over: bool) -> None:
    """Say what the plan says. A question whose facts have no source was not put: no answer is taken for it, and
    another is put in its place."""
    if not over:
        desk.pen.clear_outdated()
    note = desk.say(lines, over=over)
    desk.pen.question = note if desk.d.awaiting.kind != "nothing" else ""
    if not desk.pen.told(note):
        desk.d = replace(desk.d, tasks=(), awaiting=Awaiting("more"), proposed=None)
        desk.pen.question = desk.say([Said(desk.flow.ending.more, ("flow",))], over=False)


def to_person(desk: Desk, reason: str, target: str = "", before: Sequence[Said] = ()) -> None:
    """Hand over; when nobody is there, go on with what a caller who only asked had begun, or start over."""
    closed = hand_over(desk, reason, target, before)
    if closed and reason == "asked" and desk.d.tasks:
        again = walk(desk.ground, desk.d, desk.errands.book)
        carry_out(desk, replace(again, lines=(*closed, *again.lines)))
    elif closed:
        start_over(desk, closed)


def _stranded(desk: Desk, plan: Plan) -> bool:
    """Nothing was asked and nothing is under way: the caller would wait for ever."""
    leads = plan.looks or plan.change or desk.consulting.open
    return not leads and plan.dialogue.awaiting.kind == "nothing"


def _agreed(desk: Desk, dialogue: Dialogue, wish: Want) -> None:
    """The answer to the question about a change that a remote planner proposed."""
    if not against_change(wish, dialogue):
        carry_out(desk, Plan(replace(dialogue, awaiting=Awaiting("nothing")), change=wish))
    elif dialogue.awaiting.kind == "confirm" and not (dialogue.task and dialogue.task.declined):
        desk.repeat()
    else:
        d = replace(dialogue, proposed=None, awaiting=Awaiting("more"), tasks=dialogue.tasks[:-1])
        carry_out(desk, Plan(d, (Said(DECLINED), Said(desk.flow.ending.more, ("flow",)))))


def _wants(plan: Plan, errand: Errand) -> bool:
    return any(wish.tool == errand.wish.tool and wish.arguments == errand.wish.arguments for wish in plan.looks)
