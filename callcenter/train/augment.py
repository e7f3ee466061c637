"""What a telephone line does to speech that is learnt from: colour, level, noise, mu-law, lost frames."""

from collections.abc import Sequence
from random import Random
from typing import Final

import numpy as np
from numpy.typing import NDArray

from callcenter.audio import encode
from callcenter.callers import noises
from callcenter.callers.clips import Clips
from callcenter.callers.takes import LEVEL, Pcm
from callcenter.model.phones import LABEL, NUMBER, SILENCE, UNKNOWN
from callcenter.units import FRAME, RATE, SILENT_BYTE, samples

Floats = NDArray[np.float32]
FLOOR: Final = 22.0
TAPS: Final = 24

NOISY: Final = frozenset(
    NUMBER[name] for name in ("B", "CH", "D", "DH", "F", "G", "HH", "JH", "K", "P", "S", "SH", "T", "TH", "V", "Z")
)
REST: Final = 6
"""Frames of 20 ms of silence, from which on a sound begins anew."""

LATE: Final = 0.15
"""How often the beginning of a sound is swallowed."""

PUFF: Final = 0.1
"""How often breath follows its end."""

GIVEN_AWAY: Final = 2
"""Frames before the next sound that still count as a consonant which was swallowed whole."""


class Beds:
    """Loops of noise, made once a process; those of recordings give way to others as they are drawn."""

    def __init__(self, seed: int, clips: Clips | None, voices: Sequence[Pcm], each: int = 8) -> None:
        generator, chance = np.random.default_rng(seed), Random(seed)
        beds = [noises.hiss(generator, generator.uniform(-10.0, 0.0)) for _ in range(2 * each)]
        beds += [noises.hum(generator, 50.0 if at % 2 else 60.0) for at in range(each // 2)]
        for _ in range(each if voices else 0):
            beds.append(noises.babble(generator, chance.sample(list(voices), min(6, len(voices)))))
        self._clips = clips
        self._made = len(beds)
        self._beds = [*beds, *(self._recorded(chance) for _ in range(2 * each if clips else 0))]

    def draw(self, chance: Random, count: int) -> Floats:
        """So many samples of one, of power 1."""
        place = chance.randrange(len(self._beds))
        if place >= self._made and chance.random() < RENEWED:
            self._beds[place] = self._recorded(chance)
        bed = self._beds[place]
        at = chance.randrange(len(bed))
        repeated = np.resize(np.roll(bed, -at), count)
        return repeated.astype(np.float32)

    def clip(self, chance: Random) -> Pcm | None:
        """A recording of something that is no voice, as it is."""
        known = self._clips.clips("noise") if self._clips else ()
        return self._clips.pcm(chance.choice(known)) if self._clips and known else None

    def _recorded(self, chance: Random) -> Floats:
        clip = self.clip(chance)
        generator = np.random.default_rng(chance.getrandbits(32))
        return noises.hiss(generator) if clip is None else noises.looped(clip, generator)


def coloured(chance: Random, sound: Floats) -> Floats:
    """Another handset: a short random filter, mostly itself."""
    if chance.random() < 0.3:
        return sound
    generator = np.random.default_rng(chance.getrandbits(32))
    taps = generator.normal(size=TAPS) * np.exp(-np.arange(TAPS) / chance.uniform(1.0, 5.0)) * chance.uniform(0.1, 0.5)
    taps[0] = 1.0
    taps /= np.sqrt(np.sum(np.square(taps)))
    return np.convolve(sound, taps.astype(np.float32))[: len(sound)].astype(np.float32)


def swallowed(chance: Random, sound: Floats, labels: NDArray[np.uint8]) -> None:
    """Recorders and lines that open late swallow first consonants, in part or whole; and people breathe out behind a
    last sound, which is not its end. Changes both."""
    changes = np.flatnonzero(np.diff(labels.astype(np.int16), prepend=-1))
    ends = np.append(changes[1:], len(labels)).tolist()
    phones = labels[changes].tolist()
    for place, (start, end) in enumerate(zip(changes.tolist(), ends, strict=True)):
        if phones[place] != SILENCE or end - start < REST:
            continue
        if end < len(labels) and phones[place + 1] != UNKNOWN and chance.random() < LATE:
            _swallow(chance, sound, labels, end, ends[place + 1])
        if start and chance.random() < PUFF:
            _breathe(chance, sound, start * LABEL, end * LABEL)


def _swallow(chance: Random, sound: Floats, labels: NDArray[np.uint8], start: int, end: int) -> None:
    noisy = int(labels[start]) in NOISY
    whole = noisy and end - start <= 12 and chance.random() < 0.5
    until = end if whole else min(end, start + chance.randint(1, 3 if noisy else 2))
    sound[start * LABEL : until * LABEL] = 0.0
    if whole:
        labels[start : max(start, until - GIVEN_AWAY)] = SILENCE


def _breathe(chance: Random, sound: Floats, start: int, end: int) -> None:
    before = sound[max(0, start - RATE // 4) : start]
    loud = float(np.sqrt(np.square(before).mean())) * 10 ** (-chance.uniform(8.0, 26.0) / 20)
    start += samples(chance.uniform(0.0, 0.06))
    size = min(end - start, samples(chance.uniform(0.05, 0.3)))
    if size <= 0:
        return
    generator = np.random.default_rng(chance.getrandbits(32))
    noise = generator.normal(size=size + 1)
    tilted = noise[1:] - chance.uniform(-0.7, 0.9) * noise[:-1]
    sound[start : start + size] += (tilted * np.linspace(loud, 0.0, size)).astype(np.float32)


def on_the_line(chance: Random, sound: Floats, beds: Beds, level_db: float, snr_db: float) -> NDArray[np.uint8]:
    """Sound at the usual level to what arrives of it, before frames are lost."""
    gain = 10 ** (level_db / 20)
    loud = max(FLOOR, LEVEL * gain * 10 ** (-snr_db / 20))
    mixed = sound * np.float32(gain) + beds.draw(chance, len(sound)) * np.float32(loud)
    pcm = np.clip(np.rint(mixed), -32_768, 32_767).astype(np.int16)
    return np.frombuffer(encode(pcm), np.uint8).copy()


def lossy(chance: Random, audio: NDArray[np.uint8], loss: float, burst: float = 5.0) -> NDArray[np.uint8]:
    """Frames lost in runs; what is lost is silence."""
    at = 0
    entry = loss / (burst * (1 - loss))
    while loss and at < len(audio):
        at += FRAME * (1 + int(np.log(1 - chance.random()) / np.log(1 - entry)))
        run = FRAME * (1 + int(chance.expovariate(1 / max(burst - 1, 0.1))))
        audio[at : at + run] = SILENT_BYTE
        at += run
    return audio


def line(chance: Random) -> tuple[float, float]:
    """Level and distance from the noise, both in decibels, wider than any suite's."""
    return chance.gauss(0.0, 4.0), chance.triangular(8.0, 42.0, 20.0)


SECOND: Final = RATE

RENEWED: Final = 0.25
"""How often a recorded noise that is drawn is another than before: a few would be learnt by heart."""
