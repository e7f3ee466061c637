"""Passing a caller on: to whom, when, how often, and what is said when it did not work.

Nothing may be dialled unless its prefix is allowed, and none is by default: whoever talks an agent into dialling costs
the operator money. The wall time and the count of earlier transfers are handed in, so a decision is a plain function of
its inputs; only the count per minute is remembered here, for this process.
"""

import re
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, Self
from zoneinfo import ZoneInfo

from callcenter import numbers
from callcenter.numbers import Address, Number, NumberError
from callcenter.telephony.callbacks import Outcome

DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MINUTE: Final = 60.0
SENTENCES: Final = {
    Outcome.COMPLETED: "",
    Outcome.BUSY: "I am sorry, the line is busy right now.",
    Outcome.NO_ANSWER: "I am sorry, nobody is picking up right now.",
    Outcome.FAILED: "I am sorry, I could not connect you.",
    Outcome.CANCELED: "I am sorry, the call was not put through.",
    Outcome.CLOSED: "I am sorry, nobody is there at this hour.",
    Outcome.DENIED: "I am sorry, I cannot connect you to that number.",
}
"""What the caller hears when a transfer ended this way, unless the flow says it better."""

_TIMES: Final = re.compile(r"([01]?[0-9]|2[0-4]):([0-5][0-9])-([01]?[0-9]|2[0-4]):([0-5][0-9])")
_NUMBER_PREFIX: Final = re.compile(r"\+[0-9]{0,15}")
_KEYS: Final = frozenset({"number", "sip", "client", "hours", "timeout"})
_DAY: Final = 24 * 60


class TransferError(ValueError):
    """A target or a prefix that cannot be used as configured; the message names it and quotes the value."""


@dataclass(frozen=True, slots=True)
class Span:
    """Minutes since midnight on one weekday (0 is Monday); past midnight it goes on into the next day."""

    day: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Hours:
    """`Mon-Fri 08:00-12:00 13:00-18:00, Sat 09:00-13:00 Europe/Berlin`: when somebody is there."""

    spans: tuple[Span, ...]
    zone: ZoneInfo

    @classmethod
    def read(cls, text: str) -> Self:
        *words, zone = text.replace(",", " ").split() or [""]
        spans: list[Span] = []
        days: list[int] = []
        timed = True
        for word in words:
            if _TIMES.fullmatch(word):
                if not days:
                    raise TransferError(f"hours {text!r}: name the days before {word}")
                spans += _spans(days, word, text)
                timed = True
            else:
                days = _days(word, text) if timed else days + _days(word, text)
                timed = False
        if not spans or not timed:
            raise TransferError(f"hours {text!r}: write them like Mon-Fri 08:00-18:00 Europe/Berlin")
        return cls(tuple(spans), _zone(zone, text))

    def open(self, at: datetime) -> bool:
        if at.tzinfo is None:
            raise ValueError("the time needs its zone")
        local = at.astimezone(self.zone)
        minute = local.hour * 60 + local.minute
        return any(span.start <= minute + _DAY * ((local.weekday() - span.day) % 7) < span.end for span in self.spans)


@dataclass(frozen=True, slots=True)
class Target:
    """Somebody a caller can be passed on to, by name."""

    name: str
    party: Number | Address
    hours: Hours | None = None
    timeout_s: int = 25


@dataclass(frozen=True, slots=True)
class Refused:
    """A transfer that is not even tried: the reason as the caller's side sees it, and why for the log."""

    outcome: Outcome
    why: Literal["unknown_target", "not_allowed", "call_limit", "minute_limit", "closed"]


