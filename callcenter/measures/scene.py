"""A call as the measures see it: the truth, the agent's utterances, and which of them answers which turn."""

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property

from callcenter.events import Utter
from callcenter.measures.floor import BREAK, VOICED, Due, Utterance, caller_turns, utterances
from callcenter.measures.live import surmise
from callcenter.measures.places import Marks, Spread
from callcenter.measures.timeline import Background, HangUp, Happening, Observed, Span, Timeline, Truth
from callcenter.measures.words import finishes
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


@dataclass(frozen=True)
class Scene:
    """No slots: what is looked up often is placed once."""

    timeline: Timeline
    truth: Truth
    scripted: bool
    end: int
    turns: tuple[Due, ...]
    utterances: tuple[Utterance, ...]
    answers: tuple[Answer, ...]
    _kinds: dict[tuple[type[Happening], ...], list[Happening]] = field(default_factory=dict, repr=False, compare=False)

    @property
    def alive(self) -> bool:
        """The agent took the floor at least once; the silence of one that never does is no merit."""
        return any(u.kind == "speech" for u in self.utterances)

    def speaking(self, at: int, since: int = 0) -> Utterance | None:
        """The utterance that holds the floor at a sample and has done so for `since` samples."""
        holding = self._claims.meeting(at, at + 1)
        return next((u for u in holding if u.start <= at - since), None)

    def onset(self, start: int, end: int) -> Utterance | None:
        """The first utterance that takes the floor in a window."""
        return next(iter(self.onsets(start, end)), None)

    def onsets(self, start: int, end: int) -> list[Utterance]:
        """The utterances that take the floor in a window."""
        takers, starts = self._takers
        return takers[bisect_left(starts, start) : bisect_left(starts, max(start, end))]

    def sounding(self, start: int, end: int) -> list[Utterance]:
        """The utterances that meet a window, whatever they claim."""
        return self._spoken.meeting(start, end)

    def next_turn(self, at: int, before: int) -> int:
        """Where the next turn of the caller starts after `at`, at the latest `before`."""
        return self._turn_starts.first(at + 1, before)

    def answer_to(self, at: int) -> Answer | None:
        """What became of the turn that goes on at a sample."""
        return next(iter(self._due.meeting(at, at + 1)), None)

    def owed(self, at: int) -> bool:
        """The caller holds the floor."""
        return self._due.holding(at)

    @cached_property
    def sound_starts(self) -> Marks:
        """Where the caller's side begins to make a sound."""
        return Marks(h.start for h in self.truth if isinstance(h, (*VOICED, Background)))

    @cached_property
    def ends(self) -> Marks:
        return Marks(u.end for u in self.utterances)

    @cached_property
    def sentences(self) -> tuple[Counter[Utter], int, int]:
        """The agent's lines that nobody disturbed, how many they are, and how many of them end like sentences."""
        lines = [line for line in self.timeline.lines if line.side == "agent" and line.text and not line.unheard]
        free = [line for line in lines if not self._due.any(line.end - BREAK, line.end + BREAK)]
        return Counter(free), len(free), sum(finishes(line.text) for line in free)

    @cached_property
    def _claims(self) -> Spread[Utterance]:
        return Spread((u for u in self.utterances if u.takes_floor), lambda u: u.start, lambda u: u.end)

    @cached_property
    def _spoken(self) -> Spread[Utterance]:
        return Spread(self.utterances, lambda u: u.start, lambda u: u.end)

    @cached_property
    def _takers(self) -> tuple[list[Utterance], list[int]]:
        takers = [u for u in self.utterances if u.takes_floor]
        return takers, [u.start for u in takers]

    @cached_property
    def _turn_starts(self) -> Marks:
        return Marks(due.span.start for due in self.turns)

    @cached_property
    def _due(self) -> Spread[Answer]:
        return Spread(self.answers, lambda a: a.due.span.start, lambda a: a.due.span.end)


def scene(observed: Observed) -> Scene:
    timeline = observed.timeline
    truth = observed.truth if observed.truth is not None else surmise(timeline)
    end = min((h.start for h in truth if isinstance(h, HangUp)), default=timeline.length)
    truth = tuple(sorted((h for h in truth if h.start < end), key=lambda h: (h.start, h.end)))
    turns = caller_turns(truth)
    spoken = tuple(u for u in utterances(timeline, [due.span.end for due in turns]) if u.start < end)
    starts, speech = Marks(due.span.start for due in turns), [u for u in spoken if u.kind == "speech"]
    begun = [u.start for u in speech]
    answers = tuple(_answer(due, starts, speech, begun, end) for due in turns)
    return Scene(timeline, truth, observed.truth is not None, end, turns, spoken, answers)


def _answer(due: Due, starts: Marks, speech: list[Utterance], begun: list[int], end: int) -> Answer:
    until = starts.first(due.span.end, end)
    place = bisect_left(begun, due.span.end - SLACK)
    by = speech[place] if place < len(speech) and begun[place] < until else None
    return Answer(due, by, until, starts.any(due.span.end, end))


def of_kind(scene: Scene, *kinds: type[Happening]) -> list[Happening]:
    if kinds not in scene._kinds:
        scene._kinds[kinds] = [happening for happening in scene.truth if isinstance(happening, kinds)]
    return scene._kinds[kinds]


def excluded(measure: str, event: Span, why: str) -> Outcome:
    return Outcome(measure, event.start, event.end, None, why=why)
