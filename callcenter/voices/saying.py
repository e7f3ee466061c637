"""What is written, as it is said: synthesizers of their own accord say "dollar fifty four point two zero" for $54.20, a
number of an order in the tens of thousands, and "em em aitch em em" for a listener's "mm-hmm".

What is written stays what it is for everybody else (transcript, captions, facts); only what is handed to a synthesizer
changes, word by written word, so that times still belong to what is written.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Final, NamedTuple

from callcenter.voices.speech import WRITTEN

ESPEAK: Final = {"twice": "[[m-h'm-]]", "breath": "[[h'm-]]", "once": "[['m-]]"}
"""Hums in espeak-ng's own phonemes, which it reads only where it is told to: "mm-hmm", "hmm", "mm"."""

SPELLED: Final = {"twice": "umhum", "breath": "hum", "once": "um"}
"""The same in letters, for synthesizers that know no better."""

_HUM: Final = re.compile(r"(?i)(?P<twice>m+-?hm+|mhm+|mm+-mm+)|(?P<breath>hm+)|(?P<once>mm+)")
_PARTS: Final = re.compile(r"(?s)(?P<before>[^\w$#+-]*)(?P<core>.*?)(?P<after>[^\w%]*)")
_MONEY: Final = re.compile(r"(-?)\$(\d{1,3}(?:,\d{3})+|\d+)(?:\.(\d\d))?")
_CLOCK: Final = re.compile(r"(\d{1,2}):(\d\d)")
_DAY: Final = re.compile(r"(\d{4})-(\d\d)-(\d\d)")
_GROUPS: Final = re.compile(r"\+?\d+(?:[-.]\d+)+|\+\d+")
_CODE: Final = re.compile(r"(?=\S*[A-Z])(?=(?:\D*\d){3})(?:[A-Z]{1,3}|\d+)(?:-?(?:[A-Z]{1,3}|\d+))*")
_ADDRESS: Final = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_LARGE: Final = ("thousand", "million", "billion", "trillion")
_WORDS: Final = {
    "ZIP": "zip", "PIN": "pin", "SIM": "sim", "Apt": "apartment", "Ave": "avenue", "Blvd": "boulevard", "Rd": "road",
    "Ste": "suite", "24/7": "24 7",
}  # fmt: skip
"""Written in another way than they are said; an abbreviation loses its full stop."""

_MARKS: Final = {"_": "underscore", "-": "dash", "+": "plus", ".": "dot", "@": "at"}


class Saying(NamedTuple):
    """What a synthesizer is given, and where in it stands what is said for each word of the text."""

    given: str
    spans: tuple[tuple[int, int], ...]
    hums: bool
    """Whether there is a hum in it."""


def saying(text: str, hums: Mapping[str, str]) -> Saying:
    given, end, hummed = "", 0, False
    spans: list[tuple[int, int]] = []
    found = [*WRITTEN.finditer(text)]
    for earlier, match, later in zip([None, *found], found, [*found[1:], None], strict=False):
        given += text[end : match.start()].replace("[[", "[ [")
        end = match.end()
        parts = _PARTS.fullmatch(match[0])
        before, core, after = parts.group("before", "core", "after") if parts else ("", match[0], "")
        hum = _HUM.fullmatch(core)
        hummed = hummed or hum is not None
        beside = (other[0] if other else "" for other in (earlier, later))
        said = hums[hum.lastgroup or "once"] if hum else said_for(core, *beside)
        if core in _WORDS and later:
            after = after.removeprefix(".")
        if not after and _digits(core) and later and _digits(later[0]):
            after = ","
        first = len(given)
        given += before.replace("[[", "[ [") + said + after
        spans.append((first, len(given)))
    return Saying(given + text[end:].replace("[[", "[ ["), tuple(spans), hummed)


def said_for(core: str, earlier: str = "", later: str = "") -> str:
    """What is said for one written word, without its punctuation, between the one before it and the next."""
    if core in _WORDS:
        return _WORDS[core]
    if (money := _MONEY.fullmatch(core)) and later.strip(".,;:!?").lower() not in _LARGE:
        return _money(money)
    for shape, say in _SHAPES:
        if found := shape.fullmatch(core):
            return say(found)
    if core[:1] == "#" and core[1:].isalnum():
        return f"number {said_for(core[1:]) if len(core) < 5 else _spelled(core[1:])}"
    if _digits(core) and (_digits(earlier) or _digits(later) or len(core) > 4 or core[0] == "0"):
        return _spelled(core)
    return core


def _digits(word: str) -> bool:
    """Whether it could be a part of a number that is read out: three digits or more, or some that begin with a zero."""
    return re.fullmatch(r"\W*(?:\d{3,}|0\d+)(?:-\d+)*\W*", word) is not None


def _money(found: re.Match[str]) -> str:
    whole, cents = int(found[2].replace(",", "")), int(found[3] or 0)
    told = []
    if whole or not cents:
        told.append(f"{whole} {'dollar' if whole == 1 else 'dollars'}")
    if cents:
        told.append(f"{cents} {'cent' if cents == 1 else 'cents'}")
    return ("minus " if found[1] else "") + " and ".join(told)


def _clock(found: re.Match[str]) -> str:
    hour, minute = int(found[1]), int(found[2])
    if hour > 24 or minute > 59:
        return found[0]
    return str(hour) if not minute else f"{hour} oh {minute}" if minute < 10 else f"{hour} {minute}"


def _day(found: re.Match[str]) -> str:
    try:
        day = date(*(int(part) for part in found.groups()))
    except ValueError:
        return _groups(found)
    return f"{day:%B} {day.day}{_ending(day.day)}, {day.year}"


def _ending(number: int) -> str:
    return "th" if 10 < number < 14 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")


def _groups(found: re.Match[str]) -> str:
    """Groups of digits, with a breath between them. A number with a point in it is none."""
    if re.fullmatch(r"\d+\.\d+", found[0]):
        return found[0]
    told = ", ".join(_spelled(group) for group in re.findall(r"\d+", found[0]))
    return f"plus {told}" if found[0][0] == "+" else told


def _code(found: re.Match[str]) -> str:
    return ", ".join(_spelled(part) for part in found[0].split("-"))


def _address(found: re.Match[str]) -> str:
    return " ".join(
        _MARKS.get(part, part if part.isalpha() else _spelled(part))
        for part in re.findall(r"[^\W\d_]+|\d+|\W|_", found[0])
    )


def _spelled(text: str) -> str:
    """Letter by letter; the letter A is no article."""
    return " ".join({"A": "A."}.get(letter, letter) for letter in text)


_SHAPES: Final[tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...]] = (
    (_CLOCK, _clock),
    (_DAY, _day),
    (_GROUPS, _groups),
    (_CODE, _code),
    (_ADDRESS, _address),
)