class Exchange:
    """Where transfers are decided. `allowed` holds `+4930`, `sip:@pbx.example.com`, `client:desk`.

    Number prefixes mean all numbers that begin with them: `+1` covers the Caribbean too.
    """

    def __init__(
        self, targets: Mapping[str, Target], allowed: Iterable[str] = (), per_call: int = 3, per_minute: int = 60
    ) -> None:
        self.targets = targets
        self.allowed = tuple(_prefix(text) for text in allowed)
        self._per_call = per_call
        self._recent: deque[float] = deque(maxlen=per_minute)

    def decide(self, name: str, made: int, now: float, at: datetime) -> Target | Refused:
        """`made`: transfers this call has had; `now`: monotonic seconds; `at`: wall time. A target counts once."""
        target = self.targets.get(name)
        if target is None:
            return Refused(Outcome.DENIED, "unknown_target")
        if not self.permits(target.party):
            return Refused(Outcome.DENIED, "not_allowed")
        if target.hours and not target.hours.open(at):
            return Refused(Outcome.CLOSED, "closed")
        if made >= self._per_call:
            return Refused(Outcome.DENIED, "call_limit")
        if len(self._recent) == self._recent.maxlen and (not self._recent or now - self._recent[0] < MINUTE):
            return Refused(Outcome.DENIED, "minute_limit")
        self._recent.append(now)
        return target

    def permits(self, party: Number | Address) -> bool:
        """Whether a party may be dialled at all, by a transfer or by an outbound call."""
        match party:
            case Number(e164):
                return any(prefix.startswith("+") and e164.startswith(prefix) for prefix in self.allowed)
            case Address("sip", name):
                return f"sip:@{name.rpartition('@')[2].lower()}" in self.allowed
            case Address():
                return str(party) in self.allowed


def read_targets(mapping: Mapping[str, Any], country: str = "US") -> dict[str, Target]:
    """`{"sales": {"number": "+15550100", "hours": "Mon-Fri 08:00-18:00 UTC", "timeout": 20}}`."""
    return {name: _target(name, fields, country) for name, fields in mapping.items()}


def _target(name: str, fields: Any, country: str) -> Target:
    if not isinstance(fields, Mapping):
        raise TransferError(f"transfer target {name!r}: not an object: {fields!r}")
    unknown = sorted(set(fields) - _KEYS)
    if unknown:
        raise TransferError(f"transfer target {name!r}: unknown {unknown[0]!r}, known are {', '.join(sorted(_KEYS))}")
    ways = [way for way in ("number", "sip", "client") if way in fields]
    if len(ways) != 1:
        raise TransferError(f"transfer target {name!r}: exactly one of number, sip and client")
    timeout = fields.get("timeout", 25)
    if type(timeout) is not int or not 5 <= timeout <= 600:
        raise TransferError(f"transfer target {name!r}: timeout={timeout!r} is not 5 to 600 seconds")
    hours = fields.get("hours")
    if hours is not None and not isinstance(hours, str):
        raise TransferError(f"transfer target {name!r}: hours={hours!r} is no text")
    try:
        return Target(name, _party(ways[0], fields[ways[0]], country), Hours.read(hours) if hours else None, timeout)
    except (NumberError, TransferError) as error:
        raise TransferError(f"transfer target {name!r}: {error}") from None


def _party(way: str, value: Any, country: str) -> Number | Address:
    if not isinstance(value, str):
        raise TransferError(f"{way}={value!r} is no text")
    party = numbers.read(value if way == "number" else f"{way}:{value.removeprefix(way + ':')}", country)
    if isinstance(party, Number | Address):
        return party
    raise TransferError(f"{way}={value!r} is nobody who could be called")


def _prefix(text: str) -> str:
    bare = re.sub(r"[\s().-]", "", text) if text.startswith("+") else text.strip()
    host = bare.startswith("sip:@") and len(bare) > 5
    client = bare.startswith("client:") and len(bare) > 7
    if not (_NUMBER_PREFIX.fullmatch(bare) or host or client):
        raise TransferError(f"allowed prefix {text!r}: write +CODE..., sip:@HOST or client:NAME")
    return bare.lower() if host else bare


def _days(word: str, text: str) -> list[int]:
    if word.lower() == "daily":
        return list(range(7))
    first, dash, last = (part.capitalize() for part in word.partition("-"))
    if first not in DAYS or (dash and last not in DAYS):
        raise TransferError(f"hours {text!r}: {word!r} is neither a day (Mon ... Sun, daily) nor a time (08:00-18:00)")
    start = DAYS.index(first)
    count = (DAYS.index(last) - start) % 7 + 1 if dash else 1
    return [(start + step) % 7 for step in range(count)]


def _spans(days: Iterable[int], word: str, text: str) -> list[Span]:
    times = _TIMES.fullmatch(word)
    assert times
    hour, minute, end_hour, end_minute = map(int, times.groups())
    start, end = hour * 60 + minute, end_hour * 60 + end_minute
    if start >= _DAY or end > _DAY or start == end:
        raise TransferError(f"hours {text!r}: {word} is no span of a day")
    return [Span(day, start, end if end > start else end + _DAY) for day in days]


def _zone(name: str, text: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise TransferError(f"hours {text!r}: {name!r} is no time zone such as Europe/Berlin or UTC") from None
