"""Voice or not, every 20 ms, by the energy above the noise of the last seconds.

Two bands: sums of neighbouring samples keep the low half of the band, differences the high half; a frame is loud where
either stands out of its own floor, so that neither a hum nor a hiss hides an onset. A floor is the quietest moment of
the last three seconds, for speech leaves no three seconds without one; after a second that is as even as no speech is,
it is the quietest moment of that second. Every quantity is an exact integer, so a replay on any machine gives the same
mask.

One loud frame may be a click: speech begins with two in a row, or one that stands out far. It lasts over `HANG` frames
that are not loud, or as many as were loud before where those were fewer.
"""

from collections import deque
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from callcenter.audio.g711 import decode
from callcenter.units import FRAME, FRAMES_PER_TURN, SILENT_TURN

HANG: Final = 5
"""Frames: 100 ms bridges the closure of a `t` or a `p`."""

LOUD: Final = 4
"""Times the floor (6 dB): noise that is steady stays below, speech at 15 dB above the noise is well above."""

FAR: Final = 12
"""Times the floor (11 dB)."""

EVEN: Final = 6
"""Times the quietest moment that the loudest of an even second is at most (8 dB)."""

QUIETEST: Final = 4 * FRAME * 60**2
"""A floor is at least this (-55 dBFS): what lies below is silence on any line."""

LOUDEST: Final = 4 * FRAME * 600**2
"""A floor is at most this (-35 dBFS) in the first second, or it would be deaf to a call that begins in speech."""

MEMORY: Final = 15
"""Turns over which the quietest moment is sought."""

SECOND: Final = 50
"""Frames."""

NEVER: Final = 1 << 62

FAINT: Final = bytes(code for code in range(256) if (code & 0x7F) >= 0x67)
"""Mu-law bytes below about -42 dBFS."""

PRESENT: Final = FRAME // 20
"""Bytes of a frame that are not faint where a voice is."""


class Hang:
    """From loud frames to voice: what begins it, and how long it lasts over frames that are not loud."""

    __slots__ = ("_hang", "_run")

    def __init__(self) -> None:
        self._run = 0
        self._hang = 0

    def voiced(self, over: int) -> bool:
        if over >= LOUD:
            self._run += 1
            if self._run > 1 or over >= FAR:
                self._hang = min(HANG, max(self._hang, self._run))
                return True
        else:
            self._run = 0
        self._hang -= 1
        return self._hang >= 0


class Activity:
    def __init__(self) -> None:
        self._last = np.zeros(1)
        self._low, self._high = Floor(), Floor()
        self._hang = Hang()

    def push(self, audio: bytes) -> str:
        """'1' or '0' for each frame of 20 ms; audio comes in whole frames."""
        voiced, low_over, high_over = self._hang.voiced, self._low.over, self._high.over
        if audio == SILENT_TURN and not self._last[0]:
            return "".join(["1" if voiced(max(low_over(0), high_over(0))) else "0" for _ in range(FRAMES_PER_TURN)])
        pcm = np.concatenate((self._last, wide().take(np.frombuffer(audio, np.uint8))))
        self._last = pcm[-1:]
        now, before = pcm[1:], pcm[:-1]
        bands = zip(energies(now + before), energies(now - before), strict=True)
        return "".join(["1" if voiced(max(low_over(low), high_over(high))) else "0" for low, high in bands])


class Presence:
    """Voice in a signal that has no noise of its own, such as what we said ourselves: cheap, by counting loud bytes."""

    def __init__(self) -> None:
        self._hang = Hang()

    def push(self, audio: bytes) -> str:
        if audio == SILENT_TURN:
            frames = [0] * FRAMES_PER_TURN
        else:
            cut = range(0, len(audio), FRAME)
            frames = [len(audio[at : at + FRAME].translate(None, FAINT)) for at in cut]
        voiced = self._hang.voiced
        return "".join(["1" if voiced(FAR if count >= PRESENT else 0) else "0" for count in frames])


class Floor:
    """The quietest moment of the last seconds in one band.

    Digital silence is what was lost and tells of no noise, unless it lasts for a turn: then the line is clean.
    """

    __slots__ = ("_before", "_frames", "_known", "_loudest", "_quietest", "_silent", "_turns")

    def __init__(self) -> None:
        self._turns: deque[tuple[int, int]] = deque(maxlen=MEMORY)
        self._known = NEVER
        self._quietest, self._loudest = NEVER, 0
        self._before = 0
        self._frames = 0
        self._silent = 0

    def over(self, energy: int) -> int:
        """How many times the floor this frame is."""
        if not energy:
            self._silent += 1
            self._quietest = 0 if self._silent >= FRAMES_PER_TURN else self._quietest
            return 0
        self._silent = 0
        pair = energy + (self._before or energy)
        self._before = energy
        if pair < self._quietest:
            self._quietest = pair
        if pair > self._loudest:
            self._loudest = pair
        floor = self._known if self._known < self._quietest else self._quietest
        if floor < QUIETEST:
            floor = QUIETEST
        elif floor > LOUDEST and self._frames < SECOND:
            floor = LOUDEST
        self._frames += 1
        if self._frames % FRAMES_PER_TURN == 0:
            self._remember()
        return 2 * energy // floor

    def _remember(self) -> None:
        """Ten frames are over: look back at the quietest of them and their like."""
        self._turns.append((self._quietest, self._loudest))
        self._quietest, self._loudest = NEVER, 0
        second = list(self._turns)[-SECOND // FRAMES_PER_TURN :]
        quietest = min(turn[0] for turn in second)
        if len(second) * FRAMES_PER_TURN == SECOND and max(turn[1] for turn in second) < EVEN * quietest:
            self._turns = deque(second, MEMORY)
        self._known = min(turn[0] for turn in self._turns)


@cache
def wide() -> NDArray[np.float64]:
    """The samples of mu-law bytes as floats, in which sums of squares are still exact (they stay below 2**53)."""
    return decode(bytes(range(256))).astype(np.float64)


def energies(samples: NDArray[np.float64]) -> list[int]:
    frames = samples.reshape(-1, FRAME)
    return list(map(int, np.vecdot(frames, frames).tolist()))
