"""When somebody answers: "mon-fri 08:00-18:00"."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOURS: Final = re.compile(r"([a-z]{3})(?:-([a-z]{3}))? ([0-2]\d):([0-5]\d)-([0-2]\d):([0-5]\d)")


@dataclass(frozen=True, slots=True)
class Opening:
    """Minutes of the day between which these weekdays are served; Monday is 0."""

    days: frozenset[int]
    start: int
    end: int


def opening(text: str) -> Opening | None:
    """None if it does not read as days and times."""
    match = _HOURS.fullmatch(text.strip().lower())
    if not match or match[1] not in DAYS or (match[2] or match[1]) not in DAYS:
        return None
    first, last = DAYS.index(match[1]), DAYS.index(match[2] or match[1])
    start, end = int(match[3]) * 60 + int(match[4]), int(match[5]) * 60 + int(match[6])
    days = frozenset((first + step) % 7 for step in range((last - first) % 7 + 1))
    return Opening(days, start, end) if start < end <= 24 * 60 else None


def open_at(hours: Sequence[str], weekday: int, minute: int) -> bool:
    """Without hours, always."""
    listed = [one for text in hours if (one := opening(text))]
    return not hours or any(weekday in one.days and one.start <= minute < one.end for one in listed)
