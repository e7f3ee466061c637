"""A truth as plain data and back, so that it can lie beside the recording it belongs to."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any, get_args

from callcenter.measures.timeline import Happening, Truth

KINDS: Mapping[str, type[Any]] = {kind.__name__: kind for kind in get_args(Happening)}


def as_data(truth: Truth) -> list[dict[str, Any]]:
    return [{"is": type(happening).__name__, **asdict(happening)} for happening in truth]


def from_data(data: Iterable[Mapping[str, Any]]) -> Truth:
    return tuple(_happening(dict(each)) for each in data)


def _happening(each: dict[str, Any]) -> Any:
    name = each.pop("is", None)
    if name not in KINDS:
        raise ValueError(f"no happening is called {name!r}")
    return KINDS[name](**{key: tuple(value) if isinstance(value, list) else value for key, value in each.items()})
