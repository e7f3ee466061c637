"""Finds what is to go in a conversation: words of both sides with their times, each told what it gives away, if at all.

Each side's words are one row, however turns cut them up; what is talked about is learned from both. What was found once
is then known, and goes wherever else its digits are said: read back, in part, by whomever.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from typing import Final

from callcenter.redaction.addresses import addresses
from callcenter.redaction.atoms import Atom, atoms
from callcenter.redaction.cues import CORRECTION, meanings
from callcenter.redaction.digits import Group, groups
from callcenter.redaction.whole import AFTER, REACH, Number, joined, kind

KINDS: Final[Mapping[str, str]] = {
    "card": "[card number]",
    "ssn": "[social security number]",
    "phone": "[phone number]",
    "email": "[e-mail address]",
}
"""What is taken out, and what stands in its place."""

KNOWN: Final = 4
"""So many digits of a number that was found are that number, wherever they are said."""

NEAR: Final = 60
"""Words around a number within which already three of its digits are."""

TALKED: Final = 40
"""Words after "e-mail" in which pieces of an address are looked for; the same before an address."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A word of either side, and when. Words of one side come in the order in which they were said."""

    text: str
    side: str = "caller"
    at: int = 0


@dataclass(slots=True)
class Row:
    """One side's words as atoms. `order` says where each atom stands in the conversation of both."""

    side: str
    atoms: list[Atom]
    owners: list[int]
    """The word of the conversation that an atom is part of."""
    texts: list[str]
    means: list[str]
    groups: list[Group] = field(default_factory=list)

    def words(self, start: int, end: int) -> list[int]:
        return [self.owners[at] for at in range(start, end)]


Secret = tuple[str, str]
"""Digits that were found, and what they are."""


def find(words: Sequence[Heard], known: Sequence[Secret] = ()) -> list[str]:
    """What each word gives away: a key of KINDS or nothing. `known` was found elsewhere."""
    order = sorted(range(len(words)), key=lambda index: words[index].at)
    sides = sorted({word.side for word in words})
    rows = [_row(side, [index for index in order if words[index].side == side], words) for side in sides]
    found = [""] * len(words)
    spoken = _Spoken(order, rows, len(words))
    taken: list[tuple[str, str, int]] = []
    for row in rows:
        row.groups = groups(row.atoms, spoken.breaks(row))
    for row in rows:
        for number in joined(row.texts, row.groups, partial(spoken.between, row)):
            if what := kind(number, *spoken.around(row, number)):
                _take(found, row, number, what)
                taken.append((number.digits, what, spoken.place[row.owners[number.start]]))
                _between(found, spoken, row, rows, number, what)
    for row in rows:
        _known(found, spoken, row, known, taken)
    for row in rows:
        for span in addresses(row.atoms, spoken.talked(row)):
            for word in row.words(span.start, span.stop):
                found[word] = found[word] or "email"
    return found


def secrets(words: Sequence[Heard], found: Sequence[str]) -> list[Secret]:
    """The digits that were found, to look for them elsewhere."""
    told: list[Secret] = []
    for side in sorted({word.side for word in words}):
        mine = [(word, what) for word, what in zip(words, found, strict=True) if word.side == side]
        for what, run in groupby(mine, key=lambda pair: pair[1]):
            if what and what != "email":
                told.append(("".join(g.digits for g in groups(atoms([word.text for word, _ in run]))), what))
    return [secret for secret in told if len(secret[0]) >= KNOWN]


def masked(texts: Sequence[str], found: Sequence[str]) -> str:
    """The words without what they give away, a run of one kind becoming one name of it."""
    out: list[str] = []
    for text, what in zip(texts, found, strict=True):
        if not what:
            out.append(text)
        elif not out or out[-1] != KINDS[what]:
            out.append(KINDS[what])
    return " ".join(out)


def _row(side: str, indices: Sequence[int], words: Sequence[Heard]) -> Row:
    said = atoms([words[index].text for index in indices])
    texts = [atom.text for atom in said]
    return Row(side, said, [indices[atom.word] for atom in said], texts, meanings(texts))


