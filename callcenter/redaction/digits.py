"""Digits among atoms, however they are said: one by one, "double five", "oh", in pairs, in figures, whole."""

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from callcenter.background.grammar.figures import ALIKE, ONES, TEENS, TENS, TIMES
from callcenter.redaction.atoms import ASIDE, Atom
from callcenter.redaction.cues import FILLER, MONTHS, UNITS

SCALES: Final = {"hundred": 100, "thousand": 1000, "million": 1_000_000}
NAUGHTS: Final = frozenset({"oh", "o", "zero", "nought", "naught"})
_GOES_ON: Final = frozenset({*ONES, *TEENS, *TENS, *TIMES, *ALIKE})
LONGEST_COUNT: Final = 6
"""A number of more digits than this is not one that counts something, whatever word follows."""


@dataclass(slots=True)
class Group:
    """Digits with nothing but fillers between them; `start` and `end` are places of atoms."""

    digits: str
    start: int
    end: int
    counted: bool = False
    """An amount, a date or a count: a number that is nobody's."""
    apart: bool = False
    """In figures, with separators."""


def groups(said: Sequence[Atom], apart: Container[int] = ()) -> list[Group]:
    """`apart` has the places of atoms at which another number begins, whatever it looks like."""
    found: list[Group] = []
    at = 0
    while at < len(said):
        piece = _piece(said, at, False)
        if piece is None:
            at += 1
            continue
        group = _group(said, at, apart)
        found.append(group)
        at = group.end
    return found


def _group(said: Sequence[Atom], start: int, apart: Container[int]) -> Group:
    group = Group("", start, start)
    at = start
    while at < len(said) and (at == start or at not in apart):
        piece = _piece(said, at, bool(group.digits))
        if piece is None:
            asides = sum(atom.text == ASIDE for atom in said[group.end : at])
            if said[at].text not in FILLER or at - group.end - asides >= 3:
                break
            at += 1
            continue
        digits, end, written = piece
        group.digits += digits
        group.apart = group.apart or written
        group.end = at = end
    group.counted = len(group.digits) <= LONGEST_COUNT and _counts(said, group)
    return group


def _counts(said: Sequence[Atom], group: Group) -> bool:
    after = said[group.end].text if group.end < len(said) else ""
    before = [atom.text for atom in said[max(0, group.start - 3) : group.start]]
    dated = any(word in MONTHS for word in before if word != "may") or before[-1:] == ["may"]
    return after in UNITS or dated or before[-1:] == ["$"]


def _piece(said: Sequence[Atom], at: int, inside: bool) -> tuple[str, int, bool] | None:
    """One thing said here: its digits, where it ends, and whether it was written with separators."""
    atom = said[at]
    if atom.figures:
        return atom.figures, at + 1, atom.apart
    after = said[at + 1].text if at + 1 < len(said) else ""
    again = _digit(said, at + 1) or str(ALIKE.get(after, ""))
    if atom.text in TIMES and again:
        return again * TIMES[atom.text], at + 2, False
    if (whole := _whole(said, at)) is not None:
        return whole[0], whole[1], False
    if atom.text == "o" and not (inside or after in ONES):
        return None
    if atom.text in ONES:
        return str(ONES[atom.text]), at + 1, False
    if inside and atom.text in ALIKE and after in SCALES:
        return str(ALIKE[atom.text] * SCALES[after]), at + 2, False
    if inside and atom.text in ALIKE and (at + 1 >= len(said) or said[at + 1].figures or after in _GOES_ON):
        return str(ALIKE[atom.text]), at + 1, False
    return None


def _digit(said: Sequence[Atom], at: int) -> str | None:
    if at >= len(said):
        return None
    text = said[at].text
    if text in ONES:
        return str(ONES[text])
    return text if len(text) == 1 and text.isdigit() else None


def _whole(said: Sequence[Atom], at: int) -> tuple[str, int] | None:
    """ "forty one" -> 41, "nineteen" -> 19, "four hundred" -> 400, "four thousand two hundred and five" -> 4205."""
    value = _below_hundred(said, at)
    if value is None:
        return None
    total, end = value
    text = said[end].text if end < len(said) else ""
    if text not in SCALES:
        return (str(total), end) if said[at].text in TENS or said[at].text in TEENS else None
    total *= SCALES[text]
    end += 1
    while end < len(said):
        skip = end + 1 if said[end].text == "and" else end
        more = _below_hundred(said, skip) if skip < len(said) else None
        if more is None or said[skip].text in NAUGHTS:
            break
        amount, stop = more
        scale = SCALES.get(said[stop].text, 0) if stop < len(said) else 0
        if scale and amount * scale < total:
            total, end = total + amount * scale, stop + 1
        elif not scale and total % 100 == 0:
            total, end = total + amount, stop
        else:
            break
    return str(total), end


def _below_hundred(said: Sequence[Atom], at: int) -> tuple[int, int] | None:
    text = said[at].text
    if text in TENS:
        after = ONES.get(said[at + 1].text, 0) if at + 1 < len(said) else 0
        return (TENS[text] + after, at + 2) if after else (TENS[text], at + 1)
    if text in TEENS:
        return TEENS[text], at + 1
    return (ONES[text], at + 1) if text in ONES and text not in NAUGHTS else None


# ------------------------------------------------------------------------------------------------- what digits can be


def cards(digits: str) -> Iterator[str]:
    """Every card number in a row of digits: a known beginning, the right length, and Luhn's sum."""
    for length in (16, 15, 14, 19, 13):
        for at in range(len(digits) - length + 1):
            number = digits[at : at + length]
            if _issued(number) and luhn(number):
                yield number


def _issued(number: str) -> bool:
    two, four, length = int(number[:2]), int(number[:4]), len(number)
    if number[0] == "4":
        return length in (13, 16, 19)
    if 51 <= two <= 55 or 2221 <= four <= 2720 or four == 6011 or two == 65 or two == 35 or two == 62:
        return length in (16, 19)
    if two in (34, 37):
        return length == 15
    return two in (36, 38, 30) and length == 14


def luhn(number: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(number)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def phone(digits: str) -> bool:
    """A number of the North American plan."""
    rest = digits[1:] if len(digits) == 11 and digits[0] == "1" else digits
    return len(rest) == 10 and rest[0] in "23456789" and rest[3] in "23456789"
