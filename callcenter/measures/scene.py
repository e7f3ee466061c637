"""A call as the measures see it: the truth, the agent's utterances, and which of them answers which turn."""

from dataclasses import dataclass

from callcenter.measures.floor import Due, Utterance, caller_turns, utterances
from callcenter.measures.live import surmise
from callcenter.measures.timeline import HangUp, Happening, Observed, Span, Timeline, Truth
from callcenter.units import samples

SLACK = samples(0.1)
"""An agent that starts this little before the caller's end has answered, with latency 0; earlier is an interruption."""

PATIENCE = samples(2.0)
"""A turn is judged when the caller waited at least this long, or was answered."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One event, judged by one measure. `ok` is None for an event that is excluded; `why` says why, or what failed."""

    measure: str
    start: int
    end: int
    ok: bool | None
    value: float = 0.0
    weight: float = 1.0
    why: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a turn: the utterance that answers it, or None, and until when the caller waited."""

    due: Due
    by: Utterance | None
    waited_until: int
    spoken_again: bool


@dataclass(frozen=True, slots=True)
class Scene:
    timeline: Timeline
    truth: Truth
    scripted: bool
    end: int
    turns: tuple[Due, ...]
    utterances: tuple[Utterance, ...]
    answers: tuple[Answer, ...]

    @property
    def alive(self) -> bool:
        """The agent took the floor at least once; the silence of one that never does is no merit."""
        return any(u.kind == "speech" for u in self.utterances)

    def speaking(self, at: int, since: int = 0) -> Utterance | None:
        """The utterance that holds the floor at a sample and has done so for `since` samples."""
        return next((u for u in self.utterances if u.takes_floor and u.start <= at - since and at < u.end), None)

    def onset(self, start: int, end: int) -> Utterance | None:
        """The first utterance that takes the floor in a window."""
        return next((u for u in self.utterances if u.takes_floor and start <= u.start < end), None)

    def next_turn(self, at: int, before: int) -> int:
        """Where the next turn of the caller starts after `at`, at the latest `before`."""
        return min((due.span.start for due in self.turns if at < due.span.start < before), default=before)

    def answer_to(self, at: int) -> Answer | None:
        """What became of the turn that goes on at a sample."""
        return next((a for a in self.answers if a.due.span.holds(at)), None)


def scene(observed: Observed) -> Scene:
    timeline = observed.timeline
    truth = observed.truth if observed.truth is not None else surmise(timeline)
    end = min((h.start for h in truth if isinstance(h, HangUp)), default=timeline.length)
    truth = tuple(sorted((h for h in truth if h.start < end), key=lambda h: (h.start, h.end)))
    turns = caller_turns(truth)
    spoken = tuple(u for u in utterances(timeline, [due.span.end for due in turns]) if u.start < end)
    answers = tuple(_answer(due, turns, spoken, end) for due in turns)
    return Scene(timeline, truth, observed.truth is not None, end, turns, spoken, answers)


def _answer(due: Due, turns: tuple[Due, ...], spoken: tuple[Utterance, ...], end: int) -> Answer:
    again = min((other.span.start for other in turns if other.span.start >= due.span.end), default=None)
    until = end if again is None else min(again, end)
    by = next((u for u in spoken if u.kind == "speech" and due.span.end - SLACK <= u.start < until), None)
    return Answer(due, by, until, again is not None)


def of_kind(scene: Scene, *kinds: type[Happening]) -> list[Happening]:
    return [happening for happening in scene.truth if isinstance(happening, kinds)]


def excluded(measure: str, event: Span, why: str) -> Outcome:
    return Outcome(measure, event.start, event.end, None, why=why)
