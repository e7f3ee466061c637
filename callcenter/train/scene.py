"""A call that never happened, decided turn by turn: a caller who acts, an agent who knows, and the agent's mistakes.

The caller side is scripted: what it says next, when it begins, what it does while the agent speaks. The agent side is
an oracle that knows when the caller will end, what every sound is for and what notes there are; its decision at the end
of every turn is the label. What it then does is sometimes something else (it starts into a pause, overlooks an
interruption, stops for a cough, answers late): so the model learns to get out of what it got into, and the label says
how. Policies are drawn for a call, and the labels follow them.

Time is in samples. A decision at the end of turn n is heard `lag` later.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random
from typing import Final, Literal

from callcenter.callers.person import GAPS
from callcenter.measures.words import listening
from callcenter.model.config import ASK, BACKCHANNEL, DOINGS, LISTEN, SPEAK, YIELD
from callcenter.train.speech import Utterance
from callcenter.units import RATE, TURN, samples

Kind = Literal["turn", "story", "cut", "hum", "tic", "aside", "noise"]
CLAIMS: Final = ("turn", "story", "cut")
MINOR: Final = ("hum", "tic", "aside", "noise")

WAIT: Final = {"eager": samples(0.05), "normal": samples(0.13), "patient": samples(0.55)}
"""Silence after an end before the agent answers."""

NOTICE: Final = {"quick": samples(0.12), "normal": samples(0.2), "firm": samples(0.55)}
"""Of an interruption before the agent yields."""

APART: Final = {"never": 10**9, "rare": samples(13.0), "normal": samples(6.5), "often": samples(3.4)}
"""Between two hums in a story, and from its beginning to the first."""

NEARLY_OVER: Final = samples(0.45)
UNASKED: Final = samples(1.8)
"""Quiet before something is said that the caller does not wait for."""

CHECK_IN: Final = samples(6.0)
AGAIN: Final = samples(0.7)
PROMISE: Final = samples(1.4)
"""The caller waits for an answer that is not there: say so."""

BEHIND: Final = 0.3
"""Of the calls, those with something that sounds behind the caller all the while: a television, a family."""

AFTERWARDS: Final = 0.12
"""How often something sounds just when the caller has ended, and is no more of it."""


@dataclass(slots=True)
class Sound:
    """Something at the caller's end."""

    kind: Kind
    said: Utterance
    start: int
    end: int
    gain: float = 1.0
    answer: bool = True
    opening: str = ""
    """What of its own the agent says to it: a hold is answered by "<wait>", a farewell by "<bye>"."""
    gaps: tuple[tuple[int, int], ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.gaps = (*self.said.pauses, *self.said.gaps)


@dataclass(slots=True)
class Speech:
    """Something of the agent: begun at `start` as heard, ended there or cut."""

    said: Utterance
    start: int
    end: int
    opening: str


@dataclass(frozen=True, slots=True)
class Policy:
    hums: str
    eagerness: str
    yielding: str


@dataclass(frozen=True, slots=True)
class Decided:
    """A turn: what was right, what was done, how much it matters."""

    label: int
    opening: str
    done: int
    done_opening: str
    weight: float
    speaking: bool
    waiting: bool
    """Whether a note waits to be said."""
    doing: int
    notes: tuple[tuple[str, str], ...]
    """Kind and text of what the background wrote in this turn."""
    over: bool = False
    """Our own words ended in this turn."""


@dataclass
class Mistakes:
    """How often the agent does something else than it should; drawn for a call."""

    start_in_pause: float = 0.0
    overlook: float = 0.0
    flinch: float = 0.0
    late: float = 0.0
    idle_start: float = 0.0


@dataclass
class Scene:
    chance: Random
    turns: int
    say: Callable[[str], Utterance | None]
    """The caller, by kind."""
    other: Callable[[str], Utterance | None]
    """Somebody else in the room."""
    agent: Callable[[str], Utterance]
    """The agent: "" for a note, else an opening."""
    policy: Policy
    lag: int
    mistakes: Mistakes
    later: tuple[int, Policy] | None = None
    """From which turn on another policy holds."""
    sounds: list[Sound] = field(default_factory=list)
    speeches: list[Speech] = field(default_factory=list)
    decided: list[Decided] = field(default_factory=list)

    def __post_init__(self) -> None:
        chance = self.chance
        self._now = 0
        self._claim: Sound | None = None
        self._speech: Speech | None = None
        self._owed: Sound | None = None
        self._answered_wait = False
        self._asked = -1
        self._promised = False
        self._due = samples(chance.uniform(0.2, 3.0))
        self._retry: Sound | None = None
        self._overs: list[tuple[int, str]] = []
        self._note: Utterance | None = None
        self._note_at = -1
        self._note_due = -1
        self._hummed = 0
        self._quiet = 0
        self._checked = -(10**9)
        self._holding = -1
        self._stubborn = 0
        self._yielded = -(10**9)
        self._spoke = False
        self._tolerance = samples(chance.uniform(1.2, 2.0))
        self._opens = chance.random() < 0.5
        """Whether there is something to say as soon as the line is open."""
        self._stocked = chance.random() < 0.4
        """Whether the next answer always lies ready, before anybody has asked."""
        self._behind: list[Utterance] = []
        self._behind_at = 0

    def play(self) -> "Scene":
        if self.chance.random() < BEHIND:
            self._behind = [made for _ in range(4) if (made := self.other("television")) is not None]
            self._behind_at = samples(self.chance.uniform(0.0, 2.0))
        if self.chance.random() < 0.35:
            self._begin_call()
        for turn in range(self.turns):
            self._now = turn * TURN
            self._turn(self._now + TURN)
        return self

    def _begin_call(self) -> None:
        """The greeting is played by the line itself, not by the model."""
        greeting = self.agent("<greet>")
        self._speech = Speech(greeting, 0, len(greeting), "<greet>")
        self.speeches.append(self._speech)
        self._plan_overs(0, len(greeting))

    # ------------------------------------------------------------------------------------------------------ a turn

    def _turn(self, end: int) -> None:
        self._caller(end)
        notes = self._background(end)
        ended = self._speech is not None and self._speech.end <= end + self.lag
        over = ended and not self._greets
        if ended:
            self._quiet = max(self._quiet, self._speech.end if self._speech else 0)
            self._speech = None
        label, opening, weight = self._right(end)
        done, done_opening = self._done(end, label, opening)
        doing = DOINGS.index(self._doing(end))
        speaking, waiting = self._speech is not None and not self._greets, self._note is not None
        self._act(end, done, done_opening)
        self.decided.append(Decided(label, opening, done, done_opening, weight, speaking, waiting, doing, notes, over))

    @property
    def _greets(self) -> bool:
        """Whether the line's own greeting sounds: nothing that the model could go on with or stop."""
        return self._speech is not None and self._speech.opening == "<greet>"

    def _doing(self, end: int) -> str:
        """What sounds at the caller's end, the weightiest first."""
        order = ("cut", "story", "turn", "hum", "aside", "tic", "noise")
        here = {s.kind for s in self.sounds if s.start < end and s.end > end - TURN // 2}
        return next((kind for kind in order if kind in here), "nothing")

    # -------------------------------------------------------------------------------------------------- the caller

    def _caller(self, end: int) -> None:
        self._give_way(end)
        self._sound_behind(end)
        claim = self._claim
        if claim is not None and claim.end <= end:
            self._claim = None
            self._quiet = max(self._quiet, claim.end)
            if claim.answer and self._retry is None:
                self._owed, self._asked, self._promised, self._answered_wait = claim, -1, False, False
                self._due = claim.end + samples(self.chance.uniform(3.5, 6.0))
            if self.chance.random() < AFTERWARDS:
                self._room(self._now + samples(self.chance.uniform(0.0, 0.8)), self.chance.choice(("noise", "tic")))
        while self._overs and self._overs[0][0] < end:
            at, kind = self._overs.pop(0)
            if self._speech is not None and self._claim is None:
                self._over(max(at, self._now), kind)
        if self._claim is None and self._due < end:
            self._begin(max(self._due, self._now))
        self._now_quiet(end)

    def _sound_behind(self, end: int) -> None:
        """One thing after another, round and round, whatever else goes on."""
        while self._behind and self._behind_at < end:
            made = self._behind.pop(0)
            self._behind.append(made)
            at, self._behind_at = self._behind_at, self._behind_at + len(made) + samples(self.chance.uniform(0.2, 4.0))
            self.sounds.append(Sound("noise", made, at, at + len(made), self.chance.uniform(0.05, 0.22)))

    def _now_quiet(self, end: int) -> None:
        if self._speech is not None:
            self._quiet = max(self._quiet, min(self._speech.end, end))
        if self._claim is not None:
            self._quiet = max(self._quiet, min(self._claim.end, end))

    def _begin(self, at: int) -> None:
        """The caller's next words: what it was stopped at, or the next on its mind."""
        chance = self.chance
        self._due = 10**9
        if self._retry is not None and chance.random() < 0.7:
            sound, self._retry = self._retry, None
            self._place(sound.kind, sound.said, at, answer=sound.answer, opening=sound.opening)
            return
        self._retry = None
        if self._owed is not None and chance.random() < 0.8:
            self._speak("turn", "hello", at)
            return
        kinds = {
            "request": 14, "reply": 16, "short": 12, "halting": 16, "number": 12, "spelled": 4, "address": 4,
            "story": 13, "correction": 4, "mind": 2, "hold": 5, "person": 2, "figure": 5, "farewell": 3, "silent": 4,
        }  # fmt: skip
        (kind,) = chance.choices(list(kinds), list(kinds.values()))
        if kind == "silent":
            self._due = at + samples(chance.uniform(4.0, 9.0))
            self._room(at)
            return
        as_kind: Kind = "story" if kind == "story" else "turn"
        said = self.say(kind)
        if said is None:
            said = self.say("reply")
        if said is None:
            self._due = at + RATE
            return
        opening = {"hold": "<wait>", "farewell": "<bye>"}.get(kind, "")
        self._place(as_kind, said, at, opening=opening)
        if kind == "hold":
            self._holding = at + len(said)

    def _speak(self, kind: Kind, what: str, at: int) -> None:
        said = self.say(what)
        if said is not None:
            self._place(kind, said, at)

    def _place(self, kind: Kind, said: Utterance, at: int, *, answer: bool = True, opening: str = "") -> None:
        self._claim = Sound(kind, said, at, at + len(said), 1.0, answer, opening)
        self.sounds.append(self._claim)
        self._owed = None
        self._hummed = at
        self._holding = -1
        self._plan_note(self._claim)

    def _plan_note(self, claim: Sound) -> None:
        """When the background will have an answer: mostly before the end, at times late, at times only when asked."""
        chance = self.chance
        roll = chance.random()
        if self._stocked and self._note is not None:
            self._note_due = -1
        elif roll < 0.72:
            self._note_due = claim.start + int((claim.end - claim.start) * chance.uniform(0.1, 1.0))
        elif roll < 0.87:
            self._note_due = claim.end + samples(chance.uniform(0.3, 3.5))
        else:
            self._note_due = -1

    def _give_way(self, end: int) -> None:
        """A caller who is talked over for long stops, and says it again later."""
        claim, speech = self._claim, self._speech
        if claim is None or speech is None or claim.end - self._now < RATE // 4 or speech.end <= end:
            return
        both = self._now - max(claim.start, speech.start)
        if both >= self._tolerance:
            at = self._now - claim.start
            ends = [word.end for word in claim.said.words if at < word.end <= at + samples(0.3)]
            self._retry = Sound(claim.kind, claim.said, 0, 0, 1.0, claim.answer, claim.opening)
            claim.end = min(claim.end, claim.start + (ends[0] if ends else at + 160))
            claim.answer = False
            self._due = speech.end + self._gap()

    def _gap(self) -> int:
        share = self.chance.random()
        for (low, a), (high, b) in pairwise(GAPS):
            if share <= high:
                return samples(a + (b - a) * (share - low) / (high - low))
        return 0

    def _over(self, at: int, kind: str) -> None:
        """Something while the agent speaks."""
        chance = self.chance
        if kind == "cut":
            said = self.say(chance.choices(("stop", "mind", "reply", "short", "request"), (10, 2, 3, 1, 2))[0])
            if said is not None and len(said) > samples(0.45) and not listening(said.text):
                self._place("cut", said, at)
        elif kind in ("hum", "tic"):
            made = self.other("cough") if kind == "tic" and chance.random() < 0.7 else self.say(kind)
            if made is not None:
                self.sounds.append(Sound("hum" if kind == "hum" else "tic", made, at, at + len(made)))
        else:
            self._room(at, kind)

    def _room(self, at: int, kind: str = "") -> None:
        """Side talk, television, a door."""
        chance = self.chance
        kind = kind or chance.choice(("aside", "noise", "tic"))
        made = self.other({"aside": "aside", "noise": "television", "tic": "cough"}[kind])
        if made is None:
            return
        gain = {"aside": chance.uniform(0.3, 0.75), "noise": chance.uniform(0.1, 0.32), "tic": 1.0}[kind]
        sort: Kind = "aside" if kind == "aside" else "tic" if kind == "tic" else "noise"
        self.sounds.append(Sound(sort, made, at, at + len(made), gain))

    def _plan_overs(self, start: int, end: int) -> None:
        """What the caller does during words of the agent, and when it answers them."""
        chance = self.chance
        overs: list[tuple[int, str]] = []
        for _ in range(chance.choices((0, 1, 2), (35, 45, 20))[0]):
            kind = chance.choices(("hum", "cut", "tic", "aside", "noise"), (30, 28, 14, 14, 14))[0]
            latest = end - samples(0.3)
            at = start + samples(0.3)
            if latest > at:
                overs.append((chance.randint(at, latest), kind))
        self._overs = sorted(overs)
        if self._claim is None:
            self._due = max(self._now + 1, end + self._gap())

    # ------------------------------------------------------------------------------------------------- background

    def _background(self, end: int) -> tuple[tuple[str, str], ...]:
        notes: list[tuple[str, str]] = []
        if self.later is not None and end == (self.later[0] + 1) * TURN:
            self.policy = self.later[1]
            notes.append(("<be>", " ".join((self.policy.hums, self.policy.eagerness, self.policy.yielding))))
        if self._opens and self._note is None and not self.speeches:
            self._note, self._opens = self.agent(""), False
            notes.append(("<say>", self._note.text))
            return tuple(notes)
        if self._stocked and self._note is None and self._speech is None and self.speeches:
            self._note, self._note_due = self.agent(""), -1
            notes.append(("<say>", self._note.text))
            return tuple(notes)
        if 0 <= self._note_due <= end:
            self._note_due = -1
            if self._note is not None and self._speech is None and self.chance.random() < 0.3:
                notes.append(("<drop>", ""))
            self._note, self._note_at = self.agent(""), end
            notes.append(("<say>", self._note.text))
        elif self._note is None and self._unbidden(end):
            self._note, self._note_at = self.agent(""), end
            notes.append(("<say>", self._note.text))
        elif self.chance.random() < 0.01:
            notes.append(("<know>", self.agent("").text))
        elif self._note is not None and self._speech is None and self.chance.random() < 0.004:
            self._note = None
            notes.append(("<drop>", ""))
        return tuple(notes)

    def _unbidden(self, end: int) -> bool:
        """An answer that was asked for, after its time; or news that nobody waits for."""
        if self._asked >= 0:
            return end - self._asked > samples(self.chance.uniform(0.2, 5.0))
        return self._speech is None and self.chance.random() < 0.003

    # ---------------------------------------------------------------------------------------------------- the oracle

    def _right(self, end: int) -> tuple[int, str, float]:
        """What is right at the end of this turn, with which opening, and how much it matters."""
        if self._greets:
            return LISTEN, "", 0.5
        if self._speech is not None:
            return self._right_speaking(end, self._speech)
        claim = self._claim
        if claim is not None:
            return self._right_listening(end, claim)
        owed = self._owed
        quiet = end - self._quiet
        if owed is not None:
            if end < owed.end + WAIT[self.policy.eagerness]:
                return LISTEN, "", 1.5
            if owed.opening and not self._answered_wait:
                return SPEAK, owed.opening, 3.0
            if owed.opening == "<wait>" or owed.opening == "<bye>":
                return self._idle(quiet, 14.0)
            if self._note is not None:
                return SPEAK, "<note>", 3.0
            if self._asked < 0:
                return ASK, "", 3.0
            if not self._promised and end - self._asked > PROMISE:
                return SPEAK, "<check>", 2.0
            return LISTEN, "", 1.0
        if self._note is not None and quiet > self._patience():
            return SPEAK, "<note>", 2.0
        return self._idle(quiet, CHECK_IN / RATE)

    def _patience(self) -> int:
        """Quiet before a note that nobody waits for: none where the call begins, little after a stop by mistake.

        It does not grow while nothing happens, so that what is right once stays right.
        """
        if not self.speeches and all(sound.kind == "noise" for sound in self.sounds):
            return 0
        return AGAIN if self._quiet - self._yielded < samples(4.0) else UNASKED

    def _idle(self, quiet: int, seconds: float) -> tuple[int, str, float]:
        if quiet > samples(seconds) and self._now - self._checked > samples(seconds):
            return SPEAK, "<hello>", 2.0
        return LISTEN, "", 2.0 if self._doing(self._now + TURN) != "nothing" else 1.0

    def _right_speaking(self, end: int, speech: Speech) -> tuple[int, str, float]:
        claim, left = self._claim, speech.end - end
        if claim is not None:
            since = end - max(claim.start, speech.start - self.lag)
            hummed = speech.opening == "<hum>"
            if not hummed and since >= NOTICE[self.policy.yielding] and (claim.kind == "cut" or left > NEARLY_OVER):
                return YIELD, "", 4.0
        sounding = self._doing(end) not in ("nothing",)
        return SPEAK, "", 3.0 if sounding else 0.5

    def _right_listening(self, end: int, claim: Sound) -> tuple[int, str, float]:
        at = end - claim.start
        if claim.kind == "story":
            for phrase in claim.said.phrase_ends:
                near = phrase + samples(0.02) <= at < phrase + samples(0.02) + TURN
                apart = APART[self.policy.hums] * (0.6 if self._hummed == claim.start else 1.0)
                if near and end - self._hummed >= apart and claim.said.pcm is not None:
                    return BACKCHANNEL, "", 4.0
        paused = any(start <= at <= stop + 400 for start, stop in claim.gaps)
        phrase_gap = any(start <= at <= start + samples(0.8) for start in claim.said.phrase_ends)
        return LISTEN, "", 3.5 if paused else 2.5 if phrase_gap else 0.6

    # ------------------------------------------------------------------------------------------ what is really done

    def _done(self, end: int, label: int, opening: str) -> tuple[int, str]:
        chance, wrong = self.chance, self.mistakes
        if self._greets:
            return label, opening
        speaking = self._speech is not None
        if speaking and self._stubborn:
            self._stubborn -= 1
            return SPEAK, ""
        if label == YIELD and chance.random() < wrong.overlook:
            self._stubborn = chance.randint(0, 4)
            return SPEAK, ""
        if label == SPEAK and speaking and self._doing(end) in MINOR and chance.random() < wrong.flinch:
            return YIELD, ""
        if label == LISTEN and self._claim is not None and self._note is not None:
            at = end - self._claim.start
            if (
                any(
                    start < at <= stop
                    for start, stop in self._claim.said.pauses
                    + tuple((phrase, phrase + samples(0.4)) for phrase in self._claim.said.phrase_ends)
                )
                and chance.random() < wrong.start_in_pause
            ):
                return SPEAK, "<note>"
        if label == LISTEN and self._claim is None and self._note is not None and chance.random() < wrong.idle_start:
            return SPEAK, "<note>"
        if label in (SPEAK, ASK, BACKCHANNEL) and not speaking and chance.random() < wrong.late:
            return LISTEN, ""
        return label, opening

    def _act(self, end: int, done: int, opening: str) -> None:
        if done == SPEAK and self._speech is None:
            self._start(end, opening)
        elif done == YIELD and self._speech is not None:
            self._cut(end)
        elif done == BACKCHANNEL:
            hum = self.agent("<hum>")
            self.speeches.append(Speech(hum, end + self.lag, end + self.lag + len(hum), "<hum>"))
            self._hummed = end
        elif done == ASK:
            self._asked = end

    def _start(self, end: int, opening: str) -> None:
        said = self._note if opening == "<note>" and self._note is not None else self.agent(opening)
        start = end + self.lag
        self._speech = Speech(said, start, start + len(said), opening)
        self.speeches.append(self._speech)
        if opening == "<note>":
            self._note = None
        elif opening == "<check>":
            self._promised = True
        elif opening == "<hello>":
            self._checked = end
        if self._owed is not None and opening in ("<wait>", "<bye>"):
            self._answered_wait = True
        if self._claim is None:
            held = self._owed is not None and opening in ("<wait>", "<check>")
            due = self._due
            if opening not in ("<check>",):
                self._owed = None if opening != "<wait>" else self._owed
            self._plan_overs(start, start + len(said))
            if held and opening == "<wait>":
                self._due = start + len(said) + samples(self.chance.uniform(3.0, 9.0))
                self._owed = None
                self._quiet = start + len(said) + samples(8.0)
                if self.chance.random() < 0.6:
                    self._room(start + len(said) + samples(self.chance.uniform(0.5, 2.5)))
            elif opening == "<check>":
                self._due = max(due, start + len(said) + samples(6.0))

    def _cut(self, end: int) -> None:
        speech = self._speech
        if speech is None:
            return
        speech.end = min(speech.end, end + self.lag)
        self._speech = None
        self._overs = []
        self._yielded = end
        self._quiet = max(self._quiet, speech.end)
        if self._claim is None:
            self._note, self._note_at = rest(speech, end + self.lag), end
            self._due = end + samples(self.chance.uniform(4.0, 7.0))


def rest(speech: Speech, at: int) -> Utterance | None:
    """What of a note is left to be said after it was stopped by mistake; nothing where nothing was to be said."""
    if speech.opening != "<note>":
        return None
    after = [word for word in speech.said.words if speech.start + word.start >= at]
    if not after:
        return None
    begin = after[0].start
    words = tuple(type(word)(word.text, word.start - begin, word.end - begin) for word in after)
    return Utterance(speech.said.pcm[begin:], " ".join(word.text for word in after), words=words)
