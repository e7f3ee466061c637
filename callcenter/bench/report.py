"""The report of a benchmark: pages a supervisor can read without help, from figures and nothing else.

`write` makes a folder: `index.html` with the figures of all duplexes side by side, the timing of people beside theirs
and every failure by kind; a page a failure with both channels drawn and its sound as a wav file beside it. Pages carry
their styles and drawings inside; nothing is loaded from anywhere.
"""

import json
import re
import wave
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined

from callcenter.audio import decode
from callcenter.bench import people
from callcenter.bench.drawing import barred, histogram, number, quantiles_of, strips, told, verdict_strip
from callcenter.bench.lanes import LEFT, RIGHT, Audio, moment, overview, window
from callcenter.measures import BY_NAME, MEASURES, Figures, Judged, Measure, Outcome, Span, last_line
from callcenter.units import RATE

SLOW = 0.9
"""Answers slower than this many seconds are listed with the failures."""

KINDS: Mapping[str, str] = {
    "R_R": "Turns that got no answer",
    "PAUSE": "Pauses taken for the end",
    "I_A": "The agent broke into a turn",
    "R_Y": "Interruptions not yielded to",
    "S_BC": 'Stopped by the caller\'s "mm-hmm"',
    "S_VT": 'Reacted to a cough or an "um"',
    "S_ND": "Reacted to other people",
    "ECHO": "Stopped by its own voice",
    "BC_at_phrase_end": '"mm-hmm" in the middle of a phrase',
    "DEAD": "Dead air",
    "L_R": f"Answers slower than {SLOW} s",
}

Sounds = Callable[[str, str], Audio | None]
"""The sound of a call, by duplex and name of the call."""


def no_sound(_duplex: str, _call: str) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the benchmark: the same callers against each duplex."""

    suite: str
    seed: int
    realtime: bool
    command: str
    duplexes: Mapping[str, Figures]
    held_out: Mapping[str, Sequence[str]] = field(default_factory=dict)
    conditions: Sequence[str] = ()
    sounds: Sounds = no_sound
    pages: int = 12
    """Failures of one kind and duplex that get a page of their own; the others are listed."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A failure worth looking at, and the page it has, if any."""

    duplex: str
    judged: Judged
    outcome: Outcome
    page: str

    @property
    def why(self) -> str:
        slow = self.outcome.measure == "L_R"
        return f"answered after {self.outcome.value:.2f} s" if slow else self.outcome.why


def write(run: Run, folder: Path) -> Path:
    """All pages and sounds; the path of the first page."""
    (folder / "failures").mkdir(parents=True, exist_ok=True)
    faults = list(_faults(run))
    paged = [fault for fault in faults if fault.page]
    for n, fault in enumerate(paged):
        before, after = paged[n - 1].page if n else "", paged[n + 1].page if n + 1 < len(paged) else ""
        (folder / "failures" / f"{fault.page}.html").write_text(_failure(run, fault, folder, before, after))
    (folder / "figures.json").write_text(
        json.dumps(last_line(run.suite, run.seed, run.realtime, run.duplexes), indent=1) + "\n"
    )
    index = folder / "index.html"
    index.write_text(_index(run, faults))
    return index


# --------------------------------------------------------------------------------------------------------- failures


def _faults(run: Run) -> Iterator[Fault]:
    """Failures by kind and duplex; of each, those of different calls come first."""
    for measure in KINDS:
        for duplex, figures in run.duplexes.items():
            found = [(j, o) for j in figures.judged for o in j.outcomes if o.measure == measure and _bad(o)]
            for n, (judged, outcome) in enumerate(_spread(found)):
                page = re.sub(r"[^\w.-]", "_", f"{measure}-{duplex}-{n + 1}") if n < run.pages else ""
                yield Fault(duplex, judged, outcome, page)


def _bad(outcome: Outcome) -> bool:
    return outcome.ok is False or (outcome.measure == "L_R" and outcome.value > SLOW)


