"""How long nobody has spoken at the caller's end, by the ear: a click or a frame of doubt breaks no silence."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from callcenter.model.phones import SILENCE

LIKELY: Final = np.log(0.5)
AMONG: Final = 5
VOICED: Final = 3
"""Of so many frames in a row, how many must be no silence to be a voice."""


class Silence:
    """A call's. Frames are the ear's, 20 ms each, and as late as it is."""

    def __init__(self) -> None:
        self._last = np.zeros(AMONG - 1, np.bool_)
        self.frames = 0

    def push(self, phones: NDArray[np.float32]) -> int:
        """A turn's frames by phones, each the logarithm of its probability. Frames of silence at the end of it."""
        sounds = np.concatenate((self._last, phones[:, SILENCE] < LIKELY))
        voiced = np.flatnonzero(np.convolve(sounds, np.ones(AMONG, np.int64), "valid") >= VOICED)
        count = len(phones)
        self.frames = count - 1 - int(voiced[-1]) if len(voiced) else self.frames + count
        self._last = sounds[-(AMONG - 1) :]
        return self.frames
