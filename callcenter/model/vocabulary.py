"""What the searches of all calls share: words, their tree, the language, how all is weighed, and what a step expects.

Nothing in it changes, but it remembers a few sets of expectations, each with the tree they make.
"""

from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from callcenter.model.language import Language
from callcenter.model.lexicon import PAUSE, START, Lexicon, Tree, Words, tree

Floats = NDArray[np.float32]

REMEMBERED = 64
"""Sets of expectations whose trees are kept."""


@dataclass(frozen=True, slots=True)
class Weights:
    """What `callcenter.train.tune_ears` tunes."""

    prior: float = 0.3
    acoustic: float = 0.6
    """Frames are not independent: their logarithms count for less."""
    floor: float = -10.0
    """The least logarithm a phone is given: no sure mistake of a frame or two may kill the right word."""
    language: float = 1.15
    word: float = -0.3
    """Added for every word."""
    stay: float = -0.3
    go: float = -1.0
    beam: float = 14.0
    end_beam: float = 10.5
    """Narrower, where words end: each end opens the whole tree again."""
    most: int = 600
    most_ends: int = 24
    late: int = 25
    """Frames after which a word of the best hypothesis is certain."""
    rest: int = 12
    """Frames of silence that make everything certain: half as many as make a word certain cost no word."""
    doubt: float = 4.0
    """How much worse than the best a hypothesis may be that is silent, where the speaker is taken to have ended."""
    over: float = -6.0
    """After so long a silence a sentence may be over: the least logarithm of that, for it may go on all the same."""
    quiet: float = 0.7
    """Probability of silence above which a frame is silent."""


LIFTED: Mapping[str, float] = {"oh": 2.0, "name": 2.0, "surname": 2.0, "called": 1.0}
"""By how much more than others words and classes are lifted where they are expected: an "oh" among digits is a zero and
in no class; of names there are many, and each is rare."""


FAVOURED: Final = 1.0
"""By how much the words of what a company sells are lifted in all that is said to it."""


class Vocabulary:
    """`number` is a word's number, `speaks` how many words end at a node."""

    def __init__(self, lexicon: Lexicon, language: Language, weights: Weights | None = None) -> None:
        if len(lexicon.words) != len(language.of):
            raise ValueError(f"lexicon of {len(lexicon.words)} words, language of {len(language.of)}: built apart")
        self.words, self.language, self.weights = lexicon.words, language, weights or Weights()
        self.number = lexicon.number()
        self.tree: Tree = tree(lexicon.sounds)
        self.speaks = np.diff(self.tree.ends)
        self.own: Words = {}
        """Words of somebody's own that are among them."""
        self.favoured: frozenset[str] = frozenset()
        """Those of them that are said more often than elsewhere."""
        self._expected: dict[tuple[frozenset[str], float], Ahead] = {}
        self.plain = self.ahead((), 0.0)

    def weighing(self, weights: Weights) -> "Vocabulary":
        """The same words, weighed otherwise."""
        return self._other(weights, self.favoured)

    def favouring(self, words: Iterable[str]) -> "Vocabulary":
        """The same words, some of them, if they are among them, a little likelier than elsewhere."""
        return self._other(self.weights, self.favoured.union(words))

    def _other(self, weights: Weights, favoured: frozenset[str]) -> "Vocabulary":
        other = copy(self)
        other.weights, other.favoured, other._expected = weights, favoured, {}
        other.plain = other.ahead((), 0.0)
        return other

    @classmethod
    def shipped(cls, weights: Weights | None = None, own: Words | None = None) -> "Vocabulary":
        """`own`: words besides, with how they sound."""
        lexicon, language = Lexicon.load(), Language.load()
        if own:
            known = len(lexicon.words)
            lexicon = lexicon.besides(own)
            language = language.besides(len(lexicon.words) - known)
        made = cls(lexicon, language, weights)
        made.own = dict(own or {})
        return made

    def besides(self, own: Words) -> "Vocabulary":
        """The shipped words with further ones of somebody's own; those that are there already sound as they did."""
        return Vocabulary.shipped(self.weights, {**own, **self.own}).favouring(self.favoured)

    def ahead(self, words: Iterable[str], weight: float) -> "Ahead":
        """The tree with some words expected. Names of classes (`digit`, `letter`, `month`) stand for their words."""
        key = (frozenset(words), weight)
        if key not in self._expected:
            if len(self._expected) >= REMEMBERED:
                self._expected.pop(next(iter(self._expected)))
            bonus = np.zeros(len(self.words), np.float32)
            bonus[[self.number[word] for word in self.favoured if word in self.number]] = FAVOURED
            for word in key[0]:
                named = self.language.members.get(word, (self.number[word],) if word in self.number else ())
                bonus[list(named)] = weight + LIFTED.get(word, 0.0)
            self._expected[key] = Ahead(self, bonus)
        return self._expected[key]


class Ahead:
    """How much of a word's likelihood is counted at each node, under expectations."""

    def __init__(self, vocabulary: Vocabulary, bonus: Floats) -> None:
        scale = np.float32(vocabulary.weights.language)
        self.bonus = bonus * scale
        self.counted = vocabulary.tree.best_below((vocabulary.language.alone * scale + self.bonus).astype(np.float32))
        self.counted[[START, PAUSE]] = 0.0
        self.step = (self.counted - self.counted[vocabulary.tree.parent]).astype(np.float32)