class _Spoken:
    """The conversation of both sides, to look around in."""

    def __init__(self, order: Sequence[int], rows: Sequence[Row], count: int) -> None:
        self.place = [0] * count
        for place, index in enumerate(order):
            self.place[index] = place
        self.sides = [""] * count
        for row in rows:
            for owner in row.owners:
                self.sides[self.place[owner]] = row.side
        self.means = [""] * count
        """By place: what a word says about numbers near it."""
        self.addressed = [False] * count
        for row in rows:
            for at, meaning in enumerate(row.means):
                if meaning:
                    self.means[self.place[row.owners[at]]] = meaning
            for span in addresses(row.atoms, [False] * len(row.atoms)):
                self.addressed[self.place[row.owners[span.stop - 1]]] = True

    def around(self, row: Row, number: Number) -> tuple[list[str], list[str]]:
        first, last = self.place[row.owners[number.start]], self.place[row.owners[number.end - 1]]
        before = self.means[max(0, first - REACH) : first][::-1]
        return before, [meaning for meaning, side in self.later(last) if side == row.side]

    def later(self, last: int) -> Iterator[tuple[str, str]]:
        """What the next words say, and whose they are; only as long as one side speaks."""
        for place in range(last + 1, min(len(self.means), last + 1 + AFTER)):
            if self.sides[place] != self.sides[last]:
                return
            yield self.means[place], self.sides[place]

    def between(self, row: Row, end: int, start: int) -> list[str]:
        """What was said that another number can be about, after one atom and before another."""
        last, first = self.place[row.owners[end - 1]], self.place[row.owners[start]]
        about = [meaning for meaning in self.means[last + 1 : first] if meaning]
        before = next((meaning for meaning in self.means[max(0, last - REACH) : last][::-1] if meaning), "")
        return [meaning for meaning in about if meaning != before or meaning == "other"]

    def breaks(self, row: Row) -> set[int]:
        """The atoms of one side before which the other side spoke of another number."""
        places = [self.place[owner] for owner in row.owners]
        return {at for at in range(1, len(places)) if places[at] - places[at - 1] > 1 and self.between(row, at, at)}

    def talked(self, row: Row) -> list[bool]:
        """Of each atom, whether an e-mail address is talked about there."""
        told = []
        for owner in row.owners:
            place = self.place[owner]
            nearby = self.means[max(0, place - TALKED) : place + 1]
            about = [meaning for meaning in nearby if meaning]
            cue = bool(about) and "email" in about[-2:]
            told.append(cue or any(self.addressed[max(0, place - TALKED) : place + TALKED]))
        return told


def _take(found: list[str], row: Row, number: Number, what: str) -> None:
    for group in number.groups:
        for at in range(group.start, group.end):
            found[row.owners[at]] = what


def _between(found: list[str], spoken: _Spoken, row: Row, rows: Sequence[Row], number: Number, what: str) -> None:
    """Digits that the other side says while a number is told: it repeats them, or asks about them."""
    first = spoken.place[row.owners[number.start]]
    last = spoken.place[row.owners[number.end - 1]] + 8
    for other in rows:
        if other is row:
            continue

        def place(group: Group, other: Row = other) -> int:
            return spoken.place[other.owners[group.start]]

        for group in other.groups[bisect_left(other.groups, first, key=place) :]:
            if place(group) > last:
                break
            if not group.counted:
                for at in range(group.start, group.end):
                    found[other.owners[at]] = found[other.owners[at]] or what


def _known(
    found: list[str], spoken: _Spoken, row: Row, known: Sequence[Secret], here: Sequence[tuple[str, str, int]]
) -> None:
    """`here`: what was found in this conversation, and where."""
    if not row.groups:
        return
    taken = [*((digits, what, -1) for digits, what in known), *here]
    different = {digits for digits, _, _ in taken}
    for group in row.groups:
        least = 3 - _takes_back(row, group)
        if group.counted or len(group.digits) < least:
            continue
        place = spoken.place[row.owners[group.start]]
        holding = {digits for digits in different if group.digits in digits}
        surely = len(group.digits) >= KNOWN
        gives_away = (
            what
            for digits, what, at in (taken if holding else ())
            if digits in holding and (surely or (at >= 0 and abs(place - at) <= NEAR))
        )
        if what := next(gives_away, ""):
            for each in range(group.start, group.end):
                found[row.owners[each]] = found[row.owners[each]] or what


def _takes_back(row: Row, group: Group) -> int:
    """A corrected piece may be shorter."""
    return int(any(text in CORRECTION for text in row.texts[max(0, group.start - 4) : group.start]))