def _spread(found: list[tuple[Judged, Outcome]]) -> list[tuple[Judged, Outcome]]:
    seen: dict[int, int] = {}
    ranked = []
    for judged, outcome in found:
        seen[id(judged)] = rank = seen.get(id(judged), -1) + 1
        ranked.append((rank, judged, outcome))
    return [(judged, outcome) for _, judged, outcome in sorted(ranked, key=lambda entry: entry[0])]


def _failure(run: Run, fault: Fault, folder: Path, before: str, after: str) -> str:
    timeline = fault.judged.observed.timeline
    view = window(fault.outcome, timeline.length)
    audio = run.sounds(fault.duplex, fault.judged.observed.name)
    if audio is not None:
        save(folder / "failures" / f"{fault.page}.wav", audio, view)
    lines = [line for line in timeline.lines if line.start < view.end and view.start < max(line.end, line.start + 1)]
    return _page(
        "failure.html",
        run=run,
        fault=fault,
        kind=KINDS[fault.outcome.measure],
        measure=BY_NAME[fault.outcome.measure],
        picture=moment(fault.judged, view, audio, fault.outcome, fault.why),
        overview=overview(fault.judged, view),
        view=view,
        sound=f"{fault.page}.wav" if audio is not None else "",
        lines=sorted(lines, key=lambda line: line.start),
        before=before,
        after=after,
        left=LEFT,
        right=RIGHT,
    )


