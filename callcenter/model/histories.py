"""The book of histories: what words are behind each hypothesis of a search, shared where they are the same."""

from dataclasses import dataclass, field
from math import exp

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]
Bools = NDArray[np.bool_]

ABOUT = 3
"""Frames between ends of words that might be the same end."""

HEAT = 0.5
"""Scores count for so much when likelihoods are compared: found on feigned posteriors, where it tells best."""


@dataclass
class Book:
    """Histories: each entry is a word behind another entry. Entry 0 is the beginning; parents have smaller numbers."""

    size: int = 0
    word: Integers = field(default_factory=lambda: np.full(1024, -1, np.int64))
    before: Integers = field(default_factory=lambda: np.zeros(1024, np.int64))
    start: Integers = field(default_factory=lambda: np.zeros(1024, np.int64))
    end: Integers = field(default_factory=lambda: np.zeros(1024, np.int64))
    fit: Floats = field(default_factory=lambda: np.zeros(1024, np.float32))
    """Of this word alone, a frame."""
    total: Floats = field(default_factory=lambda: np.zeros(1024, np.float32))
    last: Integers = field(default_factory=lambda: np.zeros(1024, np.int64))
    pair: Integers = field(default_factory=lambda: np.zeros(1024, np.int64))
    """The language's context after it."""

    COLUMNS = ("word", "before", "start", "end", "fit", "total", "last", "pair")

    def write(self, count: int, **columns: NDArray[np.generic] | float | int) -> Integers:
        """New entries."""
        if self.size + count > len(self.word):
            for name in self.COLUMNS:
                column = getattr(self, name)
                setattr(self, name, np.concatenate((column, np.zeros(max(count, len(column)), column.dtype))))
        for name, values in columns.items():
            getattr(self, name)[self.size : self.size + count] = values
        self.size += count
        return np.arange(self.size - count, self.size)

    def line(self, entry: int, root: int = 0) -> list[int]:
        """The entries from behind `root` to this one."""
        found = []
        while entry > root:
            found.append(entry)
            entry = int(self.before[entry])
        return found[::-1]

    def shared(self, entries: Integers) -> int:
        """The newest entry that all of these have behind them, or are."""
        open_ = set(entries.tolist())
        while len(open_) > 1:
            newest = max(open_)
            open_.discard(newest)
            open_.add(int(self.before[newest]))
        return int(open_.pop())

    def behind(self, entries: Integers, ancestor: int) -> Bools:
        """Which of the entries have this one behind them, or are it."""
        at = entries.copy()
        while (later := at > ancestor).any():
            at[later] = self.before[at[later]]
        return np.asarray(at == ancestor)

    def share(self, entry: int) -> float:
        """The share of an entry's word in what might have ended about then, each other word counted at its best."""
        about = (int(self.end[entry]) - ABOUT, int(self.end[entry]) + ABOUT + 1)
        first, last = np.searchsorted(self.end[: self.size], about).tolist()
        rivals = slice(max(1, first), last)
        other = (self.word[rivals] != self.word[entry]) & (self.start[rivals] < self.end[entry])
        best: dict[int, float] = {}
        for word, total in zip(self.word[rivals][other].tolist(), self.total[rivals][other].tolist(), strict=True):
            best[word] = max(best.get(word, total), total)
        own = float(self.total[entry])
        return 1.0 / (1.0 + sum(exp(HEAT * (total - own)) for total in best.values()))

    def since(self, frame: int, root: int) -> Integers:
        """The entries behind the root whose words ended since then."""
        recent = np.arange(int(np.searchsorted(self.end[: self.size], frame)), self.size)
        return recent[self.behind(recent, root)]

    def cleared(self, root: int, entries: Integers) -> Integers:
        """Forgets all but the root, which becomes entry 0, and what lies between it and these; their new numbers."""
        keep = np.zeros(self.size, np.bool_)
        keep[root] = True
        at = np.unique(entries)
        while len(at):
            at = at[~keep[at]]
            keep[at] = True
            at = np.unique(self.before[at])
        old = np.flatnonzero(keep)
        new = np.cumsum(keep) - 1
        for name in self.COLUMNS:
            column = getattr(self, name)
            column[: len(old)] = new[column[old]] if name == "before" else column[old]
        self.before[0] = 0
        self.size = len(old)
        return np.asarray(new[entries])
