"""Yielding and keeping: L_Y, R_Y, S_BC, S_VT, S_ND and ECHO. Who stops when the caller makes a sound, and why.

The question under all of them is whether the agent *was stopped* or simply had nothing more to say. `ending` answers
it from evidence: words that were queued and never heard, a plan that went further, an admitted yield, speech resumed by
itself, a sentence broken off. A sentence that had just ended is neither a yield nor a failure to keep talking: the
event is excluded. Where nothing is known, the doubt counts against the agent: no yield, and no keeping either.
"""

from typing import Literal

from callcenter.events import Utter
from callcenter.measures.floor import BREAK, Utterance, lines_over
from callcenter.measures.scene import SLACK, Outcome, Scene, excluded, of_kind
from callcenter.measures.timeline import Backchannel, Background, Echo, Interruption, SideTalk, Span, Tic
from callcenter.measures.words import finishes
from callcenter.units import RATE, samples

SPOKEN_BEFORE = samples(0.2)
"""For how long the agent must have been speaking; less is a collision."""

YIELD_WITHIN = samples(2.0)
KEEP_FOR = samples(2.0)
SHORTEST = samples(0.5)
"""A window that another event cuts shorter than this proves nothing."""

RESUMES_WITHIN = samples(2.0)
REACTS_WITHIN = samples(2.0)
CHECKS_IN_AFTER = samples(3.0)
PAUSES_FOR = samples(1.0)
TOLERANCE = samples(0.2)

Ending = Literal["cut", "finished", "unknown"]


# ------------------------------------------------------------------------------------------------------- yielding


def yields(scene: Scene) -> list[Outcome]:
    """R_Y: real interruptions, and whether the agent fell silent within 2 s and stayed so while the caller spoke."""
    return [_yield(scene, event) for event in of_kind(scene, Interruption)]


def yield_latencies(scene: Scene) -> list[Outcome]:
    """L_Y: seconds from the start of each interruption that was yielded to, to the agent's silence."""
    return [Outcome("L_Y", o.start, o.end, True, (o.end - o.start) / RATE, text=o.text) for o in yields(scene) if o.ok]


def _yield(scene: Scene, event: Span) -> Outcome:
    text = getattr(event, "text", "")
    talking = scene.speaking(event.start, SPOKEN_BEFORE)
    if talking is None:
        early = scene.speaking(event.start)
        return excluded("R_Y", event, "both started at once" if early else "the agent was not speaking")
    if talking.end - event.start > YIELD_WITHIN:
        return Outcome("R_Y", event.start, event.end, False, why="went on talking", text=text)
    how = ending(scene, talking, event.start, against=False)
    if how == "finished":
        return excluded("R_Y", event, "its sentence ended anyway")
    if how == "unknown":
        return excluded("R_Y", event, "nobody can tell whether it stopped or was finished")
    if scene.onset(talking.end, event.end - SLACK):
        return Outcome("R_Y", event.start, event.end, False, why="stopped, then talked over the caller", text=text)
    return Outcome("R_Y", event.start, talking.end, True, 1.0, text=text)


# -------------------------------------------------------------------------------------------------------- keeping


def kept_over_backchannels(scene: Scene) -> list[Outcome]:
    """S_BC: the caller's "mm-hmm" while the agent speaks."""
    return [_kept("S_BC", scene, event) for event in of_kind(scene, Backchannel)]


def ignored_tics(scene: Scene) -> list[Outcome]:
    """S_VT: coughs, "um", laughter, whether or not the agent speaks."""
    return [_ignored("S_VT", scene, event) for event in of_kind(scene, Tic)]


def ignored_others(scene: Scene) -> list[Outcome]:
    """S_ND: side talk and background voices, whether or not the agent speaks."""
    return [_ignored("S_ND", scene, event) for event in of_kind(scene, SideTalk, Background)]


def false_yields_to_echo(scene: Scene) -> list[Outcome]:
    """ECHO: did the agent stop because of its own voice?"""
    found = []
    for event in of_kind(scene, Echo):
        kept = _kept("ECHO", scene, event, spoken_before=0)
        found.append(Outcome("ECHO", kept.start, kept.end, kept.ok, float(kept.ok is False), why=kept.why))
    return found


def _ignored(measure: str, scene: Scene, event: Span) -> Outcome:
    return _kept(measure, scene, event) if scene.speaking(event.start) else _left_alone(measure, scene, event)


