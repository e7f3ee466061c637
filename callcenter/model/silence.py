"""How long nobody has spoken at the caller's end, by the ear: a click or a frame of doubt breaks no silence. And how
long the caller has not: a voice that is much fainter than the caller's has been, such as a television behind it or our
own, sent back, is not taken for it there."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from callcenter.model.config import LATE
from callcenter.model.phones import LABEL, SILENCE
from callcenter.units import TURN

LIKELY: Final = np.log(0.5)
AMONG: Final = 5
VOICED: Final = 3
"""Of so many frames in a row, how many must be no silence to be a voice."""

FAR: Final = 13.0
"""Decibels below the caller's voice at which somebody else speaks, or nobody to us."""

SYLLABLES: Final = 20
"""Frames of which the loudest tells how loud somebody is speaking: no voice is loud all the time."""

FADES: Final = 0.02
"""Decibels by which the caller's voice is taken to be fainter, for every frame in which it or another sounds."""


class Run:
    """Frames of silence up to now."""

    def __init__(self) -> None:
        self._last = np.zeros(AMONG - 1, np.bool_)
        self.frames = 0

    def push(self, sounds: NDArray[np.bool_]) -> int:
        among = np.concatenate((self._last, sounds))
        voiced = np.flatnonzero(np.convolve(among, np.ones(AMONG, np.int64), "valid") >= VOICED)
        count = len(sounds)
        self.frames = count - 1 - int(voiced[-1]) if len(voiced) else self.frames + count
        self._last = among[-(AMONG - 1) :]
        return self.frames


class Silence:
    """A call's. Frames are the ear's, 20 ms each, and as late as it is."""

    def __init__(self) -> None:
        self._anybody, self._caller = Run(), Run()
        self._levels = np.full(LATE + SYLLABLES + TURN // LABEL, -np.inf)
        self._usual = -np.inf

    def push(self, phones: NDArray[np.float32], pcm: NDArray[np.int16]) -> tuple[int, int]:
        """A turn's frames by phones, each the logarithm of its probability, and the sound that came with them, of
        which the last is not in them yet. For how many frames nobody has spoken, and for how many not the caller."""
        sounds = phones[:, SILENCE] < LIKELY
        return self._anybody.push(sounds), self._caller.push(self._near(sounds, pcm))

    def _near(self, sounds: NDArray[np.bool_], pcm: NDArray[np.int16]) -> NDArray[np.bool_]:
        """Which of the frames that hold phones are loud enough to be the caller's."""
        power = np.square(pcm.reshape(-1, LABEL).astype(np.float64)).mean(1)
        self._levels = np.concatenate((self._levels[len(sounds) :], 10 * np.log10(power + 1)))
        near = np.zeros(len(sounds), np.bool_)
        for at in np.flatnonzero(sounds):
            end = len(self._levels) - LATE - len(sounds) + int(at) + 1
            within = self._levels[max(0, end - SYLLABLES) : end]
            loud = float(np.sort(within)[-AMONG])
            self._usual = max(self._usual - FADES, loud)
            near[at] = loud > self._usual - FAR
        return near
