"""Which outcomes leave the caller without what they called for. Every other one, whatever a flow calls it, is good."""

from typing import Final

UNRESOLVED: Final = (
    "", "handed over", "transferred", "nothing done", "message taken", "callback", "abandoned", "machine", "failed",
    "lost",
)  # fmt: skip

BAD: Final = ("failed", "lost")


def tone(outcome: str) -> str:
    """The class of an outcome's label."""
    if outcome in BAD:
        return "bad"
    if outcome in ("handed over", "transferred"):
        return "on"
    return "warn" if outcome in UNRESOLVED else "good"
