"""The keeper: does what the policies of keeping say, call after call, in a thread that gives way."""

import os
import threading
from datetime import UTC, datetime
from typing import Final

from callcenter.logs import log
from callcenter.store import StoreDown
from callcenter.store.removal import Removal

EVERY: Final = 5.0
FOLLOWS: Final = 12
"""Rounds after which it is looked what other machines deleted."""


class Keeper:
    def __init__(self, removal: Removal) -> None:
        self._removal = removal
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(5.0)

    def _run(self) -> None:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)
        rounds = 0
        while not self._stop.wait(EVERY):
            try:
                if rounds % FOLLOWS == 0:
                    self._removal.follow()
                rounds += 1
                self._removal.enforce(datetime.now(UTC), self._stop.is_set)
            except StoreDown:
                continue
            except Exception as error:
                log.error("keeper", error=repr(error), exc_info=error)
