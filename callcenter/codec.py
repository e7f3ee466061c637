"""Values of events.py as JSON and back, generically from the dataclasses, so that a new event needs no code here.

`is` names the class (no field can be called that), a field that has its default is left out, tuples are lists.
"""

import base64
import json
import math
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from typing import Any, Final, Literal, Union, get_args, get_origin, get_type_hints

import orjson

from callcenter import events


class JournalError(Exception):
    """A line that this code cannot have written."""


Coder = Callable[..., Any]
NO_FIELDS: Final[Mapping[str, Any]] = {}


def encode(value: Any, **instead: Any) -> dict[str, Any]:
    """The object for a value; fields named in `instead` are written as given there."""
    kind: Any = type(value)
    return {"is": kind.__name__, **coders_of(kind)[0](value, instead)}


def decode(thing: Mapping[str, Any]) -> Any:
    kind = _KINDS.get(thing.get("is", ""))
    if kind is None:
        raise JournalError(f"no event or command is called {thing.get('is')!r}")
    return coders_of(kind)[1](thing)


@cache
def coders_of(kind: type) -> tuple[Coder, Coder]:
    hints = get_type_hints(kind)
    table = [(f.name, f.default, *_coders(hints[f.name])) for f in fields(kind)]

    def to_json(value: Any, instead: Mapping[str, Any] = NO_FIELDS) -> dict[str, Any]:
        out = {}
        for name, default, enc, _ in table:
            if name in instead:
                out[name] = instead[name]
                continue
            item = getattr(value, name)
            if default is MISSING or item != default:
                out[name] = enc(item)
        return out

    def from_json(thing: Mapping[str, Any]) -> Any:
        try:
            return kind(**{name: dec(thing[name]) for name, _, _, dec in table if name in thing})
        except (TypeError, ValueError, AttributeError) as error:
            raise JournalError(f"{kind.__name__} does not read {thing!r:.200}: {error}") from error

    return to_json, from_json


@cache
def _coders(hint: Any) -> tuple[Coder, Coder]:
    """How a field of this type is written and read."""
    arguments = get_args(hint)
    if get_origin(hint) is tuple:
        return _tuple_coders(arguments)
    if get_origin(hint) in (Union, types.UnionType):
        if type(None) not in arguments:
            return encode, decode
        (some,) = [a for a in arguments if a is not type(None)]
        enc, dec = _coders(some)
        return (lambda v: None if v is None else enc(v)), (lambda v: None if v is None else dec(v))
    if is_dataclass(hint):
        return coders_of(typing.cast(type, hint))
    if hint is bytes:
        return (lambda v: base64.b64encode(v).decode()), base64.b64decode
    if hint is float:  # JSON has no NaN and no infinity; a broken model has
        return (lambda v: v if math.isfinite(v) else repr(float(v))), float
    if hint in (str, int, bool) or get_origin(hint) is Literal:
        return (lambda v: v), (lambda v: v)
    raise TypeError(f"the journal has no form for {hint}")


def _tuple_coders(arguments: tuple[Any, ...]) -> tuple[Coder, Coder]:
    if arguments[-1] is Ellipsis:
        enc, dec = _coders(arguments[0])
        return (lambda v: [enc(item) for item in v]), (lambda v: tuple(dec(item) for item in v))
    each = [_coders(a) for a in arguments]
    return (
        lambda v: [e(item) for (e, _), item in zip(each, v, strict=True)],
        lambda v: tuple(d(item) for (_, d), item in zip(each, v, strict=True)),
    )


_KINDS: Final = {k.__name__: k for u in (events.Event, events.Command, events.Act) for k in get_args(u)}


def dumps(line: Mapping[str, Any]) -> bytes:
    try:
        return orjson.dumps(line) + b"\n"
    except TypeError:  # a lone surrogate in somebody's text
        return json.dumps(line, separators=(",", ":")).encode() + b"\n"


def loads(text: bytes) -> dict[str, Any]:
    try:
        line = orjson.loads(text)
    except orjson.JSONDecodeError:
        try:
            line = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise JournalError(f"not a journal line: {text[:200]!r}") from error
    if not isinstance(line, dict):
        raise JournalError(f"not a journal line: {text[:200]!r}")
    return line
