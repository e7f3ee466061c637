"""The things that hear and speak, behind one small protocol.

A duplex is built for one call, opened once, given a turn every 200 ms and closed once. `turn` must answer within the
turn; being late is reported as an event, raising loses the duplex and the call falls back.
"""

from collections.abc import Sequence
from typing import Protocol

from callcenter.events import Heard, Note, Policy, Spoken


class Duplex(Protocol):
    def open(self, policy: Policy, notes: Sequence[Note]) -> None: ...

    async def turn(self, heard: Heard) -> Spoken: ...

    def close(self) -> None: ...
