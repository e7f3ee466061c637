"""A flow's text changed as a form asks: what the form left alone stays as it was written, to the last comment.

A form shows every value as a text (`written`) and gives texts back (`read`). What cannot be read as what it should be
stays the text that it is, and `flows.check` tells what is wrong with it. `tomlkit` keeps how the rest is written; every
change is compared with what it should mean before it is given back.
"""

import json
import re
import tomllib
from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any, Final

import tomlkit
from tomlkit.exceptions import TOMLKitError

from flows.keys import TABLES, Key, Kind

PARTS: Final = ("collect", "calls", "say")
"""What a step has several of."""

STEP: Final = "steps.NAME"
NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
WIDE: Final = 90
"""Letters of a list that is still written in one line."""

MARK: Final = "#\ufdd0"
"""Before a comment that stands above a header and not where it is now: a letter that no text has."""

_HEADER: Final = r"(?P<header>[ \t]*\[[^\n]*\n)"
_ABOVE: Final = re.compile(rf"(?m)^(?P<comments>(?:[ \t]*#[^\n]*\n)+){_HEADER}")
_BELOW: Final = re.compile(rf"(?m)^{_HEADER}(?P<comments>(?:[ \t]*{MARK}[^\n]*\n)+)")

_YES: Final = {"yes": True, "no": False}


class EditError(Exception):
    """A change that cannot be made; the message says why, to a person."""


# ----------------------------------------------------------------------------------------------------- as a form has it


def written(kind: Kind, value: Any) -> str:
    """A value as a form shows it; nothing at all as an empty text."""
    if value is None:
        return ""
    match kind:
        case "text" if isinstance(value, str):
            return value
        case "yes or no" if isinstance(value, bool):
            return "yes" if value else "no"
        case "texts" if isinstance(value, list):
            return "\n".join(_item(one) for one in value)
        case "numbers" if isinstance(value, list):
            return ", ".join(map(_toml, value))
        case "values" if isinstance(value, Mapping):
            return "\n".join(f"{_quoted(key, '=')} = {_bare(one)}" for key, one in value.items())
        case _:
            return value if isinstance(value, str) else _toml(value)


def read(kind: Kind, text: str) -> Any:
    """What a form's text means; `None` where there is nothing."""
    if not text.strip():
        return None
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    match kind:
        case "text":
            return text
        case "yes or no":
            return _YES.get(text.strip().lower(), text)
        case "texts":
            return [_unquoted(line) for line in lines]
        case "numbers" | "number" | "whole number":
            found = _value(f"[{text}]" if kind == "numbers" else text)
            return text if found is None else found
        case "values":
            pairs = [_pair(line) for line in lines]
            return text if None in pairs else dict(pair for pair in pairs if pair is not None)
        case _:
            return text


def _toml(value: Any) -> str:
    return str(tomlkit.item(value).as_string())


def _value(text: str) -> Any:
    """What a text is in TOML; `None` if it is nothing there."""
    if "\n" in text:
        return None
    try:
        return tomllib.loads(f"x = {text}")["x"]
    except (tomllib.TOMLDecodeError, KeyError):
        return None


def _quoted(text: str, forbidden: str = "") -> str:
    plain = text.strip() == text and text and text[0] not in "\"'" and not any(c in text for c in f"{forbidden}\n\r")
    return text if plain and text.isprintable() else json.dumps(text)


def _unquoted(text: str) -> str:
    try:
        found = json.loads(text) if text.startswith('"') else text
    except json.JSONDecodeError:
        return text
    return found if isinstance(found, str) else text


def _item(value: Any) -> str:
    return _quoted(value) if isinstance(value, str) else _toml(value)


def _bare(value: Any) -> str:
    """A text without quotes where nobody could take it for anything else."""
    if not isinstance(value, str):
        return _toml(value)
    return json.dumps(value) if _value(value) is not None else _quoted(value)


def _pair(line: str) -> tuple[str, Any] | None:
    if line.startswith('"'):
        try:
            key, end = json.JSONDecoder().raw_decode(line)
        except json.JSONDecodeError:
            return None
        equals, rest = line[end:].strip()[:1], line[end:].strip()[1:]
    else:
        key, equals, rest = line.partition("=")
        key = key.strip()
    rest = rest.strip()
    if not equals or not key:
        return None
    found = _value(rest)
    return key, (_unquoted(rest) if found is None else found)


# ------------------------------------------------------------------------------------------------------------ changes


def whole(text: str) -> dict[str, Any]:
    """A flow's text as it is, right or wrong; nothing if it cannot be read."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return {}


def steps(text: str) -> dict[str, Any]:
    """The steps that stand in this text, as they are, right or wrong."""
    found = whole(text).get("steps", {})
    return {name: step for name, step in found.items() if isinstance(step, dict)} if isinstance(found, dict) else {}


def change(text: str, step: str, wanted: Mapping[str, str]) -> str:
    """The text with a step's fields as the form has them: `goal`, `policies.eagerness`, `say.0.text`."""

    def deed(flow: Any) -> None:
        table = _step(flow, step)
        for path, told in wanted.items():
            key = _key(path)
            *way, name = path.split(".")
            here = _at(table, way)
            if here is None and told.strip() and len(way) == 1:
                table[way[0]] = tomlkit.table()
                here = table[way[0]]
            if here is None or told == written(key.kind, _plain(here.get(name))):
                continue
            value = read(key.kind, told)
            if value is None:
                here.pop(name, None)
            else:
                here[name] = _made(value, key.kind)

    return _edited(text, deed)


