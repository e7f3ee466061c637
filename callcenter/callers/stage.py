"""What sounds now at the caller's end: takes that begin and end on exact samples, mixed into frames.

Nothing is decided here. A take that is cut fades out within 5 ms.
"""

from dataclasses import dataclass

import numpy as np

from callcenter.callers.noises import Floats
from callcenter.callers.scenario import Does
from callcenter.callers.takes import Take
from callcenter.units import FRAME, RATE

FADE = RATE // 200


@dataclass(slots=True)
class Sounding:
    """A take from `start` on until `end`; what it is for is in `does`."""

    does: Does
    take: Take
    start: int
    end: int
    gain: float = 1.0
    cut: bool = False


class Stage:
    def __init__(self) -> None:
        self._playing: list[Sounding] = []
        self._fading: list[Sounding] = []

    def play(self, does: Does, take: Take, at: int, gain: float = 1.0) -> Sounding:
        sounding = Sounding(does, take, at, at + len(take), gain)
        self._playing.append(sounding)
        return sounding

    def cut(self, sounding: Sounding, at: int) -> None:
        if at < sounding.end:
            sounding.end, sounding.cut = at, True

    def frame(self, now: int) -> tuple[Floats, list[Sounding]]:
        """The samples from `now` on, and what ended with them."""
        mixed = np.zeros(FRAME, np.float32)
        for sounding in (*self._playing, *self._fading):
            mix_in(mixed, sounding, now)
        self._fading = [s for s in self._fading if s.start + len(s.take.pcm) > now + FRAME]
        over = [sounding for sounding in self._playing if sounding.end <= now + FRAME]
        self._playing = [sounding for sounding in self._playing if sounding.end > now + FRAME]
        self._fading += [sounding for sounding in over if sounding.take.tail and not sounding.cut]
        return mixed, over

    @property
    def playing(self) -> tuple[Sounding, ...]:
        return tuple(self._playing)


def mix_in(mixed: Floats, sounding: Sounding, now: int) -> None:
    last = sounding.end if sounding.cut else sounding.start + len(sounding.take.pcm)
    begin, end = max(sounding.start, now), min(last, now + FRAME)
    if begin >= end:
        return
    piece = sounding.take.pcm[begin - sounding.start : end - sounding.start].astype(np.float32) * sounding.gain
    if sounding.cut:
        left = sounding.end - np.arange(begin, end)
        piece *= np.minimum(1.0, left / FADE).astype(np.float32)
    mixed[begin - now : end - now] += piece
