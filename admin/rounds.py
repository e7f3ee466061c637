"""What the site does beside its pages, again and again: a thread that a database which hangs keeps from nothing.

Whoever stops several tells all of them before it waits for any, so that they end at the same time.
"""

import os
import threading
from abc import ABC, abstractmethod
from typing import ClassVar

from callcenter.logs import log
from callcenter.store import StoreDown


class Rounds(ABC):
    """`work` is done every so many seconds until `stop`; what fails is told and tried again."""

    name: ClassVar[str]
    every: ClassVar[float]
    gives_way: ClassVar[bool] = True
    """Whether calls come first."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)

    @abstractmethod
    def work(self) -> None: ...

    def over(self) -> None:  # noqa: B027
        """Nothing is done any more: what was open may be closed."""

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread.ident is None:
            self.over()

    def join(self, seconds: float) -> None:
        if self._thread.is_alive():
            self._thread.join(seconds)

    def _run(self) -> None:
        if self.gives_way:
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)
        while not self._stop.wait(self.every):
            try:
                self.work()
            except StoreDown:
                continue
            except Exception as error:
                log.error(self.name, error=repr(error), exc_info=error)
        self.over()
