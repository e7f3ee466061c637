"""What a sound of the caller's end means: to the measures when it is over, and to a mind reader while it lasts."""

from dataclasses import dataclass
from typing import Literal

from callcenter import measures
from callcenter.callers.scenario import Aside, Cut, Hum, Noise, Say, Tell, Tic
from callcenter.callers.stage import Sounding
from callcenter.measures import Happening, Span
from callcenter.units import FRAME

Doing = Literal["nothing", "turn", "story", "cut", "hum", "tic", "aside", "hold"]
DOING: dict[type, Doing] = {Say: "turn", Tell: "story", Cut: "cut", Hum: "hum", Tic: "tic", Aside: "aside"}


@dataclass(frozen=True, slots=True)
class Plan:
    """What the caller is going to do. `owed`: it waits for an answer. `until`: when a hold ends. `leaving`: the last
    words are being said, or have been."""

    now: int
    doing: Doing = "nothing"
    start: int = 0
    end: int = 0
    pauses: tuple[Span, ...] = ()
    phrase_ends: tuple[int, ...] = ()
    answer: bool = False
    owed: bool = False
    leaving: bool = False
    text: str = ""


def sounding_plan(sounding: Sounding, now: int, owed: bool, leaving: bool) -> Plan:
    start, take, does = sounding.start, sounding.take, sounding.does
    return Plan(
        now,
        DOING[type(does)],
        start,
        sounding.end,
        tuple(Span(start + pause.start, start + pause.end) for pause in take.pauses),
        tuple(start + end for end in take.phrase_ends),
        isinstance(does, Tell | Cut) or (isinstance(does, Say) and does.answer),
        owed,
        leaving,
        take.text,
    )


def happenings(sounding: Sounding, end: int, complete: bool) -> list[Happening]:
    """What the measures are told of a sound."""
    start, take, does = sounding.start, sounding.take, sounding.does
    text = take.text if complete else said_by(sounding, end)
    match does:
        case Say():
            pauses = [measures.Pause(start + p.start, min(end, start + p.end)) for p in take.pauses]
            kept = [pause for pause in pauses if pause.end < end]
            return [measures.Turn(start, end, text, complete and does.answer), *kept]
        case Tell():
            ends = tuple(start + at for at in take.phrase_ends if start + at < end)
            story = measures.LongStory(start, end, text, ends)
            return [story] if complete else [story, measures.Turn(start, end, text, False)]
        case Cut():
            return [measures.Interruption(start, end, text)]
        case Hum():
            return [measures.Backchannel(start, end, text)]
        case Tic():
            return [measures.Tic(start, end, text)]
        case Aside():
            return [measures.SideTalk(start, end, text)]
        case Noise():
            return [measures.Background(start, end, text)]


def said_by(sounding: Sounding, end: int) -> str:
    """The words that were over by then."""
    return " ".join(word.text for word in sounding.take.words if sounding.start + word.end <= end + FRAME)
