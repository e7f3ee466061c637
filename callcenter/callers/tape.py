"""From what many callers sent and got back to the figures of `load`: pure, on arrays.

jitter   how far each frame, silent ones too, came from the 20 ms grid that fits its call best (the grid's phase is the
         median, so a few stragglers do not move it; how many samples came before it says which line it belongs to)
gaps     20 ms pieces of silence that were put into an echo, because the next of it was not there in time
added    from sending a sample to its echo's arrival, less the second that the parrot waits
lost     20 ms pieces of what was sent that never came back
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from callcenter.units import FRAME, RATE

Floats = NDArray[np.float64]
PARROT = 1.0


@dataclass(frozen=True, slots=True)
class Tape:
    """One call: when each frame was sent, when each came, and of echoes which sample of the reading they began with."""

    sends: Floats
    received: Floats
    """When every frame of audio came, and after how many samples of it in `ordinals`."""
    ordinals: NDArray[np.int64]
    arrivals: Floats
    places: NDArray[np.int64]
    counted: int
    """Samples that should have come back."""
    heard: int
    """Samples up to which echoes have come."""
    missing: int
    strange: int


@dataclass(frozen=True, slots=True)
class Figures:
    calls: int
    frames: int
    jitter_p50_ms: float | None
    jitter_p99_ms: float | None
    jitter_max_ms: float | None
    added_ms_mean: float | None
    added_ms_p99: float | None
    frames_lost: int
    frames_strange: int
    gaps: int

    def told(self) -> dict[str, int | float | None]:
        return asdict(self)


def figures(tapes: Sequence[Tape], since: float, until: float) -> Figures:
    """Over what arrived in a span of time; frames are counted as lost over the whole of the calls."""
    deviations, delays, holes = [np.zeros(0)], [np.zeros(0)], 0
    for tape in tapes:
        came = (tape.received >= since) & (tape.received < until)
        if came.any():
            deviations.append(jitter(tape.received[came], tape.ordinals[came]))
        inside = (tape.arrivals >= since) & (tape.arrivals < until)
        arrivals, places = tape.arrivals[inside], tape.places[inside]
        if len(arrivals):
            delays.append(delay(tape.sends, arrivals, places))
            holes += gaps(arrivals, places)
    jitters, delayed = np.concatenate(deviations) * 1000, np.concatenate(delays) * 1000
    return Figures(
        calls=len(tapes),
        frames=len(jitters),
        jitter_p50_ms=quantile(jitters, 50),
        jitter_p99_ms=quantile(jitters, 99),
        jitter_max_ms=quantile(jitters, 100),
        added_ms_mean=round(float(delayed.mean()), 3) if len(delayed) else None,
        added_ms_p99=quantile(delayed, 99),
        frames_lost=sum(lost(tape) for tape in tapes),
        frames_strange=sum(tape.strange for tape in tapes),
        gaps=holes,
    )


def jitter(received: Floats, ordinals: NDArray[np.int64]) -> Floats:
    against = received - ordinals / RATE
    return np.asarray(np.abs(against - np.median(against)), np.float64)


def gaps(arrivals: Floats, places: NDArray[np.int64]) -> int:
    """Where the echo came later than its place by more than half a frame, and stayed so: each frame once."""
    late = np.round((arrivals - places / RATE) * RATE / FRAME)
    steady = np.minimum.accumulate(late[::-1])[::-1]
    return int(np.maximum(np.diff(steady), 0).sum())


def delay(sends: Floats, arrivals: Floats, places: NDArray[np.int64]) -> Floats:
    """A sample leaves the handset with its frame, so many samples after the frame's first."""
    sent = sends[places // FRAME] + places % FRAME / RATE
    return np.asarray(arrivals - sent - PARROT, np.float64)


def lost(tape: Tape) -> int:
    """Frames; half a frame is one."""
    samples = tape.missing + max(0, tape.counted - tape.heard)
    return -(-samples // FRAME)


def quantile(values: Floats, percent: float) -> float | None:
    return round(float(np.percentile(values, percent)), 3) if len(values) else None
