"""Numbers that are somebody's: groups of digits joined over hesitations, corrections and turns, and judged by what was
said around them.

One side's digits are joined across what it says in between, as long as that is short and is not about another number.
What the joined digits are is told by the nearest cue before them, from either side; without one by their form; and
nine digits that nobody called anything are taken for somebody's.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from callcenter.redaction.cues import CORRECTION, FILLER
from callcenter.redaction.digits import Group, cards, phone

APART: Final = 10
"""Words that may stand between two groups of one number."""

LONGEST: Final = 40
"""Digits that are one number with its corrections; more are two numbers."""

REACH: Final = 45
"""How many words before a number its cue may stand."""

OTHER_REACH: Final = 16
"""A word that says a number is nobody's stands nearer to it."""

AFTER: Final = 7
MERELY: Final = 7
"""From so many digits on, a cue makes them somebody's."""

ANYWAY: Final = 9
"""From so many digits on, they are somebody's unless something says otherwise."""


@dataclass(slots=True)
class Number:
    """Groups that are one number; `places` are places of atoms in the side's own row."""

    groups: list[Group] = field(default_factory=list)

    @property
    def digits(self) -> str:
        return "".join(group.digits for group in self.groups)

    @property
    def start(self) -> int:
        return self.groups[0].start

    @property
    def end(self) -> int:
        return self.groups[-1].end


Between = Callable[[int, int], Sequence[str]]
"""The meanings of what was said by anybody between two places of a row."""


def joined(texts: Sequence[str], found: Sequence[Group], between: Between) -> list[Number]:
    numbers: list[Number] = []
    for group in found:
        if group.counted:
            continue
        last = numbers[-1] if numbers else None
        if last is not None and _goes_on(texts, last, group, between):
            last.groups.append(group)
        else:
            numbers.append(Number([group]))
    return numbers


def _goes_on(texts: Sequence[str], last: Number, group: Group, between: Between) -> bool:
    gap = [text for text in texts[last.end : group.start] if text not in FILLER]
    if len(last.digits) + len(group.digits) > LONGEST or between(last.end, group.start):
        return False
    if any(text in CORRECTION for text in texts[last.end : group.start]):
        return len(gap) <= APART
    if min(len(last.digits), len(group.digits)) >= 2:
        return len(gap) <= APART
    return len(gap) <= 2


def kind(number: Number, before: Sequence[str], after: Sequence[str]) -> str:
    """What a number is, or nothing. `before` and `after` are the meanings of the words around it, nearest first."""
    digits = number.digits
    count = len(digits)
    whole = any(True for _ in cards(digits))
    apart = any(group.apart for group in number.groups)
    cue = _cue(before, after)
    if cue == "code":
        return "card" if 3 <= count <= 4 or whole else kind(number, [m for m in before if m != "code"], after)
    if cue == "card":
        return "card" if count >= MERELY else ""
    if cue == "ssn":
        return "ssn" if count >= 4 else ""
    if cue == "phone":
        return ("card" if whole and count > 11 else "phone") if count >= MERELY else ""
    if whole:
        return "card"
    if cue == "other":
        return _by_form(digits) if apart else ""
    if phone(digits):
        return "phone"
    if count == ANYWAY:
        return "ssn"
    if count >= 13:
        return "card"
    if count > ANYWAY:
        return "phone"
    return "phone" if count == 7 and apart else ""


def _by_form(digits: str) -> str:
    """Of digits that are written in groups."""
    return "phone" if phone(digits) else ""


def _cue(before: Sequence[str], after: Sequence[str]) -> str:
    """The nearest word that tells; one about a person's number wins over another one right before it."""
    found = [
        (distance, meaning)
        for distance, meaning in enumerate(before[:REACH])
        if meaning not in ("", "email") and (meaning != "other" or distance < OTHER_REACH)
    ]
    if not found:
        return next((meaning for meaning in after[:AFTER] if meaning and meaning != "email"), "")
    nearest, meaning = found[0]
    if meaning == "other":
        closer = [m for distance, m in found if m != "other" and distance - nearest <= 2]
        return closer[0] if closer else "other"
    return meaning
