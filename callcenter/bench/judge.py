"""Whether a call did what its caller wanted: judged from what happened, without asking the agent.

The judge reads the CRM's own books, the tools' answers, the notes and what of them was spoken. It has its own way to
find figures in a sentence and its own idea of what vouches for them: a mistake of the agent's fact check must not
hide behind itself.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from typing import Any, Final

from callcenter.background.exchange import CallTool, CancelTool, ToolAnswered, Withdraw, Write
from callcenter.bench.textcall import Moment, TextCall
from callcenter.callers.tasks import Scenario, Wanted
from callcenter.events import Note
from callcenter.units import seconds


@dataclass(frozen=True, slots=True)
class Verdict:
    scenario: Scenario
    failures: tuple[str, ...]
    """Why it is not solved; nothing if it is."""
    wrong: tuple[str, ...]
    unsourced: tuple[str, ...]
    """Said without a source: nobody and nothing told it. What was misheard and is read back is among it."""
    invented: tuple[str, ...]
    """Those of them that were not even misheard."""
    stale: tuple[str, ...]
    ready: tuple[bool, ...]
    """For each question that could be answered at once: whether the answer lay ready at its last word."""
    seconds: float
    ended: str
    luck: int = 0
    """0 is the scenario as it is written; others are in other words."""

    @property
    def solved(self) -> bool:
        return not self.failures


def judge(call: TextCall) -> Verdict:
    wrong = tuple(_wrong(call))
    return Verdict(
        scenario=call.scenario,
        failures=tuple(_failures(call)) + wrong,
        wrong=wrong,
        unsourced=tuple(_unsourced(call, ("says",))),
        invented=tuple(_unsourced(call, ("says", "understood"))),
        stale=tuple(_stale(call)),
        ready=tuple(_ready(call)),
        seconds=seconds(call.at),
        ended=call.over,
        luck=call.luck,
    )


# -------------------------------------------------------------------------------------------------- solved, wrong


def spoken(call: TextCall) -> list[tuple[int, str]]:
    """What the caller has heard, sentence by sentence, with the time it was over."""
    heard = [(one.at, one.detail) for one in call.moments if one.what == "heard"]
    return sorted(heard + [(one.at, one.detail[0]) for one in call.moments if one.what == "cut" and one.detail[0]])


def _failures(call: TextCall) -> Iterator[str]:
    heard = " ".join(text for _, text in spoken(call)).lower()
    for words in (*call.scenario.told, *(want.told for want in call.scenario.wants if want.told)):
        if not re.search(words.lower(), heard):
            yield f"the caller was not told: {words}"
    if call.over != call.scenario.ends:
        yield f"the call should have ended with {call.scenario.ends!r}, but ended with {call.over!r}"
    left = list(call.world.changes())
    for tool, wanted in call.scenario.changes:
        match = next((one for one in left if _is(one, tool, wanted)), None)
        if match is None:
            yield f"{tool} {dict(wanted)} was not done"
        else:
            left.remove(match)


def _is(done: tuple[str, dict[str, Any]], tool: str, wanted: Any) -> bool:
    return done[0] == tool and all(str(done[1].get(key)) == str(value) for key, value in wanted.items())


def _wrong(call: TextCall) -> Iterator[str]:
    left = list(call.scenario.changes)
    for done in call.world.changes():
        match = next((one for one in left if _is(done, *one)), None)
        if match is None:
            yield f"{done[0]} {done[1]} was done and nobody wanted it"
        else:
            left.remove(match)
    yield from _indiscreet(call)


def _indiscreet(call: TextCall) -> Iterator[str]:
    """Private tools before somebody was verified, or for somebody else."""
    customer = ""
    for moment in call.moments:
        if moment.what == "answer" and moment.detail[0].name == "verify_customer" and moment.detail[1].ok:
            customer = moment.detail[1].value.get("customer", "")
        if isinstance(moment.detail, CallTool) and call.world.toolbox.tools[moment.detail.name].private:
            asked = str(moment.detail.arguments.get("customer", ""))
            if not customer or asked != customer:
                yield f"{moment.detail.name} for {asked or 'nobody'} while {customer or 'nobody'} was verified"


# ------------------------------------------------------------------------------------------------------- sources

_MONTHS: Final = "January February March April May June July August September October November December"
_FIGURES: Final = re.compile(
    r"\$[\d,]+(?:\.\d\d)?|\b\d{1,2}:\d\d [AP]M\b|\b\d(?: \d)+\b|[\w.]+@[\w.]+\w"
    rf"|\b(?:{_MONTHS.replace(' ', '|')}) \d{{1,2}}\b|\b\d+\b|\b(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day\b"
)
_CLAIMS: Final = {
    r"\border \d.*is cancelled\b|\bappointment is cancelled": "cancel",
    r"\breturn (?:\d ?)+ is open\b": "return",
    r"\$[\d.]+ is paid\b|\bhave paid\b": "paid",
    r"\bis booked\b|\bhave booked\b": "book",
    r"\bis moved\b|\bis now on\b": "move",
    r"\bis waived\b": "waive",
    r"\bis (?:now )?disputed\b|\bis on hold\b": "disput",
}
"""What a sentence may only say when a tool's answer says something of the kind."""


