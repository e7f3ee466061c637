"""How a call comes to its end: goodbye, a person, silence; and what happens when nobody takes the caller."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, cast

from callcenter.background.desk import Desk
from callcenter.background.exchange import End, Label, TransferReason, TransferTo, Withhold
from callcenter.background.state import Awaiting, Said
from callcenter.units import samples
from flows.hours import open_at

NOBODY: Final = "I'm sorry, nobody could take your call just now."


def leave(desk: Desk, lines: Sequence[Said], end: TransferTo | End) -> None:
    """Say the last words; whoever runs the call leaves when they were heard."""
    desk.say(lines)
    desk.phase = "leaving"
    desk.patience.done()
    desk.out += desk.errands.cancel(lambda errand: False)
    label = desk.flow.hand_over.label if isinstance(end, TransferTo) else ""
    desk.out += [Label(label or desk.d.label or desk.flow.ending.label), end]


def goodbye(desk: Desk, before: Sequence[Said] = ()) -> None:
    leave(desk, [*before, Said(desk.flow.ending.goodbye, ("flow",))], End("done"))


def hand_over(desk: Desk, reason: str, target: str = "", before: Sequence[Said] = ()) -> tuple[Said, ...]:
    """To a person. Outside their hours nothing happens but that it says what the caller is to be told."""
    to = desk.flow.targets[target or desk.flow.hand_over.target]
    minute = desk.setting.minute + desk.at // samples(60)
    weekday = (desk.setting.day.weekday + minute // 1440) % 7
    desk.patience.done()
    desk.consulting.close()
    if open_at(to.hours, weekday, minute % 1440):
        leave(desk, [*before, Said(to.say, ("flow",))], TransferTo(to.name, cast(TransferReason, reason)))
        return ()
    desk.out.append(Withhold("closed", f"{to.name}: {reason}"))
    return (*before, Said(to.closed, ("flow",)))


def start_over(desk: Desk, lines: Sequence[Said]) -> None:
    """What was begun is given up, and the caller is asked what else they want."""
    last = desk.d.task or desk.d.last
    desk.d = replace(
        desk.d, tasks=(), last=last, awaiting=Awaiting("more"), misses=0, faults=0, part="", proposed=None, denied=()
    )
    desk.pen.question = desk.say([*lines, Said(desk.flow.ending.more, ("flow",))])


def returned(desk: Desk) -> None:
    """The transfer failed and the caller is back."""
    desk.phase = "talking"
    start_over(desk, [Said(NOBODY)])


def ended(desk: Desk) -> None:
    desk.out += desk.errands.cancel(lambda errand: False)
    if desk.phase == "talking":
        desk.out.append(Label(desk.d.label or desk.flow.ending.label))
    desk.phase = "ended"
