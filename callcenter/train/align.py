"""Real people join: the model finds by itself when each phone of a known text was said, and learns from that.

A text is its words' pronunciations with perhaps a silence between any two; the best path through the ear's answers
tells the times. Repeated with a better ear it gets better. What has no text is kept without phones: it still tells how
people pause, breathe and end. The result is a pool (`callcenter.train.cast`): `{speaker: {kind: [Utterance]}}`.
"""

import pickle
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from callcenter.appearing import appearing
from callcenter.audio import encode
from callcenter.callers.clips import Clip, Clips
from callcenter.callers.takes import from_recording
from callcenter.model.config import LATE
from callcenter.model.ear import Ear
from callcenter.model.frontend import levels
from callcenter.model.phones import LABEL, SILENCE, UNKNOWN
from callcenter.train.files import taught_ear
from callcenter.train.speech import Chorus, Utterance
from callcenter.voices import Word

READ: Final = ("speechocean", "librispeech")
STORY: Final = 8.0
"""Seconds from which a recording with breaks in it is a story."""

SURE: Final = 0.8
GUESSED: Final = ("librispeech_many",)

WORST: Final = -4.0
"""A path with less than this per frame on average is no alignment: the text is not what was said."""


def scores(ear: Ear, pcm: NDArray[np.int16]) -> NDArray[np.float32]:
    """Log posteriors of every 20 ms, with the ear's lateness taken away."""
    padded = np.concatenate((pcm, np.zeros(LATE * LABEL + (-len(pcm)) % LABEL, np.int16)))
    audio = torch.from_numpy(np.frombuffer(encode(padded), np.uint8).copy())[None]
    with torch.no_grad():
        states, _ = ear(levels(audio), ear.silence(1))
        said = ear.phones(states).log_softmax(-1)[0, LATE:]
    return np.asarray(said.numpy())


def aligned(told: NDArray[np.float32], words: Sequence[Sequence[int]]) -> tuple[NDArray[np.int64], float]:
    """The state of each frame on the best path through silence, word, silence, word ... silence; its mean score.

    States count through all phones of all words with a silence before each word and after the last.
    """
    phones, optional = [SILENCE], [True]
    for word in words:
        phones += [*word, SILENCE]
        optional += [False] * len(word) + [True]
    emitted = told[:, phones]
    skip = np.array([False, False, *(optional[1:-1])])[: len(phones)]
    best = np.full(len(phones), -np.inf)
    best[0], best[1] = emitted[0, 0], emitted[0, 1]
    back = np.zeros((len(told), len(phones)), np.int8)
    for at in range(1, len(told)):
        came = np.full((3, len(phones)), -np.inf)
        came[0] = best
        came[1, 1:] = best[:-1]
        came[2, 2:] = np.where(skip[2:], best[:-2], -np.inf)
        back[at] = came.argmax(0)
        best = came.max(0) + emitted[at]
    state = len(phones) - 1 if best[-1] >= best[-2] else len(phones) - 2
    mean = float(best[state]) / len(told)
    path = np.empty(len(told), np.int64)
    for at in range(len(told) - 1, -1, -1):
        path[at] = state
        state -= int(back[at, state])
    return path, mean


def timed(ear: Ear, said: Utterance, pronounce: Callable[[str], list[int]]) -> Utterance | None:
    """The same with its phones and words timed; None where text and sound do not go together."""
    texts = said.text.split()
    words = [pronounce(text) for text in texts]
    if not texts or not all(words) or sum(map(len, words)) * 1.2 > len(said) // LABEL:
        return None
    path, mean = aligned(scores(ear, said.pcm[: len(said)]), words)
    if mean < WORST:
        return None
    phones, owner = [SILENCE], [-1]
    for index, word in enumerate(words):
        phones += [*word, SILENCE]
        owner += [index] * len(word) + [-1]
    changes = np.flatnonzero(np.diff(path, prepend=-1))
    starts = changes * LABEL
    names = np.array([phones[path[at]] for at in changes], np.uint8)
    times: dict[int, tuple[int, int]] = {}
    for at, until in pairwise([*changes, len(path)]):
        who = owner[path[at]]
        if who >= 0:
            times[who] = (times.get(who, (at * LABEL, 0))[0], until * LABEL)
    found = tuple(Word(texts[who], *times[who]) for who in sorted(times))
    return Utterance(said.pcm, said.text, starts, names, found, phrase_ends=said.phrase_ends, tail=said.tail)


def guessed(ear: Ear, said: Utterance) -> Utterance:
    """Where nobody wrote down what was said, the phones of which the ear is sure; the rest stays unknown."""
    told = scores(ear, said.pcm[: len(said)])
    sure = np.where(told.max(1) > np.log(SURE), told.argmax(1), UNKNOWN).astype(np.uint8)
    changes = np.flatnonzero(np.diff(sure.astype(np.int16), prepend=-1))
    return replace(said, starts=changes * LABEL, phones=sure[changes])


def kind(clip: Clip, said: Utterance) -> str:
    if clip.of == "digits":
        return "digit"
    if clip.of == "speech_commands":
        return {"stop": "stop", "right": "hum"}.get(clip.text, "short")
    if clip.of == "orders":
        return "turn"
    return "story" if said.phrase_ends and len(said) / 8_000 > STORY else "turn"


def part_of(pools: Path, at: int) -> Path:
    return pools / f"real-{at}.pickle"


def time_people(taught: Path, data: Path, pools: Path, part: int, parts: int) -> None:
    """A process that times some of the speakers with an ear from a file."""
    torch.set_num_threads(1)
    pool(taught_ear(taught), data, part_of(pools, part), part=part, parts=parts)


def pool(
    ear: Ear, data: Path, out: Path, told: Callable[[str], None] = print, *, part: int = 0, parts: int = 1
) -> None:
    """Every speaker, or those of one part of several."""
    clips, chorus = Clips(data, evaluation=False), Chorus()
    known: dict[str, list[int]] = {}

    def pronounce(word: str) -> list[int]:
        if word not in known:
            known[word] = chorus.phones("en-us", word)
        return known[word]

    people: dict[str, dict[str, list[Utterance]]] = {}
    counts = {"timed": 0, "not timed": 0}
    for name in clips.names:
        speakers = {who: at % parts for at, who in enumerate(clips.speakers(name))}
        for clip in () if name == "noise" else clips.clips(name):
            if speakers[clip.speaker] != part:
                continue
            take = from_recording(clips.pcm(clip), clip.text)
            said = Utterance(take.pcm, clip.text, phrase_ends=take.phrase_ends, tail=take.tail)
            if len(said) < 1_200:
                continue
            better = timed(ear, said, pronounce) if clip.text else guessed(ear, said) if name in GUESSED else None
            counts["timed" if better else "not timed"] += 1
            if better is None and clip.of in ("digits", "speech_commands"):
                continue
            one = better or said
            if one.phrase_ends and kind(clip, one) == "turn" and clip.of != "orders" and len(one.phrase_ends) > 1:
                continue
            people.setdefault(f"{name} {clip.speaker}", {}).setdefault(kind(clip, one), []).append(one)
        told(f"{name}: {counts}")
    chorus.close()
    with appearing(out) as file:
        pickle.dump(people, file)
