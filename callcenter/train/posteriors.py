"""What the ear makes of sentences of the training side: for the priors, and to tune the search on real mistakes."""

from pathlib import Path
from random import Random
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from callcenter.model.config import LATE
from callcenter.model.ear import Ear
from callcenter.model.frontend import levels
from callcenter.model.phones import LABEL, PHONES, UNKNOWN
from callcenter.train.augment import Beds, coloured, on_the_line
from callcenter.train.cast import Cast
from callcenter.train.speech import Utterance
from callcenter.train.streams import babbling, clips_of, customers_of, stretch
from callcenter.train.tune_ears import Utterance as Sentence
from callcenter.units import TURN, samples

KINDS: Final = ("request", "reply", "figure", "number", "short", "spelled", "address", "stop")


def posteriors(ear: Ear, audio: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Logarithms [frames, 40] of a whole recording, late as the ear answers."""
    with torch.no_grad():
        states, _ = ear(levels(torch.from_numpy(audio)[None]), ear.silence(1))
        return np.asarray(ear.phones(states).log_softmax(-1)[0].numpy(), np.float32)


def priors(data: Path, pools: Path | None, count: int = 60) -> NDArray[np.float32]:
    """How often each phone is said in speech that is learnt from."""
    chance, cast = Random("priors"), Cast(customers_of(data), pools)
    cast.look()
    beds = Beds(5, clips_of(data), babbling(cast, chance))
    seen = np.ones(len(PHONES))
    for _ in range(count):
        _, labels = stretch(chance, cast.person(chance), beds)
        seen += np.bincount(labels[labels != UNKNOWN], minlength=len(PHONES))
    return np.asarray((seen / seen.sum()).astype(np.float32))


def sentences(ear: Ear, data: Path, pools: Path | None, count: int = 240) -> list[Sentence]:
    """Half of them synthetic, half from the pools, on lines like the suites'."""
    chance, cast = Random("sentences"), Cast(customers_of(data), pools, share=0.5, real=0.6)
    cast.look()
    beds = Beds(6, clips_of(data), babbling(cast, chance))
    found: list[Sentence] = []
    while len(found) < count:
        said = cast.person(chance).say(chance, chance.choice(KINDS))
        if said is not None and said.text and len(said):
            found.append(Sentence(posteriors(ear, spoken(chance, said, beds)), said.text))
    return found


def spoken(chance: Random, said: Utterance, beds: Beds) -> NDArray[np.uint8]:
    lead, tail = samples(chance.uniform(0.2, 0.8)), samples(chance.uniform(0.3, 0.8)) + LATE * LABEL
    sound = np.concatenate((np.zeros(lead), said.pcm, np.zeros(tail))).astype(np.float32)
    sound = np.pad(sound, (0, -len(sound) % TURN))
    return on_the_line(chance, coloured(chance, sound), beds, chance.gauss(0, 3), chance.uniform(15, 30))
