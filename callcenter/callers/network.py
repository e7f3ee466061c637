"""What a bad network does to the caller's frames: loses them in bursts, holds them back, swaps and doubles them.

Everything is drawn from one seed, so a bad call can be had again exactly.
"""

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class Weather:
    """Chances are per frame. `burst` is the mean length of a run of lost frames."""

    loss: float = 0.0
    burst: float = 1.0
    duplicate: float = 0.0
    reorder: float = 0.0
    hold: float = 0.0
    """Chance that a stall begins; the frames of a stall arrive together at its end."""
    held: int = 10
    """Frames in a stall."""
    seed: int = 0


CALM = Weather()


class Network:
    """Takes a frame's message each tick and says which messages go out now."""

    def __init__(self, weather: Weather) -> None:
        self._weather = weather
        self._random = Random(weather.seed)
        self._losing = False
        self._stalled = 0
        self._back: list[str] = []
        self._aside: list[str] = []
        self.lost = 0

    def carry(self, message: str) -> tuple[str, ...]:
        if self._lose():
            self.lost += 1
        else:
            self._take(message)
        return self._deliver()

    def flush(self) -> tuple[str, ...]:
        """What is still held back when the stream ends."""
        out = (*self._back, *self._aside)
        self._back.clear()
        self._aside.clear()
        return out

    def _lose(self) -> bool:
        """A two-state channel: the share of lost frames is `loss`, their runs are `burst` long on average."""
        weather = self._weather
        if not weather.loss:
            return False
        if self._losing:
            self._losing = self._random.random() >= 1 / weather.burst
        else:
            entry = weather.loss / (weather.burst * (1 - weather.loss))
            self._losing = self._random.random() < entry
        return self._losing

    def _take(self, message: str) -> None:
        weather, chance = self._weather, self._random.random
        if weather.reorder and not self._aside and chance() < weather.reorder:
            self._aside.append(message)
            return
        self._back += [message, *self._aside]
        self._aside.clear()
        if weather.duplicate and chance() < weather.duplicate:
            self._back.append(message)
        if weather.hold and not self._stalled and chance() < weather.hold:
            self._stalled = weather.held - 1

    def _deliver(self) -> tuple[str, ...]:
        if self._stalled:
            self._stalled -= 1
            return ()
        out = tuple(self._back)
        self._back.clear()
        return out
