"""Which outcomes leave the caller without what they called for. Every other one, whatever a flow calls it, is good."""

from typing import Final

UNRESOLVED: Final = (
    "", "caller_hung_up", "handed over", "transferred", "nothing done", "message taken", "callback", "abandoned",
    "machine", "failed", "lost",
)  # fmt: skip
"""A caller who only hung up is one of whom nobody wrote down that they were helped."""

BAD: Final = ("failed", "lost")


def tone(outcome: str) -> str:
    """The class of an outcome's label."""
    if outcome in BAD:
        return "bad"
    if outcome in ("handed over", "transferred"):
        return "on"
    if outcome in ("", "caller_hung_up"):
        return ""
    return "warn" if outcome in UNRESOLVED else "good"
