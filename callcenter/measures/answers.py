"""Answering: L_R, R_R, PAUSE, I_A and DEAD. When the agent takes the floor, and when it should have.

Rules: an answer starts after the caller's end (0.1 s of slack, counted as 0); whoever starts earlier has interrupted
and is not fast. Silence is no merit: a pause counts as respected only when the turn it belongs to was answered. Every
figure is a list of judged events; an event whose precondition does not hold is listed as excluded.
"""

from callcenter.measures.floor import BREATH, Due, Utterance, caller_voice, finishes_question
from callcenter.measures.scene import PATIENCE, SLACK, Answer, Outcome, Scene, excluded, of_kind
from callcenter.measures.timeline import LongStory, Pause, Quiet, SideTalk, Span, joined, without
from callcenter.units import RATE, samples

PAUSE_FROM, PAUSE_TO = samples(0.4), samples(2.0)
REACTION = samples(0.2)
"""Nobody reacts faster: two who start within this of each other have collided, and a floor taken this soon after a
pause was taken because of it."""

OVERRUN = samples(2.0)
"""An agent that was speaking when a turn began and goes on for this long talks over the caller."""

DEAD_AIR = samples(2.0)
THINKING = samples(8.0)
"""On calls without a script: how long a caller may think over a question of the agent."""


def responses(scene: Scene) -> list[Outcome]:
    """R_R: the caller's turns, answered or not before the caller had to speak again."""
    found = []
    for answer in scene.answers:
        due, span = answer.due, answer.due.span
        if not due.answer:
            continue
        if answer.by is not None:
            found.append(Outcome("R_R", span.start, span.end, True, 1.0, text=due.text))
        elif not answer.spoken_again and answer.waited_until - span.end < PATIENCE:
            found.append(excluded("R_R", span, "the call ended within 2 s"))
        elif _cut_short(scene, answer):
            found.append(excluded("R_R", span, "the caller cut off whatever was beginning"))
        else:
            talking = scene.speaking(span.end - SLACK)
            why = "the agent was already talking when the turn ended" if talking else "no answer"
            found.append(Outcome("R_R", span.start, answer.waited_until, False, 0.0, why=why, text=due.text))
    return found


def _cut_short(scene: Scene, answer: Answer) -> bool:
    """A sound too short to be an answer, but it was the caller's next turn that made it so."""
    after, until = answer.due.span.end - SLACK, answer.waited_until
    return answer.spoken_again and any(after <= u.start for u in scene.sounding(until - BREATH - 1, until))


def latencies(scene: Scene) -> list[Outcome]:
    """L_R: seconds from the end of each answered turn to the agent's first sound. Early sounds are not answers."""
    return [
        Outcome("L_R", a.due.span.end, a.by.start, True, max(0, a.by.start - a.due.span.end) / RATE, text=a.due.text)
        for a in scene.answers
        if a.due.answer and a.by is not None
    ]


def pauses(scene: Scene) -> list[Outcome]:
    """PAUSE: the floor taken while the caller only paused for 0.4-2.0 s."""
    return [_pause(scene, Span(pause.start, pause.end)) for pause in of_kind(scene, Pause)]


def _pause(scene: Scene, pause: Span) -> Outcome:
    if not PAUSE_FROM <= pause.end - pause.start <= PAUSE_TO:
        return excluded("PAUSE", pause, "not between 0.4 and 2.0 s")
    if scene.speaking(pause.start):
        return excluded("PAUSE", pause, "the agent was already talking")
    answer = scene.answer_to(pause.start) or scene.answer_to(pause.end)
    text = answer.due.text if answer else ""
    taken = scene.onset(pause.start, pause.end + REACTION)
    if taken is not None:
        return Outcome("PAUSE", pause.start, pause.end, False, 1.0, why="took the floor", text=text)
    if answer is None or (answer.due.answer and answer.by is None) or not scene.alive:
        return excluded("PAUSE", pause, "the agent did not answer this turn at all")
    return Outcome("PAUSE", pause.start, pause.end, True, 0.0, text=text)


def interruptions_by_agent(scene: Scene) -> list[Outcome]:
    """I_A: how often the agent breaks into each turn of the caller. Pauses inside it are judged by PAUSE."""
    if not scene.alive:
        return [excluded("I_A", due.span, "the agent never spoke") for due in scene.turns]
    return [_interrupted(scene, due) for due in scene.turns]


def _interrupted(scene: Scene, due: Due) -> Outcome:
    broken = [u for u in scene.onsets(due.span.start, due.span.end) if _breaks_into(scene, u, due)]
    why = "spoke while the caller was speaking" if broken else ""
    count = len(broken)
    talking = scene.speaking(due.span.start)
    if talking and not due.cut_in and min(talking.end, due.span.end) - due.span.start > OVERRUN:
        count, why = count + 1, "went on talking over the caller"
    return Outcome("I_A", due.span.start, due.span.end, count == 0, float(count), why=why, text=due.text)


def _breaks_into(scene: Scene, utterance: Utterance, due: Due) -> bool:
    at = utterance.start
    if not due.span.start + REACTION < at < due.span.end - SLACK:
        return False
    paused = any(pause.start <= at < pause.end + REACTION for pause in of_kind(scene, Pause))
    return not paused and not _after_phrase(scene, at)


def _after_phrase(scene: Scene, at: int) -> bool:
    """The caller has just ended a phrase of a long story and is silent: nobody could know that more will follow."""
    ends = [e for s in of_kind(scene, LongStory) if isinstance(s, LongStory) and s.holds(at) for e in s.phrase_ends]
    if not any(end <= at < end + PAUSE_TO for end in ends):
        return False
    return not any(span.start < at + REACTION and at - REACTION < span.end for span in joined(scene.timeline.caller))


def dead_air(scene: Scene) -> list[Outcome]:
    """DEAD: silences over 2 s that nobody was expected to keep. The call itself is the unit."""
    call = Outcome("DEAD", 0, scene.end, True, 0.0, 1.0)
    return [call, *(_dead(gap) for gap in _silences(scene) if gap.end - gap.start > _allowed(scene, gap))]


def _dead(gap: Span) -> Outcome:
    return Outcome("DEAD", gap.start, gap.end, False, 1.0, 0.0, why=f"{gap.seconds:.1f} s of silence")


def _silences(scene: Scene) -> list[Span]:
    truth = scene.truth if scene.scripted else None
    voices = [*caller_voice(scene.timeline, truth), *(u.span for u in scene.utterances if u.kind != "doubtful")]
    expected = [Span(h.start, h.end) for h in of_kind(scene, Quiet, Pause, SideTalk)]
    return list(without(Span(0, scene.end), [*voices, *expected])) if scene.end else []


def _allowed(scene: Scene, gap: Span) -> int:
    """By the script, 2 s. Without one, a caller may think longer over what the agent asked last."""
    if scene.scripted:
        return DEAD_AIR
    ours = scene.ends.last(gap.start, -1)
    theirs = scene.timeline.caller_ends.last(gap.start, -1)
    return THINKING if ours > theirs and finishes_question(scene.timeline, ours) else DEAD_AIR
