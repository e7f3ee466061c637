"""Listening: BC. How often the agent says "mm-hmm" in the caller's long turns, and whether it does so where people do.

Only acknowledgements count (see `floor`): short, a listener's words, not cut off. A listener's sound belongs to the
phrase end nearest to its start.
"""

from dataclasses import dataclass

from callcenter.measures.floor import BREATH
from callcenter.measures.places import Spread
from callcenter.measures.scene import Outcome, Scene, of_kind
from callcenter.measures.timeline import LongStory, Span, joined, placed
from callcenter.units import RATE, samples

LONG = samples(6.0)
"""On calls without a script, a turn of this length is a long one."""

AT_PHRASE_END = samples(0.4)


@dataclass(frozen=True, slots=True)
class Story:
    span: Span
    voiced: int
    phrase_ends: tuple[int, ...]


def stories(scene: Scene) -> list[Story]:
    """Long turns with the samples spoken in them and the ends of their phrases."""
    told = [s for s in of_kind(scene, LongStory) if isinstance(s, LongStory)]
    spans = [Span(s.start, min(s.end, scene.end)) for s in told]
    if not scene.scripted:
        spans = [due.span for due in scene.turns if due.span.end - due.span.start >= LONG]
        phrases = placed(joined(scene.timeline.caller, gap=BREATH))
        told = [LongStory(span.start, span.end, phrase_ends=_heard_ends(phrases, span)) for span in spans]
    found = []
    for span, story in zip(spans, told, strict=True):
        sounds = scene.timeline.caller_sounds.meeting(span.start, span.end)
        voiced = sum(min(s.end, span.end) - max(s.start, span.start) for s in sounds) or span.end - span.start
        found.append(Story(span, voiced, (*story.phrase_ends, span.end)))
    return found


def _heard_ends(phrases: Spread[Span], span: Span) -> tuple[int, ...]:
    """Without a script a phrase ends where the caller falls silent for a breath."""
    return tuple(s.end for s in phrases.meeting(span.start, span.end) if s.end <= span.end)


def backchannel_rates(scene: Scene) -> list[Outcome]:
    """BC per minute of caller speech in long turns; the weight of a story is its minutes."""
    return [
        Outcome("BC_per_min", s.span.start, s.span.end, True, float(len(_within(scene, s))), s.voiced / RATE / 60)
        for s in stories(scene)
    ]


def backchannel_places(scene: Scene) -> list[Outcome]:
    """Each backchannel in a long turn: within 0.4 s of a phrase end, or not."""
    found = []
    for story in stories(scene):
        for sound in _within(scene, story):
            away = min(abs(sound.start - end) for end in story.phrase_ends)
            ok = away <= AT_PHRASE_END
            why = "" if ok else f"{away / RATE:.1f} s from the nearest phrase end"
            found.append(Outcome("BC_at_phrase_end", sound.start, sound.end, ok, float(ok), why=why))
    return found


def _within(scene: Scene, story: Story) -> list[Span]:
    sounds = scene.sounding(story.span.start, story.span.end)
    return [u.span for u in sounds if u.kind == "acknowledgement" and story.span.start <= u.start]
