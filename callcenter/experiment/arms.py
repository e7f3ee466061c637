"""Arms, and which caller gets which: frozen snapshots, and a hash of the caller.

An experiment is fixed before it starts. Its fingerprint covers every arm and every rule, so that a running one that was
changed by whatever hand is found out. The unit is the caller: the same number gets the same arm on every call, in every
process, for as long as the experiment runs. Callers who withhold their number are assigned call by call and kept apart.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Final

from callcenter.events import Policy
from callcenter.numbers import Withheld

BUCKETS: Final = 10_000


class ExperimentError(ValueError):
    """An experiment cannot be had as it was asked for; the message says why."""


@dataclass(frozen=True, slots=True)
class Arm:
    """What some of the callers are served. Everything that could differ is named, and none of it changes."""

    name: str
    duplex: str
    fallback: str = ""
    """The duplex that takes over when this one is lost in mid-call."""
    weights: str = ""
    """Hash of the model's weights; empty for a duplex without weights of ours."""
    flow: str = ""
    flow_version: str = ""
    voice: str = ""
    planner: str = ""
    policy: Policy = field(default_factory=Policy)

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(canonical(asdict(self)).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Guardrail:
    """What must not get worse: an arm's share may exceed the control's by no more than the margin."""

    metric: str
    margin: float
    alpha: float = 0.01


GUARDRAILS: Final = (
    Guardrail("abandoned", 0.03),
    Guardrail("transfer_failed", 0.02),
    Guardrail("wrong_action", 0.005),
    Guardrail("slow", 0.10),
    Guardrail("complaint", 0.02),
)


@dataclass(frozen=True, slots=True)
class Experiment:
    """The first arm is the control."""

    name: str
    arms: tuple[Arm, ...]
    shares: tuple[int, ...]
    """Buckets of each arm; together all of them."""
    salt: str
    callers: int
    """How many are planned, over all arms; where the interval is narrowest."""
    repeat_days: int = 7
    """A call is resolved if the caller does not call again for so long."""
    resolved: tuple[str, ...] = ("completed",)
    """Outcomes that may count as resolved."""
    excluded: tuple[str, ...] = ()
    """Beginnings of numbers that take no part: staff, tests, VIPs."""
    alpha: float = 0.05
    looks_from: int = 200
    """No verdict before so many callers."""
    guardrails: tuple[Guardrail, ...] = GUARDRAILS

    @property
    def control(self) -> Arm:
        return self.arms[0]

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(canonical(as_data(self)).encode()).hexdigest()

    def arm(self, name: str) -> Arm:
        found = next((arm for arm in self.arms if arm.name == name), None)
        if found is None:
            raise ExperimentError(f"{self.name} has no arm {name!r}; it has {', '.join(a.name for a in self.arms)}")
        return found


@dataclass(frozen=True, slots=True)
class Assigned:
    """The arm a call got."""

    experiment: str
    arm: Arm
    bucket: int
    apart: bool
    """The caller is unknown: this call is analysed apart."""


def checked(experiment: Experiment) -> Experiment:
    """The experiment, if it can be one: arms that differ, and share the voice."""
    arms = experiment.arms
    if len(arms) < 2 or len({arm.name for arm in arms}) != len(arms):
        raise ExperimentError("an experiment needs two arms or more, each with a name of its own")
    if len(experiment.shares) != len(arms) or sum(experiment.shares) != BUCKETS or min(experiment.shares) <= 0:
        raise ExperimentError(f"shares {experiment.shares}: one for each arm, together {BUCKETS}")
    if len({replace(arm, name="").fingerprint for arm in arms}) != len(arms):
        raise ExperimentError("two arms are the same but for their names")
    if len({arm.voice for arm in arms}) != 1:
        raise ExperimentError("all arms speak with the same voice, or nobody can tell what made the difference")
    if experiment.callers < experiment.looks_from:
        raise ExperimentError(f"{experiment.callers} callers planned; the first look is at {experiment.looks_from}")
    return experiment


def bucket(experiment: Experiment, key: str) -> int:
    """Where a caller falls: evenly, and independently of every other experiment."""
    text = f"{experiment.salt}|{experiment.name}|{key}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) % BUCKETS


def assign(experiment: Experiment, caller: str, call: str) -> Assigned | None:
    """The arm of a caller whose number is normalised; None for a caller who takes no part."""
    if any(caller.startswith(beginning) for beginning in experiment.excluded):
        return None
    apart = not caller or caller in set(Withheld)
    place = bucket(experiment, f"call:{call}" if apart else caller)
    return Assigned(experiment.name, at(experiment, place), place, apart)


def at(experiment: Experiment, place: int) -> Arm:
    for arm, share in zip(experiment.arms, experiment.shares, strict=True):
        if place < share:
            return arm
        place -= share
    raise ExperimentError(f"no arm at bucket {place}")


def shares(percents: Sequence[float]) -> tuple[int, ...]:
    """Buckets from percents."""
    return tuple(round(percent * BUCKETS / 100) for percent in percents)


# ------------------------------------------------------------------------------------------------------ as plain data


def canonical(data: Any) -> str:
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def as_data(experiment: Experiment) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(json.dumps(asdict(experiment)))
    return told


def from_data(data: Mapping[str, Any]) -> Experiment:
    """An experiment as it was written down; what it cannot read is an error and not a default."""
    told = dict(data)
    if unknown := set(told) - {one.name for one in fields(Experiment)}:
        raise ExperimentError(f"unknown: {', '.join(sorted(unknown))}")
    try:
        told["arms"] = tuple(Arm(**{**arm, "policy": Policy(**arm.get("policy", {}))}) for arm in told["arms"])
        told["guardrails"] = tuple(Guardrail(**rail) for rail in told["guardrails"])
        for name in ("shares", "resolved", "excluded"):
            told[name] = tuple(told[name])
        return Experiment(**told)
    except (KeyError, TypeError) as error:
        raise ExperimentError(f"no experiment: {error}") from error
