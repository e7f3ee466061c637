"""How words sound: every word's pronunciations in phones, and the tree they make together.

The tree's nodes are numbered level by level with the children of a node side by side, so that a search needs no lists:
the children of `n` are `first[n]` to `first[n] + children[n] - 1`. Node 0 is where a word may begin and makes no sound;
node 1 is the silence before a word; both lead to the first phones of words.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from callcenter.model.phones import PHONES, SILENCE

Bytes = NDArray[np.uint8]
Integers = NDArray[np.int64]

SHIPPED = Path(__file__).parent / "shipped" / "lexicon.npz"
START, PAUSE = 0, 1
MUTE = len(PHONES)
"""The phone of node 0: no frame sounds like it."""

HUM = re.compile(r"\b(?:m+[- ]?hm+|mhm+|mm+-mm+|hm+)\b")
AGREED = re.compile(r"\b(?:uh|um)[- ]?hu[hm]\b")
WORD = re.compile(r"[a-z]+(?:'[a-z]+)*")

Pronunciation = tuple[int, ...]
Words = Mapping[str, Sequence[Pronunciation]]
"""How words sound."""


def tokens(text: str) -> list[str]:
    """The words of a text as ears know them: lower case, no punctuation, the humming of a listener in one spelling."""
    low = text.lower().replace("\u2019", "'")
    return WORD.findall(AGREED.sub("uhhuh", HUM.sub("mhm", low)))


@dataclass(frozen=True)
class Lexicon:
    """`sounds[i]` are the pronunciations of `words[i]`."""

    words: tuple[str, ...]
    sounds: tuple[tuple[Pronunciation, ...], ...] = field(repr=False)

    def number(self) -> dict[str, int]:
        return {word: index for index, word in enumerate(self.words)}

    def besides(self, own: Words) -> "Lexicon":
        """With words of somebody's own behind the others; a word that is there already can be said in further ways."""
        number = self.number()
        sounds = list(self.sounds)
        for word in own.keys() & number.keys():
            at = number[word]
            sounds[at] = chosen((*sounds[at], *own[word]), len(sounds[at]) + len(own[word]))
        new = [word for word in own if word not in number]
        return Lexicon((*self.words, *new), (*sounds, *(tuple(own[word]) for word in new)))

    def save(self, path: Path) -> None:
        flat = [sound for several in self.sounds for sound in several]
        np.savez_compressed(
            path,
            words=np.frombuffer("\n".join(self.words).encode(), np.uint8),
            variants=np.array([len(several) for several in self.sounds], np.uint8),
            lengths=np.array([len(sound) for sound in flat], np.uint8),
            phones=np.array([phone for sound in flat for phone in sound], np.uint8),
        )

    @classmethod
    def load(cls, path: Path = SHIPPED) -> "Lexicon":
        with np.load(path) as kept:
            words = tuple(kept["words"].tobytes().decode().split("\n"))
            phones = kept["phones"].tobytes()
            ends = np.cumsum(kept["lengths"], dtype=np.int64).tolist()
            flat = [tuple(phones[a:b]) for a, b in zip([0, *ends], ends, strict=False)]
            edges = np.cumsum(kept["variants"], dtype=np.int64).tolist()
        return cls(words, tuple(tuple(flat[a:b]) for a, b in zip([0, *edges], edges, strict=False)))


def chosen(variants: Iterable[Pronunciation], most: int) -> tuple[Pronunciation, ...]:
    """The first distinct ones that make a sound."""
    kept: list[Pronunciation] = []
    for variant in variants:
        bare = tuple(phone for phone in variant if phone != SILENCE)
        if bare and bare not in kept:
            kept.append(bare)
    return tuple(kept[:most])


@dataclass(frozen=True)
class Tree:
    """Arrays over nodes; `said[ends[n] : ends[n + 1]]` are the words that end at node n."""

    phone: Integers = field(repr=False)
    parent: Integers = field(repr=False)
    first: Integers = field(repr=False)
    children: Integers = field(repr=False)
    ends: Integers = field(repr=False)
    said: Integers = field(repr=False)
    levels: tuple[int, ...] = field(repr=False)
    """Where each level's nodes begin, the last one's end at the end."""

    def __len__(self) -> int:
        return len(self.phone)

    def best_below(self, worth: NDArray[np.float32]) -> NDArray[np.float32]:
        """For every node the greatest worth among the words that can still be reached; node 0 and 1 reach all."""
        best = np.full(len(self), -np.inf, np.float32)
        node = np.repeat(np.arange(len(self)), np.diff(self.ends))
        np.maximum.at(best, node, worth[self.said])
        for begin, end in zip(self.levels[-2:0:-1], self.levels[:1:-1], strict=True):
            np.maximum.at(best, self.parent[begin:end], best[begin:end])
        best[PAUSE] = best[START] = best.max()
        return best


def tree(sounds: Sequence[Sequence[Pronunciation]]) -> Tree:
    """The tree of all pronunciations: rows are sorted, and a new prefix is a new node."""
    pairs = sorted((tuple(sound), word) for word, several in enumerate(sounds) for sound in several)
    longest = max(len(sound) for sound, _ in pairs)
    rows = np.zeros((len(pairs), longest), np.int64)
    for index, (sound, _) in enumerate(pairs):
        rows[index, : len(sound)] = sound
    phone, parent, levels = [MUTE, SILENCE], [START, START], [2]
    above = np.zeros(len(pairs), np.int64)
    differs = np.zeros(len(pairs), np.bool_)
    last = np.zeros(len(pairs), np.int64)
    for level in range(longest):
        column = rows[:, level]
        differs |= np.concatenate(([True], column[1:] != column[:-1]))
        there = column != SILENCE
        new = differs & there
        node = np.cumsum(new) - 1 + levels[-1]
        phone += column[new].tolist()
        parent += above[new].tolist()
        above = np.where(there, node, above)
        last = np.where(there, node, last)
        levels.append(len(phone))
    return _linked(np.array(phone), np.array(parent), last, np.array([word for _, word in pairs]), tuple(levels))


def _linked(phone: Integers, parent: Integers, last: Integers, words: Integers, levels: tuple[int, ...]) -> Tree:
    children = np.bincount(parent[2:], minlength=len(phone))
    first = np.zeros(len(phone), np.int64)
    first[parent[:1:-1]] = np.arange(len(phone) - 1, 1, -1)
    first[PAUSE], children[PAUSE] = first[START], children[START]
    first[START], children[START] = PAUSE, children[START] + 1
    order = np.argsort(last, kind="stable")
    ends = np.concatenate(([0], np.cumsum(np.bincount(last, minlength=len(phone)))))
    return Tree(phone, parent, first, children, ends, words[order], levels)
