"""The picture of a moment of a call: what the caller meant, both channels, who held the floor, where the duplex leant.

Lanes share one time axis. A happening, a channel, a state of the floor and a curve each carry their word, so that the
picture can be read without colours.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from callcenter.audio import decode
from callcenter.bench.drawing import Scale, rect, rule, svg, text, ticks
from callcenter.events import Floor
from callcenter.measures import Judged, Outcome, Span, caller_voice, floor_states, joined, scene
from callcenter.measures.floor import BREATH
from callcenter.units import RATE, samples

WIDTH = 1080
LEFT, RIGHT = 92, WIDTH - 12
LANE = 46
ROW = 19

STATES = {"caller": "caller", "agent": "agent", "both": "both speak", "nobody": "nobody"}
LEANINGS = (("p_speak", "speak"), ("p_backchannel", "mm-hmm"), ("p_yield", "yield"))
NAMES = {
    "Turn": "turn",
    "Pause": "pause",
    "Interruption": "interrupts",
    "Backchannel": "mm-hmm",
    "Tic": "cough or um",
    "SideTalk": "side talk",
    "Background": "background",
    "Echo": "echo of us",
    "LongStory": "long story",
    "Quiet": "quiet expected",
    "HangUp": "hangs up",
}


@dataclass(frozen=True, slots=True)
class Audio:
    """Both channels of a call, mu-law, as the caller spoke and heard."""

    caller: bytes
    agent: bytes


def window(outcome: Outcome, length: int, before: float = 4.0, after: float = 5.0) -> Span:
    """The moment around an outcome that lets one hear what went wrong."""
    return Span(max(0, outcome.start - samples(before)), min(length, outcome.end + samples(after)))


def moment(judged: Judged, view: Span, audio: Audio | None = None, fault: Outcome | None = None, why: str = "") -> str:
    """All lanes over a stretch of a call, with the fault shaded."""
    across = Scale(view.start, view.end, LEFT, RIGHT)
    parts: list[str] = []
    y = 30.0
    lanes = [_happenings, _caller, _agent, _floor]
    if any(view.holds(leaning.at) and leaning.floor != Floor() for leaning in judged.observed.timeline.leanings):
        lanes.append(_leanings)
    for lane in lanes:
        drawn, tall = lane(judged, view, across, y, audio)
        parts += drawn
        y += tall + 12
    shade = [] if fault is None else _fault(fault, why, across, y)
    playhead = rule(LEFT, 20, LEFT, y, "playhead")
    drawn = [*shade, *_axis(view, across, y), *parts, playhead]
    return svg(WIDTH, y + 26, drawn, "timeline of both channels", "lanes moment")


def _fault(fault: Outcome, why: str, across: Scale, bottom: float) -> list[str]:
    start, end = across(fault.start), across(fault.end)
    middle = min(max((start + end) / 2, LEFT + 90), RIGHT - 90)
    return [
        rect(start, 20, max(end - start, 2), bottom - 20, "fault"),
        text(middle, 14, f"{fault.measure}: {why or fault.why}", "faulty", "middle"),
    ]


def _axis(view: Span, across: Scale, y: float) -> list[str]:
    parts = [rule(LEFT, y, RIGHT, y, "axis")]
    for second in ticks(view.start / RATE, view.end / RATE, 14):
        x = across(second * RATE)
        parts += [rule(x, 20, x, y, "grid"), text(x, y + 16, f"{second:g} s", "tick", "middle")]
    return parts


Drawn = tuple[list[str], float]


def _happenings(judged: Judged, view: Span, across: Scale, y: float, _: Audio | None) -> Drawn:
    """What the caller meant, in as many rows as needed so that nothing covers anything."""
    scripted = judged.observed.truth is not None
    ends: list[float] = []
    parts: list[str] = []
    for happening in scene(judged.observed).truth:
        if not (happening.meets(view) or view.holds(happening.start)):
            continue
        start, end = across(happening.start), across(happening.end)
        name = type(happening).__name__
        said = getattr(happening, "text", "")
        words = f"{NAMES[name]}: {said}" if said and said != NAMES[name] else NAMES[name]
        room = max(end - start, len(NAMES[name]) * 6.4 + 10)
        shown = _fitting(words, room) if len(words) * 6.0 + 8 <= room or room > 120 else NAMES[name]
        row = next((n for n, taken in enumerate(ends) if taken <= start), len(ends))
        ends[row : row + 1] = [start + room + 4]
        top = y + row * ROW
        span = f"{happening.start / RATE:.2f} to {happening.end / RATE:.2f} s"
        parts.append(rect(start, top, max(end - start, 2), ROW - 4, f"happening {name.lower()}", f"{words}, {span}", 3))
        parts.append(text(min(start + 5, RIGHT - room), top + 11, shown, "word"))
        for at in getattr(happening, "phrase_ends", ()):
            if view.holds(at):
                parts.append(rule(across(at), top, across(at), top + ROW - 4, "phrase"))
    tall = max(len(ends), 1) * ROW
    label = ("script", "what the caller meant") if scripted else ("surmised", "from both channels")
    return [*_label(label[0], y, tall), *parts], tall


def _fitting(words: str, room: float) -> str:
    most = max(int((room - 8) / 6.0), 3)
    return words if len(words) <= most else words[: most - 1].rstrip() + "…"


def _caller(judged: Judged, view: Span, across: Scale, y: float, audio: Audio | None) -> Drawn:
    spans = joined(judged.observed.timeline.caller, gap=BREATH)
    parts = _channel(spans, view, across, y, "caller", None if audio is None else audio.caller)
    return [*_label("caller", y, LANE), *parts], LANE


def _agent(judged: Judged, view: Span, across: Scale, y: float, audio: Audio | None) -> Drawn:
    timeline = judged.observed.timeline
    spans = joined(timeline.agent, gap=BREATH)
    parts = _channel(spans, view, across, y, "agent", None if audio is None else audio.agent)
    for utterance in scene(judged.observed).utterances:
        if utterance.span.meets(view) and utterance.kind != "speech":
            words = "mm-hmm" if utterance.kind == "acknowledgement" else "?"
            parts.append(text((across(utterance.start) + across(utterance.end)) / 2, y + 11, words, "word", "middle"))
    for acted in timeline.acts:
        if view.holds(acted.at):
            name = type(acted.act).__name__
            parts.append(
                f'<path d="M{across(acted.at):g} {y + LANE:g} l-4 7 h8 z" class="act"><title>{name} claimed at '
                f"{acted.at / RATE:.2f} s</title></path>"
            )
    return [*_label("agent", y, LANE), *parts], LANE


def _channel(spans: Sequence[Span], view: Span, across: Scale, y: float, side: str, audio: bytes | None) -> list[str]:
    parts = [rect(LEFT, y, RIGHT - LEFT, LANE, "lane", radius=4)]
    for span in spans:
        if span.meets(view):
            start, end = across(span.start), across(span.end)
            tip = f"{side} speaks, {span.start / RATE:.2f} to {span.end / RATE:.2f} s"
            parts.append(rect(start, y, end - start, LANE, f"{side} sound", tip, radius=4))
    return parts if audio is None else [*parts, _wave(audio, view, across, y, side)]


def _wave(audio: bytes, view: Span, across: Scale, y: float, side: str) -> str:
    """The outline of the sound, one step a pixel, with the quiet parts lifted so that they can be seen."""
    count = round(RIGHT - LEFT)
    pcm = np.abs(decode(audio[view.start : view.end]).astype(np.float64))
    edges = np.linspace(0, view.end - view.start, count + 1).astype(int)
    peaks = [float(pcm[a:b].max()) if b > a and a < len(pcm) else 0.0 for a, b in pairwise(edges)]
    half = LANE / 2
    tall = [min(1.0, (peak / 16000) ** 0.6) * (half - 3) for peak in peaks]
    upper = " ".join(f"{LEFT + n:g},{y + half - h:.1f}" for n, h in enumerate(tall))
    lower = " ".join(f"{LEFT + n:g},{y + half + h:.1f}" for n, h in reversed(list(enumerate(tall))))
    return f'<polygon points="{upper} {lower}" class="{side} wave"/>'


def _floor(judged: Judged, view: Span, across: Scale, y: float, _: Audio | None) -> Drawn:
    voice = caller_voice(judged.observed.timeline, judged.observed.truth)
    parts = []
    for span, state in floor_states(judged.observed.timeline, voice):
        if not span.meets(view):
            continue
        start, end = across(span.start), across(span.end)
        seconds = f"{span.seconds:.2f} s"
        parts.append(rect(start, y, end - start, 22, f"floor {state}", f"{STATES[state]}, {seconds}"))
        for words in (f"{STATES[state]} {span.seconds:.1f} s", STATES[state], STATES[state][0].upper()):
            if end - start > len(words) * 6.3 + 4:
                parts.append(text((start + end) / 2, y + 15, words, f"floorword {state}", "middle"))
                break
    return [*_label("floor", y, 22), *parts], 22


def _leanings(judged: Judged, view: Span, across: Scale, y: float, _: Audio | None) -> Drawn:
    tall = 54
    parts = [rect(LEFT, y, RIGHT - LEFT, tall, "lane", radius=4)]
    seen = [leaning for leaning in judged.observed.timeline.leanings if view.holds(leaning.at)]
    for n, (field, words) in enumerate(LEANINGS):
        points = [(across(s.at), y + tall - 3 - getattr(s.floor, field) * (tall - 6)) for s in seen]
        line = " ".join(f"{x:g},{height:.1f}" for x, height in points)
        parts.append(f'<polyline points="{line}" class="leaning {field}"><title>p({words})</title></polyline>')
        parts.append(rule(8, y + 20 + 14 * n, 26, y + 20 + 14 * n, f"leaning {field}"))
        parts.append(text(31, y + 24 + 14 * n, words, "tick"))
    return [text(8, y + 9, "leans to", "label"), *parts], tall


def overview(judged: Judged, view: Span) -> str:
    """The floor of the whole call, with the moment in view framed."""
    timeline = judged.observed.timeline
    across = Scale(0, max(timeline.length, 1), LEFT, RIGHT)
    parts = _label("whole call", 2, 14)
    for span, state in floor_states(timeline, caller_voice(timeline, judged.observed.truth)):
        start, end = across(span.start), across(span.end)
        parts.append(rect(start, 4, end - start, 12, f"floor {state}", f"{STATES[state]}, {span.seconds:.2f} s"))
    start, end = across(view.start), across(view.end)
    parts.append(rect(start, 1, end - start, 18, "framed", radius=3))
    return svg(WIDTH, 20, parts, "the floor of the whole call", "lanes")


def _label(words: str, y: float, tall: float) -> list[str]:
    return [text(8, y + tall / 2 + 4, words, "label")]
