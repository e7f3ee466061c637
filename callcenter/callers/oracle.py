"""The oracle: a duplex that reads the caller's mind and behaves ideally within our contract.

It shows what is possible with turns of 200 ms: whatever it decides at the end of a turn is heard about 100 ms later,
and it may still pass every bar. If it does not, a measure, a caller or the path of the call is wrong.

It answers a quarter of a second after real ends, hums at the ends of phrases at the policy's rate, yields to real
interruptions at once and to nothing else, waits while it is asked to, and breaks silences that nobody asked for.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Protocol

from callcenter.callers.meaning import Plan
from callcenter.events import (
    Act,
    Backchannelled,
    Floor,
    Heard,
    Ignored,
    Note,
    Policy,
    Spoken,
    TookFloor,
    Yielded,
)
from callcenter.units import RATE, SILENT_BYTE, TURN, samples
from callcenter.voices import Espeak, Speech

DELAY = samples(0.1)
"""From the end of a turn to where the caller hears the answer to it."""

GAP = (0.2, 0.3)
AFTER_PHRASE = samples(0.08)
RATES = {"never": 0.0, "rare": 3.5, "normal": 6.0, "often": 9.5}
"""Hums a minute of the caller's voice in long turns."""

NEARLY_OVER = samples(0.5)
"""With so little left to say it finishes, whoever else begins."""

CHECK_IN = samples(4.0)
IGNORED = {"hum": "backchannel", "tic": "tic", "aside": "side talk"}

VOICE = "en-us+f3"
GREETINGS = ("Thank you for calling, this is the service desk. How can I help you today?",)
ANSWERS = (
    "I see, let me have a look at that for you. Your account is open in front of me now, and everything seems to be "
    "in order so far. Could you tell me a little more about it?",
    "Thank you, I have found it. It left our warehouse on Monday and it should be with you within the next three "
    "working days, between nine and five. Would that be all right for you?",
    "Certainly, I can do that for you right now. It takes effect from the first of next month, and you will get a "
    "letter that confirms all the details. Is there anything you would like to add?",
    "I understand, that should not have happened. I will send you a new one today, and you can keep the old one until "
    "it has arrived. Is your address still the same?",
    "Let me just repeat that to be sure. You would like me to note it on your account and to call you back tomorrow "
    "morning, after the technician has been there. Did I get that right?",
    "All right, I have made a note of that. The price stays the same for the whole year, and you can cancel at the end "
    "of every month if you like. What else can I do for you?",
    "That is a good question. The payment was booked on the twelfth, but it can take up to five days until your bank "
    "shows it, sometimes even longer. Shall I send you a copy by mail?",
)
CHECK_INS = ("Hello, are you still there?",)
WAITS = ("Sure, take your time.", "Of course, no hurry.")
GOODBYES = ("You are welcome, have a nice day. Goodbye.",)
HUMS = ("mm-hmm.", "okay.", "I see.", "right.")


@dataclass(frozen=True, slots=True)
class Repertoire:
    """What it can say, spoken before the call."""

    greetings: Sequence[Speech]
    answers: Sequence[Speech]
    check_ins: Sequence[Speech]
    waits: Sequence[Speech]
    goodbyes: Sequence[Speech]
    hums: Sequence[Speech]


def repertoire(speak: Callable[[str], Speech] | None = None) -> Repertoire:
    engine = Espeak()
    speak = speak or (lambda text: engine.speak(text, VOICE, 175, band=True))
    every = (GREETINGS, ANSWERS, CHECK_INS, WAITS, GOODBYES, HUMS)
    return Repertoire(*(tuple(speak(text) for text in texts) for texts in every))


class Mind(Protocol):
    """Whose mind is read."""

    @property
    def plan(self) -> Plan: ...

    def said(self, start: int, end: int) -> str: ...


