"""Dense speech for the ear: eight seconds of one person on one line, with the phone of every 20 ms."""

import multiprocessing as mp
from multiprocessing.synchronize import Event
from pathlib import Path
from random import Random
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from callcenter.callers import noises
from callcenter.callers.clips import ClipError, Clips
from callcenter.callers.lines import customers
from callcenter.callers.takes import Take
from callcenter.model.phones import LABEL, SILENCE
from callcenter.train.augment import Beds, Floats, coloured, line, lossy, on_the_line, swallowed
from callcenter.train.cast import Cast, Person
from callcenter.units import RATE, samples

SECONDS: Final = 8
KINDS: Final = {
    "request": 6, "reply": 5, "number": 4, "figure": 6, "spelled": 2, "short": 3, "story": 2, "halting": 2, "hum": 1,
    "address": 1, "stop": 2, "correction": 1, "hold": 1, "mind": 1,
}  # fmt: skip

Stretch = tuple[NDArray[np.uint8], NDArray[np.uint8]]
"""Mu-law and labels."""


def stretch(chance: Random, person: Person, beds: Beds, other: Person | None = None) -> Stretch:
    """`other`: somebody far behind, who is not listened to: silence is what that is labelled."""
    count = SECONDS * RATE
    sound = np.zeros(count, np.float32)
    labels = np.full(count // LABEL, SILENCE, np.uint8)
    at = samples(chance.uniform(-1.0, 0.6))
    for _ in range(40):
        if at >= count:
            break
        (kind,) = chance.choices(list(KINDS), list(KINDS.values()))
        said = person.say(chance, kind)
        if said is None or not len(said):
            continue
        first, last = max(0, at), min(count, at + len(said.pcm))
        if first < last:
            sound[first:last] += said.pcm[first - at : last - at]
            frames = slice(-(-first // LABEL), min(len(labels), -(-(at + len(said)) // LABEL)))
            if frames.start < frames.stop:
                labels[frames] = said.labels(frames.start * LABEL - at, frames.stop - frames.start)
        at += len(said) + samples(chance.choice((chance.uniform(0.05, 0.3), chance.uniform(0.1, 1.0))))
    swallowed(chance, sound, labels)
    if other is not None:
        behind(chance, sound, other)
    level_db, snr_db = line(chance)
    audio = on_the_line(chance, coloured(chance, sound), beds, level_db, snr_db)
    return lossy(chance, audio, 0.02 if chance.random() < 0.5 else 0.0), labels


def behind(chance: Random, sound: Floats, other: Person) -> None:
    """Adds a voice from across the room that talks on."""
    gain = np.float32(chance.uniform(0.04, 0.2))
    at = samples(chance.uniform(-1.0, 2.0))
    while at < len(sound):
        said = other.say(chance, chance.choice(("television", "television", "request", "story")))
        if said is None:
            return
        far = noises.distant(Take(said.pcm, said.text), np.random.default_rng(chance.getrandbits(32))).pcm
        first, last = max(0, at), min(len(sound), at + len(far))
        if first < last:
            sound[first:last] += far[first - at : last - at] * gain
        at += len(far) + samples(chance.uniform(0.2, 3.0))


def customers_of(data: Path) -> tuple[str, ...]:
    return customers(data, False)


def babbling(cast: Cast, chance: Random) -> list[Any]:
    spoken = [cast.person(chance).say(chance, "story") for _ in range(14)]
    return [said.pcm for said in spoken if said is not None]


def clips_of(data: Path) -> Clips | None:
    try:
        return Clips(data, evaluation=False)
    except ClipError:
        return None


def wanted(stop: Event) -> bool:
    """Whether a process that makes examples is to go on: until it is told to stop, or whoever began it is gone."""
    return not stop.is_set() and begun_by_somebody()


def begun_by_somebody() -> bool:
    """Whether who began this process is still there: where training was killed, nobody else ends it."""
    parent = mp.parent_process()
    return parent is None or parent.is_alive()
