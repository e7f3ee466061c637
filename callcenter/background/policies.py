"""How the voice is to behave, as a `be` note says it: "backchannels: normal; eagerness: patient; yielding: quick"."""

from dataclasses import fields, replace
from typing import Any, Final

from callcenter.background.state import Awaiting
from callcenter.events import Policy

IN_PARTS: Final = ("digits", "phone", "postcode", "email", "name", "address", "birth_date", "text")
"""What people say in parts, with pauses between them: nobody should take the floor in a pause."""


def text(policy: Policy) -> str:
    return "; ".join(f"{one.name}: {getattr(policy, one.name)}" for one in fields(policy))


def read(note: str) -> Policy:
    """The policy a note names; what it does not name is as usual."""
    said: dict[str, Any] = {}
    for part in note.split("; "):
        name, _, value = part.partition(": ")
        if name in {one.name for one in fields(Policy)}:
            said[name] = value
    return replace(Policy(), **said)


def while_asking(usual: Policy, awaiting: Awaiting, grammar: str) -> Policy:
    """How to behave while this question is open."""
    patient = awaiting.kind == "slot" and grammar in IN_PARTS
    return replace(usual, eagerness="patient") if patient else usual
