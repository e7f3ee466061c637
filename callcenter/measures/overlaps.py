"""What two voices at once were, by name: the labels that the review screen puts on a call.

A label is what the measures judge by, said for the eye: the caller's interruptions and backchannels are those of the
truth (or of what a live call lets us surmise), the agent's backchannels are its acknowledgements, and it breaks in
where I_A says so. What is left, where both sounded, is smooth: one began as the other ended, or it is nobody's claim.
"""

from dataclasses import dataclass
from typing import Final, Literal

from callcenter.events import Ignored
from callcenter.measures.answers import interruptions_by_agent
from callcenter.measures.floor import BREATH, caller_voice, lines_over
from callcenter.measures.keeping import yields
from callcenter.measures.places import Marks, Spread
from callcenter.measures.scene import Scene, of_kind
from callcenter.measures.timeline import Backchannel, Echo, Interruption, Span, common, joined, placed
from callcenter.units import samples

LEAST: Final = samples(0.1)
"""Shorter meetings of two voices are not labelled."""

REACTS: Final = samples(0.6)
"""So much later at most a duplex says what it took a sound for."""

ENDED_ANYWAY: Final = "its sentence ended anyway"
"""Why `keeping` leaves an interruption out that came as the agent finished: nobody was cut off."""

Kind = Literal["backchannel_caller", "backchannel_agent", "interruption_caller", "interruption_agent", "smooth", "echo"]

TITLES: Final[dict[str, str]] = {
    "backchannel_caller": "Caller's backchannel",
    "backchannel_agent": "Agent's backchannel",
    "interruption_caller": "Caller interrupts",
    "interruption_agent": "Agent interrupts",
    "smooth": "Smooth overlap",
    "echo": "Echo suspect",
}


@dataclass(frozen=True, slots=True)
class Overlap:
    start: int
    end: int
    kind: Kind
    text: str = ""

    @property
    def span(self) -> Span:
        return Span(self.start, self.end)


def overlaps(scene: Scene) -> tuple[Overlap, ...]:
    """In order of time; every meeting of the two voices lies under at least one label. An echo is suspected where the
    duplex took the sound for its own voice, or where the caller's words are known and there are none."""
    named = [*_named(scene)]
    theirs = joined(caller_voice(scene.timeline, scene.truth if scene.scripted else None), gap=BREATH)
    ours = joined(scene.timeline.agent, gap=BREATH)
    known = Spread(named, lambda label: label.start, lambda label: label.end)
    worded = any(line.side == "caller" and line.kind == "speech" for line in scene.timeline.lines)
    ignored = Marks(a.at for a in scene.timeline.acts if isinstance(a.act, Ignored) and "echo" in a.act.kind)
    for both in common(theirs, ours):
        if both.end - both.start >= LEAST and not known.any(both.start, both.end):
            echo = ignored.any(both.start, both.end + REACTS) or (
                worded and not lines_over(scene.timeline, both, "caller")
            )
            named.append(Overlap(both.start, both.end, "echo" if echo else "smooth"))
    return tuple(sorted(named, key=lambda label: (label.start, label.end, label.kind)))


def _named(scene: Scene) -> list[Overlap]:
    ended = {o.start for o in yields(scene) if o.ok is None and o.why == ENDED_ANYWAY}
    cuts = [h for h in scene.truth if isinstance(h, Interruption)]
    found = [Overlap(h.start, h.end, "interruption_caller", h.text) for h in cuts if h.start not in ended]
    found += [Overlap(h.start, h.end, "backchannel_caller", h.text) for h in scene.truth if isinstance(h, Backchannel)]
    found += [Overlap(e.start, e.end, "echo") for e in of_kind(scene, Echo)]
    for utterance in scene.utterances:
        if utterance.kind == "acknowledgement":
            found.append(Overlap(utterance.start, utterance.end, "backchannel_agent", utterance.text))
    broken = placed(Span(o.start, o.end) for o in interruptions_by_agent(scene) if o.ok is False)
    for utterance in scene.utterances:
        into = broken.meeting(utterance.start, utterance.start + 1) if utterance.takes_floor else []
        if into:
            end = min(utterance.end, into[0].end)
            found.append(Overlap(utterance.start, max(end, utterance.start + LEAST), "interruption_agent"))
    return found
