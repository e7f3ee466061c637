"""The laws of this project, each stated once. A test brings the object, the data and a notion of equal.

chunking does not matter - neighbours do not matter - streaming equals offline - round trip - replay agrees
"""

from collections.abc import Callable, Iterable, Sequence
from operator import eq
from typing import Any

import numpy as np

Equal = Callable[[Any, Any], bool]


def chunked(data: Sequence[Any], sizes: Iterable[int]) -> list[Any]:
    """`data` cut at these sizes, in turn and again from the first, until nothing is left."""
    sizes = [size for size in sizes if size > 0] or [len(data) or 1]
    chunks, start = [], 0
    while start < len(data):
        size = sizes[len(chunks) % len(sizes)]
        chunks.append(data[start : start + size])
        start += size
    return chunks


def chunking_does_not_matter(
    make: Callable[[], Any], push: Callable[[Any, Any], Any], data: Any, *cuts: Iterable[int], equal: Equal = eq
) -> None:
    """The sum of what an object gives is the same whether `data` comes at once or in pieces of any sizes.

    `push(object, piece)` returns what the object gave for one piece, as something that `+` or concatenation of
    arrays joins: bytes, str, list or array.
    """
    whole = push(make(), data)
    for cut in cuts:
        thing = make()
        parts = [push(thing, piece) for piece in chunked(data, cut)]
        assert equal(joined(parts, whole), whole), f"cut at {list(cut)[:10]}"


def neighbours_do_not_matter(
    together: Callable[[Sequence[Any]], Sequence[Any]], rows: Sequence[Any], equal: Equal = eq
) -> None:
    """A row's answer is the same alone, in company, and in any place of the batch."""
    alone = [together([row])[0] for row in rows]
    for turn in range(len(rows)):
        order = [*range(turn, len(rows)), *range(turn)]
        answers = together([rows[place] for place in order])
        for place, answer in zip(order, answers, strict=True):
            assert equal(answer, alone[place]), f"row {place} in the order {order}"


def streaming_equals_offline(
    stream: Callable[[Iterable[Any]], Any],
    offline: Callable[[Any], Any],
    data: Any,
    cut: Iterable[int],
    equal: Equal = eq,
) -> None:
    """What comes out bit by bit is what the plain definition gives for all the data at once."""
    assert equal(stream(chunked(data, cut)), offline(data))


def round_trip(
    there: Callable[[Any], Any], back: Callable[[Any], Any], values: Iterable[Any], equal: Equal = eq
) -> None:
    """Nothing is lost on the way there and back."""
    for value in values:
        assert equal(back(there(value)), value), repr(value)[:200]


def replay_agrees(
    make: Callable[[], Any], receive: Callable[[Any, Any], Any], events: Sequence[Any], again: int = 2
) -> None:
    """The same events give the same answers, every time and event by event."""
    first = [receive(thing, event) for thing in [make()] for event in events]
    for _ in range(again):
        thing = make()
        for place, event in enumerate(events):
            answer = receive(thing, event)
            assert answer == first[place], f"event {place}: {event!r}: {answer!r} is not {first[place]!r}"


def joined(parts: list[Any], like: Any) -> Any:
    if isinstance(like, bytes | str):
        return like[:0].join(parts)
    if isinstance(like, list | tuple):
        return type(like)(item for part in parts for item in part)
    return np.concatenate(parts) if parts else like[:0]
