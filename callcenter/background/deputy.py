"""A remote planner's part in a call: it is asked, it proposes, and what the rules allow of that is done.

Each function tells whether the planner has the utterance in hand; when it has not, the embedded planner takes it.
"""

from collections.abc import Sequence
from dataclasses import replace

from callcenter.background.carrying import carry_out, go
from callcenter.background.desk import Desk
from callcenter.background.errands import Errand
from callcenter.background.exchange import Consult, Withhold
from callcenter.background.planner import Move
from callcenter.background.proposals import settle, situation
from callcenter.background.remote import ROUNDS
from callcenter.background.rules import against_text
from callcenter.background.state import Dialogue, Result


def ask(desk: Desk, request: str) -> None:
    """Put the situation to the planner."""
    desk.patience.wait(desk.at)
    said = desk.transcript
    if said[-1:] == [("caller", desk.consulting.text)]:
        said = said[:-1]
    shown = situation(desk.ground, desk.d, desk.consulting.text, said, tuple(desk.results.values()))
    desk.out.append(Consult(request, shown))


def follow(desk: Desk, moves: Sequence[Move]) -> bool:
    """Do what the planner proposes as far as the rules allow."""
    desk.consulting.request = ""
    plan = settle(moves, desk.d, desk.ground)
    if not (plan.lines or plan.looks or plan.change or plan.hand_over or plan.finished):
        return _take_notes(desk, plan.dialogue)
    text = " ".join(line.text for line in plan.lines)
    sources = [one for line in plan.lines for one in line.source]
    if against := against_text(text, desk.evidence(sources, walked=False), desk.ground.today):
        desk.out.append(Withhold("unsourced", against))
        return False
    allowed = [wish for wish in plan.looks if desk.start(wish, plan.dialogue, wanted=True)]
    if len(allowed) < len(plan.looks):
        return False
    running = {found.request for wish in plan.looks if (found := desk.errands.find(wish))}
    if plan.looks and not running and desk.consulting.rounds >= ROUNDS:
        return False
    carry_out(desk, plan)
    if plan.looks:
        desk.consulting.looking = running
        if not running:
            ask(desk, desk.consulting.next(desk.at))
    elif not plan.change:
        desk.consulting.close()
    return True


def _take_notes(desk: Desk, dialogue: Dialogue) -> bool:
    """The planner has only noted what the caller said; the flow goes on from there."""
    if (dialogue.tasks, dialogue.identity) == (desk.d.tasks, desk.d.identity):
        return False
    desk.consulting.close()
    go(desk, replace(dialogue, awaiting=desk.d.awaiting))
    return True


def show(desk: Desk, errand: Errand, result: Result) -> bool:
    """Tell the planner what its look-up, or its change, has brought. False when it has been asked often enough."""
    if desk.ground.proven(result) and desk.d.caller is None:
        desk.d = replace(desk.d, caller=result)
    mine = desk.consulting.answered(errand.request) or (errand.changes and desk.d.proposed == errand.wish)
    if mine:
        desk.d = replace(desk.d, proposed=None)
        if desk.consulting.rounds >= ROUNDS:
            return False
        ask(desk, desk.consulting.next(desk.at))
    return True


def concerns(desk: Desk, errand: Errand) -> bool:
    """Whether the planner waits for this, or for others like it."""
    mine = errand.request in desk.consulting.looking or (errand.changes and desk.d.proposed == errand.wish)
    return mine or bool(desk.consulting.looking)


def give_up(desk: Desk, why: str) -> str:
    """The planner is of no use for this utterance; what the caller said, for the embedded one."""
    desk.out.append(Withhold("plan", why))
    text = desk.consulting.text
    desk.consulting.close()
    desk.patience.done()
    desk.d = replace(desk.d, proposed=None)
    return text
