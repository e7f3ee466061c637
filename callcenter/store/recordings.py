"""Recordings: stereo mu-law WAV (left what the caller said, right what the caller heard of us), written as it comes.

Both channels are one sample clock: a turn is written as one block in which they alternate. While a file grows its
header promises more than there is, so that players read on; `mend` makes it true, after a close or after a kill.
"""

import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from callcenter.units import RATE, SILENT_BYTE

MULAW: Final = 7
CHANNELS: Final = 2
HEADER_BYTES: Final = 58
MOST: Final = 0xFFFF_FFFF - HEADER_BYTES
_HEADER: Final = struct.Struct("<4sI4s 4sIHHIIHHH 4sII 4sI")


def header(data_bytes: int = MOST) -> bytes:
    """The 58 bytes before the audio: RIFF, fmt (tag 7), fact, data."""
    return _HEADER.pack(
        *(b"RIFF", data_bytes + HEADER_BYTES - 8, b"WAVE"),
        *(b"fmt ", 18, MULAW, CHANNELS, RATE, RATE * CHANNELS, CHANNELS, 8, 0),
        *(b"fact", 4, data_bytes // CHANNELS),
        *(b"data", data_bytes),
    )


def interleave(left: bytes, right: bytes) -> bytes:
    block = bytearray(len(left) * CHANNELS)
    block[0::2] = left
    block[1::2] = right
    return bytes(block)


def mend(path: Path) -> int:
    """Makes the header say what is there; samples of each channel."""
    with path.open("r+b") as file:
        samples = max(0, file.seek(0, os.SEEK_END) - HEADER_BYTES) // CHANNELS
        file.truncate(HEADER_BYTES + samples * CHANNELS)
        file.seek(0)
        file.write(header(samples * CHANNELS))
    return samples


@dataclass(frozen=True, slots=True)
class Sound:
    """Reads what a journal refers to. What was not recorded is silence."""

    recording: Path
    duplex: Path

    def heard(self, offset: int, length: int) -> bytes:
        return self.channels(offset, length)[0]

    def spoken(self, offset: int, length: int) -> bytes:
        return _padded(_slice(self.duplex, offset, length), length)

    def channels(self, offset: int, length: int) -> tuple[bytes, bytes]:
        both = _slice(self.recording, HEADER_BYTES + CHANNELS * offset, CHANNELS * length)
        return _padded(both[0::2], length), _padded(both[1::2], length)


def _slice(path: Path, offset: int, length: int) -> bytes:
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return file.read(length)
    except FileNotFoundError:
        return b""


def _padded(audio: bytes, length: int) -> bytes:
    return audio + bytes([SILENT_BYTE]) * (length - len(audio))
