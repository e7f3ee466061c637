"""The way from a caller's mouth to the wire: how loud, what lies behind it, what of the agent comes back, mu-law.

What is played into it is in the telephone's band already; the agent's voice is made so on its way back. There is noise
in every sample: digital silence would tell a listener what no telephone tells. Lost frames are the network's business.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from callcenter.audio import decode, encode
from callcenter.audio.offline import phone_band
from callcenter.callers.noises import Floats
from callcenter.callers.takes import LEVEL
from callcenter.units import FRAME, samples

FLOOR = 22.0
"""Root mean square of the faintest noise: -63 dBFS."""

TAPS = 97


@dataclass(frozen=True, slots=True)
class Echo:
    """How much of the agent's voice comes back, against what the caller hears, and when."""

    db: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Conditions:
    """`level_db`: the caller's voice against the usual; `snr_db`: that voice against the noise behind it."""

    level_db: float = 0.0
    noise: str = "hiss"
    snr_db: float = 30.0
    echo: Echo | None = None

    @property
    def gain(self) -> float:
        return float(10 ** (self.level_db / 20))


class Channel:
    def __init__(self, conditions: Conditions, bed: Floats, start: int = 0) -> None:
        """`bed` is a loop of noise of power 1, played from `start` on."""
        self.conditions = conditions
        loud = LEVEL * conditions.gain * 10 ** (-conditions.snr_db / 20)
        self._bed = bed
        self._loud = max(FLOOR, loud)
        self._at = start % len(bed)
        self._gain = np.float32(conditions.gain)
        self._room = Room(conditions.echo) if conditions.echo else None

    def carry(self, sound: Floats, heard: bytes) -> bytes:
        """A frame of the caller's own sound, with what was in the ear meanwhile, as it goes on the wire."""
        mixed = sound * self._gain + self._noise()
        if self._room is not None:
            mixed += self._room.returned(heard)
        return encode(np.clip(np.rint(mixed), -32_768, 32_767).astype(np.int16))

    def _noise(self) -> Floats:
        end = self._at + FRAME
        piece = self._bed[self._at : end]
        if len(piece) < FRAME:
            piece = np.concatenate((piece, self._bed[: FRAME - len(piece)]))
        self._at = end % len(self._bed)
        return piece * np.float32(self._loud)


class Room:
    """The loudspeaker, the walls and the microphone: a delay, a level and the band of a telephone."""

    def __init__(self, echo: Echo) -> None:
        self.delay = samples(echo.seconds)
        self._taps = reflection() * np.float32(10 ** (echo.db / 20))
        self._past = np.zeros(self.delay + TAPS - 1, np.float32)

    def returned(self, heard: bytes) -> Floats:
        self._past = np.concatenate((self._past, decode(heard).astype(np.float32)))
        window = self._past[: FRAME + TAPS - 1]
        self._past = self._past[FRAME:]
        return np.convolve(window, self._taps, "valid").astype(np.float32)


@cache
def reflection() -> Floats:
    """A direct sound in the telephone's band and two weak reflections; of level 1."""
    impulse = np.zeros(TAPS, np.int16)
    impulse[20], impulse[44], impulse[71] = 20_000, 6_000, -3_000
    taps = phone_band(impulse).astype(np.float32)
    return taps / np.float32(np.sqrt(np.sum(np.square(taps))))
