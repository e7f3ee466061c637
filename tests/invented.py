"""Whole runs that never happened: scripted callers, a patient agent and a hasty one, and sound for both channels."""

from collections.abc import Iterable

import numpy as np
from calls_by_hand import at, gone, line

from callcenter.audio import encode
from callcenter.bench.lanes import Audio
from callcenter.events import Backchannelled, Floor, TookFloor, Utter, Yielded
from callcenter.measures import (
    Acted,
    Backchannel,
    Echo,
    Happening,
    Interruption,
    Leaning,
    LongStory,
    Observed,
    Pause,
    SideTalk,
    Span,
    Tic,
    Timeline,
    Turn,
    caller_voice,
    joined,
)
from callcenter.units import RATE, TURN, samples

Spoken = list[tuple[float, float, str, str]]


def script(chance: np.random.Generator) -> list[Happening]:
    """A caller with one event of every kind, a little different every time."""
    j = [float(chance.uniform(-0.15, 0.15)) for _ in range(12)]
    return [
        at(Turn, 2, 6.2 + j[0], "my order number is four two seven nine nine one"),
        at(Pause, 3.4 + j[1], 4.2 + j[2]),
        at(Backchannel, 9 + j[3], 9.4 + j[3], "mm-hmm"),
        at(Tic, 11.5 + j[4], 11.9 + j[4], "cough"),
        at(Echo, 13.4, 13.8 + j[5]),
        at(SideTalk, 15 + j[6], 16 + j[6], "not now honey"),
        at(Interruption, 18.5 + j[7], 20.4 + j[8], "wait I mean the other one"),
        at(LongStory, 26, 38 + j[9], "so last week I ordered two of them and", phrase_ends=(30 + j[10], 34 + j[11])),
        gone(43.5),
    ]


def patient(truth: list[Happening], chance: np.random.Generator) -> Spoken:
    ends = {type(h).__name__: h.end / RATE for h in truth}
    starts = {type(h).__name__: h.start / RATE for h in truth}
    (story,) = (h for h in truth if isinstance(h, LongStory))
    gap = [float(chance.gamma(4, 0.06)) for _ in range(3)]
    hum = float(chance.uniform(0.0, 0.3)) + story.phrase_ends[0] / RATE
    return [
        (0.3, 1.8, "Good morning, this is the shop.", ""),
        (ends["Turn"] + gap[0], starts["Interruption"] + 0.35, "I found your order, it left on Monday and", "arrives"),
        (ends["Interruption"] + gap[1], 25.6, "The other one has not left yet.", ""),
        (hum, hum + 0.4, "mm-hmm", ""),
        (ends["LongStory"] + gap[2], 42.6, "I will send them again today.", ""),
    ]


def hasty(truth: list[Happening], chance: np.random.Generator) -> Spoken:
    """Talks 0.3 s into any silence and stops at any sound."""
    starts = {type(h).__name__: h.start / RATE for h in truth}
    ends = {type(h).__name__: h.end / RATE for h in truth}
    (pause,) = (h for h in truth if isinstance(h, Pause))
    pieces: Spoken = [(0.3, 1.8, "Good morning, this is the shop.", "")]
    pieces.append((pause.start / RATE + 0.3, pause.end / RATE + 0.2, "I", "found your order"))
    begin = ends["Turn"] + 0.3
    for kind in ("Backchannel", "Tic", "Echo", "SideTalk", "Interruption"):
        stop = starts[kind] + 0.25 + float(chance.uniform(0, 0.1))
        pieces.append((begin, stop, "I found your order, it", "left on Monday"))
        begin = max(ends[kind], stop) + 0.6
    pieces.append((begin, 25.6, "The other one has not left yet.", ""))
    pieces.append((ends["LongStory"] + 0.3, 42.6, "I will send them again today.", ""))
    return pieces


def observed(seed: int, agent=patient) -> Observed:
    chance = np.random.default_rng(seed)
    truth = script(chance)
    spoken = agent(truth, chance)
    heard = [Utter("caller", h.start, h.end, h.text) for h in truth if isinstance(h, Turn | Interruption | LongStory)]
    timeline = Timeline(
        length=samples(44),
        caller=joined(caller_voice(Timeline(samples(44)), tuple(truth))),
        agent=joined(at(Span, start, end) for start, end, *_ in spoken),
        lines=tuple(sorted([*heard, *(line("agent", *piece) for piece in spoken)], key=lambda u: u.start)),
        acts=tuple(_acts(spoken)),
        leanings=tuple(_leanings(spoken)),
    )
    return Observed(f"call {seed}", timeline, tuple(truth), f"caller {seed}", ("synthetic", "real")[seed % 2])


def _acts(spoken: Spoken) -> Iterable[Acted]:
    for start, end, text, unheard in spoken:
        yield Acted(samples(start), Backchannelled() if text == "mm-hmm" else TookFloor())
        if unheard:
            yield Acted(samples(end), Yielded())


def _leanings(spoken: Spoken) -> Iterable[Leaning]:
    for turn in range(220):
        second = turn * TURN / RATE
        speaks = any(start - 0.2 <= second < end for start, end, *_ in spoken)
        yields = any(unheard and end - 0.3 <= second < end + 0.2 for _, end, _, unheard in spoken)
        yield Leaning(turn * TURN, Floor(0.92 if speaks else 0.06, 0.3 * (turn % 7 == 0), 0.85 if yields else 0.04))


def sound(call: Observed) -> Audio:
    """Buzzing in syllables where somebody speaks, and a little noise on the caller's line."""
    return Audio(_channel(call, call.timeline.caller, 120, 40.0), _channel(call, call.timeline.agent, 190, 0.0))


def _channel(call: Observed, spans: Iterable[Span], pitch: float, noise: float) -> bytes:
    at_ = np.arange(call.timeline.length) / RATE
    voice = sum(np.sin(2 * np.pi * pitch * n * at_) / n for n in range(1, 12))
    syllables = 0.25 + 0.75 * np.abs(np.sin(2 * np.pi * 2.1 * at_ + np.sin(at_)))
    speaks = np.zeros(len(at_))
    for span in spans:
        speaks[span.start : span.end] = 1
    pcm = 5000 * voice * syllables * speaks + np.random.default_rng(1).normal(0, noise, len(at_))
    return encode(pcm.clip(-32768, 32767).astype(np.int16))
