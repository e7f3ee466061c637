"""G.711: a sample of 16 bits to a byte and back, by table, bit for bit what every telephone does.

The tables are computed from the definition of the two laws on first use: 65,536 bytes to encode, 256 samples to decode.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

Pcm = NDArray[np.int16]


def encode(pcm: Pcm) -> bytes:
    """Mu-law: what every call carries inside this project."""
    return mu_law().take(pcm.view(np.uint16)).tobytes()


def decode(audio: bytes | bytearray | memoryview) -> Pcm:
    return mu_law_back().take(np.frombuffer(audio, np.uint8))


def encode_a(pcm: Pcm) -> bytes:
    """A-law, for the carriers of most countries outside North America and Japan."""
    return a_law().take(pcm.view(np.uint16)).tobytes()


def decode_a(audio: bytes | bytearray | memoryview) -> Pcm:
    return a_law_back().take(np.frombuffer(audio, np.uint8))


def every_sample() -> NDArray[np.int32]:
    """All 65,536 samples, in the order of their unsigned reading, so that a table of them is indexed by it."""
    return np.arange(65_536, dtype=np.uint16).view(np.int16).astype(np.int32)


def segment_of(magnitude: NDArray[np.int32], first: int) -> NDArray[np.int32]:
    """Which of the eight chords a magnitude lies in; the first ends at 2**first, each next one at twice that."""
    ends = np.int32(1) << np.arange(first, first + 7, dtype=np.int32)
    return np.searchsorted(ends, magnitude, side="right").astype(np.int32)


@cache
def mu_law() -> NDArray[np.uint8]:
    linear = every_sample() >> 2
    magnitude = np.minimum(np.abs(linear), 8158) + 33
    segment = segment_of(magnitude, 6)
    code = (segment << 4) | ((magnitude >> (segment + 1)) & 15)
    return np.asarray(code ^ np.where(linear < 0, 0x7F, 0xFF), np.uint8)


@cache
def mu_law_back() -> Pcm:
    code = ~np.arange(256) & 0xFF
    magnitude = ((((code & 15) << 3) + 132) << ((code >> 4) & 7)) - 132
    return np.asarray(np.where(code & 0x80, -magnitude, magnitude), np.int16)


@cache
def a_law() -> NDArray[np.uint8]:
    linear = every_sample() >> 3
    magnitude = np.where(linear < 0, -linear - 1, linear)
    segment = segment_of(magnitude, 5)
    code = (segment << 4) | ((magnitude >> np.maximum(segment, 1)) & 15)
    return np.asarray(code ^ np.where(linear < 0, 0x55, 0xD5), np.uint8)


@cache
def a_law_back() -> Pcm:
    code = np.arange(256) ^ 0x55
    segment = (code >> 4) & 7
    step = ((code & 15) << 4) + np.where(segment > 0, 0x108, 8)
    magnitude = step << np.maximum(segment - 1, 0)
    return np.asarray(np.where(code & 0x80, magnitude, -magnitude), np.int16)
