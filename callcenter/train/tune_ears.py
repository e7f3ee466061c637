"""Finds the search's weights: `python -m callcenter.train.tune_ears FILE.npz`.

The file holds what a network gave for sentences of the training side: `logs` (all frames under each other, 40 columns
of logarithms), `lengths` (frames of each sentence), `texts`, and `priors`. One weight after another is moved up and
down as long as that makes fewer errors; `SLOW` is the price of a millisecond of search a turn: the beam stays narrow.
"""

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from callcenter.measures.words import WordErrors, word_errors
from callcenter.model.search import LOOK, Search
from callcenter.model.vocabulary import Vocabulary, Weights

Floats = NDArray[np.float32]

MOVES = {
    "acoustic": 0.1, "floor": 2.0, "language": 0.15, "word": 0.5, "prior": 0.15, "go": 0.3, "stay": 0.2, "beam": 1.5,
    "end_beam": 1.5, "most": 100, "most_ends": 6, "late": 5,
}  # fmt: skip
SLOW = 0.002
ROUNDS = 2


@dataclass(frozen=True)
class Utterance:
    logs: Floats = field(repr=False)
    text: str


@dataclass(frozen=True, slots=True)
class Trial:
    weights: Weights
    wrong: WordErrors
    turn_ms: float

    @property
    def cost(self) -> float:
        return (self.wrong.rate or 0.0) + SLOW * self.turn_ms


def read(path: Path) -> tuple[list[Utterance], Floats]:
    with np.load(path) as kept:
        ends = np.cumsum(kept["lengths"]).tolist()
        logs = np.asarray(kept["logs"], np.float32)
        texts = [str(text) for text in kept["texts"]]
        priors = np.asarray(kept["priors"], np.float32)
    return [Utterance(logs[a:b], text) for a, b, text in zip([0, *ends], ends, texts, strict=False)], priors


def write(path: Path, utterances: Sequence[Utterance], priors: Floats) -> None:
    np.savez(
        path,
        logs=np.concatenate([one.logs for one in utterances]).astype(np.float16),
        lengths=np.array([len(one.logs) for one in utterances]),
        texts=np.array([one.text for one in utterances]),
        priors=priors,
    )


def transcribed(search: Search, logs: Floats) -> str:
    """A sentence as it would come in a call: a turn at a time."""
    words = [word for at in range(0, len(logs), LOOK) for word in search.push(logs[at : at + LOOK]).certain]
    return " ".join(word.text for word in (*words, *search.close().certain))


def tried(vocabulary: Vocabulary, utterances: Sequence[Utterance], priors: Floats) -> Trial:
    began, wrong = time.process_time(), []
    for one in utterances:
        wrong.append(word_errors(one.text, transcribed(Search(vocabulary, priors), one.logs)))
    turns = sum(-(-len(one.logs) // LOOK) for one in utterances)
    return Trial(vocabulary.weights, summed(wrong), 1000 * (time.process_time() - began) / max(1, turns))


def summed(errors: Sequence[WordErrors]) -> WordErrors:
    kinds = ("words", "substituted", "deleted", "inserted")
    return WordErrors(*(sum(getattr(one, kind) for one in errors) for kind in kinds))


def tune(
    vocabulary: Vocabulary,
    utterances: Sequence[Utterance],
    priors: Floats,
    rounds: int = ROUNDS,
    tell: Callable[[Trial], None] = lambda trial: None,
) -> Trial:
    """The best weights found from those the vocabulary has."""
    best = tried(vocabulary, utterances, priors)
    tell(best)
    for _ in range(rounds):
        before = best
        for name, move in MOVES.items():
            for way in (move, -move):
                while True:
                    moved = replace(best.weights, **{name: getattr(best.weights, name) + way})
                    if not sensible(moved):
                        break
                    trial = tried(vocabulary.weighing(moved), utterances, priors)
                    if trial.cost >= best.cost:
                        break
                    best = trial
                    tell(best)
        if best is before:
            break
    return best


def sensible(weights: Weights) -> bool:
    return min(
        weights.acoustic, weights.language, weights.beam, weights.end_beam, weights.most, weights.most_ends
    ) > 0 and (weights.late >= LOOK)


def main(arguments: Sequence[str]) -> int:
    if len(arguments) != 1 or not Path(arguments[0]).is_file():
        print("usage: python -m callcenter.train.tune_ears FILE.npz (see the module's text)")
        return 2
    utterances, priors = read(Path(arguments[0]))
    best = tune(
        Vocabulary.shipped(),
        utterances,
        priors,
        tell=lambda t: print(f"{t.cost:.4f} {t.wrong} {t.turn_ms:.2f} ms {t.weights}"),
    )
    print(best.weights)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
