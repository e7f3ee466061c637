"""Whether the benchmark itself comes too late."""

import asyncio
import time

from callcenter.bench.watch import LATE, Watch


def watched(speed, stall):
    """The lateness seen and whether it was calm, right after this process stood still for so long."""

    async def run():
        watch = Watch(speed)
        task = asyncio.create_task(watch.run())
        async with asyncio.timeout(10):
            while len(watch.late) < 3:
                await asyncio.sleep(0.005)
            before = len(watch.late)
            busy_until = time.monotonic() + stall
            while time.monotonic() < busy_until:
                pass
            while len(watch.late) < before + 3:
                await asyncio.sleep(0.005)
        task.cancel()
        return max(watch.late[before:]), watch.is_calm

    return asyncio.run(run())


def test_a_process_that_stood_still_was_late_and_is_not_calm():
    late, calm = watched(1.0, 0.2)
    assert late > 0.15
    assert not calm


def test_lateness_counts_in_the_time_of_the_call():
    late, _ = watched(10.0, 0.05)
    assert late > 0.3 > LATE


def test_nothing_is_known_before_the_first_appointment():
    assert Watch(1.0).p99_ms is None
