"""Telephone keys as tones (ITU-T Q.23, Q.24): to send them, and to hear them where the carrier does not report them.

A key is two sines that hold nearly all the power, of about the same strength and at the frequencies agreed, for 40 ms;
hardly any voice does that, for its harmonics come by the dozen and move. Blocks of 20 ms overlap by four fifths. How
far a sine is off its frequency shows in the phase by which it advances from block to block; knowing that, the power
that the detector shows is corrected to what the sine has, so that being pure can be asked for strictly.
"""

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from callcenter.audio.g711 import decode, encode
from callcenter.audio.levels import silence
from callcenter.units import RATE, samples

LOW: Final = (697, 770, 852, 941)
HIGH: Final = (1209, 1336, 1477, 1633)
KEYS: Final = "123A456B789C*0#D"

ON: Final = samples(0.100)
OFF: Final = samples(0.060)
PAUSES: Final = {",": samples(2.0), "w": samples(0.5)}
LOUD_LOW, LOUD_HIGH = 9_000, 11_300
"""Amplitudes: -8 and -6 dBm0; the line dampens the high ones more."""

HEARD: Final = KEYS.translate({ord(letter): None for letter in "ABCD"})
"""No phone has the letters, and one voice in some hundreds says a vowel that sounds like A."""

BLOCK: Final = 160
STEP: Final = 32
HOLD: Final = 4
"""Blocks in a row that make a press: with the one that lends the phase, 36 ms."""

GONE: Final = 9
"""Blocks without it that end a press: a pause of 30 ms does, a dropout of 10 ms does not."""

FAINTEST: Final = 300.0**2
"""Power of a block: -41 dBFS, below which no key is heard."""

PURE: Final = 0.88
"""Part of the power that the two tones must hold: noise 10 dB below them leaves 0.91."""

OFF_BY: Final = 0.02
"""Part of its frequency by which a tone may be off: 0.015 must be heard, 0.035 must not."""

TWIST: Final = 8.0
"""Times the power by which one tone may exceed the other (9 dB)."""


def tones(keys: str) -> bytes:
    """The keys as audio, each followed by its pause; `,` waits two seconds and `w` half a second, as modems do."""
    return b"".join(silence(PAUSES[key]) if key in PAUSES else tone(key) + silence(OFF) for key in keys)


@cache
def tone(key: str) -> bytes:
    if key not in KEYS:
        raise ValueError(f"no such key: {key!r}")
    place = KEYS.index(key)
    turns = 2 * np.pi * np.arange(ON) / RATE
    pcm = LOUD_LOW * np.sin(LOW[place // 4] * turns) + LOUD_HIGH * np.sin(HIGH[place % 4] * turns)
    return encode(np.rint(pcm).astype(np.int16))


class Keys:
    def __init__(self) -> None:
        self._waiting = silence(BLOCK)
        self._key = ""  # what the last block sounded like
        self._run = 0  # for how many blocks
        self._pressed = ""

    def push(self, audio: bytes) -> str:
        """The keys whose presses became certain in this audio."""
        stream = self._waiting + audio
        blocks = (len(stream) - BLOCK) // STEP
        self._waiting = stream[blocks * STEP :]
        if not blocks:
            return ""
        pcm = decode(stream).astype(np.float64)
        windows: NDArray[np.float64] = np.ndarray((blocks + 1, BLOCK), np.float64, pcm, strides=(8 * STEP, 8))
        return "".join(self._follow(key) for key in keys_of(windows))

    def _follow(self, key: str) -> str:
        self._run = self._run + 1 if key == self._key else 1
        self._key = key
        if self._run != (HOLD if key else GONE) or key == self._pressed:
            return ""
        self._pressed = key
        return key


def keys_of(windows: NDArray[np.float64]) -> list[str]:
    """For each block of samples but the first, which only lends its phase, the key it sounds like, or nothing."""
    tuned = np.array(LOW + HIGH)
    power = np.einsum("ij,ij->i", windows, windows)[1:] / BLOCK
    waves = windows @ goertzel()
    waves = waves[:, :8] - 1j * waves[:, 8:]
    advance = waves[1:] * waves[:-1].conj() * np.exp(-2j * np.pi * STEP * tuned / RATE)
    off = np.angle(advance) * RATE / (2 * np.pi * STEP)
    near = np.abs(off) < OFF_BY * tuned
    shown = np.abs(waves[1:]) ** 2 * near / np.sinc(off * near * BLOCK / RATE) ** 2
    low, high = shown[:, :4].max(axis=1), shown[:, 4:].max(axis=1)
    heard = (power > FAINTEST) & (low + high > PURE * power) & (low < TWIST * high) & (high < TWIST * low)
    places = 4 * shown[:, :4].argmax(axis=1) + shown[:, 4:].argmax(axis=1)
    keys = [KEYS[place] if sure else "" for place, sure in zip(places.tolist(), heard.tolist(), strict=True)]
    return [key if key in HEARD else "" for key in keys]


@cache
def goertzel() -> NDArray[np.float64]:
    """(BLOCK, 16): the cosines and sines of the eight frequencies, scaled to show a sine's power."""
    turns = 2 * np.pi * np.outer(np.arange(BLOCK), np.array(LOW + HIGH)) / RATE
    return np.asarray(np.hstack((np.cos(turns), np.sin(turns))) * (np.sqrt(2) / BLOCK))
