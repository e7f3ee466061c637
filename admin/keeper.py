"""The keeper: does what the policies of keeping say, call after call, in a thread that gives way."""

from datetime import UTC, datetime
from typing import Final

from admin.rounds import Rounds
from callcenter.store.removal import Removal

FOLLOWS: Final = 12
"""Rounds after which it is looked what other machines deleted."""


class Keeper(Rounds):
    name = "keeper"
    every = 5.0

    def __init__(self, removal: Removal) -> None:
        super().__init__()
        self._removal = removal
        self._rounds = 0

    def work(self) -> None:
        if self._rounds % FOLLOWS == 0:
            self._removal.follow()
        self._rounds += 1
        self._removal.enforce(datetime.now(UTC), self._stop.is_set)