def _unsourced(call: TextCall, told: Collection[str]) -> Iterator[str]:
    """`told`: moments of these kinds vouch for what the caller told us."""
    for at, text in spoken(call):
        known, answers = _vouched(call, at, told)
        for figure in _FIGURES.findall(text):
            if figure.replace(" ", "") not in known and figure not in known:
                yield f"{figure} in: {text}"
        for claim, deed in _CLAIMS.items():
            if re.search(claim, text, re.IGNORECASE) and deed not in answers:
                yield f"{claim} in: {text}"


def _vouched(call: TextCall, at: int, told: Collection[str]) -> tuple[set[str], str]:
    """Figures that were known by then, as they would be spoken; and all that tools had said."""
    known = set(_FIGURES.findall(call.flow.text)) | {str(digit) for digit in range(1)}
    for step in call.flow.steps.values():
        for line in step.say:
            known |= set(_FIGURES.findall(line.text))
    for target in call.flow.targets.values():
        known |= set(_FIGURES.findall(f"{target.say} {target.closed}"))
    answers = ""
    for moment in call.moments:
        if moment.at > at:
            break
        if moment.what == "answer":
            known |= set(_spoken_forms(moment.detail[1].value))
            known |= set(_spoken_forms(moment.detail[1].error))
            if moment.detail[1].ok:
                done = moment.detail[0].name if moment.detail[0].changes else ""
                answers += f" {done} {' '.join(_values(moment.detail[1].value))}"
        if isinstance(moment.detail, CallTool):
            known |= set(_spoken_forms(moment.detail.arguments))
        if moment.what in told:
            known |= set(_said_figures(moment.detail, call))
    return known, answers.lower()


def _values(value: Any) -> Iterator[str]:
    """What an answer says, without the names it says it under."""
    match value:
        case dict():
            for item in value.values():
                yield from _values(item)
        case list():
            for item in value:
                yield from _values(item)
        case _:
            yield str(value)


def _spoken_forms(value: Any) -> Iterator[str]:
    match value:
        case dict():
            for item in value.values():
                yield from _spoken_forms(item)
        case list():
            yield str(len(value))
            for item in value:
                yield from _spoken_forms(item)
        case None | bool():
            return
        case _:
            yield from _forms(str(value))


def _forms(text: str) -> Iterator[str]:
    yield text
    yield from re.findall(r"\d+", text)
    yield from _FIGURES.findall(text)
    for amount in re.findall(r"(\d+)\.(\d\d) USD", text):
        yield f"${int(amount[0]):,}.{amount[1]}"
        yield f"${int(amount[0]):,}"
    for found in re.findall(r"\d{4}-\d\d-\d\d(?:T\d\d:\d\d)?", text):
        moment = datetime.fromisoformat(found)
        yield from (f"{moment:%B} {moment.day}", f"{moment:%A}", f"{int(f'{moment:%I}')}:{moment:%M %p}")


_DIGITS: Final = {
    "zero": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8",
    "nine": "9",
}  # fmt: skip
_TENS: Final = {
    "ten": 10, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80,
    "ninety": 90,
}  # fmt: skip
_TEENS: Final = {
    "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17,
    "eighteen": 18, "nineteen": 19,
}  # fmt: skip


def _said_numbers(said: str) -> Iterator[str]:
    """ "twenty dollars", "fifty willow lane", "double nine" as figures."""
    text = re.sub(r"\bdouble (\w+)", r"\1 \1", re.sub(r"\[[\d.]+\]", "", said))
    if text != said:
        yield "".join(_DIGITS.get(word, {"oh": "0"}.get(word, " ")) for word in text.split()).strip()
    spoken = text.split()
    for at, word in enumerate(spoken):
        after = _DIGITS.get(spoken[at + 1], "0") if at + 1 < len(spoken) else "0"
        values = [_TEENS[word]] if word in _TEENS else [_TENS[word], _TENS[word] + int(after)] if word in _TENS else []
        for value in values:
            yield from (str(value), f"${value}", f"${value}.00")