class Oracle:
    def __init__(self, mind: Mind, repertoire: Repertoire, seed: int = 0) -> None:
        self._mind = mind
        self._repertoire = repertoire
        self._chance = Random(seed)
        self._rate = RATES["normal"]
        self._saying: Speech | None = None
        self._at = 0
        """Samples of it that were said; before 0 lies the silence until it begins."""
        self._answered = -1
        """The end of the caller's words that were answered last, or are being answered."""
        self._yielded_to = -1
        self._hums = 0
        self._hummed_at = -1
        self._told = 0
        """Samples of the long stories before this one."""
        self._story = (0, 0)
        self._last = 0
        """Until when anybody spoke."""
        self._greeted = False

    def open(self, policy: Policy, notes: Sequence[Note]) -> None:
        self._rate = RATES[policy.backchannels]

    async def turn(self, heard: Heard) -> Spoken:
        plan = self._mind.plan
        now = (heard.turn + 1) * TURN
        text = self._mind.said(now - TURN, now)
        if plan.doing not in ("nothing", "hold"):
            self._last = now
        acts: list[Act] = []
        if self._saying is not None and self._must_yield(plan):
            self._saying, self._yielded_to, self._last = None, plan.start, now
            return Spoken(heard.turn, heard_text=text, acts=(Yielded(),), floor=Floor(p_yield=1.0))
        if self._saying is None:
            acts += self._begin(plan, now + DELAY)
        elif plan.doing in IGNORED:
            acts.append(Ignored(IGNORED[plan.doing]))
        hums = any(isinstance(act, Backchannelled) for act in acts)
        audio, words = self._go_on(now)
        floor = Floor(p_speak=float(audio is not None and not hums), p_backchannel=float(hums))
        return Spoken(heard.turn, audio, heard_text=text, said_text=words, acts=tuple(acts), floor=floor)

    def close(self) -> None:
        self._saying = None

    # ------------------------------------------------------------------------------------------------- deciding

    def _must_yield(self, plan: Plan) -> bool:
        """To an interruption always; to somebody who began to speak by accident, unless it has nearly finished."""
        if self._saying is None or plan.start == self._yielded_to or plan.doing not in ("cut", "turn", "story"):
            return False
        return plan.doing == "cut" or (self._hummed_at != plan.start and self._left > NEARLY_OVER)

    @property
    def _left(self) -> int:
        return len(self._saying.audio) - self._at if self._saying else 0

    def _begin(self, plan: Plan, ears: int) -> list[Act]:
        """Decide whether what is said now, and heard from `ears` on, begins something."""
        if not self._greeted:
            self._greeted = True
            return self._say(self._repertoire.greetings, ears, ears)
        if plan.doing == "story":
            hum = self._hum(plan, ears)
            if hum:
                return hum
        if plan.end > self._answered and self._wants_words(plan):
            start = plan.end + samples(self._chance.uniform(*GAP))
            if start < ears + TURN:
                self._answered = plan.end
                return self._say(self._answers(plan), max(start, ears), ears)
        if plan.doing == "nothing" and ears - self._last > CHECK_IN:
            return self._say(self._repertoire.check_ins, ears, ears)
        return []

    def _wants_words(self, plan: Plan) -> bool:
        if plan.doing in ("turn", "story", "cut", "hold"):
            return True
        return plan.doing == "nothing" and plan.owed

    def _answers(self, plan: Plan) -> Sequence[Speech]:
        if plan.doing == "hold" or (plan.doing == "turn" and not plan.answer):
            return self._repertoire.waits
        return self._repertoire.goodbyes if plan.leaving else self._repertoire.answers

    def _hum(self, plan: Plan, ears: int) -> list[Act]:
        """A hum at the end of a phrase, if one is due by the rate."""
        if plan.start != self._story[0]:
            self._told += self._story[1] - self._story[0]
            self._story = (plan.start, plan.end)
        for end in plan.phrase_ends:
            start = end + AFTER_PHRASE
            heard = self._told + end - plan.start
            if ears <= start < ears + TURN and self._hums + 0.4 <= self._rate * heard / RATE / 60:
                self._hums += 1
                self._hummed_at = plan.start
                self._say(self._repertoire.hums, start, ears)
                return [Backchannelled()]
        return []

    # ------------------------------------------------------------------------------------------------- speaking

    def _say(self, speeches: Sequence[Speech], start: int, ears: int) -> list[Act]:
        self._saying = self._chance.choice(speeches)
        self._at = ears - start
        return [TookFloor()]

    def _go_on(self, now: int) -> tuple[bytes | None, str]:
        speech = self._saying
        if speech is None:
            return None, ""
        begin, end = self._at, min(self._at + TURN, len(speech.audio))
        audio = bytes([SILENT_BYTE]) * max(0, -begin) + speech.audio[max(0, begin) : end]
        words = " ".join(word.text for word in speech.words if begin <= (word.start + word.end) // 2 < end)
        self._at, self._last = end, now + TURN
        if end >= len(speech.audio):
            self._saying = None
        return audio, words
