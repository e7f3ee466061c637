"""Who holds the floor: sounds of the agent become utterances, and what each utterance claims is decided here.

Audio decides; the duplex's own word is at most a doubt against it. A sound of the agent is

- `acknowledgement`: under 1 s, at most three words, all of them a listener's ("mm-hmm", "I see"), none cut off. Where
  no words are known, under 1 s and announced as a backchannel;
- `doubtful`: under 1 s with nothing known about its words: it counts as taking the floor where that is wrong, and not
  as an answer where one is due;
- `speech`: everything else. Sounds less than half a second apart are one utterance.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from callcenter.events import Utter
from callcenter.measures.places import Marks
from callcenter.measures.timeline import (
    Backchannel,
    Interruption,
    LongStory,
    Pause,
    SideTalk,
    Span,
    Tic,
    Timeline,
    Truth,
    Turn,
    joined,
    placed,
    without,
)
from callcenter.measures.words import listening
from callcenter.units import samples

CLICK = samples(0.06)
"""Shorter sounds of the agent are not sounds."""

BREATH = samples(0.2)
"""Gaps inside one sound."""

BREAK = samples(0.5)
"""Gaps inside one utterance of the agent."""

SHORT = samples(1.0)
NEAR = samples(0.3)

VOICED = (Turn, Interruption, Backchannel, Tic, SideTalk, LongStory)
"""What comes out of the caller's own mouth."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """A stretch of the agent's sound and what it claims."""

    start: int
    end: int
    kind: Literal["speech", "acknowledgement", "doubtful"]
    text: str = ""

    @property
    def span(self) -> Span:
        return Span(self.start, self.end)

    @property
    def takes_floor(self) -> bool:
        return self.kind != "acknowledgement"


def utterances(timeline: Timeline, turn_ends: Iterable[int] = ()) -> tuple[Utterance, ...]:
    """The agent's utterances in order. An acknowledgement is part of the utterance it runs into, unless a turn of the
    caller ended in between; it is never part of the one before it."""
    ends = Marks(turn_ends)
    found: list[Utterance] = []
    for sound in joined(timeline.agent, gap=BREATH, least=CLICK):
        this = Utterance(sound.start, sound.end, *_claim(sound, timeline))
        if found and _goes_on(found[-1], this, ends):
            this = _merged(found.pop(), this)
            if found and found[-1].takes_floor and _goes_on(found[-1], this, ends):
                this = _merged(found.pop(), this)
        found.append(this)
    return tuple(found)


def _goes_on(before: Utterance, after: Utterance, turn_ends: Marks) -> bool:
    if after.start - before.end >= BREAK or after.kind == "acknowledgement":
        return False
    return before.takes_floor or not turn_ends.any(before.start + 1, after.start + 1)


def _merged(before: Utterance, after: Utterance) -> Utterance:
    long = after.end - before.start >= SHORT
    known = "speech" in (before.kind, after.kind)
    return Utterance(
        before.start, after.end, "speech" if long or known else "doubtful", f"{before.text} {after.text}".strip()
    )


def _claim(sound: Span, timeline: Timeline) -> tuple[Literal["speech", "acknowledgement", "doubtful"], str]:
    lines = lines_over(timeline, sound)
    text = " ".join(line.text for line in lines).strip()
    if sound.end - sound.start >= SHORT:
        return "speech", text
    announced = timeline.announced.any(sound.start - SHORT, sound.end + NEAR + 1)
    if not text and not any(line.unheard for line in lines):
        return ("acknowledgement" if announced else "doubtful"), text
    if any(line.unheard for line in lines):
        return "speech", text
    inside = all(sound.start - NEAR <= line.start and line.end <= sound.end + NEAR for line in lines)
    if not inside and announced and lines[0].start >= sound.start - NEAR:
        text = " ".join(lines[0].text.split()[:1])
    return ("acknowledgement" if listening(text) and (inside or announced) else "speech"), text


def lines_over(timeline: Timeline, span: Span, side: str = "agent") -> list[Utter]:
    """The transcript lines of a side that were spoken during a span."""
    return timeline.spoken[side].meeting(span.start, span.end)


def finishes_question(timeline: Timeline, at: int) -> bool:
    """The agent's line that ended here asks something, or nothing is known about its words."""
    lines = lines_over(timeline, Span(at - SHORT, at + NEAR))
    return not lines or not lines[-1].text or lines[-1].text.rstrip().endswith("?")


# ---------------------------------------------------------------------------------------------------- floor of a call


@dataclass(frozen=True, slots=True)
class Due:
    """A stretch in which the caller holds the floor, and whether it wants an answer."""

    span: Span
    text: str
    answer: bool
    cut_in: bool


def caller_turns(truth: Truth) -> tuple[Due, ...]:
    """Turns, interruptions and the long stories that no turn covers, in order."""
    turns = [Due(Span(t.start, t.end), t.text, t.complete, False) for t in truth if isinstance(t, Turn)]
    turns += [Due(Span(t.start, t.end), t.text, t.answer, True) for t in truth if isinstance(t, Interruption)]
    for story in truth:
        if isinstance(story, LongStory) and not any(due.span.meets(story) for due in turns):
            turns.append(Due(Span(story.start, story.end), story.text, True, False))
    return tuple(sorted(turns, key=lambda due: due.span))


State = Literal["caller", "agent", "both", "nobody"]


def floor_states(timeline: Timeline, caller: Iterable[Span] | None = None) -> tuple[tuple[Span, State], ...]:
    """The whole call as stretches of caller only, agent only, both and nobody, for the eye."""
    theirs = joined(timeline.caller if caller is None else caller, gap=BREATH)
    ours = joined(timeline.agent, gap=BREATH)
    caller_at, agent_at = placed(theirs), placed(ours)
    edges = sorted({0, timeline.length, *(e for s in (*theirs, *ours) for e in (s.start, s.end))})
    states: list[tuple[Span, State]] = []
    for start, end in pairwise(edges):
        if start >= timeline.length:
            break
        stretch = Span(start, min(end, timeline.length))
        state = _state(caller_at.holding(start), agent_at.holding(start))
        if states and states[-1][1] == state:
            stretch = Span(states.pop()[0].start, stretch.end)
        states.append((stretch, state))
    return tuple(states)


def _state(caller: bool, agent: bool) -> State:
    if caller and agent:
        return "both"
    if caller or agent:
        return "caller" if caller else "agent"
    return "nobody"


def caller_voice(timeline: Timeline, truth: Truth | None) -> tuple[Span, ...]:
    """When the caller made a sound: by the script where there is one (noise must not pass for the caller)."""
    if truth is None:
        return joined(timeline.caller, gap=BREATH)
    silent = [happening for happening in truth if isinstance(happening, Pause)]
    voiced = joined(happening for happening in truth if isinstance(happening, VOICED))
    return tuple(part for span in voiced for part in without(span, silent))
