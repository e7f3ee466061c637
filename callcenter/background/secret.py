"""Secrets are names. A value is looked up in the moment of its use, and struck out of whatever might show it.

A flow, a tool's description, an argument, an outcome, a log line and the journal may hold the name, never the value.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from callcenter.background.outcome import ToolError


@dataclass(frozen=True, slots=True)
class Secret:
    """The name of a secret. The value stands in the environment and is read each time it is used."""

    name: str

    def reveal(self) -> str:
        value = os.environ.get(self.name, "")
        if not value:
            raise ToolError("unavailable", f"The secret {self.name} is not set.")
        return value


def secret(name: str) -> Secret:
    return Secret(name)


def scrub(value: Any, secrets: Iterable[Secret]) -> Any:
    """Strike the values of secrets out of anything that JSON can hold."""
    found = [(one.name, os.environ.get(one.name, "")) for one in secrets]
    return _strike(value, [(name, text) for name, text in found if text])


def _strike(value: Any, found: list[tuple[str, str]]) -> Any:
    if isinstance(value, str):
        for name, text in found:
            value = value.replace(text, f"[{name}]")
        return value
    if isinstance(value, dict):
        return {_strike(key, found): _strike(item, found) for key, item in value.items()}
    return [_strike(item, found) for item in value] if isinstance(value, list) else value
