"""When each word of a transcript was spoken, as far as its line and the sound under it tell."""

from dataclasses import dataclass
from typing import Literal

from callcenter.measures import Span, Timeline, joined
from callcenter.measures.floor import BREATH


@dataclass(frozen=True, slots=True)
class Word:
    start: int
    end: int
    text: str


def words_of(timeline: Timeline, side: Literal["caller", "agent"]) -> list[Word]:
    """The words that were heard, in order. Words of a line share its sound by their length; its silence is skipped."""
    sound = joined(timeline.caller if side == "caller" else timeline.agent, gap=BREATH)
    lines = [line for line in timeline.lines if line.side == side and line.kind != "key" and line.text]
    found: list[Word] = []
    for line in sorted(lines, key=lambda line: line.start):
        found += _spread(line.text.split(), Span(line.start, max(line.end, line.start + 1)), sound)
    return found


def _spread(texts: list[str], line: Span, sound: tuple[Span, ...]) -> list[Word]:
    under = [Span(max(s.start, line.start), min(s.end, line.end)) for s in sound if s.meets(line)] or [line]
    voiced = sum(span.end - span.start for span in under)
    weights = [len(text) + 1 for text in texts]
    total, done, words = sum(weights), 0, []
    for text, weight in zip(texts, weights, strict=True):
        start = _place(under, voiced * done // total)
        done += weight
        words.append(Word(start, max(start + 1, _place(under, voiced * done // total, end=True)), text))
    return words


def _place(under: list[Span], at: int, end: bool = False) -> int:
    """The sample at which so much sound has been heard; at a border, the end of the earlier or start of the later."""
    for span in under:
        length = span.end - span.start
        if at < length or (end and at == length):
            return span.start + at
        at -= length
    return under[-1].end
