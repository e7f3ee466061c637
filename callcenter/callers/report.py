"""What a finished call was, as the phone saw it: frozen, with per-frame figures as arrays.

All times are seconds on the phone's clock since the number was dialled (call time: a call at twice the speed has the
same times). `spoken` and `heard` of a leg are the same length and sample-aligned: what the handset's microphone and
earpiece carried at the same instant.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from callcenter.callers.twiml import Step
from callcenter.units import FRAME, RATE, SILENT_BYTE, samples

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
TICK = FRAME / RATE
PAUSE = 0.2
"""Seconds without a message that are a pause of the agent's and not lateness."""

Side = Literal["caller", "agent", "carrier", "broken"]


@dataclass(frozen=True, slots=True)
class Happened:
    at: float
    what: str
    """A short word: ringing, webhook, started, mark, key, stopped ..."""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why the call did not happen as it should. `status` is the HTTP status, 0 where there is none."""

    kind: Literal["unreachable", "refused", "twiml", "stream"]
    detail: str
    status: int = 0


@dataclass(frozen=True, slots=True)
class Marked:
    name: str
    arrived: float
    echoed: float
    flushed: bool


@dataclass(frozen=True)
class Leg:
    """One media stream."""

    stream: str
    began: float
    """When its audio clock started."""
    spoken: bytes = field(repr=False)
    heard: bytes = field(repr=False)
    arrivals: Floats = field(repr=False)
    """When each media message came."""
    lengths: Counts = field(repr=False)
    """Its samples."""
    positions: Counts = field(repr=False)
    """Where in the ear's stream of samples it began."""
    waits: Counts = field(repr=False)
    """Samples that waited before it: its playout lag."""
    sent: int
    """Frames of the caller put on the wire."""
    lost: int
    """Frames of the caller that the network lost."""
    marks: tuple[Marked, ...]
    clears: tuple[float, ...]
    complaints: tuple[str, ...]
    """What the provider would have objected to in the server's messages."""
    ended_by: Side
    close_code: int | None
    close_reason: str = ""

    def jitter_ms(self, settle: float = 2.0) -> Floats:
        """How far each message came from the 20 ms grid that fits them best, after the first seconds.

        An agent that stops sending for a while begins again on the same grid: a pause is whole frames long.
        """
        if len(self.arrivals) < 2:
            return np.zeros(0)
        slip = np.diff(self.arrivals) - self.lengths[:-1] / RATE
        pauses = np.where(slip > PAUSE, np.round(slip / TICK) * TICK, 0.0)
        grid = self.arrivals - self.positions / RATE - np.concatenate(([0.0], np.cumsum(pauses)))
        settled = grid[self.arrivals >= self.arrivals[0] + settle]
        middle = float(np.median(settled)) if len(settled) else 0.0
        deviations: Floats = np.abs(settled - middle) * 1000.0
        return deviations

    def lag_ms(self) -> Floats:
        return self.waits / 8.0


@dataclass(frozen=True)
class Report:
    call: str
    direction: str
    status: str
    """The provider's last word on the call: completed, busy, no-answer, failed, canceled."""
    ended_by: Side
    seconds: float
    events: tuple[Happened, ...]
    steps: tuple[Step, ...]
    legs: tuple[Leg, ...]
    failure: Failure | None = None

    @cached_property
    def spoken(self) -> bytes:
        return placed([(leg.began, leg.spoken) for leg in self.legs])

    @cached_property
    def heard(self) -> bytes:
        return placed([(leg.began, leg.heard) for leg in self.legs])

    @property
    def complaints(self) -> tuple[str, ...]:
        return tuple(complaint for leg in self.legs for complaint in leg.complaints)

    def of(self, what: str) -> tuple[Happened, ...]:
        return tuple(event for event in self.events if event.what == what)


def placed(parts: list[tuple[float, bytes]]) -> bytes:
    """Audio at its places on one timeline that begins with the first part; silence between."""
    track = bytearray()
    for began, audio in parts:
        gap = samples(began - parts[0][0]) - len(track)
        track += bytes([SILENT_BYTE]) * gap + audio
    return bytes(track)


def clock(at: float) -> str:
    return f"{at:7.2f} s"


def spread(values: Floats) -> tuple[float, float, float]:
    """Median, 99th percentile and greatest."""
    if not len(values):
        return (float("nan"),) * 3
    middle, high = np.percentile(values, [50, 99])
    return float(middle), float(high), float(values.max())
