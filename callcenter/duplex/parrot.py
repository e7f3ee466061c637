"""The parrot: says what it heard, a second later. It needs no model, so it measures everything around the model."""

from collections import deque
from collections.abc import Sequence

from callcenter.events import Heard, Note, Policy, Spoken
from callcenter.units import RATE, TURN

DELAY_TURNS = RATE // TURN
"""Audio heard in turn n is spoken as the answer to turn n + 4: one second after it was heard, to the sample."""


class Parrot:
    def __init__(self) -> None:
        self._memory: deque[bytes] = deque()

    def open(self, policy: Policy, notes: Sequence[Note]) -> None:
        self._memory.clear()

    async def turn(self, heard: Heard) -> Spoken:
        self._memory.append(heard.audio)
        if len(self._memory) < DELAY_TURNS:
            return Spoken(heard.turn)
        return Spoken(heard.turn, self._memory.popleft())

    def close(self) -> None:
        self._memory.clear()
