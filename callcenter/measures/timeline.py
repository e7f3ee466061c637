"""What the measures look at: who made a sound when, on the caller's clock, and what the caller meant by it.

A `Timeline` is what a recording shows: both channels as spans of samples, the lines of the transcript, what the duplex
claimed. A `Truth` is what only the script of a simulated caller knows: which sounds were turns that want an answer,
which were pauses, coughs or talk to somebody else. Both are plain values; nothing here judges.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from callcenter.events import Act, Backchannelled, Fault, Floor, Utter, Yielded
from callcenter.measures.places import Marks, Spread
from callcenter.units import FRAME, FRAMES_PER_TURN, RATE, TURN


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """From the sample `start` up to, not including, the sample `end`."""

    start: int
    end: int

    @property
    def seconds(self) -> float:
        return (self.end - self.start) / RATE

    def holds(self, at: int) -> bool:
        return self.start <= at < self.end

    def meets(self, other: "Span") -> bool:
        return self.start < other.end and other.start < self.end


# ------------------------------------------------------------------------------------------- what the caller meant


@dataclass(frozen=True, slots=True)
class Turn(Span):
    """The caller speaks to the agent. A complete turn wants an answer; its pauses lie inside it."""

    text: str = ""
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Pause(Span):
    """Silence inside an unfinished sentence or between groups of digits: the caller will go on."""


@dataclass(frozen=True, slots=True)
class Interruption(Span):
    """The caller cuts in while the agent speaks and means it. `answer`: it is also a turn that wants an answer."""

    text: str = ""
    answer: bool = True


@dataclass(frozen=True, slots=True)
class Backchannel(Span):
    """ "mm-hmm", "okay": the caller listens and wants the agent to go on."""

    text: str = ""


@dataclass(frozen=True, slots=True)
class Tic(Span):
    """A cough, an "um", laughter."""

    text: str = ""


@dataclass(frozen=True, slots=True)
class SideTalk(Span):
    """The caller speaks to somebody else in the room."""

    text: str = ""


@dataclass(frozen=True, slots=True)
class Background(Span):
    """Other people, a television, a door: not the caller."""

    text: str = ""


@dataclass(frozen=True, slots=True)
class Echo(Span):
    """Nothing but the agent's own voice, returned by the caller's phone."""


@dataclass(frozen=True, slots=True)
class LongStory(Span):
    """A long turn of several phrases, where a listener would say "mm-hmm" at the phrase ends."""

    text: str = ""
    phrase_ends: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Quiet(Span):
    """Both sides are expected to be quiet: on hold, or the caller looks something up."""


@dataclass(frozen=True, slots=True)
class HangUp(Span):
    """The caller is gone; nothing after its start is judged."""


Happening = Turn | Pause | Interruption | Backchannel | Tic | SideTalk | Background | Echo | LongStory | Quiet | HangUp
Truth = tuple[Happening, ...]


# ------------------------------------------------------------------------------------------ what a recording shows


@dataclass(frozen=True, slots=True)
class Acted:
    """An act the duplex claims, at the sample it claimed it. Claims never improve a figure."""

    at: int
    act: Act


@dataclass(frozen=True, slots=True)
class Leaning:
    """The duplex's floor probabilities at a sample, for the plot."""

    at: int
    floor: Floor


@dataclass(frozen=True)
class Timeline:
    """Both channels of a call. `planned`: where an utterance of the agent would have ended if nobody had cut it,
    for whoever knows (a scripted duplex); it may be empty. No slots: what is looked up often is placed once."""

    length: int
    caller: tuple[Span, ...] = ()
    agent: tuple[Span, ...] = ()
    lines: tuple[Utter, ...] = ()
    acts: tuple[Acted, ...] = ()
    leanings: tuple[Leaning, ...] = ()
    faults: tuple[Fault, ...] = ()
    planned: tuple[Span, ...] = ()

    @cached_property
    def spoken(self) -> Mapping[str, Spread[Utter]]:
        """The lines of each side by place; one without length lasts a sample."""
        sides = {side: [line for line in self.lines if line.side == side] for side in ("caller", "agent")}
        return {
            side: Spread(lines, lambda line: line.start, lambda line: max(line.end, line.start + 1))
            for side, lines in sides.items()
        }

    @cached_property
    def announced(self) -> Marks:
        """Where the duplex claimed a backchannel."""
        return Marks(acted.at for acted in self.acts if isinstance(acted.act, Backchannelled))

    @cached_property
    def admitted(self) -> Marks:
        """Where the duplex claimed to have yielded."""
        return Marks(acted.at for acted in self.acts if isinstance(acted.act, Yielded))

    @cached_property
    def caller_ends(self) -> Marks:
        return Marks(span.end for span in self.caller)

    @cached_property
    def caller_sounds(self) -> Spread[Span]:
        """The caller's sounds, merged where they touch."""
        return placed(joined(self.caller))


