"""A circuit breaker: after some failures in a row nobody asks for a while, then one asks to see whether it is over."""

from dataclasses import dataclass


@dataclass(slots=True)
class Breaker:
    """`now` is any clock in seconds, handed in."""

    failures: int = 3
    rest: float = 20.0
    _missed: int = 0
    _until: float = 0.0
    _trying: bool = False

    def allows(self, now: float) -> bool:
        """Whether to ask. Whoever is allowed reports back with `worked`, `failed` or `left`."""
        if self._missed < self.failures:
            return True
        if now < self._until or self._trying:
            return False
        self._trying = True
        return True

    def worked(self) -> None:
        self._missed, self._trying = 0, False

    def failed(self, now: float) -> None:
        self._missed += 1
        self._trying = False
        self._until = now + self.rest

    def left(self) -> None:
        """Nobody waited for the answer: nothing is known."""
        self._trying = False
