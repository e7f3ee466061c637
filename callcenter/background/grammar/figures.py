"""Numbers as people say them: digits in groups, "double five", "oh", pairs, whole numbers, amounts."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

ONES: Final = {
    "zero": 0, "oh": 0, "o": 0, "nought": 0, "naught": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5,
    "six": 6, "seven": 7, "eight": 8, "nine": 9, "niner": 9,
}  # fmt: skip
TEENS: Final = {
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16,
    "seventeen": 17, "eighteen": 18, "nineteen": 19,
}  # fmt: skip
TENS: Final = {
    "twenty": 20, "thirty": 30, "forty": 40, "fourty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80,
    "ninety": 90,
}  # fmt: skip
ORDINALS: Final = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9,
    "tenth": 10, "eleventh": 11, "twelfth": 12, "thirteenth": 13, "fourteenth": 14, "fifteenth": 15, "sixteenth": 16,
    "seventeenth": 17, "eighteenth": 18, "nineteenth": 19, "twentieth": 20, "thirtieth": 30,
}  # fmt: skip
ALIKE: Final = {"to": 2, "too": 2, "for": 4, "fore": 4, "ate": 8, "won": 1, "tree": 3, "sex": 6, "fife": 5}
"""Words that sound like digits; taken for them only between real ones."""
TIMES: Final = {"double": 2, "triple": 3, "treble": 3}
_BETWEEN: Final = frozenset(["um", "uh", "er", "erm", "and", "then", "dash", "hyphen", "space"])


@dataclass(frozen=True, slots=True)
class Run:
    """Digits said one after the other, and the words they stand in."""

    digits: str
    start: int
    end: int
    whole: bool = False
    """Said as a whole number ("two hundred and five"), not digit by digit."""


def runs(spoken: Sequence[str]) -> list[Run]:
    """Every run of digits in these words."""
    found: list[Run] = []
    at = 0
    while at < len(spoken):
        run = run_at(spoken, at)
        if run is None:
            at += 1
        else:
            found.append(run)
            at = run.end
    return found


def run_at(spoken: Sequence[str], start: int) -> Run | None:
    """The longest run of digits that begins here."""
    digits, at, end, whole = "", start, start, False
    while at < len(spoken):
        piece = _piece(spoken, at, bool(digits))
        if piece is None:
            if digits and spoken[at] in _BETWEEN:
                at += 1
                continue
            break
        said, at, counted = piece
        digits, end, whole = digits + said, at, counted and not digits
    return Run(digits, start, end, whole) if digits else None


def _piece(spoken: Sequence[str], at: int, inside: bool) -> tuple[str, int, bool] | None:
    """One thing said: a digit, a pair, "double five", a whole number; with where it ends."""
    word = spoken[at]
    after = spoken[at + 1] if at + 1 < len(spoken) else ""
    if word in TIMES and (digit := digit_of(after)) is not None:
        return str(digit) * TIMES[word], at + 2, False
    if re.fullmatch(r"\d+", word):
        return word, at + 1, False
    if (counted := whole_number(spoken, at)) is not None:
        value, end = counted
        return str(value), end, value >= 100
    if inside and word in ALIKE and (digit_of(after) is not None or after == "" or after in ALIKE):
        return str(ALIKE[word]), at + 1, False
    return None


def digit_of(word: str) -> int | None:
    if word in ONES:
        return ONES[word]
    return int(word) if re.fullmatch(r"\d", word) else None


def whole_number(spoken: Sequence[str], at: int) -> tuple[int, int] | None:
    """A number in words from here: "four thousand two hundred and seventeen" -> 4217; and where it ends."""
    small = _below_hundred(spoken, at)
    if small is None and spoken[at] == "a" and at + 1 < len(spoken) and spoken[at + 1] in ("hundred", "thousand"):
        small = (1, at + 1)
    if small is None:
        return None
    value, end = small
    value, end = _scaled(spoken, value, end, "hundred", 100)
    return _scaled(spoken, value, end, "thousand", 1000)


def _scaled(spoken: Sequence[str], value: int, end: int, word: str, scale: int) -> tuple[int, int]:
    if end >= len(spoken) or spoken[end] != word or value == 0:
        return value, end
    value, end = value * scale, end + 1
    rest = end + 1 if end < len(spoken) and spoken[end] == "and" else end
    if rest < len(spoken):
        below = whole_number(spoken, rest) if scale == 1000 else _below_hundred(spoken, rest)
        if below is not None and below[0] < scale and spoken[rest] not in ("zero", "oh", "o"):
            return value + below[0], below[1]
    return value, end


def _below_hundred(spoken: Sequence[str], at: int) -> tuple[int, int] | None:
    word = spoken[at]
    if re.fullmatch(r"\d+", word):
        return int(word), at + 1
    if word in TENS:
        after = ONES.get(spoken[at + 1], 0) if at + 1 < len(spoken) else 0
        return (TENS[word] + after, at + 2) if after else (TENS[word], at + 1)
    if word in TEENS:
        return TEENS[word], at + 1
    return (ONES[word], at + 1) if word in ONES else None


def ordinal(spoken: Sequence[str], at: int) -> tuple[int, int] | None:
    """ "twenty seventh", "3rd" -> the number and where it ends."""
    word = spoken[at]
    if match := re.fullmatch(r"(\d+)(st|nd|rd|th)", word):
        return int(match[1]), at + 1
    if word in TENS and at + 1 < len(spoken) and 0 < ORDINALS.get(spoken[at + 1], 0) < 10:
        return TENS[word] + ORDINALS[spoken[at + 1]], at + 2
    return (ORDINALS[word], at + 1) if word in ORDINALS else None


# --------------------------------------------------------------------------------------------------------- amounts

_UNITS: Final = frozenset(["dollar", "dollars", "buck", "bucks", "pound", "pounds", "euro", "euros"])
_CENTS: Final = frozenset(["cent", "cents", "penny", "pence"])


@dataclass(frozen=True, slots=True)
class Amount:
    """Money in cents, and the words it stands in."""

    cents: int
    start: int
    end: int
    named: bool
    """A currency was said, so that it cannot be any other number."""


def amounts(spoken: Sequence[str]) -> list[Amount]:
    found: list[Amount] = []
    at = 0
    while at < len(spoken):
        amount = _amount_at(spoken, at)
        if amount is None:
            at += 1
        else:
            found.append(amount)
            at = amount.end
    return found


def _amount_at(spoken: Sequence[str], at: int) -> Amount | None:
    if match := re.fullmatch(r"(\$?)(\d+)(?:\.(\d{1,2}))?", spoken[at]):
        cents = int(match[2]) * 100 + int((match[3] or "").ljust(2, "0"))
        return _ended(spoken, Amount(cents, at, at + 1, bool(match[1])), bool(match[3]))
    if (counted := whole_number(spoken, at)) is None:
        return None
    return _ended(spoken, Amount(counted[0] * 100, at, counted[1], False), False)


def _ended(spoken: Sequence[str], amount: Amount, has_cents: bool) -> Amount:
    """Take in "dollars", "and fifty cents", or the bare cents of "forty two fifty"."""
    cents, at, named = amount.cents, amount.end, amount.named
    word = spoken[at] if at < len(spoken) else ""
    if word in _CENTS:
        return Amount(cents // 100, amount.start, at + 1, True)
    if word in _UNITS:
        at, named = at + 1, True
    rest = at + 1 if at < len(spoken) and spoken[at] in ("and", "point") else at
    if not has_cents and rest < len(spoken) and (small := _small(spoken, rest)) is not None:
        value, end = small
        unit = spoken[end] if end < len(spoken) else ""
        if unit in _CENTS:
            return Amount(cents + value, amount.start, end + 1, True)
        if value >= 10 or spoken[rest] in ("oh", "o", "zero"):
            end = end + 1 if unit in _UNITS else end
            return Amount(cents + value, amount.start, end, named or unit in _UNITS)
    return Amount(cents, amount.start, at, named)


def _small(spoken: Sequence[str], at: int) -> tuple[int, int] | None:
    """Cents: "fifty", "oh five"."""
    if spoken[at] in ("oh", "o", "zero") and at + 1 < len(spoken) and (digit := digit_of(spoken[at + 1])) is not None:
        return digit, at + 2
    small = _below_hundred(spoken, at)
    return small if small is not None and small[0] < 100 else None
