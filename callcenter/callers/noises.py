"""Sounds that are no speech: what hisses, hums and babbles behind a caller, coughs, laughs, slams a door.

A bed is as long as the loop it is played in and fits onto itself, because it is made in the frequency domain or wrapped
around; so it never ends with a click. Everything is drawn from the generator that is handed in.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from callcenter.audio.offline import phone_band
from callcenter.callers.takes import LEVEL, Pcm, Take, levelled, sounding
from callcenter.units import RATE, samples

Floats = NDArray[np.float32]

BED = 16 * RATE
"""Samples of a loop of noise."""


def scaled(bed: NDArray[np.float64], rms: float = 1.0) -> Floats:
    power = float(np.sqrt(np.mean(np.square(bed)))) or 1.0
    return (bed * (rms / power)).astype(np.float32)


def hiss(chance: np.random.Generator, tilt_db: float = -6.0) -> Floats:
    """Noise with the spectrum of a room or a line: so many decibels an octave above 500 Hz."""
    hertz = np.asarray(np.fft.rfftfreq(BED, 1 / RATE), np.float64)
    gain = np.maximum(hertz, 500.0) / 500.0
    shape = 10 ** (tilt_db * np.log2(gain) / 20) * band(hertz)
    spectrum = shape * (chance.normal(size=len(hertz)) + 1j * chance.normal(size=len(hertz)))
    return scaled(np.fft.irfft(spectrum, BED))


def hum(chance: np.random.Generator, mains: float = 50.0) -> Floats:
    """The harmonics of the mains that a telephone lets through, in a little hiss."""
    time = np.arange(BED) / RATE
    bed = 0.25 * hiss(chance).astype(np.float64)
    for order in range(6, 22):
        bed += np.sin(2 * np.pi * mains * order * time + chance.uniform(0, 6.28)) * chance.uniform(0.2, 1.0) / order
    return scaled(bed)


def babble(chance: np.random.Generator, voices: Sequence[Pcm]) -> Floats:
    """Many people at once, none of them to be understood."""
    bed = np.zeros(BED)
    for pcm in voices:
        for _ in range(1 + BED // max(1, 2 * len(pcm))):
            places = (np.arange(len(pcm)) + int(chance.integers(BED))) % BED
            bed[places] += pcm * chance.uniform(0.3, 1.0)
    return scaled(bed + 0.05 * bed.std() * hiss(chance))


def looped(pcm: Pcm, chance: np.random.Generator) -> Floats:
    """A recording as a bed: repeated with crossed fades until it fills the loop."""
    clip = phone_band(pcm).astype(np.float64)
    fade = min(RATE // 4, len(clip) // 4)
    if not fade:
        return hiss(chance)
    clip[:fade] *= np.linspace(0, 1, fade)
    clip[len(clip) - fade :] *= np.linspace(1, 0, fade)
    bed = np.zeros(BED)
    at = 0
    while at < BED:
        np.add.at(bed, (at + np.arange(len(clip))) % BED, clip)
        at += len(clip) - fade
    return scaled(bed + 0.02 * (bed.std() or 1.0) * hiss(chance))


def band(hertz: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.clip((hertz - 200) / 100, 0, 1) * np.clip((3_500 - hertz) / 100, 0, 1)


# ------------------------------------------------------------------------------------------------- short sounds


def burst(chance: np.random.Generator, seconds: float, rise: float, low: float, high: float) -> NDArray[np.float64]:
    """Noise of a band that comes fast and goes slowly."""
    count = samples(seconds)
    time = np.arange(count) / RATE
    envelope = np.minimum(1.0, time / rise) * np.exp(-4.0 * time / seconds)
    spectrum = np.fft.rfft(chance.normal(size=count))
    hertz = np.fft.rfftfreq(count, 1 / RATE)
    spectrum *= np.exp(-0.5 * np.square((hertz - (low + high) / 2) / (high - low)))
    return np.asarray(np.fft.irfft(spectrum, count) * envelope, np.float64)


def cough(chance: np.random.Generator) -> Pcm:
    """One to three bursts with a voiced tail."""
    parts: list[NDArray[np.float64]] = []
    pitch = chance.uniform(110, 230)
    for _ in range(int(chance.integers(1, 4))):
        sound = burst(chance, chance.uniform(0.18, 0.3), 0.008, 500, 1_900)
        time = np.arange(len(sound)) / RATE
        voice = np.sign(np.sin(2 * np.pi * pitch * time)) * np.exp(-7 * time / time[-1])
        parts += [sound + 0.25 * np.abs(sound).max() * voice, np.zeros(samples(chance.uniform(0.05, 0.15)))]
    return finished(np.concatenate(parts[:-1]), 1.2)


def laugh(chance: np.random.Generator) -> Pcm:
    """A falling row of short voiced breaths."""
    parts: list[NDArray[np.float64]] = []
    pitch = chance.uniform(140, 320)
    for index in range(int(chance.integers(3, 6))):
        breath = burst(chance, chance.uniform(0.09, 0.13), 0.02, 400, 1_800)
        time = np.arange(len(breath)) / RATE
        tone = sum(np.sin(2 * np.pi * pitch * 0.95**index * k * time) / k for k in range(1, 9))
        loud = float(np.abs(breath).max())
        parts += [breath + loud * tone * np.hanning(len(time)), np.zeros(samples(chance.uniform(0.06, 0.1)))]
    return finished(np.concatenate(parts[:-1]), 0.9)


def sneeze(chance: np.random.Generator) -> Pcm:
    breath = burst(chance, 0.25, 0.2, 600, 1_500) * 0.4
    return finished(np.concatenate([breath, np.zeros(samples(0.06)), burst(chance, 0.35, 0.01, 1_000, 3_200)]), 1.2)


def throat(chance: np.random.Generator) -> Pcm:
    """Clearing it: two rough, low, voiced sounds."""
    parts: list[NDArray[np.float64]] = []
    for _ in range(2):
        time = np.arange(samples(chance.uniform(0.16, 0.24))) / RATE
        rough = np.sign(np.sin(2 * np.pi * chance.uniform(60, 90) * time)) * (1 + 0.5 * chance.normal(size=len(time)))
        parts += [rough * np.hanning(len(time)), np.zeros(samples(0.07))]
    return finished(np.concatenate(parts[:-1]), 0.9)


def door(chance: np.random.Generator) -> Pcm:
    slam = burst(chance, chance.uniform(0.25, 0.45), 0.004, 300, 900)
    return finished(slam, 1.5)


def distant(take: Take, chance: np.random.Generator) -> Take:
    """The same from across the room, or with the head turned away: dull, and with the room in it."""
    seconds = chance.uniform(0.12, 0.3)
    time = np.arange(samples(seconds)) / RATE
    room = chance.normal(size=len(time)) * np.exp(-6.9 * time / seconds)
    room[0] += chance.uniform(2.0, 5.0)
    size = len(take.pcm) + len(room)
    hertz = np.fft.rfftfreq(size, 1 / RATE)
    dull = 1 / (1 + np.square(hertz / chance.uniform(900, 1_600)))
    spectrum = np.fft.rfft(take.pcm, size) * np.fft.rfft(room, size) * dull
    sound = np.fft.irfft(spectrum, size)
    loudest = float(np.abs(sound).max()) or 1.0
    pcm = phone_band((sound * (20_000 / loudest)).astype(np.int16))
    first, last = sounding(pcm)
    return replace(take, pcm=levelled(pcm[first:last]))


def finished(sound: NDArray[np.float64], gain: float) -> Pcm:
    """In the band of a telephone, as loud as speech times the gain."""
    loudest = float(np.abs(sound).max()) or 1.0
    pcm = levelled(phone_band((sound * (0.9 * 32_767 / loudest)).astype(np.int16)))
    return np.asarray(np.clip(pcm * gain, -32_000, 32_000), np.int16)


TICS = {"cough": cough, "laugh": laugh, "sneeze": sneeze, "throat": throat}
NOMINAL = LEVEL
