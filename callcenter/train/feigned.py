"""Posteriors as a network might give them, for developing the search before there is one, and for its tests.

A sentence becomes phones as espeak-ng says them, each lasts as long as such phones do, and a feigned network hears it:
it takes some phones for similar ones, is unsure at the borders, and errs more in some frames than in others.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from callcenter.model.lexicon import Lexicon, Pronunciation
from callcenter.model.phones import NUMBER, PHONES, SILENCE

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]

ALIKE = (
    "P T K", "B D G", "P B", "T D", "K G", "F TH", "V DH", "F V", "S Z", "SH ZH", "CH JH", "SH CH", "S TH", "S SH F",
    "Z DH", "M N NG", "L W", "R W", "R ER", "L OW AO", "IY IH", "IH EH", "EH AE", "AE AA", "AA AO AH", "AH UH",
    "UH UW", "EY EH IY", "AY AA", "AW AE", "OW AO UH", "OY AO", "Y IY", "HH sil", "IH AH", "AH ER", "EH AH", "DH D",
    "T sil", "V B",
)  # fmt: skip
"""Sets of phones that a telephone makes alike."""

VOWELS = frozenset(NUMBER[name] for name in PHONES if name[0] in "AEIOU")


@dataclass(frozen=True, slots=True)
class Hearing:
    """How well the feigned network hears. `mistaken`: share of phones taken for others altogether."""

    mistaken: float = 0.12
    noise: float = 1.3
    contrast: float = 4.5
    smear: float = 0.25


@cache
def likeness() -> Floats:
    """How alike two phones are: 1 for a phone and itself, .55 for neighbours, 0 for most."""
    table = np.eye(len(PHONES), dtype=np.float32)
    for group in ALIKE:
        numbers = [NUMBER[name] for name in group.split()]
        table[np.ix_(numbers, numbers)] = np.maximum(table[np.ix_(numbers, numbers)], 0.55)
    np.fill_diagonal(table, 1.0)
    return table


def lasting(chance: np.random.Generator, sounds: Sequence[Pronunciation], pauses: float = 0.06) -> Integers:
    """Frames of phones for words one after another, with silence before, after and sometimes between."""
    frames = [SILENCE] * int(chance.integers(10, 30))
    speed = chance.uniform(0.8, 1.25)
    for sound in sounds:
        for phone in sound:
            mean = (4.2 if phone in VOWELS else 3.2) * speed
            frames += [phone] * max(2, round(float(chance.gamma(8.0, mean / 8.0))))
        if chance.random() < pauses:
            frames += [SILENCE] * int(chance.integers(3, 25))
    return np.array(frames + [SILENCE] * int(chance.integers(50, 70)), np.int64)


def heard(chance: np.random.Generator, frames: Integers, hearing: Hearing | None = None) -> Floats:
    """Logarithms of probabilities for frames of phones."""
    hearing = hearing or Hearing()
    table = likeness()
    edges = np.flatnonzero(np.diff(frames, prepend=-1))
    taken = frames.copy()
    for begin, end in zip(edges, [*edges[1:], len(frames)], strict=True):
        if frames[begin] != SILENCE and chance.random() < hearing.mistaken:
            odds = table[frames[begin]] + 0.01
            odds[frames[begin]] = 0
            taken[begin:end] = chance.choice(len(PHONES), p=odds / odds.sum())
    clear = 0.65 * table[taken] + 0.35 * table[frames]
    beside = 0.5 * (np.roll(clear, 1, axis=0) + np.roll(clear, -1, axis=0))
    logits = hearing.contrast * ((1 - hearing.smear) * clear + hearing.smear * beside) * 1.6
    logits = logits + chance.normal(0, hearing.noise, logits.shape)
    logits -= logits.max(axis=1, keepdims=True)
    return np.asarray(logits - np.log(np.exp(logits).sum(axis=1, keepdims=True)), np.float32)


def by_lexicon(chance: np.random.Generator, lexicon: Lexicon, words: Sequence[str]) -> list[Pronunciation]:
    """Words as the lexicon says them, a variant each."""
    number = lexicon.number()
    return [several[int(chance.integers(len(several)))] for several in (lexicon.sounds[number[word]] for word in words)]
