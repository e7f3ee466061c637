"""What one call's voice does with the network's answers: which words, and never others than it was given.

Pure: notes, words heard and answers go in, decisions come out. A `say` note is spoken in its own words or not at all:
what can be said is a tree with the notes that wait and a few sentences of our own, and the network's logits are masked
to it; it chooses to speak, hold, hum, yield, resume or drop, but no word. What it did last, what was heard and written
goes back to it as tokens of the next turn.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from callcenter.events import Note, Policy
from callcenter.model.config import ASK, BACKCHANNEL, DOINGS, LISTEN, NOTE_TOKENS, SPEAK, YIELD
from callcenter.model.own import HUMS, PHRASES
from callcenter.model.text import TOKEN, Pieces
from callcenter.units import RATE

Floats = NDArray[np.float32]

HUM: Final = {"never": "<hum never>", "rare": "<hum rare>", "normal": "<hum normal>", "often": "<hum often>"}
EAGER: Final = {"patient": "<patient>", "normal": "<even>", "eager": "<eager>"}
YIELDS: Final = {"firm": "<firm>", "normal": "<steady>", "quick": "<quick>"}
MINOR: Final = {"hum": "backchannel", "tic": "tic", "aside": "side talk", "noise": "background"}
CLAIMS: Final = ("turn", "story", "cut")
OPENED: Final = ("<check>", "<wait>", "<hello>", "<bye>")
"""Openings without a note that training has taught."""

EVERY: Final = {"<check>": 8 * RATE, "<hello>": 6 * RATE, "<wait>": 4 * RATE, "<bye>": 10 * RATE}
"""Samples before the same is said again."""

HARDLY: Final = 0.2
"""A chance of yielding at or below which nothing adds up."""

FAINT: Final = 0.05
"""The same for speaking, while the caller may still be in its turn."""

LONG: Final = {"eager": 70, "normal": 70, "patient": 120}
"""By eagerness: frames of 20 ms that a caller may be silent in what is taken for its turn, as far as the ear knows by
then, whoever else is heard; from there on a hint is enough to speak. With what the ear is late and a sound takes, 1.8 s
and 2.8 s."""

LEANING: Final[Mapping[str, tuple[float, float]]] = {"eager": (-0.1, -0.2), "normal": (0.0, 0.0), "patient": (0.1, 0.6)}
"""By eagerness: what a chance to speak must be more than usual, at once and added up over turns."""

NOBODY: Final = 40
"""Frames of silence at the caller's end after which there is nobody to yield to."""

HUMMED: Final = 2 * RATE
"""Samples between two hums, whatever is wanted."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """How probable an act must be before it is done; chosen on callers that train, never on those that measure."""

    speak: float = 0.5
    backchannel: float = 0.4
    yield_: float = 0.5
    ask: float = 0.5
    mounting: float = 1.1
    """What the chances of speaking may add up to, turn by turn while nobody speaks, before it is done all the same: a
    small chance that lasts is a large one. What the network takes for the caller's turn begins the sum anew."""
    pressing: float = 1.1
    """The same for yielding while we speak: what is hardly there at all begins the sum anew."""
    lasting: float = 2.4
    """Mounting while the caller is still taken to be in its turn, as after a long story's end: what is hardly there at
    all begins this sum anew, and nothing else."""
    hint: float = 0.005
    """The chance that is enough once the caller has been silent for long. In true pauses, however long, it is less."""


@dataclass(frozen=True, slots=True)
class Chances:
    """Of the acts that are possible now."""

    speak: float = 0.0
    backchannel: float = 0.0
    yield_: float = 0.0
    ask: float = 0.0
    doing: str = "nothing"


@dataclass(frozen=True, slots=True)
class Choice:
    """What is done in a turn. `script` is what begins to be spoken: notes with their texts, "" for our own."""

    act: Literal["listen", "go on", "speak", "backchannel", "yield", "ask"]
    chances: Chances
    script: tuple[tuple[str, str], ...] = ()
    ignored: str = ""
    """What sounds at the caller's end and is no claim to the floor."""


