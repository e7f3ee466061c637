"""Things with a place in a call, found by where they are: a half-hour call has thousands of them, and whoever looks at
all of them for each of them waits for ever.

What is found comes in the order in which it was given.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate
from typing import Generic, TypeVar

T = TypeVar("T")


class Spread(Generic[T]):
    """Stretches `[start, end)`, and which of them meet another."""

    def __init__(self, things: Iterable[T], start: Callable[[T], int], end: Callable[[T], int]) -> None:
        self._things = list(things)
        self._placed = sorted((start(thing), end(thing), n) for n, thing in enumerate(self._things))
        self._starts = [begin for begin, _, _ in self._placed]
        self._reach = list(accumulate((stop for _, stop, _ in self._placed), max))
        """How far the stretches up to each one go: the search backwards ends where none of them goes far enough."""

    def meeting(self, start: int, end: int) -> list[T]:
        """Those that begin before `end` and end after `start`."""
        return [self._things[n] for n in sorted(self._numbers(start, end))]

    def any(self, start: int, end: int) -> bool:
        return next(self._numbers(start, end), None) is not None

    def holding(self, at: int) -> bool:
        """Whether any of them holds a sample."""
        return self.any(at, at + 1)

    def _numbers(self, start: int, end: int) -> Iterator[int]:
        here = bisect_left(self._starts, end) - 1
        while here >= 0 and self._reach[here] > start:
            _, stop, n = self._placed[here]
            if stop > start:
                yield n
            here -= 1


class Marks:
    """Samples in order; which lie in `[start, end)`, and the last up to a place."""

    def __init__(self, at: Iterable[int]) -> None:
        self._at = sorted(at)

    def any(self, start: int, end: int) -> bool:
        first = bisect_left(self._at, start)
        return first < len(self._at) and self._at[first] < end

    def last(self, until: int, default: int) -> int:
        """The greatest that is not beyond `until`."""
        place = bisect_right(self._at, until)
        return self._at[place - 1] if place else default

    def first(self, start: int, before: int) -> int:
        """The least from `start` on; `before` if there is none that comes earlier."""
        place = bisect_left(self._at, start)
        return min(self._at[place], before) if place < len(self._at) else before
