"""What came of a tool call: a value, or an error with a kind that code can read and a sentence that a person can."""

from dataclasses import dataclass
from typing import Any, Literal, get_args

ErrorKind = Literal["not_found", "refused", "invalid", "timeout", "unavailable"]
KINDS: tuple[ErrorKind, ...] = get_args(ErrorKind)


class ToolError(Exception):
    """A tool's way to say no: a kind that code can read and a sentence that a person can."""

    def __init__(self, kind: ErrorKind, sentence: str) -> None:
        super().__init__(f"{kind}: {sentence}")
        self.kind: ErrorKind = kind
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a tool call. `error` is empty or reads `kind: sentence`."""

    ok: bool
    value: Any = None
    error: str = ""

    @property
    def kind(self) -> str:
        return self.error.partition(": ")[0]

    @property
    def sentence(self) -> str:
        return self.error.partition(": ")[2]


def failed(kind: ErrorKind, sentence: str) -> Outcome:
    return Outcome(False, None, f"{kind}: {sentence}")
