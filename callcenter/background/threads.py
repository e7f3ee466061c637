"""A thread of its own for work that blocks, so that work that hangs holds up neither the loop nor the process's end.

A pool of workers would be emptied by a few calls that never return, and Python waits for its pools when it exits.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future


class Threads:
    """At most `limit` threads at a time; whoever comes then is told at once."""

    def __init__(self, limit: int) -> None:
        self._free = threading.BoundedSemaphore(limit)

    async def run(self, work: Callable[[], object]) -> object:
        """What `work` returns or raises. Cancelling stops the waiting, not the work. Raises `Full`."""
        if not self._free.acquire(blocking=False):
            raise Full
        done: Future[object] = Future()
        done.set_running_or_notify_cancel()
        threading.Thread(target=self._do, args=(work, done), name="work", daemon=True).start()
        return await asyncio.wrap_future(done)

    def _do(self, work: Callable[[], object], done: "Future[object]") -> None:
        try:
            done.set_result(work())
        except BaseException as error:
            done.set_exception(error)
        finally:
            self._free.release()


class Full(Exception):
    """All threads are taken."""