@dataclass(frozen=True, slots=True)
class Observed:
    """One call to be measured. `caller` is the unit of all intervals; `group` names its kind of voice."""

    name: str
    timeline: Timeline
    truth: Truth | None = None
    caller: str = ""
    group: str = ""

    @property
    def unit(self) -> str:
        return self.caller or self.name


# ----------------------------------------------------------------------------------------------------- from masks


def spans(mask: str, start: int = 0, step: int = FRAME) -> tuple[Span, ...]:
    """The runs of '1' in a mask of one character a frame."""
    found: list[Span] = []
    begin: int | None = None
    for index, mark in enumerate(mask + "0"):
        if mark == "1" and begin is None:
            begin = index
        elif mark != "1" and begin is not None:
            found.append(Span(start + begin * step, start + index * step))
            begin = None
    return tuple(found)


def joined(parts: Iterable[Span], gap: int = 0, least: int = 0) -> tuple[Span, ...]:
    """Spans in order, merged across gaps shorter than `gap` (and where they touch), without those under `least`."""
    merged: list[Span] = []
    for part in sorted(Span(p.start, p.end) for p in parts if p.end > p.start):
        if merged and (part.start <= merged[-1].end or part.start - merged[-1].end < gap):
            merged[-1] = Span(merged[-1].start, max(merged[-1].end, part.end))
        else:
            merged.append(part)
    return tuple(part for part in merged if part.end - part.start >= least)


def without(whole: Span, taken: Iterable[Span]) -> tuple[Span, ...]:
    """What is left of a span when others are taken away."""
    left: list[Span] = []
    at = whole.start
    for part in joined(taken):
        if part.end <= at or part.start >= whole.end:
            continue
        if part.start > at:
            left.append(Span(at, part.start))
        at = max(at, part.end)
    return (*left, Span(at, whole.end)) if at < whole.end else tuple(left)


def common(some: Iterable[Span], others: Iterable[Span]) -> tuple[Span, ...]:
    """Where both speak."""
    right = placed(joined(others))
    return tuple(
        Span(max(a.start, b.start), min(a.end, b.end)) for a in joined(some) for b in right.meeting(a.start, a.end)
    )


def placed(parts: Iterable[Span]) -> Spread[Span]:
    return Spread(parts, lambda span: span.start, lambda span: span.end)


def samples_in(parts: Iterable[Span], within: Span | None = None) -> int:
    chosen = joined(parts) if within is None else common(parts, (within,))
    return sum(part.end - part.start for part in chosen)


def from_turns(
    turns: Iterable[Mapping[str, Any]],
    lines: Iterable[Utter] = (),
    acts: Iterable[Acted] = (),
    leanings: Iterable[Leaning] = (),
    faults: Iterable[Fault] = (),
    planned: Iterable[Span] = (),
) -> Timeline:
    """A timeline from journal lines with `turn` and the masks `caller` and `agent`; a missing turn was silent."""
    caller: dict[int, str] = {}
    agent: dict[int, str] = {}
    for line in turns:
        caller[int(line["turn"])] = _mask(line["caller"])
        agent[int(line["turn"])] = _mask(line["agent"])
    count = max(caller, default=-1) + 1
    silent = "0" * FRAMES_PER_TURN
    return Timeline(
        length=count * TURN,
        caller=spans("".join(caller.get(turn, silent) for turn in range(count))),
        agent=spans("".join(agent.get(turn, silent) for turn in range(count))),
        lines=tuple(lines),
        acts=tuple(acts),
        leanings=tuple(leanings),
        faults=tuple(faults),
        planned=tuple(planned),
    )


def _mask(text: object) -> str:
    mask = str(text)
    if len(mask) != FRAMES_PER_TURN or set(mask) - {"0", "1"}:
        raise ValueError(f"a mask is {FRAMES_PER_TURN} of 0 and 1, not {mask!r}")
    return mask
