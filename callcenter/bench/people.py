"""How people do it: published figures of human conversation, to lay beside a duplex.

Gaps: 57 two-party consultations and telephone service calls, from offset of one speaker to onset of the next, negative
where they overlap. Pauses: between the groups of a number and the parts of an address, on the telephone.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Seconds. A quartile that was not published is None."""

    name: str
    p10: float
    p25: float | None
    p50: float
    p75: float | None
    p90: float


CONSULTATIONS = Quantiles("people, consultations", -0.61, -0.13, 0.23, 0.67, 1.27)
SERVICE_CALLS = Quantiles("people, service calls", -0.10, None, 0.24, None, 0.90)

OVERLAPPED = 0.34
"""Share of changes of the floor that overlap."""

SHORT_SEGMENTS = 0.09
"""Share of segments that are short acknowledgements."""

INSIDE = 0.11
"""Share of segments that lie wholly inside the other's turn."""

DIGIT_GROUPS = (0.5, 0.8)
ADDRESS_PARTS = (0.7, 2.9)
BACKCHANNELS = (5.0, 17.0)
"""A minute of the other's speech."""
