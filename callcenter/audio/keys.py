"""Telephone keys as tones (ITU-T Q.23, Q.24): to send them, and to hear them where the carrier does not report them.

A key is two sines that hold nearly all the power, of about the same strength, for 32 ms; no voice does that, for its
harmonics come by the dozen. Blocks of 16 ms overlap by half; a pause must spoil three of them to part two presses, so
a tone that drops out for 10 ms is one press.
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

BLOCK: Final = 128
STEP: Final = 64
HOLD: Final = 3
"""Blocks of a key that make a press, and blocks without it that end one."""

FAINTEST: Final = 300.0**2
"""Power of a block: -41 dBFS, below which no key is heard."""

PURE: Final = 0.7
"""Part of the power that the two tones must hold: 1.5 % off their frequency they show 0.75 of it."""

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
        self._waiting = b""
        self._key = ""  # what the last block sounded like
        self._run = 0  # for how many blocks
        self._pressed = ""

    def push(self, audio: bytes) -> str:
        """The keys whose presses became certain in this audio."""
        stream = self._waiting + audio
        blocks = max(0, (len(stream) - BLOCK) // STEP + 1)
        self._waiting = stream[blocks * STEP :]
        if not blocks:
            return ""
        pcm = decode(stream).astype(np.float64)
        windows: NDArray[np.float64] = np.ndarray((blocks, BLOCK), np.float64, pcm, strides=(8 * STEP, 8))
        return "".join(self._follow(key) for key in keys_of(windows))

    def _follow(self, key: str) -> str:
        self._run = self._run + 1 if key == self._key else 1
        self._key = key
        if self._run != HOLD or key == self._pressed:
            return ""
        self._pressed = key
        return key


def keys_of(windows: NDArray[np.float64]) -> list[str]:
    """For each block of samples the key it sounds like, or nothing."""
    power = np.einsum("ij,ij->i", windows, windows) / BLOCK
    waves = (windows @ goertzel()).reshape(-1, 2, 8)
    shown = (waves * waves).sum(axis=1)  # (blocks, 8): power at each of the frequencies
    low, high = shown[:, :4].max(axis=1), shown[:, 4:].max(axis=1)
    heard = (power > FAINTEST) & (low + high > PURE * power) & (low < TWIST * high) & (high < TWIST * low)
    places = 4 * shown[:, :4].argmax(axis=1) + shown[:, 4:].argmax(axis=1)
    return [KEYS[place] if sure else "" for place, sure in zip(places.tolist(), heard.tolist(), strict=True)]


@cache
def goertzel() -> NDArray[np.float64]:
    """(BLOCK, 16): the cosines and sines of the eight frequencies, scaled to show a sine's power."""
    turns = 2 * np.pi * np.outer(np.arange(BLOCK), np.array(LOW + HIGH)) / RATE
    return np.asarray(np.hstack((np.cos(turns), np.sin(turns))) * (np.sqrt(2) / BLOCK))
