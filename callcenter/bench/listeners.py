"""What `bench ears` can measure: a network with the search behind it, streamed turn by turn; and the search alone.

`Streamed` is how a model plugs in: a network takes a turn of audio and gives ten frames of phones. `Knowing` has no
network: it is told the text, feigns what a good network would give for it, and so shows what search, lexicon and
language lose by themselves.
"""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from callcenter.audio import decode, encode
from callcenter.bench.ears import Ears, Hearing, Spoken
from callcenter.model.checkpoint import load, shipped
from callcenter.model.config import LATE
from callcenter.model.ear import Ear
from callcenter.model.frontend import CARRY, levels
from callcenter.model.lexicon import Words, tokens
from callcenter.model.phones import LABEL, PHONES
from callcenter.model.search import Search
from callcenter.model.vocabulary import Vocabulary
from callcenter.train.feigned import heard, lasting
from callcenter.train.tune_ears import transcribed
from callcenter.units import SILENT_BYTE, TURN
from callcenter.voices.pronouncing import reader

Floats = NDArray[np.float32]


class Network(Protocol):
    """Hears one call: a turn of 1,600 samples to ten frames of logarithms, 40 phones wide."""

    def turn(self, pcm: NDArray[np.int16]) -> Floats: ...


class Listening:
    """The ears of one call: turns go in, the words that became certain with them come out."""

    def __init__(self, network: Network, vocabulary: Vocabulary, priors: Floats) -> None:
        self._network, self._search = network, Search(vocabulary, priors)

    def expect(self, words: Iterable[str]) -> None:
        self._search.expect(words)

    def turn(self, pcm: NDArray[np.int16]) -> tuple[str, ...]:
        return tuple(word.text for word in self._search.push(self._network.turn(pcm)).certain)

    def settle(self) -> tuple[str, ...]:
        return tuple(word.text for word in self._search.settle().certain)

    def close(self) -> tuple[str, ...]:
        return tuple(word.text for word in self._search.close().certain)


class Streamed:
    """A fresh network and a fresh search for every utterance. `late`: frames by which the network answers late."""

    def __init__(self, network: Callable[[], Network], vocabulary: Vocabulary, priors: Floats, late: int = 0) -> None:
        self._network, self._vocabulary, self._priors = network, vocabulary, priors
        self._late = late * LABEL

    def listening(self) -> Listening:
        return Listening(self._network(), self._vocabulary, self._priors)

    def hear(self, audio: bytes, expects: frozenset[str] = frozenset()) -> str:
        pcm = decode(audio)
        pcm = np.pad(pcm, (0, self._late + (-len(pcm) - self._late) % TURN))
        ears = self.listening()
        ears.expect(expects)
        words = [word for turn in pcm.reshape(-1, TURN) for word in ears.turn(turn)]
        return " ".join((*words, *ears.close()))


class Knowing:
    """Knows the phones espeak-ng would say, and hears them about as well as a network."""

    def __init__(self, spoken: Sequence[Spoken], vocabulary: Vocabulary, accent: str = "en-us") -> None:
        self._vocabulary = vocabulary
        self._priors = np.full(len(PHONES), 1 / len(PHONES), np.float32)
        with reader(accent) as read:
            self._sounds = {one.audio: read(" ".join(tokens(one.text))) for one in spoken}

    def hear(self, audio: bytes, expects: frozenset[str] = frozenset()) -> str:
        chance = np.random.default_rng(len(audio))
        logs = heard(chance, lasting(chance, self._sounds[audio]))
        search = Search(self._vocabulary, self._priors)
        search.expect(expects)
        return transcribed(search, logs)


def knowing(spoken: Sequence[Spoken]) -> Hearing:
    return Knowing(spoken, Vocabulary.shipped())


class Taught:
    """The model's own ear, a turn at a time."""

    def __init__(self, ear: Ear) -> None:
        self._ear = ear
        self._past = ear.silence(1)
        self._carry = torch.full((1, CARRY), SILENT_BYTE, dtype=torch.uint8)

    def turn(self, pcm: NDArray[np.int16]) -> Floats:
        audio = torch.frombuffer(bytearray(encode(pcm)), dtype=torch.uint8)[None]
        with torch.inference_mode():
            states, self._past = self._ear(levels(audio, self._carry), self._past)
            said = self._ear.phones(states).log_softmax(-1)[0].numpy()
        self._carry = audio[:, -CARRY:]
        return np.asarray(said, np.float32)


def own(besides: Words | None = None, favoured: Iterable[str] = ()) -> Streamed:
    """The model that is served by default, or the one that is set; on one thread, as in a call. `besides`: words that
    a company's flows and records have taught it; `favoured`: those of what it sells."""
    torch.set_num_threads(1)
    path = os.environ.get("CALLCENTER_MODEL", "")
    model = load(Path(path)) if path else shipped()
    vocabulary = Vocabulary.shipped(own=besides).favouring(favoured)
    return Streamed(lambda: Taught(model.network.ear), vocabulary, model.priors, LATE)


def served(spoken: Sequence[Spoken]) -> Hearing:
    return own()


EARS: Mapping[str, Ears] = {"model": served, "search": knowing}
"""By the name they are chosen by."""