def _read_out(said: str) -> Iterator[str]:
    """Numbers in pieces, as house numbers and prices are read out: "six fifty one", "five hundred", "six twenty"."""
    for run in re.findall(rf"(?:\b(?:{'|'.join((*_DIGITS, *_TENS, *_TEENS, 'oh', 'hundred'))})\b ?)+", said):
        pieces: list[str] = []
        for word in run.split():
            if word == "hundred" and pieces:
                pieces[-1] += "00"
            elif _DIGITS.get(word, "0") != "0" and pieces and re.fullmatch(r"[2-9]0", pieces[-1]):
                pieces[-1] = pieces[-1][0] + _DIGITS[word]
            else:
                pieces.append(_DIGITS.get(word) or str(_TENS.get(word) or _TEENS.get(word) or 0))
        yield "".join(pieces)
        yield from (f"${before}.{after}" for before, after in pairwise(pieces) if len(after) == 2)


def _said_figures(said: str, call: TextCall) -> Iterator[str]:
    """Figures the caller has said: digits in a row, and whatever parts of the day they named."""
    yield from _said_numbers(said)
    yield from _read_out(said)
    words = [{"oh": "0"}.get(word, _DIGITS.get(word, word)) for word in re.sub(r"\[[\d.]+\]", "", said).split()]
    yield from (digits.replace(" ", "") for digits in re.findall(r"\d(?: \d)*", " ".join(words)))
    today = date.fromisoformat(call.scenario.at[:10])
    if {"today", "tomorrow"} & set(words):
        yield from (f"{today:%A}", f"{today:%B} {today.day}")


# ------------------------------------------------------------------------------------------------------- stale, ready


def _stale(call: TextCall) -> Iterator[str]:
    cancelled: dict[str, int] = {}
    gone: dict[str, int] = {}
    changed = 0
    answered: dict[str, tuple[int, bool]] = {}
    for moment in call.moments:
        match moment.detail:
            case CancelTool(request):
                cancelled[request] = moment.at
            case Withdraw(note_id):
                gone[note_id] = moment.at
            case Note() if moment.what == "begins":
                yield from _stale_note(moment, moment.detail, cancelled, gone)
                yield from _outdated(moment.detail, changed, answered)
            case ToolAnswered(request=request):
                answered[request] = (moment.at, False)
            case _:
                pass
        if moment.what == "answer" and (request := _changed(moment)):
            changed = moment.at
            answered[request] = (moment.at, True)
    yield from _after_the_last_cue(call)


def _changed(moment: Moment) -> str:
    """The request of a change that was made."""
    call, outcome = moment.detail
    return call.request if call.changes and outcome.ok else ""


def _stale_note(moment: Moment, note: Note, cancelled: dict[str, int], gone: dict[str, int]) -> Iterator[str]:
    if note.id in gone:
        yield f"{note.id} was withdrawn, and begun all the same: {note.text}"
    if note.expires is not None and moment.at > note.expires:
        yield f"{note.id} had expired: {note.text}"
    if any(source in cancelled for source in note.source):
        yield f"{note.id} comes from a request that was cancelled: {note.text}"


def _outdated(note: Note, changed: int, answered: dict[str, tuple[int, bool]]) -> Iterator[str]:
    """Told from look-ups alone that were made before something was changed."""
    used = [answered[source] for source in note.source if source in answered]
    if changed and used and not any(change for _, change in used) and all(at < changed for at, _ in used):
        yield f"{note.id} tells what was looked up before a change: {note.text}"


def _after_the_last_cue(call: TextCall) -> Iterator[str]:
    cues = [index for index, moment in enumerate(call.moments) if moment.what == "cue"]
    if not cues or not call.scenario.never:
        return
    said = next((at for at in range(cues[-1], len(call.moments)) if call.moments[at].what == "last word"), None)
    for moment in call.moments[said or cues[-1] :]:
        if moment.what == "begins" and (
            hit := next((one for one in call.scenario.never if re.search(one, moment.detail.text, re.I)), "")
        ):
            yield f"{hit!r} was said after it was taken back: {moment.detail.text}"


def _ready(call: TextCall) -> Iterator[bool]:
    for want in call.scenario.wants:
        if want.question and want.told:
            yield from _ready_for(call, want)


def _ready_for(call: TextCall, want: Wanted) -> Iterator[bool]:
    """Nothing where something had to be asked first: then the answer could not lie ready."""
    written = {m.detail.note.id: m.at for m in call.moments if isinstance(m.detail, Write)}
    asked = [at for at, m in enumerate(call.moments) if m.what == "last word" and m.detail == want.say]
    if not asked:
        return
    for moment in call.moments[asked[0] + 1 :]:
        if moment.what == "says":
            return
        if moment.what == "begins" and re.search(want.told, moment.detail.text, re.IGNORECASE):
            yield written[moment.detail.id] <= call.moments[asked[0]].at
            return
