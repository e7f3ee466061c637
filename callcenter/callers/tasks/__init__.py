"""Callers with a task: what they want, what they know, how they behave, and what must be true afterwards.

A scenario is data (the TOML files beside this one). It is written from the caller's side: their sentences are not the
flows' phrases, and what has to come of the call is said in terms of the CRM and of words heard, not of the flow.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Wanted:
    """Something the caller wants. `told`: words they must hear; `question`: it only needs looking up."""

    say: str
    told: str = ""
    question: bool = False
    again: str = ""
    """How they put it when they were not understood; the same words if left out."""
    about: str = ""
    """How they know it again when they are asked whether they mean it."""


@dataclass(frozen=True, slots=True)
class Fault:
    """How a tool misbehaves: on its call number `on` (0: on all), for this caller."""

    tool: str
    kind: Literal["slow", "hangs", "breaks", "twice", "lost"]
    """lost: it is done, but the answer never comes."""
    seconds: float = 4.0
    on: int = 0


@dataclass(frozen=True, slots=True)
class Cue:
    """Something the caller says, or does, at a moment of their own choosing."""

    say: str = ""
    hears: str = ""
    """When this has been heard, even in the middle of a sentence."""
    tool: str = ""
    """Or when this tool has been running for `after` seconds."""
    after: float = 0.5
    hang_up: bool = False
    backchannel: bool = False
    """Said without wanting the floor."""


@dataclass(frozen=True, slots=True)
class Scenario:
    name: str
    flow: str
    who: str
    wants: tuple[Wanted, ...]
    knows: Mapping[str, Any] = field(default_factory=dict)
    """Answers by topic; a list is used up one by one, its last answer stays."""
    confirm: str = ""
    """What a question must name before the caller says yes to it; nothing: they say no to any."""
    changes: tuple[tuple[str, Mapping[str, str]], ...] = ()
    """The changes that must have been made, and no others: tool, and some of its arguments."""
    told: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    """Words that must not be spoken after the last cue."""
    faults: tuple[Fault, ...] = ()
    cues: tuple[Cue, ...] = ()
    ends: str = "done"
    """done, silence, hung up, or `target: reason` of a hand-over."""
    at: str = "2026-11-24T10:00"
    number: str = ""


def load() -> tuple[Scenario, ...]:
    """Every scenario, in the order of the files."""
    found: list[Scenario] = []
    for path in sorted(Path(__file__).parent.glob("*.toml")):
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        found += [_scenario(path.stem, item) for item in table["scenario"]]
    names = [one.name for one in found]
    if len(set(names)) != len(names):
        raise ValueError("two scenarios have one name")
    return tuple(found)


def wordings() -> dict[str, tuple[str, ...]]:
    """Other words for what callers say. They are held out: nothing that understands was made with them."""
    table = tomllib.loads((Path(__file__).parent / "wordings" / "all.toml").read_text(encoding="utf-8"))
    return {item["say"]: tuple(item["also"]) for item in table["wording"]}


def otherwise(scenario: Scenario, luck: int) -> Scenario:
    """The scenario in the words of this luck: 0 as it is written, then one of the other wordings, and again."""
    others = wordings()

    def other(want: Wanted) -> Wanted:
        said = (want.say, *others.get(want.say, ()))
        return replace(want, say=said[luck % len(said)])

    return replace(scenario, wants=tuple(map(other, scenario.wants)))


def _scenario(flow: str, item: dict[str, Any]) -> Scenario:
    plain: dict[str, Any] = {key: tuple(item[key]) for key in ("told", "never") if key in item}
    plain |= {key: item[key] for key in ("name", "who", "knows", "confirm", "ends", "at", "number") if key in item}
    return Scenario(
        **plain,
        flow=item.get("flow", flow),
        wants=tuple(Wanted(**one) for one in item["wants"]),
        changes=tuple((tool, arguments) for tool, arguments in item.get("changes", ())),
        faults=tuple(Fault(**one) for one in item.get("faults", ())),
        cues=tuple(Cue(**one) for one in item.get("cues", ())),
    )