def add(text: str, step: str, part: str) -> str:
    """One more detail, tool or line, with nothing in it yet."""
    _known(part)

    def deed(flow: Any) -> None:
        table = _step(flow, step)
        fresh = tomlkit.table()
        for key in TABLES[part]:
            if key.required:
                fresh[key.name] = ""
        if part not in table:
            table[part] = tomlkit.aot()
        table[part].append(fresh)

    return _edited(text, deed)


def drop(text: str, step: str, part: str, index: int) -> str:
    _known(part)

    def deed(flow: Any) -> None:
        table = _step(flow, step)
        del table[part][index]
        if not table[part]:
            del table[part]

    return _edited(text, deed)


def raised(text: str, step: str, part: str, index: int) -> str:
    """The same before what stood before it."""
    _known(part)
    if index < 1:
        return text

    def deed(flow: Any) -> None:
        several = _step(flow, step)[part]
        moved = several[index]
        del several[index]
        several.insert(index - 1, moved)

    return _edited(text, deed)


def begin(text: str, name: str, after: str = "") -> str:
    """A new step; after another one, which then leads to it."""
    if not NAME.fullmatch(name) or name in steps(text):
        raise EditError("A new name is needed: lower case letters, digits and _.")

    def deed(flow: Any) -> None:
        fresh = tomlkit.table()
        fresh["goal"] = fresh["about"] = ""
        flow.setdefault("steps", tomlkit.table(is_super_table=True))[name] = fresh
        if after:
            _step(flow, after)["next"] = name

    return _edited(text, deed)


def renamed(text: str, old: str, new: str) -> str:
    """A step under another name; steps that lead to it lead there still."""
    if old not in steps(text):
        raise EditError(f'There is no step "{old}" in this text.')
    if not NAME.fullmatch(new) or new in steps(text):
        raise EditError("A new name is needed: lower case letters, digits and _.")
    header = re.compile(rf'(?m)^(\s*\[\[?\s*steps\s*\.\s*)(?:"{re.escape(old)}"|{re.escape(old)})(?=\s*[.\]])')
    moved = header.sub(rf"\g<1>{new}", text)

    def led(flow: Any) -> None:
        for one in flow["steps"].values():
            for key in ("next", "correct"):
                if isinstance(one, dict) and one.get(key) == old:
                    one[key] = new

    found = _edited(moved, led)
    wanted = tomllib.loads(text)
    wanted["steps"] = {new if name == old else name: step for name, step in wanted["steps"].items()}
    led(wanted)
    return _meant(found, wanted)


def remove(text: str, name: str) -> str:
    def deed(flow: Any) -> None:
        _step(flow, name)
        del flow["steps"][name]

    return _edited(text, deed)


def _edited(text: str, deed: Callable[[Any], None]) -> str:
    """The text after a deed that was done to it and, to compare, to what it means."""
    try:
        wanted = tomllib.loads(text)
        kept = tomlkit.parse(_lowered(text))
        deed(wanted)
        deed(kept)
        return _meant(_lifted(tomlkit.dumps(kept)), wanted)
    except (tomllib.TOMLDecodeError, TOMLKitError) as error:
        raise EditError("The text cannot be read as it is: put it right first.") from error
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        raise EditError("There is no such place in this text.") from error


def _lowered(text: str) -> str:
    """Comments right above a header, moved under it: `tomlkit` takes them for the end of the table before, so that they
    would not go where their table goes."""
    return _ABOVE.sub(lambda found: found["header"] + re.sub("(?m)^(?=[ \t]*#)", MARK, found["comments"]), text)


def _lifted(text: str) -> str:
    """The same back again."""
    return _BELOW.sub(lambda found: found["comments"].replace(MARK, "") + found["header"], text)


def _meant(text: str, wanted: Mapping[str, Any]) -> str:
    try:
        if tomllib.loads(text) == _plain(wanted):
            return text
    except tomllib.TOMLDecodeError:
        pass
    raise EditError("This is written in a way that the form cannot change: change it in the text.")


def _plain(value: Any) -> Any:
    """Without what `tomlkit` remembers of how it was written."""
    unwrapped = value.unwrap() if hasattr(value, "unwrap") else deepcopy(value)
    if isinstance(unwrapped, dict):
        return {str(key): _plain(one) for key, one in unwrapped.items()}
    return [_plain(one) for one in unwrapped] if isinstance(unwrapped, list) else unwrapped


def _made(value: Any, kind: Kind) -> Any:
    if isinstance(value, dict):
        table = tomlkit.inline_table()
        table.update(value)
        return table
    if isinstance(value, list):
        listed = tomlkit.array()
        listed.extend(value)
        return listed.multiline(kind == "texts" and len(str(value)) > WIDE)
    return tomlkit.item(value)


def _step(flow: Any, name: str) -> Any:
    found = flow.get("steps", {}).get(name)
    if not isinstance(found, dict):
        raise EditError(f'There is no step "{name}" in this text.')
    return found


def _known(part: str) -> None:
    if part not in PARTS:
        raise EditError(f'A step has no "{part}".')


def _at(table: Any, way: list[str]) -> Any:
    """The table that holds the key; `None` where it is not there yet."""
    for name in way:
        table = table[int(name)] if isinstance(table, list) else table.get(name)
        if table is None:
            return None
    if not isinstance(table, dict):
        raise EditError("This is written in a way that the form cannot change: change it in the text.")
    return table


def _key(path: str) -> Key:
    """The key that a form's field is for."""
    first, *rest = path.split(".")
    match rest:
        case []:
            shape, name = STEP, first
        case [name] if first == "policies":
            shape = first
        case [number, name] if first in PARTS and number.isdigit():
            shape = first
        case _:
            raise EditError(f'There is no field "{path}".')
    for key in TABLES[shape]:
        if key.name == name and key.kind not in ("table", "tables"):
            return key
    raise EditError(f'There is no field "{path}".')
