"""The units of a call: time is the number of samples heard, at 8 kHz."""

from typing import Final

RATE: Final = 8_000
"""Samples a second, everywhere inside a call."""

FRAME: Final = 160
"""Samples of audio in one message on the wire: 20 ms."""

TURN: Final = 1_600
"""Samples of one micro-turn, the model's step: 200 ms."""

FRAMES_PER_TURN: Final = TURN // FRAME

SILENT_BYTE: Final = 0xFF
"""Mu-law zero."""

SILENT_FRAME: Final = bytes([SILENT_BYTE]) * FRAME
SILENT_TURN: Final = bytes([SILENT_BYTE]) * TURN


def seconds(samples: int) -> float:
    return samples / RATE


def samples(seconds: float) -> int:
    return round(seconds * RATE)
