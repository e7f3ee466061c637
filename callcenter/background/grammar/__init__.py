"""Slot grammars: what was said for a detail that is wanted, and whether it is whole yet.

Everything is pure and starts again from the words each time, so a partial utterance may be parsed after every word.
A wanted value can be given as an answer (`asked`, liberal) or by the way (strict: only with a cue or a telling form).
"Four two, no sorry, four three": what follows the last marker of a correction wins, if it is a value at all.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from callcenter.background.grammar import letters
from callcenter.background.grammar.answers import choose, corrected, yes_no
from callcenter.background.grammar.days import Day, days, times, turned_down
from callcenter.background.grammar.figures import amounts, runs, whole_number
from callcenter.background.grammar.words import plain, words

__all__ = ["Day", "Parse", "Wanted", "parse", "plain", "words"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a slot will take."""

    grammar: str
    length: tuple[int, ...] = ()
    records: tuple[Mapping[str, Any], ...] = ()
    by: tuple[str, ...] = ()
    sayings: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Parse:
    value: Any
    whole: bool = True
    """False while more is expected: three digits of four, a name without a surname."""


def parse(wanted: Wanted, spoken: Sequence[str], today: Day, asked: bool) -> Parse | None:
    """The value in these words, if there is one."""
    for phrase, value in wanted.sayings:
        if _holds(spoken, words(phrase)):
            return Parse(value)
    best: Parse | None = None
    for part in (*corrected(spoken), tuple(spoken)):
        found = _GRAMMARS[wanted.grammar](wanted, part, today, asked)
        if found is not None and found.whole:
            return found
        best = found or best
    return best


def _holds(spoken: Sequence[str], phrase: Sequence[str]) -> bool:
    size = len(phrase)
    return any(tuple(spoken[at : at + size]) == tuple(phrase) for at in range(len(spoken) - size + 1))


def _digits(wanted: Wanted, spoken: Sequence[str], today: Day, asked: bool) -> Parse | None:
    found = [run.digits for run in runs(spoken)]
    right = [digits for digits in found if not wanted.length or len(digits) in wanted.length]
    if right:
        return Parse(right[-1])
    joined = "".join(found)
    if not joined or not asked:
        return None
    if len(joined) in wanted.length:
        return Parse(joined)
    return Parse(joined, whole=False) if len(joined) < min(wanted.length, default=0) else None


def _number(wanted: Wanted, spoken: Sequence[str], today: Day, asked: bool) -> Parse | None:
    found = [value for at in range(len(spoken)) if (value := whole_number(spoken, at))]
    return Parse(found[0][0]) if found and asked else None


def _amount(wanted: Wanted, spoken: Sequence[str], today: Day, asked: bool) -> Parse | None:
    found = [amount for amount in amounts(spoken) if asked or amount.named]
    return Parse(f"{found[-1].cents // 100}.{found[-1].cents % 100:02d}") if found else None


def _date(wanted: Wanted, spoken: Sequence[str], today: Day, asked: bool) -> Parse | None:
    found = [hit for hit in days(spoken, today) if not turned_down(spoken, hit)]
    return Parse(found[-1].value) if found else None


def _birth_date(wanted: Wanted, spoken: Sequence[str], today: Day, asked: bool) -> Parse | None:
    """A day in the past, with its year."""
    past = [found.value for found in days(spoken, today) if found.value < str(today)]
    if past:
        return Parse(past[-1])
    return Parse("", whole=False) if asked and days(spoken, today) else None


def _time(wanted: Wanted, spoken: Sequence[str], today: Day, asked: bool) -> Parse | None:
    found = [hit for hit in times(_undated(spoken, today)) if asked or hit.sure]
    best = [hit for hit in found if hit.sure] or found
    return Parse(best[-1].value) if best else None


def _undated(spoken: Sequence[str], today: Day) -> tuple[str, ...]:
    """Without the numbers that belong to a day: "november twenty seven at ten"."""
    taken = {at for hit in days(spoken, today) for at in range(hit.start, hit.end)}
    return tuple("," if at in taken else word for at, word in enumerate(spoken))


def _name(wanted: Wanted, spoken: Sequence[str], today: Day, asked: bool) -> Parse | None:
    found = letters.name(spoken, asked)
    return Parse(found[0], whole=" " in found[0]) if found else None


def _email(wanted: Wanted, spoken: Sequence[str], today: Day, asked: bool) -> Parse | None:
    found = letters.email(spoken)
    return Parse(*found) if found and (asked or found[1]) else None


def _phone(wanted: Wanted, spoken: Sequence[str], today: Day, asked: bool) -> Parse | None:
    joined = "".join(run.digits for run in runs(spoken))
    number = joined[1:] if len(joined) == 11 and joined[0] == "1" else joined
    if len(number) == 10:
        return Parse(number)
    return Parse(number, whole=False) if asked and 0 < len(number) < 10 else None


def _postcode(wanted: Wanted, spoken: Sequence[str], today: Day, asked: bool) -> Parse | None:
    found = letters.postcode(spoken, asked)
    return Parse(*found) if found else None


def _address(wanted: Wanted, spoken: Sequence[str], today: Day, asked: bool) -> Parse | None:
    found = letters.address(spoken, asked)
    return Parse(*found) if found and (asked or found[1]) else None


def _city(wanted: Wanted, spoken: Sequence[str], today: Day, asked: bool) -> Parse | None:
    found = letters.city(spoken) if asked else ""
    return Parse(found) if found else None


def _yes_no(wanted: Wanted, spoken: Sequence[str], today: Day, asked: bool) -> Parse | None:
    answer = yes_no(spoken) if asked else None
    return None if answer is None else Parse(answer)


def _choice(wanted: Wanted, spoken: Sequence[str], today: Day, asked: bool) -> Parse | None:
    record = choose(spoken, wanted.records, wanted.by, today)
    return Parse(record) if record is not None else None


def _text(wanted: Wanted, spoken: Sequence[str], today: Day, asked: bool) -> Parse | None:
    return Parse(" ".join(spoken)) if asked and spoken else None


_GRAMMARS: Final[Mapping[str, Callable[[Wanted, Sequence[str], Day, bool], Parse | None]]] = {
    "digits": _digits,
    "number": _number,
    "amount": _amount,
    "date": _date,
    "birth_date": _birth_date,
    "time": _time,
    "name": _name,
    "email": _email,
    "phone": _phone,
    "postcode": _postcode,
    "address": _address,
    "city": _city,
    "yes_no": _yes_no,
    "choice": _choice,
    "text": _text,
}
NAMES: Final = tuple(_GRAMMARS)