@dataclass
class Conduct:
    """A call's. `seed` chooses between sentences of our own that mean the same."""

    pieces: Pieces
    policy: Policy
    thresholds: Thresholds = field(default_factory=Thresholds)
    seed: int = 0

    def __post_init__(self) -> None:
        self._did: list[int] = []
        self._ended: list[int] = []
        self._told: list[int] = [TOKEN["<open>"], *knobs(self.policy)]
        self._heard: list[int] = []
        self._says: deque[Note] = deque()
        self._saying = False
        self._spoken: dict[str, Note] = {}
        """The notes that are being said, one after the other."""
        self._begun: set[str] = set()
        """Those of them of which a word was said, or that were taken back: they do not come again."""
        self._saying_of = ("", 0)
        """The note whose words are being said, and how many of them were."""
        self._broken = ""
        """The note that was broken off though nobody claims the floor; until somebody does, the rest of it waits."""
        self._last: dict[str, int] = {}
        self._own = Random(self.seed)
        self._now = 0
        self._ignored = ""
        self._mounted = 0.0
        self._lasted = 0.0
        self._pressed = 0.0
        self._owed = False
        """Whether the caller had the floor since we last spoke."""
        self._before = 0
        """Of the silence that lasts still, frames that are from before the caller took the floor: they are no pause."""

    # ---------------------------------------------------------------------------------------------------- what came

    def told(self, now: int, notes: Sequence[Note]) -> frozenset[str]:
        """Notes of this turn. The ids of those that are being said, or are about to be, and were taken back by them."""
        self._now = now
        taken: set[str] = set()
        for note in notes:
            gone = {old.id for old in self._says if old.id in note.supersedes}
            if gone:
                self._says = deque(old for old in self._says if old.id not in gone)
                self._told.append(TOKEN["<drop>"])
            taken |= self._spoken.keys() & note.supersedes
            self._read(note)
        self._begun |= taken
        if self._saying_of[0] in taken:
            self._saying_of = ("", 0)
        fresh = deque(note for note in self._says if good(note, now))
        if len(fresh) < len(self._says):
            self._says = fresh
            self._told.append(TOKEN["<drop>"])
        return frozenset(taken)

    @property
    def expired(self) -> frozenset[str]:
        """Of the notes that are being said those that must not be begun any more."""
        return frozenset(name for name, note in self._spoken.items() if not good(note, self._now))

    def _read(self, note: Note) -> None:
        match note.kind:
            case "say":
                self._says.append(note)
                self._told += [TOKEN["<say>"], *self.pieces.encode(note.text)[:NOTE_TOKENS]]
            case "be":
                self.policy = replace(self.policy, **turned(note.text))
                self._told += [TOKEN["<be>"], *knobs(self.policy)]
            case "know" if note.text:
                self._told += [TOKEN["<know>"], *self.pieces.encode(note.text)[:NOTE_TOKENS]]
            case _:
                pass

    def heard(self, words: Sequence[str]) -> None:
        """Words of the caller that became certain."""
        self._heard += self.pieces.encode(" ".join(words))

    def tokens(self) -> list[int]:
        """Everything that stands before this turn's sound, in the order that training has it: what we did and said in
        the last turn, that it ended, what the background wrote, what the caller said. Asked once a turn."""
        tokens = [*self._did, *self._ended, *self._told, *self._heard]
        self._did, self._ended, self._told, self._heard = [], [], [], []
        return tokens

    # ----------------------------------------------------------------------------------------------------- deciding

    def decide(self, act: Floats, opening: Floats, doing: Floats, silent: int = 0, alone: int = 0) -> Choice:
        """`silent`: for how many frames the ear has heard nobody; `alone`: nobody as loud as the caller has been."""
        what, quiet = DOINGS[int(doing.argmax())], max(silent, alone)
        if what in CLAIMS and not self._owed:
            self._owed, self._before = True, quiet
        if what in CLAIMS:
            self._forget_broken()
        if quiet < self._before:
            self._before = 0
        ignored = MINOR.get(what, "")
        ignored, self._ignored = ("" if ignored == self._ignored else ignored), ignored
        if self._saying:
            return replace(self._holding(act, what, silent), ignored=ignored)
        return self._listening(act, opening, what, quiet - self._before)

    def _holding(self, act: Floats, what: str, silent: int) -> Choice:
        odds = softmax(act[[SPEAK, YIELD]])
        chances = Chances(speak=float(odds[0]), yield_=float(odds[1]), doing=what)
        bars = self.thresholds
        self._pressed = self._pressed + chances.yield_ if chances.yield_ > HARDLY else 0.0
        if silent < NOBODY and (chances.yield_ > bars.yield_ or self._pressed > bars.pressing):
            self._pressed = 0.0
            self._give_way(broken=what not in CLAIMS)
            return Choice("yield", chances)
        return Choice("go on", chances)

    def _give_way(self, broken: bool = False) -> None:
        """What was not begun still waits: only we know that it was not said. `broken`: nobody claims the floor."""
        name, count = self._saying_of
        note = self._spoken.get(name)
        self._wait_again()
        rest = " ".join(note.text.split()[count:]) if note and broken else ""
        if note and rest and good(note, self._now):
            self._says.appendleft(replace(note, text=rest))
            self._broken = name
        self._saying = False
        self._did.append(TOKEN["<yield>"])

    def _forget_broken(self) -> None:
        if self._broken:
            self._says = deque(note for note in self._says if note.id != self._broken)
            self._broken = ""

    def _wait_again(self) -> None:
        unsaid = [n for name, n in self._spoken.items() if name not in self._begun and good(n, self._now)]
        self._says.extendleft(reversed(unsaid))
        self._spoken, self._begun = {}, set()

    def _listening(self, act: Floats, opening: Floats, what: str, silent: int) -> Choice:
        """`silent`: since the caller, who is owed an answer, was heard."""
        odds = softmax(act[[LISTEN, SPEAK, BACKCHANNEL, ASK]])
        speak, backchannel, ask = map(float, odds[1:])
        chances = Chances(speak=speak, backchannel=backchannel, ask=ask, doing=what)
        bars, wanted = self.thresholds, chances.speak + chances.ask
        at_once, mounting = LEANING[self.policy.eagerness]
        self._mounted = 0.0 if what in CLAIMS else self._mounted + wanted
        self._lasted = self._lasted + wanted if wanted > FAINT else 0.0
        hinted = self._owed and silent >= LONG[self.policy.eagerness] and wanted > bars.hint
        enough = wanted > bars.speak + at_once or self._mounted > bars.mounting + mounting
        if enough or self._lasted > bars.lasting or hinted:
            self._mounted = self._lasted = 0.0
            if self._says or chances.speak > chances.ask:
                return self._open(opening, chances)
            return self._ask(chances)
        if chances.backchannel > bars.backchannel and self.policy.backchannels != "never" and self._may("hum", HUMMED):
            self._did.append(TOKEN["<backchannel>"])
            return Choice("backchannel", chances, (("", self._own.choice(HUMS)),))
        return Choice("listen", chances)

    def _ask(self, chances: Chances) -> Choice:
        if not self._may("ask", 2 * RATE):
            return Choice("listen", chances)
        self._did.append(TOKEN["<ask>"])
        return Choice("ask", chances)

    def _open(self, opening: Floats, chances: Chances) -> Choice:
        """The best of what may be said: the notes that wait, in their order, or a sentence of our own."""
        allowed = ["<note>"] if self._says else []
        allowed += [name for name in OPENED if self._now - self._last.get(name, -(10**9)) >= EVERY[name]]
        if not allowed:
            return Choice("listen", chances)
        best = max(allowed, key=lambda name: float(opening[TOKEN[name]]))
        self._did += [TOKEN["<speak>"], TOKEN[best]]
        self._saying, self._owed, self._pressed = True, False, 0.0
        if best == "<note>":
            return Choice("speak", chances, self._begin_notes())
        self._last[best] = self._now
        return Choice("speak", chances, (("", self._own.choice(PHRASES[best])),))

    def _begin_notes(self) -> tuple[tuple[str, str], ...]:
        self._spoken = {note.id: note for note in self._says}
        self._says.clear()
        self._broken, self._saying_of = "", ("", 0)
        return tuple((name, note.text) for name, note in self._spoken.items())

    def _may(self, what: str, every: int) -> bool:
        if self._now - self._last.get(what, -(10**9)) < every:
            return False
        self._last[what] = self._now
        return True

    # ------------------------------------------------------------------------------------------------ what was said

    def said(self, words: str, note: str = "") -> None:
        """The words that this turn's sound holds, and the note that they are of."""
        self._did += self.pieces.encode(words)
        if words:
            self._begun.add(note)
            name, count = self._saying_of
            self._saying_of = note, len(words.split()) + (count if name == note else 0)

    def over(self) -> None:
        """What was being said is said."""
        self._saying, self._spoken, self._begun = False, {}, set()
        self._ended.append(TOKEN["<end>"])

    def stopped(self) -> None:
        """What was being said had to stop, for it is not true any more."""
        self._give_way()

    @property
    def own(self) -> bool:
        """Whether what is being said are words of our own."""
        return self._saying and not self._spoken

    def unsaid(self) -> bool:
        """Whether what is being said was begun only a turn ago. Nobody heard it: then it was not begun."""
        if self._did[:1] != [TOKEN["<speak>"]]:
            return False
        self._wait_again()
        self._saying, self._did = False, []
        return True

    def instead(self, choice: Choice) -> Choice:
        """What was being said is not true any more, and the network goes on: what waits is said in its place."""
        self._did += [TOKEN["<speak>"], TOKEN["<note>"]]
        self._wait_again()
        return replace(choice, act="speak", script=self._begin_notes())

    @property
    def line(self) -> int:
        """What the network is told of ourselves: 1 where a note waits, plus 2 where we speak."""
        return int(bool(self._says)) + 2 * int(self._saying)

    @property
    def waiting(self) -> tuple[Note, ...]:
        return tuple(self._says)


def good(note: Note, now: int) -> bool:
    return note.expires is None or note.expires > now


def knobs(policy: Policy) -> list[int]:
    return [TOKEN[HUM[policy.backchannels]], TOKEN[EAGER[policy.eagerness]], TOKEN[YIELDS[policy.yielding]]]


def turned(text: str) -> dict[str, Any]:
    """The knobs that a `be` note turns: "backchannels: rare; eagerness: patient"."""
    known = {"backchannels": HUM, "eagerness": EAGER, "yielding": YIELDS}
    pairs = [part.partition(":") for part in text.split(";")]
    told = {name.strip(): value.strip() for name, _, value in pairs}
    return {name: value for name, value in told.items() if value in known.get(name, {})}


def softmax(logits: Floats) -> Floats:
    shifted = np.exp(logits - logits.max())
    return np.asarray(shifted / shifted.sum(), np.float32)
