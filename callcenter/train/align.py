"""Real people join: the model finds by itself when each phone of a known text was said, and learns from that.

A text is its words' pronunciations with perhaps a silence between any two; the best path through the ear's answers
tells the times. Repeated with a better ear it gets better. What has no text is kept without phones: it still tells how
people pause, breathe and end. The result is a pool (`callcenter.train.cast`): `{speaker: {kind: [Utterance]}}`.

Left alone, this feeds on itself: an ear that is unsure of somebody's faint "f" calls it silence, the path then gives
the "f" one frame and silence the rest, and the next ear learns that this is so. Three things forbid it: no phone is
shorter than people can say it, silence is doubted, the more so the louder it is, and where nobody wrote the text down
loud silence is not learnt from.
"""

import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from callcenter.appearing import appearing
from callcenter.audio import encode
from callcenter.callers.clips import Clip, Clips
from callcenter.callers.takes import from_recording, long_powers
from callcenter.model.config import LATE
from callcenter.model.ear import Ear
from callcenter.model.frontend import levels
from callcenter.model.phones import LABEL, PHONES, SILENCE, UNKNOWN
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

LONG: Final = ("AO", "AW", "AY", "EY", "OW", "OY", "CH", "F", "S", "SH")
SHORT: Final = ("sil", "B", "D", "DH", "G")
LEAST: Final = np.array([3 if name in LONG else 1 if name in SHORT else 2 for name in PHONES])
"""Frames that a phone lasts at least, about what the hastiest twentieth of the synthesizers' do."""

DOUBT: Final = 2.0
LOUD_DOUBT: Final = 4.0
"""What silence costs a frame, in the logarithm, and how much more where it is as loud as speech."""

FAINT, LOUD, DEEPEST = 6.0, 14.0, 45.0
"""Decibels above the quietest of a recording, where silence begins to be doubtful and where it is none; the quietest
is taken to be no deeper than the last below the loudest."""


def scores(ear: Ear, pcm: NDArray[np.int16]) -> NDArray[np.float32]:
    """Log posteriors of every 20 ms, with the ear's lateness taken away."""
    padded = np.concatenate((pcm, np.zeros(LATE * LABEL + (-len(pcm)) % LABEL, np.int16)))
    audio = torch.from_numpy(np.frombuffer(encode(padded), np.uint8).copy())[None]
    with torch.no_grad():
        states, _ = ear(levels(audio), ear.silence(1))
        said = ear.phones(states).log_softmax(-1)[0, LATE:]
    return np.asarray(said.numpy())


def loudness(pcm: NDArray[np.int16]) -> NDArray[np.float64]:
    """How far each 20 ms is from what may be silence to what is none, 0 to 1."""
    decibels = 10 * np.log10(long_powers(pcm) + 1)
    floor = max(float(np.percentile(decibels, 5)), float(decibels.max()) - DEEPEST)
    return np.asarray(np.clip((decibels - floor - FAINT) / (LOUD - FAINT), 0.0, 1.0))


@dataclass(frozen=True)
class States:
    """Through silence, word, silence, word ... silence: each phone as many times as it lasts at least. `unit` counts
    phones and silences, `owner` is the word, -1 for silence."""

    phone: NDArray[np.int64]
    unit: NDArray[np.int64]
    skips: NDArray[np.bool_]
    """Where one may come from two states back, over a silence that is none."""
    phones: tuple[int, ...]
    """Of the units."""
    owner: tuple[int, ...]

    @classmethod
    def of(cls, words: Sequence[Sequence[int]], least: NDArray[np.int64]) -> "States":
        phones, owner = [SILENCE], [-1]
        for index, word in enumerate(words):
            phones += [*word, SILENCE]
            owner += [index] * len(word) + [-1]
        times = least[phones]
        unit = np.arange(len(phones)).repeat(times)
        phone = np.array(phones)[unit]
        after_silence = np.concatenate(([False, False], phone[1:-1] == SILENCE))
        return cls(phone, unit, after_silence, tuple(phones), tuple(owner))


def aligned(told: NDArray[np.float32], states: States) -> tuple[NDArray[np.int64], float]:
    """The unit of each frame on the best path, and the path's mean score."""
    emitted = told[:, states.phone]
    best = np.full(len(states.phone), -np.inf)
    best[0], best[1] = emitted[0, 0], emitted[0, 1]
    back = np.zeros(emitted.shape, np.int8)
    for at in range(1, len(told)):
        came = np.full((3, len(best)), -np.inf)
        came[0] = best
        came[1, 1:] = best[:-1]
        came[2, 2:] = np.where(states.skips[2:], best[:-2], -np.inf)
        back[at] = came.argmax(0)
        best = came.max(0) + emitted[at]
    state = len(best) - 1 if best[-1] >= best[-2] else len(best) - 2
    mean = float(best[state]) / len(told)
    path = np.empty(len(told), np.int64)
    for at in range(len(told) - 1, -1, -1):
        path[at] = states.unit[state]
        state -= int(back[at, state])
    return path, mean


def timed(ear: Ear, said: Utterance, pronounce: Callable[[str], list[int]]) -> Utterance | None:
    """The same with its phones and words timed; None where text and sound do not go together."""
    texts = said.text.split()
    words = [pronounce(text) for text in texts]
    if not texts or not all(words) or sum(map(len, words)) * 1.2 > len(said) // LABEL:
        return None
    pcm = said.pcm[: len(said)]
    told = scores(ear, pcm)
    loud = loudness(pcm)
    told[: len(loud), SILENCE] -= DOUBT + LOUD_DOUBT * loud
    states = States.of(words, LEAST)
    if len(states.phone) > len(told):
        states = States.of(words, np.ones_like(LEAST))
    path, mean = aligned(told, states)
    if mean < WORST:
        return None
    changes = np.flatnonzero(np.diff(path, prepend=-1))
    starts = changes * LABEL
    names = np.array([states.phones[path[at]] for at in changes], np.uint8)
    times: dict[int, tuple[int, int]] = {}
    for at, until in pairwise([*changes, len(path)]):
        who = states.owner[path[at]]
        if who >= 0:
            times[who] = (times.get(who, (at * LABEL, 0))[0], until * LABEL)
    found = tuple(Word(texts[who], *times[who]) for who in sorted(times))
    return Utterance(said.pcm, said.text, starts, names, found, phrase_ends=said.phrase_ends, tail=said.tail)


def guessed(ear: Ear, said: Utterance) -> Utterance:
    """Where nobody wrote down what was said, the phones of which the ear is sure; the rest stays unknown."""
    pcm = said.pcm[: len(said)]
    told = scores(ear, pcm)
    sure = np.where(told.max(1) > np.log(SURE), told.argmax(1), UNKNOWN).astype(np.uint8)
    loud = loudness(pcm)
    sure[: len(loud)][(sure[: len(loud)] == SILENCE) & (loud > 0)] = UNKNOWN
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
