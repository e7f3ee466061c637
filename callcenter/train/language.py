"""Counts the language model: Kneser and Ney's interpolated trigram over classes, cut to what was seen often enough.

`python -m callcenter.train.language DATA` makes both files that ears are shipped with: the lexicon and this.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from string import ascii_lowercase

import numpy as np
from numpy.typing import NDArray

from callcenter.callers.lines import DAYS, DIGITS, MONTHS, TENS
from callcenter.model import language as model
from callcenter.model import lexicon
from callcenter.model.language import Floats, Integers, Language, packed, sought, unpacked
from callcenter.train import lexicon as sounds
from callcenter.train import wordings
from callcenter.train.names import COMMON_WORDS, FAMILY, GIVEN, TOWNS

SEED = 7
UNKNOWN = -1
EVEN = 0.6
"""Share of a class's likelihood that all its words have alike; the rest goes by their counts."""

CLASSES: Mapping[str, Sequence[str]] = {
    "digit": DIGITS,
    "letter": [letter for letter in ascii_lowercase if letter not in "ai"],
    "month": [month for month in MONTHS if month not in ("march", "may")],
    "day": DAYS,
    "tens": TENS,
    "teen": ("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
    "ordinal": (
        "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh", "twelfth", "thirteenth",
        "fourteenth", "fifteenth", "sixteenth", "seventeenth", "eighteenth", "nineteenth", "twentieth", "thirtieth",
    ),
    "name": sorted(set(GIVEN) - set(FAMILY) - COMMON_WORDS),
    "surname": sorted(set(FAMILY) - set(GIVEN) - COMMON_WORDS),
    "place": TOWNS,
}  # fmt: skip
"""Words that mean nothing else."""

BESIDES: Mapping[str, Sequence[str]] = {
    "called": sorted({*GIVEN, *FAMILY} - set(CLASSES["name"]) - set(CLASSES["surname"])),
}
"""Groups that are no classes, for their words mean something else too, but may be expected: James, Young, Grace."""


def build(
    words: Sequence[str],
    sentences: Sequence[Sequence[str]],
    least_pair: int = 1,
    least_triple: int = 1,
    classes: Mapping[str, Sequence[str]] = CLASSES,
    besides: Mapping[str, Sequence[str]] = BESIDES,
) -> Language:
    """The language of the sentences; words not in the list are known to be there, and never expected."""
    number = {word: index for index, word in enumerate(words)}
    members = {name: [number[w] for w in several if w in number] for name, several in {**classes, **besides}.items()}
    of = _classes(len(words), [members[name] for name in classes])
    counts = np.bincount([number[w] for s in sentences for w in s if w in number], minlength=len(words))
    told = [[number.get(word, UNKNOWN) for word in sentence] for sentence in sentences]
    return _estimated(_worth(of, counts), of, told, (least_pair, least_triple), members)


def _classes(words: int, groups: Sequence[Sequence[int]]) -> Integers:
    of = np.full(words, -1, np.int64)
    for index, group in enumerate(groups):
        of[list(group)] = index
    alone = of < 0
    of[alone] = len(groups) + np.arange(int(alone.sum()))
    return of


def _worth(of: Integers, counts: Integers) -> Floats:
    """How likely each word is within its class."""
    seen = counts + 1e-9
    share = (1 - EVEN) * seen / np.bincount(of, weights=seen)[of] + EVEN / np.bincount(of)[of]
    return np.asarray(np.log(share), np.float32)


def _estimated(
    worth: Floats,
    of: Integers,
    told: Sequence[Sequence[int]],
    least: tuple[int, int],
    members: Mapping[str, Sequence[int]],
) -> Language:
    size = int(of.max()) + 2
    runs, counts = _triples(told, np.append(of, UNKNOWN), size - 1)
    middle, times = np.unique(runs[:, 1:], axis=0, return_counts=True)
    starting = runs[:, 1] == size - 1
    times = np.where(middle[:, 0] == size - 1, _tally(runs[starting, 1:], counts[starting], middle), times)
    heard = _tally(runs[:, 1:], counts, middle)
    one = _single(middle, size)
    pairs = _Level(middle[:, 0], middle[:, 1], times, size, heard >= least[0])
    two = pairs.share + pairs.rest[pairs.context] * one[pairs.following]
    keys = pairs.context * size + pairs.following
    at, there = sought(keys, runs[:, 0] * size + runs[:, 1])
    there &= (runs[:, 0] != UNKNOWN) & (runs[:, 1] != UNKNOWN)
    longer = _Level(at[there], runs[there, 2], counts[there], len(keys), counts[there] >= least[1])
    last = keys[longer.context] % size
    short, known = sought(keys, last * size + longer.following)
    lower = np.where(known, two[short], pairs.rest[last] * one[longer.following])
    three = longer.share + longer.rest[longer.context] * lower
    logs = [_stored(np.asarray(p, np.float64)) for p in (one, pairs.rest, two, longer.rest, three)]
    triples = longer.context * size + longer.following
    return Language(unpacked(packed(worth)), of, logs[0], logs[1], keys, logs[2], logs[3], triples, logs[4], members)


def _stored(share: NDArray[np.float64]) -> Floats:
    """As it comes back from a file."""
    return unpacked(packed(np.log(np.maximum(share, 1e-9)).astype(np.float32)))


def _triples(told: Sequence[Sequence[int]], of: Integers, edge: int) -> tuple[Integers, Integers]:
    """Every run of three classes and how often it is there. A sentence stands between edges, two before it."""
    flat = np.array([of[-1], *(n for s in told for n in (edge, edge, *(of[list(s)].tolist()), edge))], np.int64)
    runs = np.stack((flat[:-2], flat[1:-1], flat[2:]), axis=1)
    inside = ~((runs[:, 1] == edge) & ((runs[:, 0] != edge) | (runs[:, 2] == edge)))
    return np.unique(runs[inside], axis=0, return_counts=True)


def _tally(rows: Integers, counts: Integers, among: Integers) -> Integers:
    """The counts summed over equal rows, for each of the rows among which they are."""
    base = int(among.max()) + 2
    where = np.searchsorted((among[:, 0] + 1) * base + among[:, 1], (rows[:, 0] + 1) * base + rows[:, 1])
    return np.bincount(where, weights=counts, minlength=len(among)).astype(np.int64)


def _single(middle: Integers, size: int) -> NDArray[np.float64]:
    """By how many different words were seen before each."""
    before = np.bincount(middle[middle[:, 1] >= 0, 1], minlength=size)
    cut = discount(before)
    freed = cut * (before > 0).sum() / before.sum()
    return np.asarray(np.maximum(before - cut, 0) / before.sum() + freed / size)


class _Level:
    """One length of n-gram: what each kept one has of its own, and what each context leaves."""

    def __init__(
        self, context: Integers, following: Integers, counts: Integers, contexts: int, kept: NDArray[np.bool_]
    ) -> None:
        real = (context >= 0) & (following >= 0)
        cut = discount(counts[real])
        total = np.bincount(context[real], weights=counts[real], minlength=contexts)
        kept = kept & real
        order = np.lexsort((following[kept], context[kept]))
        self.context, self.following = context[kept][order], following[kept][order]
        self.share = (counts[kept][order] - cut) / total[self.context]
        self.rest = 1.0 - np.bincount(self.context, weights=self.share, minlength=contexts)


def discount(counts: Integers) -> float:
    """What is taken from every count for what was never seen (Ney's)."""
    once, twice = int((counts == 1).sum()), int((counts == 2).sum())
    return once / (once + 2 * twice) if once and twice else 0.5


def main(arguments: Sequence[str]) -> int:
    if len(arguments) != 1 or not (data := Path(arguments[0])).is_dir():
        print("usage: python -m callcenter.train.language DATA")
        return 2
    sentences = wordings.sentences(data, Random(SEED))
    told = sounds.build(sentences, [*wordings.grammar_words(), *wordings.agents_words(data)])
    told.save(lexicon.SHIPPED)
    language = build(told.words, sentences)
    language.save(model.SHIPPED)
    print(f"{len(told.words)} words, {sum(map(len, told.sounds))} pronunciations; {len(sentences)} sentences")
    print(f"{language.classes} classes, {len(language.pairs)} pairs, {len(language.triples)} triples")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
