"""The form of a flow: every key known, every value of the right kind, nothing missing; else a line and a remedy."""

import difflib
import tomllib
from collections.abc import Callable, Mapping
from typing import Any, Final

from flows.keys import TABLES, Key
from flows.lines import Path, line_of
from flows.shape import Problem, Values

_NESTED: Final = {
    ("flow", "policies"): "policies",
    ("flow", "verification"): "verification",
    ("flow", "hand_over"): "hand_over",
    ("flow", "waiting"): "waiting",
    ("flow", "silence"): "silence",
    ("flow", "ending"): "ending",
    ("verification", "collect"): "collect",
    ("steps.NAME", "policies"): "policies",
    ("steps.NAME", "collect"): "collect",
    ("steps.NAME", "calls"): "calls",
    ("steps.NAME", "say"): "say",
}
_NAMED: Final = {("flow", "targets"): "targets.NAME", ("flow", "steps"): "steps.NAME"}


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


_FITS: Final[dict[str, tuple[Callable[[object], bool], str]]] = {
    "text": (lambda value: isinstance(value, str) and bool(value.strip()), 'Write a text in quotes: "...".'),
    "texts": (_is_texts, 'Write a list of texts: ["...", "..."].'),
    "yes or no": (lambda value: isinstance(value, bool), "Write true or false, without quotes."),
    "whole number": (lambda value: _is_whole(value) and value > 0, "Write a whole number above 0, without quotes."),  # type: ignore[operator]
    "number": (lambda value: _is_number(value) and value > 0, "Write a number above 0, without quotes."),  # type: ignore[operator]
    "numbers": (lambda value: isinstance(value, list) and all(map(_is_whole, value)), "Write a list such as [4, 6]."),
    "table": (lambda value: isinstance(value, dict), "Write it as a table: [{path}]."),
    "tables": (
        lambda value: isinstance(value, list) and all(isinstance(item, dict) for item in value),
        "Write each entry as a table of its own: [[{path}]].",
    ),
    "values": (lambda value: isinstance(value, dict), "Write it as a table: {{ key = value }}."),
}


def form_problems(table: Values, shape: str, path: Path, lines: Mapping[Path, int]) -> list[Problem]:
    """Everything that is wrong with the form of this table and those inside it."""
    keys = {key.name: key for key in TABLES[shape]}
    found: list[Problem] = []
    for name, value in table.items():
        here = (*path, name)
        if name not in keys:
            found.append(_unknown(here, tuple(keys), lines))
            continue
        fits, remedy = _FITS[keys[name].kind]
        if not fits(value):
            cause = f"should be {_an(keys[name].kind)}, but is {_named(value)}."
            found.append(Problem(line_of(here, lines), dotted(here), cause, remedy.format(path=dotted(here))))
            continue
        found += _inside(value, (shape, name), here, lines)
    missing = [key for key in keys.values() if key.required and key.name not in table]
    return found + [_missing(key, path, lines) for key in missing]


def _inside(value: Any, place: tuple[str, str], path: Path, lines: Mapping[Path, int]) -> list[Problem]:
    if place in _NESTED and isinstance(value, list):
        return [
            problem
            for index, item in enumerate(value)
            for problem in form_problems(item, _NESTED[place], (*path, index), lines)
        ]
    if place in _NESTED:
        return form_problems(value, _NESTED[place], path, lines)
    if place in _NAMED:
        found = []
        for name, item in value.items():
            if isinstance(item, dict):
                found += form_problems(item, _NAMED[place], (*path, name), lines)
            else:
                where = (*path, name)
                cause = f"should be a table, but is {_named(item)}."
                found.append(
                    Problem(line_of(where, lines), dotted(where), cause, f"Write it as a table: [{dotted(where)}].")
                )
        return found
    return []


def _unknown(path: Path, known: tuple[str, ...], lines: Mapping[Path, int]) -> Problem:
    near = difflib.get_close_matches(str(path[-1]), known, 1)
    remedy = f"Did you mean `{near[0]}`?" if near else f"Remove it, or use one of: {', '.join(known)}."
    return Problem(line_of(path, lines), dotted(path), "no such key.", remedy)


def _missing(key: Key, path: Path, lines: Mapping[Path, int]) -> Problem:
    where = dotted((*path, key.name))
    return Problem(line_of(path, lines), where, "is missing.", f"Add `{key.name}`: {key.about}")


def syntax_problem(error: tomllib.TOMLDecodeError, text: str) -> Problem:
    told = str(error)
    number = told.partition("(at line ")[2].partition(",")[0]
    line = int(number) if number.isdigit() else max(1, text.count("\n"))
    cause = told.partition(" (at ")[0] + "."
    return Problem(line, "TOML", cause, "Put quotes, brackets and commas right on this line or the one before it.")


def dotted(path: Path) -> str:
    """`("steps", "pay", "say", 0, "text")` as `steps.pay.say[1].text`, counting as people do."""
    text = ""
    for part in path:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}"
    return text.lstrip(".") or "flow"


def _an(kind: str) -> str:
    return {"texts": "a list of texts", "tables": "a list of tables", "values": "a table", "numbers": "a list"}.get(
        kind, kind if kind == "yes or no" else f"a {kind}"
    )


def _named(value: object) -> str:
    match value:
        case bool():
            return "true or false"
        case str():
            return "a text" if value.strip() else "empty"
        case int() | float():
            return f"the number {value}"
        case list():
            return "a list"
        case dict():
            return "a table"
        case _:
            return f"a {type(value).__name__}"
