"""The buffer between the wire and the caller's ear: plays without a break, one frame per tick of the phone's clock.

What arrives waits its turn; when nothing waits, silence plays. A mark is reached when all that arrived before it has
been played to its end. A clear drops what waits and reaches every pending mark at once.
"""

from collections import deque

from callcenter.units import FRAME, RATE, SILENT_BYTE

CAPACITY = 600 * RATE
"""What a provider holds for a call: ten minutes."""


class Ear:
    def __init__(self) -> None:
        self._waiting = bytearray()
        self._marks: deque[tuple[int, str]] = deque()
        self.arrived = 0
        """Samples put into the buffer since the stream began, flushed ones included."""
        self.passed = 0
        """Samples that have left the buffer: played or flushed."""
        self.discarded = 0
        """Samples that did not fit."""

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def put(self, audio: bytes) -> None:
        kept = audio[: CAPACITY - len(self._waiting)]
        self._waiting += kept
        self.arrived += len(kept)
        self.discarded += len(audio) - len(kept)

    def mark(self, name: str) -> None:
        self._marks.append((self.arrived, name))

    def reached(self) -> tuple[str, ...]:
        """Marks reached since the last asking, in order."""
        names: list[str] = []
        while self._marks and self._marks[0][0] <= self.passed:
            names.append(self._marks.popleft()[1])
        return tuple(names)

    def play(self) -> bytes:
        """The next frame. It is in the ear 20 ms later: ask `reached` before playing the next."""
        frame = bytes(self._waiting[:FRAME])
        del self._waiting[:FRAME]
        self.passed += len(frame)
        return frame.ljust(FRAME, bytes([SILENT_BYTE]))

    def clear(self) -> int:
        """Drops what waits; returns how many samples that was. All pending marks are reached now."""
        dropped = len(self._waiting)
        self._waiting.clear()
        self.passed = self.arrived
        return dropped
