"""What the caller is likely to say to the question that is open, for ears that find words better when they know.

Kinds of answers stand in angle brackets, as `callcenter.model.expectations` reads them; other words are themselves:
what a step offers to choose from, and how it names itself. It is only ever a hint. A caller may say anything.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from callcenter.background.grammar.words import words
from callcenter.background.ground import Ground
from callcenter.background.state import Dialogue, Task
from flows import Collect

KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "digits": ("<digits>",),
    "number": ("<number>",),
    "amount": ("<amount>",),
    "date": ("<date>",),
    "birth_date": ("<date>", "<year>"),
    "time": ("<time>",),
    "name": ("<name>", "<own>"),
    "email": ("<name>", "<letters>", "<digits>", "at", "dot", "com"),
    "phone": ("<digits>",),
    "postcode": ("<digits>",),
    "address": ("<house>", "street", "avenue", "road", "lane", "drive", "court", "boulevard", "apartment", "<own>"),
    "city": ("<place>", "<own>"),
    "text": ("<own>",),
    "yes_no": ("<yes_no>",),
}
"""By grammar. A choice is among what there is. `<own>`: words of the company's own."""

SPELLED: Final = frozenset({"name", "email"})
"""Grammars whose second question asks for letters."""

MOST: Final = 60
"""Words of a list of choices: one that is longer expects nothing."""


def expected(ground: Ground, d: Dialogue) -> tuple[str, ...]:
    """Sorted, so that the same is always said in the same words."""
    return tuple(sorted(set(_all(ground, d))))


def _all(ground: Ground, d: Dialogue) -> Iterator[str]:
    match d.awaiting.kind:
        case "slot":
            yield from _detail(ground, d)
        case "readback":
            yield from ("<yes_no>", *_detail(ground, d))
        case "confirm" | "retry":
            yield "<yes_no>"
            if d.misses and d.task:
                for collect in ground.flow.steps[d.task.step].collect:
                    yield from KINDS.get(collect.grammar, ()) if collect.name in d.task.slots else ()
        case "which":
            yield "<yes_no>"
            for name in d.awaiting.name.split("|"):
                yield from _spoken(ground.flow.steps[name].about)
        case "more":
            yield "<yes_no>"
        case "opening" | "nothing":
            yield from ()


def _detail(ground: Ground, d: Dialogue) -> Iterator[str]:
    collect = ground.asked_for(d)
    if collect is None:
        return
    yield from KINDS.get(collect.grammar, ())
    if collect.grammar in SPELLED and d.misses:
        yield "<letters>"
    for saying in collect.sayings:
        yield from _spoken(saying)
    if collect.grammar == "choice":
        yield from _choices(ground, d, collect)


def _choices(ground: Ground, d: Dialogue, collect: Collect) -> Iterator[str]:
    task = d.identity if d.awaiting.identity else d.task or Task(0, "")
    wanted = ground.wanted(collect, ground.values(d, task))
    if wanted is None:
        return
    values = [value for record in wanted.records for field in wanted.by for value in _flat(record.get(field))]
    found = {word for value in values for word in spoken_as(value)}
    if len(found) <= MOST:
        yield from found
        yield from ("first", "second", "last", "one")


def _flat(value: Any) -> list[str]:
    return [str(one) for one in value] if isinstance(value, list | tuple) else [str(value)] if value else []


def spoken_as(value: str) -> Iterator[str]:
    """A value that tells by its form how it is said."""
    if re.fullmatch(r"\d+", value):
        yield "<digits>"
    elif re.fullmatch(r"\d+\.\d\d USD", value):
        yield "<amount>"
    elif re.match(r"\d{4}-\d\d-\d\d", value):
        yield from ("<date>", "<time>") if "T" in value else ("<date>",)
    elif re.fullmatch(r"\d\d:\d\d", value):
        yield "<time>"
    else:
        yield from _spoken(value.replace("_", " "))


@lru_cache(maxsize=512)
def _spoken(text: str) -> tuple[str, ...]:
    """The words of a text that tell something: those of one or two letters are everywhere."""
    return tuple(word for word in words(text) if len(word) > 2 and word.replace("'", "").isalpha())
