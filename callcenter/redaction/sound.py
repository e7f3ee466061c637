"""Where in a recording the words are that have to go. In doubt wider: a recogniser tells late when a word was said.

A word of the caller is known to have been said by the turn in which it became certain, and not longer before than a
recogniser takes; when many became certain at once, their places are shared out over the voice before. A word of ours
was played after what was queued before it, by as much later as the line lags.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from callcenter.units import FRAME, RATE, SILENT_BYTE, TURN

Span = tuple[int, int]

LATE: Final = 16 * RATE // 10
"""A word becomes certain at most so long after it was said."""

MARGIN: Final = 3 * RATE // 10
A_LETTER: Final = 14 * RATE // 100
"""A word takes no longer than so much for each letter (and a letter more)."""

FEW: Final = 3
"""So many words at once are a stream of words; more are a whole utterance."""

PAUSE: Final = 6 * RATE // 10


@dataclass(slots=True)
class Told:
    """Words that became known at once: when, and which of them have to go."""

    at: int
    words: Sequence[str]
    gone: Sequence[bool]


@dataclass(slots=True)
class Played(Told):
    """Words of ours with the length of their audio; `at` is when they were given."""

    length: int = 0
    lag: int = 0
    flushed: bool = False
    """Everything queued before was forgotten first."""


def weight(word: str) -> int:
    """How long a word takes to say, in letters: a digit is a word of its own."""
    return max(1, sum(1 if letter.isalpha() else 5 for letter in word))


def of_caller(told: Sequence[Told], voice: bytes) -> Iterator[Span]:
    """`voice` has a byte a frame, not 0 where the caller's voice is."""
    before = 0
    for one in told:
        for first, last in runs(one.gone):
            if len(one.words) <= FEW:
                length = A_LETTER * sum(weight(word) + 1 for word in one.words[first:])
                start = max(before - LATE, one.at - LATE - length)
                yield max(0, start - MARGIN), one.at + MARGIN
            else:
                yield _shared(one, first, last, max(0, before - LATE // 2), voice)
        before = one.at


def _shared(one: Told, first: int, last: int, since: int, voice: bytes) -> Span:
    """The words' share of the voice between two moments, by what they weigh."""
    frames = [f for f in range(since // FRAME, min(one.at // FRAME, len(voice))) if voice[f]]
    if not frames:
        return since, one.at + MARGIN
    weights = [weight(word) for word in one.words]
    total = sum(weights)
    slack = PAUSE + (one.at - since) // 8
    begin = frames[len(frames) * sum(weights[:first]) // total] * FRAME
    end = frames[min(len(frames) - 1, len(frames) * sum(weights[: last + 1]) // total)] * FRAME
    return max(since, begin - slack), min(one.at, end + slack) + MARGIN


def of_agent(told: Sequence[Played]) -> Iterator[Span]:
    free = 0
    for one in told:
        if one.flushed:
            free = one.at
        start = max(free, one.at + one.lag)
        free = start + one.length
        weights = [weight(word) for word in one.words]
        total = sum(weights) or 1
        slack = MARGIN if one.length <= 2 * TURN else MARGIN + one.length // 12
        for first, last in runs(one.gone):
            begin, end = sum(weights[:first]), sum(weights[: last + 1])
            if one.length <= 2 * TURN:
                begin, end = 0, total
            yield max(0, start + one.length * begin // total - slack), start + one.length * end // total + slack


def runs(gone: Sequence[bool]) -> Iterator[tuple[int, int]]:
    """First and last of every run."""
    start = -1
    for index, one in enumerate([*gone, False]):
        if one and start < 0:
            start = index
        elif not one and start >= 0:
            yield start, index - 1
            start = -1


def united(spans: Sequence[Span], gap: int = PAUSE) -> tuple[Span, ...]:
    """Spans in order, those that nearly touch as one."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1] + gap:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return tuple(found)


def meets(spans: Sequence[Span], start: int, end: int) -> bool:
    """Whether a stretch shares anything with one of the spans, which are in order and apart."""
    at = bisect_right(spans, start, key=lambda span: span[1])
    return at < len(spans) and spans[at][0] < end


def silenced(audio: bytes, spans: Sequence[Span], channels: int = 1) -> bytes:
    """Mu-law audio with silence in these stretches; interleaved if there are several channels."""
    out = bytearray(audio)
    for start, end in spans:
        first, last = min(len(out), start * channels), min(len(out), end * channels)
        out[first:last] = bytes([SILENT_BYTE]) * (last - first)
    return bytes(out)
