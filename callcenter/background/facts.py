"""No fact without a source: every amount, date, time and number of a sentence must stand in what it comes from.

`facts` reads them out of a text or a tool's answer in one canonical form, so that "$12.50", "twelve dollars and fifty
cents" and "12.50 USD" are the same; `unsourced` names those that no source has. "Has been cancelled" is a fact too: a
deed may be claimed, or promised, only when a source says so.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from callcenter.background.grammar.days import MONTHS, WEEKDAYS, Day, day, days, times
from callcenter.background.grammar.figures import amounts, runs
from callcenter.background.grammar.words import words

Fact = tuple[str, str]
"""A kind (money, day, weekday, time, number, mail, done) and the value in canonical form."""

_DEEDS: Final = (
    "cancelled", "canceled", "refunded", "paid", "booked", "moved", "changed", "waived", "sent", "disputed",
    "returned", "updated", "opened", "shipped", "delivered", "rescheduled", "filed", "removed", "credited", "confirmed",
    "scheduled",
)  # fmt: skip
_DONE: Final = re.compile(rf"\b(?:have|has|'ve|'s|is|are|was|were|been|got)\s+(?:\w+\s+){{0,2}}?({'|'.join(_DEEDS)})\b")
_PROMISES: Final = {
    "cancel": "cancelled", "refund": "refunded", "pay": "paid", "book": "booked", "move": "moved", "change": "changed",
    "waive": "waived", "send": "sent", "dispute": "disputed", "return": "returned", "update": "updated",
    "remove": "removed", "credit": "credited", "reschedule": "rescheduled",
}  # fmt: skip
_PROMISED: Final = re.compile(rf"\b(?:i|we|you)(?:'ll|\s+will)\s+(?:\w+\s+){{0,2}}?({'|'.join(_PROMISES)})\b")
_MAIL: Final = re.compile(r"[^\s@]+@[^\s@]+\.[a-z]{2,}")


@lru_cache(maxsize=4096)
def facts(text: str, today: Day) -> frozenset[Fact]:
    """What a sentence claims."""
    found: set[Fact] = {("mail", mail.rstrip(".,")) for mail in _MAIL.findall(text.lower())}
    plain = text.lower().replace("’", "'")
    found |= {
        ("done", _stem(deed)) for deed in (*_DONE.findall(plain), *map(_PROMISES.__getitem__, _PROMISED.findall(plain)))
    }
    for clause in _clauses(_MAIL.sub(" ", text.lower())):
        found |= set(_figures(words(clause), today))
    return frozenset(found)


def _clauses(text: str) -> list[str]:
    """Between commas and stops: "order 4 2 1 7, 1 chair" are two numbers. "Friday, November 27" is one day."""
    dated = re.sub(rf"\b({'|'.join(WEEKDAYS)}),", r"\1", text)
    return re.split(r"[,;:.?!](?=\s|$)", dated.replace("a.m.", "am").replace("p.m.", "pm"))


def _figures(spoken: tuple[str, ...], today: Day) -> Iterator[Fact]:
    free = list(spoken)
    for hit in days(spoken, today):
        dated = any(word in MONTHS or any(c.isdigit() for c in word) for word in spoken[hit.start : hit.end])
        named = next((word for word in spoken[hit.start : hit.end] if word in WEEKDAYS), "")
        yield ("day", hit.value[5:]) if dated else ("weekday", named) if named else ("day", hit.value[5:])
        if dated and named:
            yield ("dayname", f"{hit.value[5:]} {named}")
        free[hit.start : hit.end] = [","] * (hit.end - hit.start)
    for clock in times(free):
        if clock.sure:
            yield ("time", clock.value)
            free[clock.start : clock.end] = [","] * (clock.end - clock.start)
    for amount in amounts(free):
        if amount.named:
            yield ("money", f"{amount.cents / 100:.2f}")
            free[amount.start : amount.end] = [","] * (amount.end - amount.start)
    for run in runs(free):
        if free[run.start : run.end] != ["one"]:
            yield ("number", run.digits.lstrip("0") or "0")
    yield from (("money", f"{float(word[1:]):.2f}") for word in free if re.fullmatch(r"\$\d+(\.\d+)?", word))


def known(source: Any, today: Day) -> Iterator[Fact]:
    """Everything a tool's answer, or a line of a flow, can vouch for."""
    match source:
        case Mapping():
            for value in source.values():
                yield from known(value, today)
        case list() | tuple():
            yield ("number", str(len(source)))
            for value in source:
                yield from known(value, today)
        case bool() | None:
            return
        case int() | float():
            yield ("number", f"{source:g}")
            yield ("money", f"{source:.2f}")
        case _:
            yield from _known_text(str(source), today)


def _known_text(text: str, today: Day) -> Iterator[Fact]:
    date, _, time = text.partition("T")
    if found := day(date):
        yield ("day", str(found)[5:])
        yield ("weekday", WEEKDAYS[found.weekday])
        yield ("dayname", f"{str(found)[5:]} {WEEKDAYS[found.weekday]}")
        yield ("number", str(found.year))
        if time:
            yield ("time", time[:5])
        return
    if match := re.fullmatch(r"(-?\d+\.\d\d)( [A-Z]{3})?", text):
        yield ("money", match[1])
        yield ("number", match[1])
        return
    if text.replace("_", " ").lower().split()[-1:] and _stem(text.lower()) in _STEMS:
        yield ("done", _stem(text.lower()))
    yield from facts(text, today)
    yield from (("number", digits.lstrip("0") or "0") for digits in re.findall(r"\d+", text))
    yield from (("done", _stem(deed)) for deed in re.findall("|".join(_DEEDS), text.lower()))


def unsourced(text: str, sources: Iterable[Any], today: Day) -> tuple[str, ...]:
    """The facts of a text that no source has."""
    vouched: set[Fact] = {("day", str(today)[5:])} if "today" in words(text) else set()
    for source in sources:
        vouched |= set(known(source, today))
    return tuple(sorted(f"{kind} {value}" for kind, value in facts(text, today) if (kind, value) not in vouched))


def deeds(tool: str) -> tuple[str, ...]:
    """What may be said to be done when this tool has done its work: "cancel_order" -> cancelled."""
    return tuple(deed for deed in _DEEDS if any(word.startswith(_stem(deed)) for word in tool.split("_")))


def without_deeds(text: str) -> str:
    return re.sub("|".join(_DEEDS), "...", text, flags=re.IGNORECASE)


def _stem(deed: str) -> str:
    return deed.replace("canceled", "cancelled").removesuffix("ed").removesuffix("ll")


_STEMS: Final = frozenset(_stem(deed) for deed in _DEEDS)
