"""What a caller is likely to say next: an interpolated trigram over classes of words.

Most words are a class of their own; digits, letters, names, months and the like share one, so that every string of
digits is as likely as any other. Interpolated, n-grams that were cut away fall through to the shorter context, and all
that may follow a context still sums to one. A context is a pair of numbers (`Past`); everything takes and gives arrays.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]

SHIPPED = Path(__file__).parent / "shipped" / "language.npz"
STEP = 16.0
"""Steps of a stored logarithm: 255 of them reach -15.9."""

NEVER = -20.0

OWN = "own words"
OWN_EACH, OWN_ALL = -7.5, -3.0
"""The logarithm of a word of somebody's own, as of one that is said now and then, and the most that all of them get."""


class Past(NamedTuple):
    """Contexts: the last word's class, and the number of the last two together (-1: never seen together)."""

    last: Integers
    pair: Integers


@dataclass(frozen=True)
class Language:
    """`worth` is a word's logarithm within its class. Pairs are sorted by `last * classes + next`, triples by
    `pair * classes + next`; `rest` is what a context leaves to the shorter one.
    """

    worth: Floats = field(repr=False)
    of: Integers = field(repr=False)
    """The class of each word."""
    single: Floats = field(repr=False)
    """One more than there are classes: the last is the end; as a context it is the start."""
    single_rest: Floats = field(repr=False)
    pairs: Integers = field(repr=False)
    pair: Floats = field(repr=False)
    pair_rest: Floats = field(repr=False)
    triples: Integers = field(repr=False)
    triple: Floats = field(repr=False)
    members: Mapping[str, Sequence[int]] = field(default_factory=dict, repr=False)
    """The words of the named classes."""

    @property
    def classes(self) -> int:
        return len(self.single)

    @property
    def start(self) -> tuple[int, int]:
        return self.classes - 1, -1

    @cached_property
    def alone(self) -> Floats:
        """Each word's logarithm without context."""
        return np.asarray(self.single[self.of] + self.worth, np.float32)

    def score(self, past: Past, words: Integers) -> tuple[Floats, Past]:
        """The logarithm of each word after its own past, and the past that then is."""
        following = self.of[words]
        found, after = self._after(past, following)
        return found + self.worth[words], Past(following, after)

    def end(self, past: Past) -> Floats:
        """The logarithm of nothing more to come."""
        return self._after(past, np.full(len(past.last), self.classes - 1))[0]

    def _after(self, past: Past, following: Integers) -> tuple[Floats, Integers]:
        at, there = sought(self.pairs, past.last * self.classes + following)
        two = np.where(there, self.pair[at], self.single_rest[past.last] + self.single[following])
        place, seen = sought(self.triples, past.pair * self.classes + following)
        known = past.pair >= 0
        longer = np.where(seen & known, self.triple[place], self.pair_rest[past.pair] + two)
        return np.where(known, longer, two).astype(np.float32), np.where(there, at, -1)

    def besides(self, count: int) -> "Language":
        """With so many words of somebody's own behind the others, in a class that nothing is known to go before."""
        edge = self.classes - 1
        share = min(OWN_EACH + float(np.log(max(count, 1))), OWN_ALL)

        def moved(classes: Integers) -> Integers:
            return np.where(classes == edge, edge + 1, classes)

        def grown(values: Floats, value: float) -> Floats:
            return np.insert(values, edge, np.float32(value))

        before, after = self.pairs // self.classes, self.pairs % self.classes
        place, last = self.triples // self.classes, self.triples % self.classes
        return replace(
            self,
            worth=np.append(self.worth, np.full(count, -np.log(max(count, 1)), np.float32)),
            of=np.append(self.of, np.full(count, edge)),
            single=grown(self.single, share),
            single_rest=grown(self.single_rest, 0.0),
            pairs=moved(before) * (self.classes + 1) + moved(after),
            triples=place * (self.classes + 1) + moved(last),
            members={**self.members, OWN: tuple(range(len(self.of), len(self.of) + count))},
        )

    def save(self, path: Path) -> None:
        classes = self.classes
        np.savez_compressed(
            path,
            of=self.of.astype(np.uint16),
            worth=packed(self.worth),
            single=packed(self.single),
            single_rest=packed(self.single_rest),
            pair_counts=np.bincount(self.pairs // classes, minlength=classes).astype(np.uint16),
            pair_next=(self.pairs % classes).astype(np.uint16),
            pair=packed(self.pair),
            pair_rest=packed(self.pair_rest),
            triple_counts=np.bincount(self.triples // classes, minlength=len(self.pairs)).astype(np.uint16),
            triple_next=(self.triples % classes).astype(np.uint16),
            triple=packed(self.triple),
            names=np.array(list(self.members), "U16"),
            sizes=np.array([len(words) for words in self.members.values()], np.uint16),
            named=np.array([word for words in self.members.values() for word in words], np.uint16),
        )

    @classmethod
    def load(cls, path: Path = SHIPPED) -> "Language":
        with np.load(path) as kept:
            classes = len(kept["single"])
            ends = np.cumsum(kept["sizes"], dtype=np.int64)[:-1]
            named = (tuple(words.tolist()) for words in np.split(kept["named"], ends))
            return cls(
                unpacked(kept["worth"]),
                kept["of"].astype(np.int64),
                unpacked(kept["single"]),
                unpacked(kept["single_rest"]),
                keys(kept["pair_counts"], kept["pair_next"], classes),
                unpacked(kept["pair"]),
                unpacked(kept["pair_rest"]),
                keys(kept["triple_counts"], kept["triple_next"], classes),
                unpacked(kept["triple"]),
                dict(zip((str(name) for name in kept["names"]), named, strict=False)),
            )


def sought(keys: Integers, wanted: Integers) -> tuple[Integers, NDArray[np.bool_]]:
    """Where each key stands, and whether it does."""
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return at, keys[at] == wanted


def keys(counts: NDArray[np.uint16], following: NDArray[np.uint16], classes: int) -> Integers:
    return np.repeat(np.arange(len(counts), dtype=np.int64), counts) * classes + following


def packed(logs: Floats) -> NDArray[np.uint8]:
    return np.asarray(np.clip(np.rint(-logs * STEP), 0, 255), np.uint8)


def unpacked(kept: NDArray[np.uint8]) -> Floats:
    return (kept.astype(np.float32) / np.float32(-STEP)).astype(np.float32)
