"""Whether the benchmark itself comes too late: then its figures are the machine's and not the duplex's."""

import asyncio
import time

import numpy as np

TICK = 0.02
LATE = 0.05
"""Seconds of a call's time."""


class Watch:
    """How late this process comes to its own appointments every 20 ms; `calm` waits for a second without lateness."""

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._calm = asyncio.Event()
        self.late: list[float] = []

    async def run(self) -> None:
        due = time.monotonic() + TICK
        while True:
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            self.late.append((time.monotonic() - due) * self._speed)
            due = max(due + TICK, time.monotonic())
            if max(self.late[-round(1 / TICK) :]) < LATE:
                self._calm.set()
            else:
                self._calm.clear()

    async def calm(self) -> None:
        await self._calm.wait()

    @property
    def is_calm(self) -> bool:
        return self._calm.is_set()

    @property
    def p99_ms(self) -> float | None:
        return round(float(np.percentile(self.late, 99)) * 1000, 1) if self.late else None
