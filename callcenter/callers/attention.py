"""What a caller notices of the agent: whether it speaks, since when, for how long it has been silent.

A pause of the agent that is shorter than a breath belongs to its speech, as it does for everybody who listens.
"""

from callcenter.audio import Activity
from callcenter.units import FRAME, samples

BREATH = samples(0.5)


class Attention:
    def __init__(self) -> None:
        self._activity = Activity()
        self.now = 0
        self.voiced = False
        self.since = -1
        """Where the agent's speech began that goes on now, or went on until `last`; -1 before the first."""
        self.last = -1
        """Where the agent was last heard."""
        self.heard = 0
        """Samples of the agent's voice since `forget`."""

    def hear(self, frame: bytes) -> None:
        self.voiced = self._activity.push(frame) == "1"
        if self.voiced:
            if self.last < 0 or self.now - self.last > BREATH:
                self.since = self.now
            self.last = self.now + FRAME
            self.heard += FRAME
        self.now += FRAME

    def forget(self) -> None:
        self.heard = 0

    @property
    def quiet(self) -> int:
        """Samples since the agent was last heard; since the beginning, when it never was."""
        return self.now - max(self.last, 0)

    @property
    def talked(self) -> int:
        """How long the agent has been speaking without a break, 0 when it does not speak."""
        return self.now - self.since if self.last >= 0 and self.quiet <= BREATH else 0
