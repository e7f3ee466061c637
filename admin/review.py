"""A call as the review screen shows it, worked out from its legs.

Nothing is measured here: the floor, the labels and every figure are those of `callcenter.measures`.
"""

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any, Final

import numpy as np

from admin.costs import used
from admin.happened import act, background, events, lines_of, path, tools, variables
from admin.parts import Part, timeline_of
from callcenter.measures import (
    MEASURES,
    Figures,
    Leaning,
    Observed,
    Outcome,
    Timeline,
    figures,
    floor_states,
    overlaps,
    scene,
)
from callcenter.units import RATE, TURN

VERSION: Final = 4
"""Of what is kept; a review of an older version is made again."""


def review(parts: Sequence[Part]) -> dict[str, Any]:
    """Everything the screen shows, as plain data; times are samples."""
    told = [(part.start, line) for part in parts for line in part.lines]
    timeline = timeline_of(parts)
    seen = scene(Observed("call", timeline))
    found = figures([Observed("call", timeline)])
    judged = found.judged[0]
    return {
        "version": VERSION,
        "samples": max([timeline.length, *(part.start + part.length for part in parts)], default=0),
        "recorded": any(part.caller for part in parts),
        "floor": [[span.start, span.end, state] for span, state in floor_states(timeline) if state != "nobody"],
        "overlaps": [[o.start, o.end, o.kind, o.text] for o in overlaps(seen)],
        "leanings": leanings(timeline),
        "acts": [[acted.at, *act(acted)] for acted in timeline.acts if act(acted)],
        "lines": lines_of(told),
        "answers": [[o.start, o.end, o.text] for o in judged.outcomes if o.measure == "L_R"],
        "background": list(background(told)),
        "tools": list(tools(told)),
        "path": path(told),
        "variables": variables(told),
        "used": used(told, sum(len(part.caller) for part in parts), timeline.length),
        "events": list(events(told)),
        "figures": figures_of(found),
        "judged": [_judged(o) for o in judged.outcomes if o.ok is False],
        "spent": spent(found),
    }


def leanings(timeline: Timeline) -> dict[str, Any]:
    """The duplex's probabilities turn by turn, in hundredths; empty where it told none."""
    told = [leaning for leaning in timeline.leanings if any(_three(leaning))]
    count = timeline.length // TURN + 1 if told else 0
    rows = np.zeros((3, count), np.int64)
    for leaning in told:
        rows[:, min(leaning.at // TURN, count - 1)] = [round(100 * p) for p in _three(leaning)]
    return {"every": TURN, "speak": rows[0].tolist(), "backchannel": rows[1].tolist(), "yield": rows[2].tolist()}


def _three(leaning: Leaning) -> tuple[float, float, float]:
    return tuple(
        min(1.0, max(0.0, p)) for p in (leaning.floor.p_speak, leaning.floor.p_backchannel, leaning.floor.p_yield)
    )  # type: ignore[return-value]


def figures_of(found: Figures) -> list[dict[str, Any]]:
    """Every measure of this one call, with what was judged and what was left out."""
    return [
        {
            "name": measure.name,
            "title": measure.title,
            "says": measure.says,
            "unit": measure.unit,
            "value": found[measure.name].value,
            "n": found[measure.name].n,
            "bar": str(measure.now) if measure.now else "",
            "passed": found.passed(measure.name),
            "meets": found[measure.name].meets(measure.now),
            "needs": list(measure.needs),
            "excluded": dict(found[measure.name].excluded),
        }
        for measure in MEASURES
    ]


def _judged(outcome: Outcome) -> list[Any]:
    return [outcome.start, outcome.end, outcome.measure, outcome.why, outcome.text]


def spent(found: Figures) -> dict[str, Any]:
    told = found.timing
    return {
        "overlap": sum(told.overlaps),
        "caller": told.caller_seconds,
        "agent": told.agent_seconds,
        "seconds": told.seconds,
        "share": told.talk_ratio,
    }


def measured(shown: Mapping[str, Any]) -> dict[str, Any]:
    """The columns by which lists are filtered, from a review."""
    by_name = {each["name"]: each for each in shown["figures"]}
    latencies = [1_000 * (end - start) // RATE for start, end, _ in shown["answers"]]
    kinds = [kind for _, _, kind, _ in shown["overlaps"]]
    failed = [measure for _, _, measure, _, _ in shown["judged"]]
    return {
        "version": shown["version"],
        "samples": shown["samples"],
        "latency_ms": int(median(latencies)) if latencies else None,
        "slowest_ms": max(latencies, default=None),
        "answered": len(latencies),
        "due": by_name["R_R"]["n"],
        "interruptions": kinds.count("interruption_caller"),
        "yielded": round((by_name["R_Y"]["value"] or 0) * by_name["R_Y"]["n"]),
        "broken_into": kinds.count("interruption_agent"),
        "overlaps": len(kinds),
        "dead": failed.count("DEAD"),
        "tools": len(shown["tools"]),
        "tool_errors": sum(not tool["ok"] for tool in shown["tools"]),
        "agent_share": shown["spent"]["share"],
    }
