"""From judged events to figures: values with n and an interval, verdicts against the bars, and the last line."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from callcenter.measures import answers, intervals, keeping, listening
from callcenter.measures.bars import BY_NAME, MEASURES, Bar, Measure
from callcenter.measures.intervals import Event, Interval
from callcenter.measures.scene import Outcome, Scene, scene
from callcenter.measures.timeline import Background, Interruption, LongStory, Observed, SideTalk, Span, Turn
from callcenter.measures.timing import Timing, timing
from callcenter.measures.words import WordErrors, word_errors

JUDGES: Mapping[str, Callable[[Scene], list[Outcome]]] = MappingProxyType(
    {
        "L_R": answers.latencies,
        "R_R": answers.responses,
        "PAUSE": answers.pauses,
        "L_Y": keeping.yield_latencies,
        "R_Y": keeping.yields,
        "S_BC": keeping.kept_over_backchannels,
        "S_VT": keeping.ignored_tics,
        "S_ND": keeping.ignored_others,
        "I_A": answers.interruptions_by_agent,
        "BC_per_min": listening.backchannel_rates,
        "BC_at_phrase_end": listening.backchannel_places,
        "DEAD": answers.dead_air,
        "ECHO": keeping.false_yields_to_echo,
    }
)


@dataclass(frozen=True, slots=True)
class Judged:
    """A call and everything that was judged in it."""

    observed: Observed
    outcomes: tuple[Outcome, ...]

    @property
    def failures(self) -> tuple[Outcome, ...]:
        return tuple(outcome for outcome in self.outcomes if outcome.ok is False)


@dataclass(frozen=True, slots=True)
class Figure:
    """One measure over many calls. `excluded` counts the events that were not judged, by reason."""

    measure: Measure
    value: float | None
    n: int
    interval: Interval
    excluded: Mapping[str, int]

    def meets(self, bar: Bar | None) -> bool | None:
        return None if bar is None or self.value is None else bar.passed(self.value)


@dataclass(frozen=True, slots=True)
class Figures:
    figures: Mapping[str, Figure]
    judged: tuple[Judged, ...]
    timing: Timing
    wer: Mapping[str, WordErrors]

    @property
    def calls(self) -> int:
        return len(self.judged)

    def __getitem__(self, name: str) -> Figure:
        return self.figures[name]

    def passed(self, name: str, goal: bool = False) -> bool | None:
        """Against the bar of now or the goal; None when nothing was measured. What it needs must pass the bar too."""
        own = self.figures[name].meets(_bar(name, goal))
        needed = [self.figures[other].meets(_bar(other, goal)) for other in BY_NAME[name].needs]
        return own if not own or all(needed) else False

    def last_line(self) -> dict[str, Any]:
        """The stable keys of one duplex; plain numbers, null where not measured."""
        line: dict[str, Any] = {name: _plain(figure.value) for name, figure in self.figures.items()}
        line["calls"] = self.calls
        line["overlap_s_per_call"] = _plain(sum(self.timing.overlaps) / self.calls if self.calls else None)
        line["talk_ratio"] = _plain(self.timing.talk_ratio)
        line["wer"] = {group: _plain(errors.rate) for group, errors in self.wer.items()}
        line["n"] = {name: figure.n for name, figure in self.figures.items()}
        line["ci"] = {
            name: [_plain(edge) for edge in figure.interval or (None, None)] for name, figure in self.figures.items()
        }
        return line


def judge(observed: Observed) -> Judged:
    seen = scene(observed)
    return Judged(observed, tuple(outcome for judged in JUDGES.values() for outcome in judged(seen)))


def figures(calls: Iterable[Observed], seed: int = 0) -> Figures:
    judged = tuple(judge(call) for call in calls)
    spent = Timing()
    for each in judged:
        spent = spent + timing(each.observed)
    values = {measure.name: _figure(measure, judged, seed) for measure in MEASURES}
    return Figures(MappingProxyType(values), judged, spent, MappingProxyType(wer(each.observed for each in judged)))


def _figure(measure: Measure, judged: Sequence[Judged], seed: int) -> Figure:
    found = [(each.observed.unit, o) for each in judged for o in each.outcomes if o.measure == measure.outcome]
    events = [Event(unit, o.value, o.weight) for unit, o in found if o.ok is not None]
    n = sum(event.weight > 0 for event in events)
    reasons = Counter(o.why for _, o in found if o.ok is None)
    value, interval = _summed(measure, events, seed) if n else (None, None)
    return Figure(measure, value, n, interval, MappingProxyType(dict(reasons)))


def _summed(measure: Measure, events: list[Event], seed: int) -> tuple[float, Interval]:
    match measure.kind:
        case "share":
            return intervals.ratio(events), intervals.share(events, seed)
        case "rate":
            return intervals.ratio(events), intervals.rate(events, seed)
        case "median" | "p90":
            q = 0.5 if measure.kind == "median" else 0.9
            return intervals.at_quantile([e.value for e in events], q), intervals.quantile(events, q, seed)


def wer(calls: Iterable[Observed]) -> dict[str, WordErrors]:
    """Word errors of the caller's transcript by group of voices: everything said to the agent against everything
    written down, without what was written while others spoke."""
    groups: dict[str, WordErrors] = {}
    for call in calls:
        if call.truth is None or not any(line.side == "caller" for line in call.timeline.lines):
            continue
        found = word_errors(_said(call), _written(call))
        groups[call.group] = groups.get(call.group, WordErrors(0)) + found
    return groups


def _said(call: Observed) -> str:
    turns = [t for t in call.truth or () if isinstance(t, Turn | Interruption)]
    stories = [s for s in call.truth or () if isinstance(s, LongStory) and not any(s.meets(t) for t in turns)]
    return " ".join(spoken.text for spoken in sorted([*turns, *stories], key=lambda s: s.start))


def _written(call: Observed) -> str:
    others = [Span(h.start, h.end) for h in call.truth or () if isinstance(h, SideTalk | Background)]
    turns = [t for t in call.truth or () if isinstance(t, Turn | Interruption | LongStory)]
    lines = [line for line in call.timeline.lines if line.side == "caller" and line.kind != "key"]
    kept = []
    for line in sorted(lines, key=lambda line: line.start):
        span = Span(line.start, max(line.end, line.start + 1))
        if any(turn.meets(span) for turn in turns) or not any(other.meets(span) for other in others):
            kept.append(line.text)
    return " ".join(kept)


def last_line(suite: str, seed: int, realtime: bool, duplexes: Mapping[str, Figures]) -> dict[str, Any]:
    """The last line of `bench interaction`."""
    named = {name: measured.last_line() for name, measured in duplexes.items()}
    return {"suite": suite, "seed": seed, "realtime": realtime, "duplex": named}


def _bar(name: str, goal: bool) -> Bar | None:
    return BY_NAME[name].goal if goal else BY_NAME[name].now


def _plain(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
