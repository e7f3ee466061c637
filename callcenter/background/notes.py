"""From a flow's line to the sentence that is said: paths looked up, values put the way people say them.

`{order.total}` is looked up in the values at hand; what it looks like decides how it is said ("12.50 USD" -> "$12.50",
"2026-11-27" -> "Friday, November 27"), `{order.order|digits}` chooses. What was looked up is remembered, because a
note names the sources of its facts.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from callcenter.background.grammar.days import day, say_day, say_time

_FIELD: Final = re.compile(r"\{([^{}]*)\}")
MISSING: Final = object()


def look_up(path: str, values: Mapping[str, Any]) -> Any:
    """`orders.orders.items`: a name, then keys; on a list, a key of each entry, or `count`."""
    found: Any = values
    for part in path.split("."):
        match found:
            case Mapping():
                found = found.get(part, MISSING)
            case list() | tuple() if part == "count":
                found = len(found)
            case list() | tuple():
                found = [item[part] for item in found if isinstance(item, Mapping) and part in item]
            case _:
                return MISSING
        if found is MISSING:
            return MISSING
    return found


def paths(template: str) -> tuple[str, ...]:
    """The paths a template looks up."""
    return tuple(field.split("|")[0].strip() for field in _FIELD.findall(template))


@dataclass(frozen=True, slots=True)
class Filled:
    """A line with its values, and the names they came from."""

    text: str
    used: tuple[str, ...]


def fill(template: str, values: Mapping[str, Any], year: str = "") -> Filled | None:
    """The line with its values; None if one of them is not known."""
    used: list[str] = []
    text, end = "", 0
    for match in _FIELD.finditer(template):
        path, *formats = (part.strip() for part in match[1].split("|"))
        value = look_up(path, values)
        if value is MISSING or value is None or value == []:
            return None
        used.append(path.split(".")[0])
        text += template[end : match.start()] + say(value, formats, year)
        end = match.end()
    return Filled(text + template[end:], tuple(dict.fromkeys(used)))


def argument(template: Any, values: Mapping[str, Any]) -> Any:
    """An argument for a tool: a lone `{path}` keeps its value as it is; MISSING if it is not known."""
    if not isinstance(template, str):
        return template
    if re.fullmatch(r"\{[^{}|]*\}", template):
        value = look_up(template[1:-1].strip(), values)
        return MISSING if value is None else value
    out, end = "", 0
    for match in _FIELD.finditer(template):
        value = look_up(match[1].strip(), values)
        if value is MISSING or value is None:
            return MISSING
        out += template[end : match.start()] + str(value)
        end = match.end()
    return out + template[end:]


def holds(conditions: Mapping[str, Any], values: Mapping[str, Any]) -> bool:
    """Whether every path has its value, or one of its values. What is missing or null is ""."""
    return all(_fits(look_up(path, values), wanted) for path, wanted in conditions.items())


def any_holds(conditions: Mapping[str, Any], values: Mapping[str, Any]) -> bool:
    return any(_fits(look_up(path, values), wanted) for path, wanted in conditions.items())


def _fits(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, list | tuple):
        return any(_fits(value, one) for one in wanted)
    value = "" if value is MISSING or value is None else value
    if wanted == "*":
        return bool(value != "")
    fits: bool = value == wanted
    return fits


# ------------------------------------------------------------------------------------------- values as people say them


def say(value: Any, formats: Sequence[str] = (), year: str = "") -> str:
    """A value as it is spoken. `year` is this year's, which goes without saying."""
    for name in formats:
        value = _FORMATS[name](value)
    if isinstance(value, list | tuple):
        return _joined([say(item, (), year) for item in value], "and")
    return _shaped(value, year)


def _shaped(value: Any, year: str) -> str:
    """What a value looks like tells how it is said."""
    text = str(value)
    if match := re.fullmatch(r"(-?\d+)\.(\d\d) USD", text):
        return f"${int(match[1]):,}.{match[2]}" if match[2] != "00" else f"${int(match[1]):,}"
    if found := day(text):
        return say_day(found) + ("" if not year or text[:4] == year or found.month < 3 else f", {text[:4]}")
    if match := re.fullmatch(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(:\d\d)?", text):
        return f"{_shaped(match[1], year)} at {say_time(match[2])}"
    if re.fullmatch(r"\d\d:\d\d", text):
        return say_time(text)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return text


def _money(value: Any) -> Any:
    return f"{float(str(value).split()[0]):.2f} USD"


def _time(value: Any) -> Any:
    return [_time(item) for item in value] if isinstance(value, list) else str(value).rpartition("T")[2]


def _date(value: Any) -> Any:
    return [_date(item) for item in value] if isinstance(value, list) else str(value).partition("T")[0]


def _birth(value: Any) -> Any:
    found = day(str(value))
    return f"{say_day(found).partition(', ')[2]}, {found.year}" if found else value


def _spaced(value: Any) -> Any:
    return [_spaced(item) for item in value] if isinstance(value, list) else " ".join(str(value))


def _spelled(value: Any) -> Any:
    return " ".join(letter.upper() if letter.isalpha() else letter for letter in str(value))


def _and(value: Any) -> Any:
    return _joined([say(item) for item in value], "and")


def _or(value: Any) -> Any:
    return _joined([say(item) for item in value], "or")


def _joined(items: Sequence[str], word: str) -> str:
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {word} {items[-1]}"


_FORMATS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "money": _money,
    "date": _date,
    "birth": _birth,
    "time": _time,
    "digits": _spaced,
    "spell": _spelled,
    "and": _and,
    "or": _or,
    "few": lambda value: value[:3],
    "count": len,
    "lower": lambda value: str(value).lower(),
    "words": lambda value: str(value).replace("_", " "),
}
FORMATS: Final = tuple(_FORMATS)
