"""What a flow is, once it is read: frozen values that can be compared and stored."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from callcenter.events import Policy

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something a person has to put right in a flow."""

    line: int
    where: str
    cause: str
    remedy: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.where}: {self.cause} {self.remedy}"


class FlowError(Exception):
    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Collect:
    """A detail to find out from the caller."""

    name: str
    grammar: str
    ask: str
    again: str = ""
    readback: str = ""
    length: tuple[int, ...] = ()
    choices: str = ""
    by: tuple[str, ...] = ()
    among: Values = field(default_factory=dict)
    options: tuple[str, ...] = ()
    sayings: Values = field(default_factory=dict)
    only: bool = False
    none: str = ""
    but: str = ""
    optional: bool = False
    when: Values = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Use:
    """A tool that a step uses, and how."""

    tool: str
    arguments: Values = field(default_factory=dict)
    name: str = ""
    confirm: str = ""
    when: Values = field(default_factory=dict)
    ahead: bool = False
    refused: str = ""
    declined: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """Something to say, under conditions."""

    text: str
    when: Values = field(default_factory=dict)
    unless: Values = field(default_factory=dict)
    stops: bool = False


@dataclass(frozen=True, slots=True)
class Verification:
    tool: str
    arguments: Values
    failed: str
    collect: tuple[Collect, ...]
    attempts: int = 2
    say: str = ""
    passed: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    name: str
    goal: str
    about: str
    phrases: tuple[str, ...] = ()
    private: bool = False
    policies: Policy | None = None
    collect: tuple[Collect, ...] = ()
    calls: tuple[Use, ...] = ()
    say: tuple[Line, ...] = ()
    next: str = "more"
    correct: str = ""
    hand_over: str = ""
    label: str = ""
    verification: Verification | None = None
    """The flow's, so that steps of several flows can stand side by side."""


@dataclass(frozen=True, slots=True)
class Target:
    """Somebody a call can be handed to."""

    name: str
    dial: str
    say: str
    closed: str
    hours: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class HandOver:
    target: str
    after: int = 3
    label: str = ""
    phrases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Waiting:
    after: float = 2.5
    every: float = 8.0
    give_up: float = 15.0
    lines: tuple[str, ...] = ("One moment, please.", "This is taking a little longer. Thank you for waiting.")
    failed: str = "I'm sorry, I cannot reach that system right now."
    unknown: str = "I'm sorry, I cannot see yet whether that went through."


@dataclass(frozen=True, slots=True)
class Silence:
    after: float = 8.0
    lines: tuple[str, ...] = ("Are you still there?", "I cannot hear you at the moment. Are you still there?")
    goodbye: str = "I cannot hear you, so I will end the call now. Goodbye."
    hold: float = 60.0


@dataclass(frozen=True, slots=True)
class Ending:
    more: str
    goodbye: str
    label: str


@dataclass(frozen=True, slots=True)
class Flow:
    name: str
    title: str
    greeting: str
    disclosure: str
    opening: str
    hand_over: HandOver
    ending: Ending
    steps: Mapping[str, Step]
    labels: tuple[str, ...] = ()
    languages: tuple[str, ...] = ("en",)
    facts: tuple[str, ...] = ()
    includes: tuple[str, ...] = ()
    policies: Policy = field(default_factory=Policy)
    verification: Verification | None = None
    targets: Mapping[str, Target] = field(default_factory=dict)
    waiting: Waiting = field(default_factory=Waiting)
    silence: Silence = field(default_factory=Silence)
    text: str = field(default="", repr=False, compare=False)
    hash: str = ""
    """Names the content: the same text has the same hash, whatever it is called."""

    def tools(self, step: str) -> tuple[str, ...]:
        """The tools a step allows: its own, and the one that verifies the caller."""
        if step not in self.steps:
            return (self.verification.tool,) if self.verification else ()
        here = self.steps[step]
        own = tuple(dict.fromkeys(use.tool for use in here.calls))
        return own + ((here.verification.tool,) if here.verification else ())
