"""Where a call stands in its flow: an immutable value. A partial utterance is tried on a copy that is thrown away."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from flows import Step


def same(arguments: Mapping[str, Any]) -> str:
    """One text for equal arguments."""
    return json.dumps(arguments, sort_keys=True, default=str)


@dataclass(frozen=True, slots=True)
class Result:
    """What a tool has answered in this call. `task` is 0 for a look-up, which any task may use."""

    request: str
    tool: str
    arguments: Mapping[str, Any]
    ok: bool
    value: Any = None
    error: str = ""
    task: int = 0

    @property
    def kind(self) -> str:
        return self.error.partition(": ")[0]

    @property
    def sentence(self) -> str:
        return self.error.partition(": ")[2]

    @property
    def faulty(self) -> bool:
        """The tool did not work, as against: it worked and said no."""
        return not self.ok and self.kind not in ("not_found", "refused", "invalid")


@dataclass(frozen=True, slots=True)
class Slot:
    """A detail the caller gave. `sure` once it was read back, or needs no read-back. `source` is where it came from."""

    value: Any
    sure: bool = True
    source: tuple[str, ...] = ("caller",)


@dataclass(frozen=True, slots=True)
class Task:
    """A step on its way."""

    id: int
    step: str
    slots: Mapping[str, Slot] = field(default_factory=dict)
    said: tuple[str, ...] = ()
    """What the caller said for it; read again when a list of choices arrives."""
    pinned: Mapping[int, Result] = field(default_factory=dict)
    """Results this task has used, by position of the call in the step: they stay though a change outdates look-ups."""
    confirmed: frozenset[str] = frozenset()
    declined: bool = False
    carried: Mapping[str, Any] = field(default_factory=dict)
    """Results of the task that this one corrects."""

    def filled(self, name: str, slot: Slot) -> "Task":
        return replace(self, slots={**self.slots, name: slot}, declined=False)

    def without(self, *names: str) -> "Task":
        return replace(self, slots={key: slot for key, slot in self.slots.items() if key not in names})


@dataclass(frozen=True, slots=True)
class Wish:
    """A tool call that a plan needs. `task` is 0 for a look-up."""

    tool: str
    arguments: dict[str, Any]
    task: int = 0


@dataclass(frozen=True, slots=True)
class Awaiting:
    """The question the caller has been asked last."""

    kind: Literal["opening", "slot", "readback", "confirm", "retry", "which", "more", "nothing"]
    name: str = ""
    """The slot, the change as `tool arguments`, or the steps to choose from as `one|other`."""
    identity: bool = False
    """The slot is one of the verification's."""


@dataclass(frozen=True, slots=True)
class Dialogue:
    tasks: tuple[Task, ...] = ()
    """The last one is under way, those before it wait."""
    last: Task | None = None
    """The one that was finished last; the caller may still change their mind about it."""
    identity: Task = Task(0, "")
    attempt: int = 1
    before: Mapping[str, Slot] = field(default_factory=dict)
    """What was given in the attempts before to prove who is calling: misheard in part, perhaps, and right in part."""
    need: str = ""
    """One more detail that would settle who the caller is."""
    caller: Result | None = None
    """The verification that succeeded."""
    awaiting: Awaiting = Awaiting("opening")
    part: str = ""
    """Words of an answer that is not whole yet: three digits of four."""
    unclear: str = ""
    """What the caller said before being asked which step is meant."""
    denied: tuple[str, ...] = ()
    """Steps the caller has just said they do not want."""
    proposed: Wish | None = None
    """The change that a remote planner proposed and the caller is being asked about."""
    misses: int = 0
    faults: int = 0
    next_id: int = 1
    label: str = ""

    @property
    def task(self) -> Task | None:
        return self.tasks[-1] if self.tasks else None

    @property
    def known(self) -> dict[tuple[str, str], Slot]:
        """Every detail by the step it is for and its name; who the caller is belongs to no step."""
        tasks = (self.identity, *((self.last,) if self.last else ()), *self.tasks)
        return {(task.step, name): slot for task in tasks for name, slot in task.slots.items()}

    def with_task(self, task: Task) -> "Dialogue":
        return replace(self, tasks=(*self.tasks[:-1], task))

    def begin(
        self,
        step: Step,
        said: str = "",
        slots: Mapping[str, Slot] | None = None,
        carried: Mapping[str, Any] | None = None,
    ) -> "Dialogue":
        task = Task(self.next_id, step.name, slots or {}, (said,) if said else (), carried=carried or {})
        return replace(self, tasks=(*self.tasks, task), next_id=self.next_id + 1)


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence, and what its facts come from: requests of results, `flow STEP`, `caller`."""

    text: str
    source: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """What comes next, and where the call stands then."""

    dialogue: Dialogue
    lines: tuple[Said, ...] = ()
    looks: tuple[Wish, ...] = ()
    change: Wish | None = None
    hand_over: tuple[str, str] | None = None
    """Reason and target."""
    finished: bool = False
