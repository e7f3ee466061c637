"""From what was kept of a call to its timeline: two channels of audio and the events with what they commanded.

The caller's line is noisy, so a voice detector listens to it; it lets every sound last a little longer than it is,
which is right for a listener and wrong for a stopwatch, so its hang is taken off again. What we played is clean: there
everything above a whisper is sound, to the frame, and nothing that was still audible counts as silence.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from callcenter.audio import HANG, Activity, decode
from callcenter.events import Command, Event, Fault, Spoken, Utter
from callcenter.measures.timeline import Acted, Leaning, Span, Timeline, spans
from callcenter.units import FRAME, RATE

WHISPER = 32768 * 10 ** (-45 / 20)
"""Root mean square of a frame at -45 dBFS: 25 dB under speech."""

POWER = decode(bytes(range(256))).astype(np.float64) ** 2
"""Of each code."""

MINUTE = 60 * RATE // FRAME
"""Frames looked at at once: hours of a call would fill the memory."""

Happened = tuple[int, Event | None, Sequence[Command]]
"""The sample, the event, and what the call commanded."""


def voiced(audio: bytes) -> tuple[Span, ...]:
    """Where a noisy channel of mu-law holds a voice, without the detector's hang."""
    whole = audio[: len(audio) - len(audio) % FRAME]
    return tuple(_trimmed(span) for span in spans(Activity().push(whole))) if whole else ()


def _trimmed(span: Span) -> Span:
    frames = (span.end - span.start) // FRAME
    return Span(span.start, span.end - min(HANG, frames // 2) * FRAME)


def played(audio: bytes) -> tuple[Span, ...]:
    """Where a clean channel of mu-law sounds."""
    codes = np.frombuffer(audio, np.uint8, len(audio) - len(audio) % FRAME).reshape(-1, FRAME)
    found = [POWER[codes[at : at + MINUTE]].mean(axis=1) for at in range(0, len(codes), MINUTE)]
    loud = np.concatenate([np.zeros(0), *found]) > WHISPER * WHISPER
    return spans((loud.astype(np.uint8) + ord("0")).tobytes().decode())


def recorded(caller: bytes, agent: bytes, happened: Iterable[Happened] = ()) -> Timeline:
    """The timeline of a call from its recording and its journal."""
    told = tuple(happened)
    spoken = [(at, event) for at, event, _ in told if isinstance(event, Spoken)]
    commands = [command for _, _, done in told for command in done]
    return Timeline(
        length=max(len(caller), len(agent)),
        caller=voiced(caller),
        agent=played(agent),
        lines=tuple(sorted((c for c in commands if isinstance(c, Utter)), key=lambda line: line.start)),
        acts=tuple(Acted(at, act) for at, event in spoken for act in event.acts),
        leanings=tuple(Leaning(at, event.floor) for at, event in spoken),
        faults=tuple(c for c in commands if isinstance(c, Fault)),
    )
