"""A no with more in it, to a change that is about to be made: not "do not do it", but "not like that".

Where the words name a detail, that one is asked for anew; where they do not, the question comes again. A plain no
declines, and is none of this.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from callcenter.background.expecting import KINDS
from callcenter.background.grammar.figures import ONES, TEENS, TENS
from callcenter.background.grammar.words import vocabulary, words
from flows import Collect

_WRONG: Final = vocabulary("wrong incorrect mistake misheard misunderstood different")
_NOT_SO: Final = frozenset([("not", "right"), ("not", "correct"), ("not", "it"), ("isn't", "right"), ("isn't", "it")])
_AS_FOLLOWS: Final = tuple(
    tuple(told.split())
    for told in ("it's", "it is", "its", "the", "it should be", "i said", "i meant", "i mean", "make it", "make that")
)
"""What people say between a no and how it is."""

_CALLED: Final = {
    "address": vocabulary("address house street"),
    "postcode": vocabulary("zip postcode postal code"),
    "city": vocabulary("city town"),
    "date": vocabulary("date day"),
    "time": vocabulary("time hour"),
    "phone": vocabulary("phone number"),
    "email": vocabulary("email mail"),
    "name": vocabulary("name"),
    "digits": vocabulary("number"),
    "amount": vocabulary("amount sum"),
}
"""What callers call a detail, by its grammar."""

_FIGURES: Final = frozenset((*ONES, *TEENS, *TENS))
PLAIN: Final = 4
"""Words from which a "no wait" is more than a change of mind."""
_AT_ALL: Final = vocabulary("mind don't not never stop leave forget")

_NO: Final = vocabulary("no nope nah not wait sorry oh um uh well actually")
_NEVER_MIND: Final = vocabulary("fine okay ok way moment time not too all same whole thing best")
"""What follows "no it's" or "no the" where nothing is put right."""


def objects(spoken: Sequence[str]) -> bool:
    """Whether something is said to be otherwise: a figure, "that's wrong", "no, it's ..."."""
    if _FIGURES & set(spoken) or any(word.isdecimal() for word in spoken) or _WRONG & set(spoken):
        return True
    if any(pair in _NOT_SO for pair in pairwise(spoken)):
        return True
    if len(spoken) >= PLAIN and "wait" in spoken[:PLAIN] and not _AT_ALL & set(spoken):
        return True
    rest = list(spoken)
    while rest and rest[0] in _NO:
        rest.pop(0)
    lead = next((told for told in _AS_FOLLOWS if tuple(rest[: len(told)]) == told), None)
    return len(rest) < len(spoken) and lead is not None and bool(set(rest[len(lead) :]) - _NEVER_MIND)


def disputed(given: Sequence[Collect], spoken: Sequence[str]) -> str:
    """The detail that is said to be wrong, by what it is called or made of; nothing if that is unclear."""
    known = {collect.name: _told_by(collect) for collect in given}
    own = {
        name: told.difference(*(other for others, other in known.items() if others != name))
        for name, told in known.items()
    }
    named = [name for name, told in own.items() if told & set(spoken)]
    return named[0] if len(named) == 1 else ""


def _told_by(collect: Collect) -> set[str]:
    made_of = [word for word in KINDS.get(collect.grammar, ()) if not word.startswith("<")]
    return {*words(collect.name.replace("_", " ")), *made_of, *_CALLED.get(collect.grammar, ())}
