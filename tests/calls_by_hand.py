"""Calls written by hand, in seconds: what the tests of the measures, the report and the export look at."""

from typing import Any

from callcenter.events import Utter
from callcenter.measures import Acted, HangUp, Happening, Observed, Span, Timeline, joined
from callcenter.measures.floor import VOICED
from callcenter.units import samples


def at(kind: type, start: float, end: float, *rest: Any, **more: Any) -> Any:
    """A happening from its seconds."""
    ends = more.pop("phrase_ends", None)
    if ends is not None:
        more["phrase_ends"] = tuple(samples(e) for e in ends)
    return kind(samples(start), samples(end), *rest, **more)


def gone(second: float) -> HangUp:
    return at(HangUp, second, second)


def line(side: str, start: float, end: float, text: str, unheard: str = "") -> Utter:
    return Utter(side, samples(start), samples(end), text, unheard)  # type: ignore[arg-type]


def call(
    length: float,
    agent: list[tuple[float, float]],
    truth: list[Happening] | None = None,
    lines: list[Utter] | None = None,
    acts: list[tuple[float, Any]] | None = None,
    planned: list[tuple[float, float]] | None = None,
    caller: list[tuple[float, float]] | None = None,
    name: str = "call",
    who: str = "",
    group: str = "",
) -> Observed:
    """The caller's channel follows the script unless it is given."""
    voiced = [Span(h.start, h.end) for h in truth or [] if isinstance(h, VOICED)]
    theirs = voiced if caller is None else [at(Span, *pair) for pair in caller]
    timeline = Timeline(
        length=samples(length),
        caller=joined(theirs),
        agent=joined([at(Span, *pair) for pair in agent]),
        lines=tuple(lines or ()),
        acts=tuple(Acted(samples(second), act) for second, act in acts or ()),
        planned=tuple(at(Span, *pair) for pair in planned or ()),
    )
    return Observed(name, timeline, None if truth is None else tuple(truth), who, group)
