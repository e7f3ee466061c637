"""How long is too long: when waiting is spoken about, and when silence is."""

from dataclasses import dataclass
from typing import Final

from callcenter.units import samples
from flows import Silence, Waiting

SETTLES: Final = samples(1.2)
"""Silence after which an utterance is over though nobody said so."""
SETTLES_LATER: Final = samples(2.4)
"""The same within an answer that is not whole: digits come in groups."""
WHOLE_BY: Final = samples(3.0)
"""Silence after which the rest of such an answer is asked for."""


@dataclass(slots=True)
class Patience:
    waiting: Waiting
    silence: Silence
    since: int | None = None
    """Since when the caller has been waiting for us; None if they are not."""
    told: int = 0
    told_at: int = 0
    checks: int = 0
    held_until: int = 0

    def wait(self, at: int) -> None:
        if self.since is None:
            self.since, self.told = at, 0

    def done(self) -> None:
        self.since = None

    def progress(self, at: int, last_sound: int) -> str:
        """What to say about the wait now; mostly nothing."""
        if self.since is None or not self.waiting.lines:
            return ""
        quiet = at - max(self.since, last_sound)
        due = quiet >= samples(self.waiting.after)
        if self.told:
            due = due and at - self.told_at >= samples(self.waiting.every)
        if not due:
            return ""
        self.told, self.told_at = self.told + 1, at
        return self.waiting.lines[min(self.told, len(self.waiting.lines)) - 1]

    def hold(self, at: int) -> None:
        self.held_until = at + samples(self.silence.hold)

    def check(self, at: int, last_sound: int) -> str | None:
        """What to say into the silence: a check-in, or "" when it is time to go; None while it is not long enough."""
        if at - max(last_sound, self.held_until) < samples(self.silence.after):
            return None
        if self.checks >= len(self.silence.lines):
            return ""
        self.checks += 1
        return self.silence.lines[self.checks - 1]
