"""Planners: given the situation, what comes next?

A planner is shown a `Situation` (a value: the flow, where the call stands in it, what was said, what tools answered)
and answers with moves. It proposes; the agent disposes: a tool that the step does not allow, a change that the caller
has not confirmed, a fact without a source are refused there, whoever proposed them.

`embedded.Embedded` answers at once and needs no network; `llm` answers later, so the agent asks it with `Consult` and
hears `Planned`. Both see the same situation and speak the same moves.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from callcenter.background.state import Result
from flows import Flow


class ToolCard(Protocol):
    """What a planner and the agent need to know of a tool."""

    @property
    def name(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def changes(self) -> bool: ...
    @property
    def private(self) -> bool: ...
    @property
    def parameters(self) -> Mapping[str, Any]: ...


# --------------------------------------------------------------------------------------------------------- moves


@dataclass(frozen=True, slots=True)
class Look:
    """Call a tool that only reads."""

    tool: str
    arguments: dict[str, object]


@dataclass(frozen=True, slots=True)
class Change:
    """Call a tool that changes something; the agent asks the caller first."""

    tool: str
    arguments: dict[str, object]


@dataclass(frozen=True, slots=True)
class Tell:
    """Say this. `source` names what its facts come from: requests of tool results, `flow`, `caller`."""

    text: str
    source: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Fill:
    """The caller gave a detail."""

    slot: str
    value: object


@dataclass(frozen=True, slots=True)
class Go:
    """The caller wants this step of the flow."""

    step: str


@dataclass(frozen=True, slots=True)
class HandOver:
    reason: Literal["asked", "not_understood", "tool_failed", "not_verified", "flow"]
    target: str = ""


@dataclass(frozen=True, slots=True)
class Finish:
    """Nothing is left to do; say goodbye and end."""


Move = Look | Change | Tell | Fill | Go | HandOver | Finish

# ----------------------------------------------------------------------------------------------------- situation


@dataclass(frozen=True, slots=True)
class Situation:
    flow: Flow
    step: str
    """Where the call stands; empty before the caller has said what they want."""
    today: str
    """ISO date at the caller's end."""
    heard: str
    """What the caller has just said."""
    transcript: tuple[tuple[Literal["caller", "agent"], str], ...]
    """What was really heard by either side, oldest first, without `heard`."""
    slots: Mapping[str, object]
    results: tuple[Result, ...]
    verified: bool
    tools: tuple[str, ...]
    """Tools that the step allows."""


PlanFailure = Literal["refused", "stalled", "nonsense", "forbidden_tool", "too_long", "unauthorised", "resting", "lost"]


class PlanError(Exception):
    """A remote planner has nothing usable to say. The kind becomes the error of `Planned`."""

    def __init__(self, kind: PlanFailure, detail: str = "") -> None:
        super().__init__(f"{kind}: {detail}" if detail else kind)
        self.kind: PlanFailure = kind


class RemotePlanner(Protocol):
    """A planner that takes its time. It answers or raises `PlanError`."""

    async def plan(self, situation: Situation) -> tuple[Move, ...]: ...