def save(path: Path, audio: Audio, view: Span | None = None) -> None:
    """A stereo wav: the caller on the left, the agent on the right."""
    end = max(len(audio.caller), len(audio.agent))
    view = view or Span(0, end)
    stereo = np.zeros((view.end - view.start, 2), np.int16)
    for side, channel in enumerate((audio.caller, audio.agent)):
        pcm = decode(channel[view.start : view.end])
        stereo[: len(pcm), side] = pcm
    with wave.open(str(path), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(stereo.tobytes())


# ------------------------------------------------------------------------------------------------------------ index


@dataclass(frozen=True, slots=True)
class Cell:
    """A figure in the table."""

    duplex: str
    value: str
    interval: str
    n: int
    verdict: str
    words: str
    strip: str
    excluded: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Row:
    measure: Measure
    cells: Sequence[Cell]


@dataclass(frozen=True, slots=True)
class Conversation:
    """How one duplex and its callers sound in time, ready to lay beside people."""

    name: str
    gaps: str
    pauses: str
    overlaps: str


def _index(run: Run, faults: Sequence[Fault]) -> str:
    rows = [
        Row(measure, [_cell(name, figures, measure) for name, figures in run.duplexes.items()]) for measure in MEASURES
    ]
    kinds = {
        measure: {
            name: [f for f in faults if f.outcome.measure == measure and f.duplex == name] for name in run.duplexes
        }
        for measure in KINDS
    }
    return _page(
        "index.html",
        run=run,
        rows=rows,
        claims=[(name, _claim(figures)) for name, figures in run.duplexes.items()],
        beside_people=_beside_people(run.duplexes),
        conversations=[_conversation(name, figures) for name, figures in run.duplexes.items()],
        kinds={measure: by for measure, by in kinds.items() if any(by.values())},
        titles=KINDS,
        callers=max((len({j.observed.unit for j in f.judged}) for f in run.duplexes.values()), default=0),
        calls={name: figures.calls for name, figures in run.duplexes.items()},
        groups=sorted({group for figures in run.duplexes.values() for group in figures.wer}),
    )


VERDICTS = {
    "goal": "meets the goal",
    "now": "passes",
    "fails": "fails",
    "doubted": "not credited",
    "none": "not measured",
}


def _cell(duplex: str, figures: Figures, measure: Measure) -> Cell:
    figure = figures[measure.name]
    verdict = _verdict(figures, measure)
    words = VERDICTS[verdict]
    if verdict == "doubted":
        words += f": {', '.join(n for n in measure.needs if not figures[n].meets(BY_NAME[n].now))} must pass too"
    edges = figure.interval
    interval = "" if edges is None else f"{_edge(edges[0], measure)} to {number(edges[1], measure.kind)}"
    return Cell(duplex, told(figure), interval, figure.n, verdict, words, verdict_strip(figure), figure.excluded)


def _verdict(figures: Figures, measure: Measure) -> str:
    passed = figures.passed(measure.name)
    if passed is None:
        return "none"
    if passed:
        return "goal" if figures.passed(measure.name, goal=True) else "now"
    return "doubted" if figures[measure.name].meets(measure.now) else "fails"


def _edge(value: float, measure: Measure) -> str:
    return number(value, measure.kind).removesuffix(" %") if measure.kind == "share" else f"{value:.2f}"


def _claim(figures: Figures) -> str:
    """R_Y, S_BC and L_R in one breath, and L_R never without PAUSE."""
    yields, keeps, answers, pauses = (figures[name] for name in ("R_Y", "S_BC", "L_R", "PAUSE"))
    if None in (yields.value, keeps.value, answers.value, pauses.value):
        missing = [f.measure.title.lower() for f in (yields, keeps, answers, pauses) if f.value is None]
        return f"cannot be placed: not measured are {', '.join(missing)}."
    return (
        f'yields to {told(yields)} of interruptions, keeps talking over {told(keeps)} of "mm-hmm", answers in '
        f"{told(answers)} (median) while taking {told(pauses)} of pauses for the end."
    )


def _conversation(name: str, figures: Figures) -> Conversation:
    spent = figures.timing
    rows = [quantiles_of(name, spent.gaps), people.CONSULTATIONS, people.SERVICE_CALLS]
    ranges = (("people, groups of digits", *people.DIGIT_GROUPS), ("people, address", *people.ADDRESS_PARTS))
    return Conversation(
        name,
        histogram(spent.gaps, -1.5, 3.0, 0.1, "s", mark=0.0) + strips(rows, -1.5, 3.0),
        histogram(spent.pauses, 0.0, 3.0, 0.1, "s", ranges=ranges),
        histogram(spent.overlaps, 0.0, 3.0, 0.1, "s"),
    )


def _beside_people(duplexes: Mapping[str, Figures]) -> list[tuple[str, str, list[str]]]:
    """What is compared, how people do it, and how each duplex and its callers do."""
    low, high = people.BACKCHANNELS
    spent = [figures.timing for figures in duplexes.values()]
    overlapped = [_share(_part(sum(gap < 0 for gap in t.gaps), len(t.gaps))) for t in spent]
    short, inside = (
        [_share(_part(n, t.segments)) for n, t in zip(ns, spent, strict=True)]
        for ns in ([t.short for t in spent], [t.inside for t in spent])
    )
    hums = [told(figures["BC_per_min"]) for figures in duplexes.values()]
    per_call = [_per_call(sum(f.timing.overlaps), f.calls) for f in duplexes.values()]
    return [
        ("changes of the floor that overlap", _share(people.OVERLAPPED), overlapped),
        ("utterances under 1 s", f"about {_share(people.SHORT_SEGMENTS)}", short),
        ("utterances wholly inside the other's", _share(people.INSIDE), inside),
        ('the listener\'s "mm-hmm" in a minute of a long turn', f"{low:g} to {high:g}", hums),
        ("the agent's share of all speech", "depends on the call", [_share(t.talk_ratio) for t in spent]),
        ("seconds in which both speak, per call", "depends on the call", per_call),
    ]


def _part(some: int, whole: int) -> float | None:
    return some / whole if whole else None


def _share(value: float | None) -> str:
    return "not measured" if value is None else f"{value * 100:.0f} %"


def _per_call(total: float, calls: int) -> str:
    return f"{total / calls:.1f} s" if calls else "not measured"


# ------------------------------------------------------------------------------------------------------------ pages


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("callcenter.bench"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["barred"] = barred
    environment.filters["seconds"] = lambda at: f"{at / RATE:.2f} s"
    return environment


def _page(template: str, **values: Any) -> str:
    return _templates().get_template(template).render(**values)
