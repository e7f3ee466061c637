"""Words as they were written down, taken apart into what can be a digit, a letter or a plain word.

One written word may be several atoms ("twenty-three", "4111-1111"), and never the other way round: whatever is found
among atoms is told of whole written words.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from callcenter.background.grammar.figures import ONES, TEENS, TENS

FIGURES: Final = re.compile(r"[+(]*\d(?:[\d()+/.-]*\d)?\)?")
"""Digits with what people write between them."""

_NOT_DIGITS: Final = re.compile(
    r"\d{1,2}/\d{1,2}/\d{2,4}|\d{1,2}/\d{2,4}|(?:19|20)\d\d-\d\d-\d\d(?:t.*)?|\d{1,2}-\d{1,2}-(?:19|20)\d\d|"
    r"\d+\.\d{1,2}|\d{1,3}(?:\.\d{1,3}){3}"
)
"""Dates, decimals and the like: figures, and not digits of a number."""

_EDGES: Final = " \t\n\"'“”‘’.,;:!?…<>[]{}"
_NUMERAL: Final = frozenset({*ONES, *TEENS, *TENS} - {"o"})


ASIDE: Final = "~"
"""Stands for a word of an aside."""

TAKEN_BACK: Final = "~no"
"""Stands for a word of an aside that takes back what was said."""

_ONE: Final = ("second", "sec", "moment", "minute", "bit")
ASIDES: Final[Mapping[tuple[tuple[str, ...], ...], str]] = {
    (("let",), ("me",), ("see", "think", "check", "find", "get", "look", "start")): ASIDE,
    (("let's",), ("see",)): ASIDE,
    (("hold", "hang"), ("on",), ("a", "one"), _ONE): ASIDE,
    (("hold", "hang"), ("on",)): ASIDE,
    (("just", "wait", "give"), ("a", "one", "me"), (*_ONE, "a")): ASIDE,
    (("one", "a"), _ONE): ASIDE,
    (("where",), ("was",), ("i",)): ASIDE,
    (("what",), ("was",), ("it",)): ASIDE,
    (("bear",), ("with",), ("me",)): ASIDE,
    (("you",), ("know",)): ASIDE,
    (("i",), ("think", "believe", "guess")): ASIDE,
    (("i",), ("mean", "meant")): TAKEN_BACK,
    (("that's", "that", "it's"), ("wrong",)): TAKEN_BACK,
    (("start",), ("over", "again")): TAKEN_BACK,
    (("strike", "scratch"), ("that",)): TAKEN_BACK,
}
"""Words that may be said in the middle of a number or an address and are not part of it."""


@dataclass(frozen=True, slots=True)
class Atom:
    text: str
    word: int
    """The written word it is part of."""
    figures: str = ""
    """Its digits, if it is written in figures."""
    apart: bool = False
    """Written with separators, as telephone and social security numbers are."""


_ASIDES_BY_WORD: Final = {
    word: tuple((phrase, mark) for phrase, mark in ASIDES.items() if word in phrase[0])
    for first in ASIDES
    for word in first[0]
}


def atoms(words: Sequence[str]) -> list[Atom]:
    found: list[Atom] = []
    for index, word in enumerate(words):
        bare = word.lower().replace("’", "'").strip(_EDGES)
        if bare.startswith("(") and not bare[1:2].isdigit():
            bare = bare.strip("()")
        found += _of(bare, index)
    return _without_asides(found)


def _without_asides(said: list[Atom]) -> list[Atom]:
    """What people say while they look for the next digit is marked as that, word by word."""
    at = 0
    while at < len(said):
        for phrase, mark in _ASIDES_BY_WORD.get(said[at].text, ()):
            there = said[at : at + len(phrase)]
            if len(there) == len(phrase) and all(a.text in part for a, part in zip(there, phrase, strict=True)):
                for k in range(at, at + len(phrase)):
                    said[k] = Atom(mark, said[k].word)
                at += len(phrase) - 1
                break
        at += 1
    return said


def _of(bare: str, index: int) -> list[Atom]:
    if not bare:
        return []
    if FIGURES.fullmatch(bare) and not _NOT_DIGITS.fullmatch(bare):
        digits = re.sub(r"\D", "", bare)
        return [Atom(bare, index, digits, apart=not bare.isdigit())]
    parts = bare.split("-")
    if len(parts) > 1 and all(part in _NUMERAL or part.isdigit() for part in parts):
        return [Atom(part, index, part if part.isdigit() else "") for part in parts]
    return [Atom(bare, index)]
