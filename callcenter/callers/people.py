"""Realistic callers beside the measured ones of `load`: people who react, each on a phone of its own.

They are not there to be timed to the sample (the measured calls are) but to load the server as customers would: pauses,
interruptions, keys, hang-ups, lost frames. One calls after another in each place until the time is up.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle

import numpy as np

from callcenter.callers.crowd import Stand
from callcenter.callers.exchange import Dialling
from callcenter.callers.mouth import Mouth
from callcenter.callers.phone import Phone
from callcenter.callers.report import Report
from callcenter.callers.studio import Studio
from callcenter.callers.suite import DECKS, Casting, compose

LEAST = 5.0
"""Seconds left below which nobody calls any more."""


@dataclass(frozen=True, slots=True)
class Company:
    """What became of the calls of people."""

    calls: int = 0
    failed: int = 0
    jitter_p99_ms: float | None = None
    heard_agent: int = 0
    """Calls in which something of the agent was heard."""


def cast(seed: int) -> tuple[Casting, ...]:
    """The people of the quick suite; everything they may say is recorded here, before the load begins."""
    return compose("quick", DECKS["quick"], seed, Studio()).castings


async def accompany(stand: Stand, castings: Sequence[Casting], places: int, seconds: float) -> Company:
    """So many people on the phone at once, for so long."""
    queue, until = cycle(castings), time.monotonic() + seconds
    told = await asyncio.gather(*(_place(stand, queue, until, place, seconds) for place in range(places)))
    reports = [report for place in told for report in place]
    legs = [leg for report in reports for leg in report.legs]
    jitters = [leg.jitter_ms() for leg in legs]
    jitter = np.concatenate(jitters) if jitters else np.zeros(0)
    return Company(
        calls=len(reports),
        failed=sum(report.failure is not None for report in reports),
        jitter_p99_ms=round(float(np.percentile(jitter, 99)), 3) if len(jitter) else None,
        heard_agent=sum(len(leg.heard.translate(None, b"\xff\x7f")) > 0 for leg in legs),
    )


async def _place(stand: Stand, queue: Iterator[Casting], until: float, place: int, seconds: float) -> list[Report]:
    """One place on the phone: calls one after the other. Places begin spread over a second."""
    await asyncio.sleep(place / 10 % 1.0)
    reports: list[Report] = []
    while (left := until - time.monotonic()) > LEAST or not reports:
        casting = next(queue)
        mouth: Mouth = casting.person()
        dialling = Dialling(
            url=stand.url,
            public=stand.public,
            token=stand.token,
            caller=casting.caller,
            seconds=min(max(left, LEAST), seconds),
            weather=casting.weather,
        )
        reports.append(await Phone(dialling, mouth).place())
    return reports
