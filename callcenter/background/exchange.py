"""What the background agent is told (past tense) and what it asks for (imperative): frozen values, time in samples.

The worker feeds `Heard` events into `Agent.receive` in the order they happened and does the `Wish`es that come back.
It decides nothing: it runs tools, hands notes to the call, and reports what came of it.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from callcenter.events import Act, Note

if TYPE_CHECKING:
    from callcenter.background.planner import Move, Situation

# ------------------------------------------------------------------------------------------------- what is told


@dataclass(frozen=True, slots=True)
class Began:
    """The caller can hear us. The agent greets."""

    at: int


@dataclass(frozen=True, slots=True)
class Words:
    """The caller's words. `text` is the whole utterance so far (a later event may revise it); `final`: it is over."""

    at: int
    text: str
    final: bool = False


@dataclass(frozen=True, slots=True)
class Acted:
    """The duplex did something: took the floor, yielded, asked the background to look into it."""

    at: int
    act: Act


@dataclass(frozen=True, slots=True)
class SpokenHeard:
    """So much of a note has really been heard by the caller. May come several times, `text` growing."""

    at: int
    note_id: str
    text: str
    complete: bool


@dataclass(frozen=True, slots=True)
class ToolAnswered:
    at: int
    request: str
    ok: bool
    value: object = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Pressed:
    at: int
    digit: str


@dataclass(frozen=True, slots=True)
class Planned:
    """A remote planner has answered a `Consult`; `error` says why it has not."""

    at: int
    request: str
    moves: "tuple[Move, ...]" = ()
    error: str = ""


@dataclass(frozen=True, slots=True)
class Returned:
    """A transfer failed and the caller is back with us: busy, no-answer, failed, canceled."""

    at: int
    reason: str


@dataclass(frozen=True, slots=True)
class Passed:
    """Time has gone by; sent every turn."""

    at: int


@dataclass(frozen=True, slots=True)
class Ended:
    """The call is over. Changes that are running run on; nothing else is wanted."""

    at: int


Told = Began | Words | Acted | SpokenHeard | ToolAnswered | Pressed | Planned | Returned | Passed | Ended

# ------------------------------------------------------------------------------------------- what is asked for


@dataclass(frozen=True, slots=True)
class CallTool:
    """Run a tool and report `ToolAnswered` with the same `request`. `key` makes a change happen once."""

    request: str
    name: str
    arguments: dict[str, object]
    key: str
    changes: bool


@dataclass(frozen=True, slots=True)
class CancelTool:
    """The answer is not wanted any more. Never sent for a change: it may have happened already."""

    request: str


@dataclass(frozen=True, slots=True)
class Write:
    note: Note


@dataclass(frozen=True, slots=True)
class Withdraw:
    note_id: str


TransferReason = Literal["asked", "not_understood", "tool_failed", "not_verified", "flow"]


@dataclass(frozen=True, slots=True)
class TransferTo:
    """Connect the caller to a named target of the flow, once the last note has been heard."""

    target: str
    reason: TransferReason


@dataclass(frozen=True, slots=True)
class End:
    """Hang up, once the last note has been heard."""

    reason: Literal["done", "silence", "not_verified", "closed"]


@dataclass(frozen=True, slots=True)
class Consult:
    """Ask the remote planner; it answers with `Planned` under the same `request`."""

    request: str
    situation: "Situation"


@dataclass(frozen=True, slots=True)
class Withhold:
    """Something was not said or done, by rule. For the journal: nothing else happens."""

    kind: Literal["unsourced", "tool", "unverified", "unconfirmed", "late", "twice", "closed", "plan"]
    detail: str


@dataclass(frozen=True, slots=True)
class Label:
    """How the call came out, in the flow's own words."""

    outcome: str


Wish = CallTool | CancelTool | Write | Withdraw | TransferTo | End | Consult | Withhold | Label
