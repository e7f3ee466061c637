"""What a live call lets us surmise about the caller, from both channels and the transcript.

Only what sounds can show, and every doubt against the agent: turns (to be answered), clear interruptions and clear
backchannels. Whether a pause was in mid-sentence, a sound a cough, or a voice the television's cannot be known from
activity alone, so PAUSE, S_VT, S_ND and ECHO have no events on a live call.

- The caller's sounds belong to one turn while less than a second of silence lies between them and the agent does not
  speak in that second.
- A sound that starts while the agent has been speaking for 0.2 s is an interruption when it lasts over a second and its
  words are unknown or more than a listener's; a backchannel when it is shorter and its words are a listener's; else it
  is left out.
"""

from callcenter.measures.places import Spread
from callcenter.measures.timeline import (
    Backchannel,
    Happening,
    Interruption,
    Span,
    Timeline,
    Truth,
    Turn,
    joined,
    placed,
)
from callcenter.measures.words import listening
from callcenter.units import samples

BREATH = samples(0.2)
LEAST = samples(0.1)
SAME_TURN = samples(1.0)
COUNTS = samples(0.3)
"""A turn shorter than this, with no words, may be any noise."""

SPOKEN_BEFORE = samples(0.2)
CLEAR = samples(1.0)


def surmise(timeline: Timeline) -> Truth:
    agent = placed(joined(timeline.agent, gap=samples(0.5), least=samples(0.06)))
    found: list[Happening] = []
    turn: Span | None = None
    for sound in joined(timeline.caller, gap=BREATH, least=LEAST):
        if turn is not None and _goes_on(turn, sound, agent):
            turn = Span(turn.start, sound.end)
            continue
        found += _turn(timeline, turn)
        turn = None
        if any(a.start <= sound.start - SPOKEN_BEFORE for a in agent.meeting(sound.start, sound.start + 1)):
            found += _over_the_agent(timeline, sound)
        else:
            turn = sound
    return (*found, *_turn(timeline, turn))


def _goes_on(turn: Span, sound: Span, agent: Spread[Span]) -> bool:
    return sound.start - turn.end < SAME_TURN and not agent.any(turn.end, sound.start)


def _turn(timeline: Timeline, span: Span | None) -> list[Happening]:
    if span is None:
        return []
    text = _words(timeline, span)
    if not text and span.end - span.start < COUNTS:
        return []
    return [Turn(span.start, span.end, text)]


def _over_the_agent(timeline: Timeline, sound: Span) -> list[Happening]:
    text = _words(timeline, sound)
    if sound.end - sound.start >= CLEAR and not (text and listening(text)):
        return [Interruption(sound.start, sound.end, text)]
    if sound.end - sound.start < CLEAR and text and listening(text):
        return [Backchannel(sound.start, sound.end, text)]
    return []


def _words(timeline: Timeline, span: Span) -> str:
    lines = timeline.spoken["caller"].meeting(span.start, span.end)
    return " ".join(line.text for line in lines if line.kind != "key" and span.start < line.end)
