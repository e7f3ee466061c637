"""The torch side of the engine: a network's rows and, for each, the search that makes words of its phones.

It knows no clock and no thread. On a GPU the rows are stepped together, as one recorded sequence of kernels, on a CPU
one after the other.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from callcenter.model.config import LATE
from callcenter.model.network import Network
from callcenter.model.phones import LABEL
from callcenter.model.search import Search, Word
from callcenter.model.streaming import Heard, Rows, Said
from callcenter.model.together import Together
from callcenter.model.vocabulary import Vocabulary

RECORDED: Final = 64
"""Rows of the largest batch that a GPU is prepared for."""


@dataclass(frozen=True)
class Answer:
    """What the network says of a turn, the words that became certain, and those that may yet change."""

    said: Said
    words: tuple[Word, ...]
    partial: tuple[Word, ...]
    ending: tuple[Word, ...] = ()
    """What is told instead of the partial ones if the caller is taken to have ended: see `Runner.settle`."""


class Runner:
    def __init__(
        self,
        network: Network,
        rows: int,
        vocabulary: Vocabulary | None,
        priors: NDArray[np.float32],
        device: str = "cpu",
    ) -> None:
        """Without a vocabulary nothing is read from the phones."""
        self.rows = placed(network, rows, device)
        self.vocabulary = vocabulary
        """Of the calls that begin from now on; another may be put in its place."""
        self._priors = priors
        self._searches: dict[int, Search] = {}
        self.most = RECORDED if device.startswith("cuda") else 1
        """Turns that are best taken at once: a CPU answers each of many before it begins the next."""

    def reset(self, row: int) -> None:
        self.rows.reset(row)
        if self.vocabulary is not None:
            self._searches[row] = Search(self.vocabulary, self._priors)

    def expect(self, row: int, words: Collection[str]) -> None:
        """Words (or classes of words) that this caller is likely to say next."""
        if row in self._searches:
            self._searches[row].expect(words)

    def settle(self, row: int) -> None:
        """The words that the last answer had as `ending` were told: they are certain, and do not come again."""
        if row in self._searches:
            self._searches[row].settle()

    def step(self, turns: Sequence[Heard]) -> list[Answer]:
        return [self._answer(turn, said) for turn, said in zip(turns, self.rows.step(turns), strict=True)]

    def _answer(self, turn: Heard, said: Said) -> Answer:
        search = self._searches.get(turn.row)
        if search is None:
            return Answer(said, (), ())
        words = search.push(said.phones)
        return Answer(said, words.certain, words.partial, words.ending)


def placed(network: Network, rows: int, device: str) -> Rows | Together:
    """Places for so many calls; on a GPU, what their batches need is recorded before the first of them begins."""
    if not device.startswith("cuda"):
        return Rows(network, rows, device)
    together = Together(network, rows, device)
    together.ready(min(rows, RECORDED))
    return together


def ended(word: Word) -> int:
    """The sample of the call at which a word ended: the ear answers late."""
    return max(0, (word.end - LATE) * LABEL)
