"""The running experiment, as a server lives it: which arm a call gets, and when it must be stopped.

The store says what runs; a copy of it is kept here for a few seconds, and for as long as the store is down. What an arm
is never changes, so it is kept for good.
"""

import asyncio
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Final

from callcenter import numbers
from callcenter.asker import Asker
from callcenter.contacts import contacts
from callcenter.events import Rang
from callcenter.experiment import Arm, Assigned, ExperimentError, assign, read
from callcenter.logs import log
from callcenter.store import Store, StoreDown, experiments
from callcenter.store.experiments import Kept

FRESH_FOR: Final = 2.0
"""Seconds for which a look into the store is good."""

GUARD_EVERY: Final = 300.0
"""Seconds between two looks at the guardrails."""


class Trials:
    def __init__(self, store: Store, asker: Asker, country: str) -> None:
        self._store = store
        self._asker = asker
        self._country = country
        self._running: Kept | None = None
        self._until = 0.0
        self._arms: dict[str, Mapping[str, Arm]] = {}

    async def assign(self, rang: Rang, call_id: str) -> Assigned | None:
        """The arm of a call that rings; None if nothing runs or the caller takes no part."""
        kept = await self._look()
        if kept is None:
            return None
        person = rang.called if rang.direction == "outbound" else rang.caller
        return assign(kept.experiment, str(numbers.caller(person, self._country)) if person else "", call_id)

    async def arm(self, experiment: str, name: str) -> Arm | None:
        """What an arm is; None if it cannot be known."""
        if not experiment:
            return None
        if experiment not in self._arms:
            try:
                self._keep(await self._asker.ask(partial(experiments.named, self._store, experiment)))
            except (StoreDown, ExperimentError) as error:
                log.warning("arm unknown", experiment=experiment, arm=name, error=str(error))
                return None
        return self._arms[experiment].get(name)

    async def watch(self) -> None:
        """Looks at the guardrails until cancelled."""
        while True:
            await asyncio.sleep(GUARD_EVERY)
            try:
                await asyncio.to_thread(guard, self._store)
            except StoreDown:
                continue
            except Exception as error:
                log.error("guardrails", error=repr(error), exc_info=error)

    async def _look(self) -> Kept | None:
        if time.monotonic() < self._until:
            return self._running
        try:
            self._running = await self._asker.ask(partial(experiments.running, self._store))
        except ExperimentError as error:
            log.error("experiment refused", error=str(error))
            self._running = None
        except StoreDown:
            log.warning("store down", doing="experiment", running=self._running is not None)
        self._until = time.monotonic() + FRESH_FOR
        if self._running is not None:
            self._keep(self._running)
        return self._running

    def _keep(self, kept: Kept) -> None:
        self._arms[kept.experiment.name] = {arm.name: arm for arm in kept.experiment.arms}


def guard(store: Store) -> bool:
    """Stops the running experiment if an arm has broken a guardrail; whether it did."""
    kept = experiments.running(store)
    if kept is None:
        return False
    now = datetime.now(UTC)
    reading = read(kept.experiment, contacts(store, kept, now))
    if not reading.breaches:
        return False
    why = f"guardrail: {reading.verdict}"
    experiments.stop(store, kept.row.name, now, why)
    log.error("experiment stopped", experiment=kept.row.name, why=why)
    return True
