"""Every figure of a call's interaction, computed in one place from who made a sound when.

The call review, the experiments and the benchmark use the same code, so they can never disagree. The way of a figure:
`Observed` (a `Timeline`, and the script's `Truth` where there is one) -> `judge` -> outcomes, one an event, each right,
wrong or excluded with the reason -> `figures` -> value, n and a 95 % interval by caller.

A measure that can be flattered is worse than none. The rules all of them keep:

1. Audio decides; what a duplex says about itself can only count against it.
2. An event is judged only when its precondition held (the agent was speaking, an answer was due); the others are
   counted as excluded, by reason.
3. Silence is no merit, and neither is speed that comes from not waiting.
4. Being stopped is told apart from having finished.
5. Doubt counts against the agent.
"""

from callcenter.measures.bars import BY_NAME, MEASURES, Bar, Measure
from callcenter.measures.figures import Figure, Figures, Judged, figures, judge, last_line, wer
from callcenter.measures.floor import Utterance, caller_turns, caller_voice, floor_states, utterances
from callcenter.measures.live import surmise
from callcenter.measures.overlaps import TITLES, Overlap, overlaps
from callcenter.measures.record import played, recorded, voiced
from callcenter.measures.scene import Outcome, Scene, scene
from callcenter.measures.timeline import (
    Acted,
    Backchannel,
    Background,
    Echo,
    HangUp,
    Happening,
    Interruption,
    Leaning,
    LongStory,
    Observed,
    Pause,
    Quiet,
    SideTalk,
    Span,
    Tic,
    Timeline,
    Truth,
    Turn,
    from_turns,
    joined,
    spans,
)
from callcenter.measures.timing import Timing, timing
from callcenter.measures.words import WordErrors, listening, normal, word_errors

__all__ = [
    "BY_NAME", "MEASURES", "TITLES", "Acted", "Backchannel", "Background", "Bar", "Echo", "Figure", "Figures", "HangUp",
    "Happening", "Interruption", "Judged", "Leaning", "LongStory", "Measure", "Observed", "Outcome", "Overlap", "Pause",
    "Quiet", "Scene", "SideTalk", "Span", "Tic", "Timeline", "Timing", "Truth", "Turn", "Utterance", "WordErrors",
    "caller_turns", "caller_voice", "figures", "floor_states", "from_turns", "joined", "judge", "last_line",
    "listening", "normal", "overlaps", "played", "recorded", "scene", "spans", "surmise", "timing", "utterances",
    "voiced", "wer", "word_errors",
]  # fmt: skip