def _kept(measure: str, scene: Scene, event: Span, spoken_before: int = SPOKEN_BEFORE) -> Outcome:
    """Did the agent, speaking, keep speaking through the event, or at least for 2 s and to the end of its sentence?"""
    text = getattr(event, "text", "")
    talking = scene.speaking(event.start, spoken_before)
    if talking is None:
        early = scene.speaking(event.start)
        return excluded(measure, event, "both started at once" if early else "the agent was not speaking")
    if scene.owed(event.start):
        return excluded(measure, event, "the caller was speaking to the agent already")
    until = _next_sound(scene, event, max(event.end, event.start + KEEP_FOR))
    if scene.end - event.start < SHORTEST:
        return excluded(measure, event, "the call ended")
    if until - event.start < SHORTEST:
        return excluded(measure, event, "the caller spoke on at once")
    until = min(until, scene.end)
    if _line_end(scene, talking) >= until:
        return Outcome(measure, event.start, event.end, True, 1.0, text=text)
    how = ending(scene, talking, event.start)
    if how != "cut" and talking.end - event.start >= KEEP_FOR:
        return Outcome(measure, event.start, event.end, True, 1.0, text=text)
    if how == "finished":
        return excluded(measure, event, "its sentence ended anyway")
    return Outcome(measure, event.start, talking.end, False, why="stopped talking", text=text)


def _line_end(scene: Scene, talking: Utterance) -> int:
    """Where an utterance ended, with the silence at its end that was still part of what was played."""
    lines = lines_over(scene.timeline, Span(talking.end - BREAK, talking.end))
    played = max((line.end for line in lines), default=talking.end)
    return max(talking.end, min(played, talking.end + BREAK))


def _next_sound(scene: Scene, event: Span, before: int) -> int:
    """Where the caller's side makes its next sound, which from then on may be the reason for anything."""
    return scene.sound_starts.first(event.start + 1, before)


def _left_alone(measure: str, scene: Scene, event: Span) -> Outcome:
    """Did the agent, silent and with nothing to say, stay silent?"""
    text = getattr(event, "text", "")
    during = scene.answer_to(event.start)
    before = [a for a in scene.answers if a.due.span.end <= event.start]
    if during is None and before and before[-1].due.answer:
        answered = before[-1].by
        if answered is None or answered.start > event.start:
            return excluded(measure, event, "an answer was due")
    if during is None and not before and not any(u.start < event.start for u in scene.utterances):
        return excluded(measure, event, "the call had only begun")
    if during is None and any(0 <= event.start - u.end < PAUSES_FOR for u in scene.utterances if u.takes_floor):
        return excluded(measure, event, "the agent may only have paused")
    if during is None and event.start - _last_sound(scene, event.start) > CHECKS_IN_AFTER:
        return excluded(measure, event, "the agent may check in after a long silence")
    until = during.due.span.end - SLACK if during else scene.next_turn(event.start, event.end + REACTS_WITHIN)
    until = min(until, event.end + REACTS_WITHIN)
    taken = scene.onset(event.start, until)
    if taken is not None:
        return Outcome(measure, event.start, event.end, False, why="took the floor", text=text)
    if until - event.start < SHORTEST:
        return excluded(measure, event, "the caller spoke on at once")
    if not scene.alive or (during and during.due.answer and during.by is None):
        return excluded(measure, event, "the agent did not answer this turn at all")
    return Outcome(measure, event.start, event.end, True, 1.0, text=text)


def _last_sound(scene: Scene, at: int) -> int:
    ends = [u.end for u in scene.utterances if u.end <= at] + [d.span.end for d in scene.turns if d.span.end <= at]
    return max(ends, default=0)


# -------------------------------------------------------------------------------------------------- was it stopped?


def ending(scene: Scene, talking: Utterance, since: int, against: bool = True) -> Ending:
    """Why an utterance ended after the sound that began at `since`. With `against`, an admitted yield and speech
    resumed by itself count as evidence; they do where being stopped is a fault, never where it is a merit."""
    stop = talking.end
    heard_of = scene.next_turn(since, stop + BREAK + 1)
    planned = [plan for plan in scene.timeline.planned if plan.start < stop <= plan.end + TOLERANCE]
    if planned:
        return "cut" if max(plan.end for plan in planned) > stop + TOLERANCE else "finished"
    if against and scene.timeline.admitted.any(since, heard_of):
        return "cut"
    lines = lines_over(scene.timeline, Span(max(talking.start, stop - BREAK), stop + BREAK))
    lines = sorted((line for line in lines if line.start < stop), key=lambda line: line.start)
    if any(line.unheard for line in lines_over(scene.timeline, Span(talking.start, stop + BREAK))):
        return "cut"
    if lines and finishes(lines[-1].text):
        return "finished"
    if lines and _punctuated(scene, lines[-1]):
        return "cut"
    return "cut" if against and _resumed(scene, stop) else "unknown"


def _punctuated(scene: Scene, this: Utter) -> bool:
    """The agent's other lines, where nobody disturbed them, mostly end like sentences; one that does not was broken."""
    free, count, finished = scene.sentences
    same = free[this]
    return (finished - same * finishes(this.text)) * 2 > count - same


def _resumed(scene: Scene, stop: int) -> bool:
    return scene.onset(stop, scene.next_turn(stop, stop + RESUMES_WITHIN)) is not None
