"""The provider's form fields as our values. A callback is strict about what names a call and lenient about the rest."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from callcenter import numbers
from callcenter.events import Detected, Rang

_SID: Final = re.compile(r"[A-Za-z0-9._:@-]{1,64}")


class CallbackError(ValueError):
    """A callback without what it is about; the message names the field and quotes its value."""


class Outcome(StrEnum):
    """How ringing somebody ended: our typed reasons, for a transfer as for an outbound call."""

    COMPLETED = "completed"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    FAILED = "failed"
    CANCELED = "canceled"
    CLOSED = "closed"
    DENIED = "denied"


@dataclass(frozen=True, slots=True)
class Ringing:
    """The voice webhook: a phone rings. `caller` and `called` of `rang` have one spelling per party."""

    carrier_call: str
    account: str
    rang: Rang


@dataclass(frozen=True, slots=True)
class Progress:
    """A status callback. `outcome` is None while the call goes on."""

    carrier_call: str
    status: str
    outcome: Outcome | None
    seconds: int


OUTCOMES: Final = {
    "completed": Outcome.COMPLETED,
    "answered": Outcome.COMPLETED,
    "busy": Outcome.BUSY,
    "no-answer": Outcome.NO_ANSWER,
    "failed": Outcome.FAILED,
    "canceled": Outcome.CANCELED,
}
GOING_ON: Final = frozenset({"queued", "initiated", "ringing", "in-progress"})


def ringing(form: Mapping[str, str], country: str = "US") -> Ringing:
    outbound = form.get("Direction", "inbound").startswith("outbound")
    rang = Rang(
        caller=str(numbers.caller(form.get("From", ""), country)),
        called=str(numbers.caller(form.get("To", ""), country)),
        direction="outbound" if outbound else "inbound",
    )
    return Ringing(sid(form, "CallSid"), form.get("AccountSid", ""), rang)


def progress(form: Mapping[str, str]) -> Progress:
    status = form.get("CallStatus", "")
    seconds = form.get("CallDuration", "0")
    outcome = None if status in GOING_ON else OUTCOMES.get(status, Outcome.FAILED)
    plain = seconds.isascii() and seconds.isdecimal() and len(seconds) < 8
    return Progress(sid(form, "CallSid"), status[:32], outcome, int(seconds) if plain else 0)


def dialled(form: Mapping[str, str]) -> Outcome:
    """How a `<Dial>` ended. One that was picked up but never joined to the caller was not answered."""
    outcome = OUTCOMES.get(form.get("DialCallStatus", ""), Outcome.FAILED)
    unjoined = outcome is Outcome.COMPLETED and form.get("DialBridged", "").lower() == "false"
    return Outcome.NO_ANSWER if unjoined else outcome


def detected(answered_by: str) -> Detected:
    """Answering machine detection: who picked up an outbound call."""
    if answered_by in ("human", "fax"):
        return Detected(answered_by)
    return Detected("machine" if answered_by.startswith("machine_") else "unknown")


def sid(form: Mapping[str, str], field: str) -> str:
    value = form.get(field, "")
    if not _SID.fullmatch(value):
        raise CallbackError(f"{field}={value[:64]!r}")
    return value
