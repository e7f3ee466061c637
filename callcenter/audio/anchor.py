"""The anchor: how many samples have been heard by now, told smoothly from frames that arrive unevenly.

A frame can arrive late but never early, so the earliest arrivals tell the truth: the offset between our clock and the
carrier's is the running minimum of `arrival - position`. The minimum leaks upwards, a little faster than two clocks can
drift apart, and faster still when for a second not one frame came as early as it promises (the path got longer, or
the first frames came in a burst). The time told never goes backwards and is never behind a sample already seen.
"""

from typing import Final

from callcenter.units import RATE

LEAK: Final = 3.2
"""Samples a second: 400 ppm, where the clocks of cheap hardware drift by 100 to 300."""

STRAY: Final = 80.0
"""Samples by which the earliest frame of a second may be late before the anchor doubts itself."""

CATCH_UP: Final = RATE / 8
"""Samples a second by which it then slows down at most."""


class Anchor:
    def __init__(self) -> None:
        self._offset = 0.0
        self._leak = LEAK
        self._last: float | None = None  # when the offset was last brought up to date
        self._second = 0.0  # when the second under observation began
        self._earliest = 0.0  # by how much its earliest frame was late
        self._told = 0

    def saw(self, position_end: int, seconds: float) -> None:
        """A frame that ends at this sample arrived at this time."""
        raw = seconds * RATE - position_end
        if self._last is None:
            self._offset, self._second, self._earliest = raw, seconds, RATE
        else:
            self._offset += self._leak * max(0.0, seconds - self._last)
        self._last = seconds
        self._earliest = min(self._earliest, max(0.0, raw - self._offset))
        self._offset = min(self._offset, raw)
        self._told = max(self._told, position_end)
        if seconds - self._second >= 1.0:
            self._leak = min(CATCH_UP, LEAK + (self._earliest if self._earliest > STRAY else 0.0))
            self._second, self._earliest = seconds, RATE

    def at(self, seconds: float) -> int:
        """Samples heard by this time; 0 before anything was seen."""
        if self._last is None:
            return 0
        leaked = LEAK * max(0.0, seconds - self._last)
        self._told = max(self._told, int(seconds * RATE - self._offset - leaked))
        return self._told
