"""How a conversation sounds in time: gaps, overlaps, pauses and short sounds of both sides, to lay beside people's.

A gap is counted where the floor changes hands: from the end of one side's utterance to the start of the other's next,
negative when they overlap. An utterance that lies wholly inside the other's changes no hands.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from callcenter.measures.floor import BREAK, BREATH, SHORT, caller_voice
from callcenter.measures.places import Spread
from callcenter.measures.scene import scene
from callcenter.measures.timeline import Observed, Span, common, joined, placed, samples_in
from callcenter.units import RATE

PAUSED = 3.0
"""Seconds; a longer silence is no pause within a turn."""

Side = Literal["caller", "agent"]


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds, of one or many calls. `segments` counts utterances of both sides; `short` and `inside` some of them."""

    gaps: tuple[float, ...] = ()
    pauses: tuple[float, ...] = ()
    overlaps: tuple[float, ...] = ()
    segments: int = 0
    short: int = 0
    inside: int = 0
    seconds: float = 0.0
    caller_seconds: float = 0.0
    agent_seconds: float = 0.0

    def __add__(self, other: "Timing") -> "Timing":
        return Timing(
            self.gaps + other.gaps,
            self.pauses + other.pauses,
            self.overlaps + other.overlaps,
            self.segments + other.segments,
            self.short + other.short,
            self.inside + other.inside,
            self.seconds + other.seconds,
            self.caller_seconds + other.caller_seconds,
            self.agent_seconds + other.agent_seconds,
        )

    @property
    def talk_ratio(self) -> float | None:
        """The agent's share of all speech."""
        both = self.caller_seconds + self.agent_seconds
        return self.agent_seconds / both if both else None


def timing(observed: Observed) -> Timing:
    timeline = observed.timeline
    end = scene(observed).end
    caller = [s for s in caller_voice(timeline, observed.truth) if s.start < end]
    agent = [s for s in timeline.agent if s.start < end]
    spoken = _utterances(caller, agent)
    within = _within(spoken)
    return Timing(
        gaps=_gaps([entry for entry, inside in zip(spoken, within, strict=True) if not inside]),
        pauses=(*_pauses(caller, agent), *_pauses(agent, caller)),
        overlaps=tuple(both.seconds for both in common(joined(caller, BREATH), joined(agent, BREATH))),
        segments=len(spoken),
        short=sum(span.end - span.start < SHORT for _, span in spoken),
        inside=sum(within),
        seconds=end / RATE,
        caller_seconds=samples_in(caller) / RATE,
        agent_seconds=samples_in(agent) / RATE,
    )


def _utterances(caller: list[Span], agent: list[Span]) -> list[tuple[Side, Span]]:
    """Each side's sounds, joined across its own breaks unless the other side spoke in them."""
    spoken: list[tuple[Side, Span]] = []
    sounds: list[tuple[Side, Span]] = [("caller", s) for s in joined(caller, BREATH)]
    sounds += [("agent", s) for s in joined(agent, BREATH)]
    for side, sound in sorted(sounds, key=lambda entry: entry[1]):
        if spoken and spoken[-1][0] == side and sound.start - spoken[-1][1].end < BREAK:
            spoken[-1] = (side, Span(spoken[-1][1].start, sound.end))
        else:
            spoken.append((side, sound))
    return spoken


def _within(spoken: list[tuple[Side, Span]]) -> list[bool]:
    """Of each utterance, whether it lies wholly inside one of the other side."""
    sides = {side: placed(span for one, span in spoken if one == side) for side in ("caller", "agent")}
    return [_inside(span, sides["agent" if side == "caller" else "caller"]) for side, span in spoken]


def _inside(span: Span, others: Spread[Span]) -> bool:
    return any(s.start < span.start and span.end < s.end for s in others.meeting(span.start, span.end))


def _gaps(spoken: list[tuple[Side, Span]]) -> tuple[float, ...]:
    pairs = pairwise(spoken)
    return tuple((b.start - a.end) / RATE for (one, a), (other, b) in pairs if one != other)


def _pauses(side: list[Span], other: list[Span]) -> list[float]:
    """Silences of a side within its own speech, in which the other side is silent too."""
    gaps = [Span(a.end, b.start) for a, b in pairwise(joined(side, BREATH))]
    sounds = placed(other)
    return [gap.seconds for gap in gaps if gap.seconds <= PAUSED and not sounds.any(gap.start, gap.end)]
