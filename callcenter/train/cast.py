"""Who speaks in what is learnt from: people of the synthesizers and real ones, each with everything it can say.

A person says things by kind (`request`, `number`, `story`, `hum` ...). espeak-ng says anything at once; what others
said comes from pools: a folder of files made beforehand, each a person or a synthesizer's voice, `{kind: [Utterance]}`.
"""

import pickle
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Final, Protocol

import flows
from callcenter.callers import lines
from callcenter.callers.heldout import held_out, kept
from callcenter.callers.lines import Lines
from callcenter.callers.takes import Chunk, Wording, plain
from callcenter.callers.voice import ACCENTS, PEOPLE, Voice
from callcenter.train import accents
from callcenter.train.speech import Chorus, Utterance, hurried, joined, level

SMALL: Final = {
    "hum": (*lines.HUMS, "mm-hmm.", "mm-hmm.", "yep.", "oh okay.", "alright.", "yes okay.", "ah.", "oh.", "mm."),
    "hold": (*lines.HOLDS, "give me a second.", "bear with me.", "let me just check that, one second."),
    "hello": lines.HELLOS,
    "farewell": lines.FAREWELLS,
    "aside": (
        *("not now, please.", "who is it?", "it is on the table.", "can you get the door?", "dinner is at seven."),
        *("give me that, please.", "turn it off, would you?", "where are my glasses?", "stop that, both of you."),
        *("yes dear, in a minute.", "tell him i will call back.", "the dog wants out.", "did you lock the car?"),
    ),
    "television": (
        *("the government said today that taxes would not rise.", "stay tuned for more after the break."),
        *("and he scores, what a goal, two minutes before the end.", "sunny spells in the east, showers later on."),
        *("she left the house at nine and was never seen again.", "add the onions and cook them until golden."),
        *("thank you for joining us, good night.", "the index closed two percent higher on friday."),
    ),
    "tic": ("um.", "uh.", "hmm.", "um, uh.", "er.", "ahem."),
    "person": lines.PERSONS,
    "short": (
        *("yes.", "no.", "yes please.", "no thanks.", "yeah.", "okay.", "correct.", "that's right.", "sure."),
        *("exactly.", "no.", "yes.", "nope.", "not really.", "i think so.", "that's fine.", "stop.", "go on."),
        *("right.", "left."),
    ),
}  # fmt: skip


OPENERS: Final = (
    *("yes", "no", "okay", "ok", "right", "sure", "well", "so", "oh", "great", "perfect", "good", "fine", "thanks"),
    *("thank you", "sorry", "alright", "hello", "hi", "no no", "yes please", "no thanks", "that's fine", "i see"),
    *("that sounds good", "that works", "very good", "all right then", "yes, that one", "no, not that", "oh no"),
    *("here i am", "i found it", "thanks for that", "of course", "exactly", "wonderful", "nice", "one more thing"),
)
"""What may be a whole answer, or the beginning of one."""

PROTESTS: Final = (
    *("no no no", "wait", "wait a second", "hang on", "sorry", "excuse me", "stop", "hold on", "one thing", "listen"),
    *("look", "before you go on", "that is not what i asked", "you told me that", "i have heard all this", "please"),
    *("can i just say something", "sorry to interrupt", "that's not right", "no, you have that wrong", "never mind"),
    *("i don't need that", "forget it", "yes yes", "okay okay", "that was last year", "i did that", "just a moment"),
)
THANKS: Final = (
    *("thanks", "thank you", "thank you so much", "thanks for everything", "thanks a million", "you've been great"),
    *("that's all i needed", "that is all for today", "nothing more", "that's it", "i have all i need", "cheers"),
)
BYES: Final = ("bye", "bye now", "goodbye", "have a good day", "have a great day", "take care", "good night", "bye bye")

WHOLE: Final = ("request", "reply", "halting", "address", "correction", "mind", "figure", "short", "number", "person")
"""Kinds for which any whole sentence of a real person does."""


SETS: Final = {
    "digits": 5,
    "speech_commands": 6,
    "speechocean": 6,
    "librispeech": 5,
    "orders": 1,
    "librispeech_many": 4,
}
"""How often a real person is one of these; within a set everybody is as likely."""

TEXTLESS: Final = ("orders",)
"""Sets of which nobody knows what was said: they tell how people pause, but no phones."""

REMEMBERED: Final = 10
"""Utterances of a kind that a synthetic voice keeps to say again."""

FOREIGN: Final = 0.4
"""Of the synthetic people, those whose first language is not English."""

REGULARS: Final = 60
"""Synthetic people who call again."""


class Person(Protocol):
    """Somebody who can say things of these kinds; `None` where there is nothing of the kind."""

    @property
    def name(self) -> str: ...

    def say(self, chance: Random, kind: str) -> Utterance | None: ...


class Speaking:
    """What all people say: small words, grammars, sentences of customers, the phrases of flows."""

    def __init__(self, customers: Sequence[str], phrases: Sequence[str]) -> None:
        self._customers = customers
        self._phrases = phrases

    def wording(self, chance: Random, kind: str) -> Wording:
        begun = self._begun(chance, kind)
        if begun:
            return plain(begun)
        if kind in SMALL:
            return plain(chance.choice(SMALL[kind]))
        grammar = Lines(chance, False, self._customers)
        match kind:
            case "request" | "reply":
                if self._phrases and chance.random() < 0.2:
                    return plain(chance.choice(self._phrases))
                return grammar.request() if kind == "request" else grammar.reply()
            case "story":
                return self._story(chance, grammar)
            case "spelled":
                return grammar.spelled() if chance.random() < 0.5 else self._letters(chance)
            case "figure":
                return plain(figure(chance))
            case _:
                made: Wording = getattr(grammar, kind)()
                return made

    def _begun(self, chance: Random, kind: str) -> str:
        """Now and then something that could be all, a comma, and what the caller is really about."""
        if kind == "farewell" and chance.random() < 0.6:
            first = [chance.choice(OPENERS)] if chance.random() < 0.6 else []
            return ", ".join((*first, chance.choice(THANKS), chance.choice(BYES))) + "."
        first_of = {"request": OPENERS, "reply": OPENERS, "stop": PROTESTS, "mind": PROTESTS}.get(kind)
        if first_of is None or not self._customers or chance.random() > (0.5 if first_of is PROTESTS else 0.2):
            return ""
        rests = (text for text in chance.choices(self._customers, k=20) if 2 <= len(text.split()) <= 9)
        texts = (f"{chance.choice(first_of)}, {rest}" for rest in rests)
        return next((text for text in texts if not held_out("sentence", text)), "")

    def _story(self, chance: Random, grammar: Lines) -> Wording:
        """Half of them out of sentences of customers, put into one with commas: people do not all tell the same."""
        if chance.random() < 0.4 or not self._customers:
            return grammar.story(chance.randint(4, 7))
        told = [text.strip(" .?!,") for text in chance.choices(self._customers, k=40) if 5 <= len(text.split()) <= 12]
        links = ("and", "and then", "but", "so", "because", "and", "which is why")
        texts = [told[0], *(f"{chance.choice(links)} {text}" for text in told[1 : chance.randint(3, 6)])]
        chunks = [Chunk(f"{text},", chance.uniform(0.3, 0.75), phrase=True) for text in texts[:-1]]
        return Wording((*chunks, Chunk(f"{texts[-1]}.")))

    def _letters(self, chance: Random) -> Wording:
        count = chance.randint(3, 8)
        return plain(" ".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=count)) + ".")


def figure(chance: Random) -> str:
    """Digits, dates, sums, names, times, by themselves."""
    kind = chance.randrange(6)
    if kind == 0:
        return " ".join(chance.choices((*lines.DIGITS, "oh", "double"), k=chance.randint(1, 8))) + "."
    if kind == 1:
        return f"{chance.choice(lines.MONTHS)} {chance.choice(lines.ORDINALS)}."
    if kind == 2:
        return f"{lines.amount(chance)}."
    if kind == 3:
        return f"{chance.choice(lines.NAMES)} {chance.choice(lines.SURNAMES)}."
    if kind == 4:
        hour = chance.choice((*lines.DIGITS[1:], "ten", "eleven", "twelve"))
        return f"{chance.choice(('at', 'around', 'on ' + chance.choice(lines.DAYS) + ' at'))} {hour} " + chance.choice(
            ("thirty.", "fifteen.", "o'clock.", "in the morning.", "p m.", "a m.")
        )
    return f"{lines.number(chance, 2)} {chance.choice(lines.STREETS)}."


@dataclass
class Synthetic:
    """A voice of espeak-ng; says anything. What it said is said again now and then, for that costs nothing."""

    chorus: Chorus
    voice: Voice
    speaking: Speaking
    again: float = 0.0
    said: dict[str, list[Utterance]] = field(default_factory=dict, repr=False)

    @property
    def name(self) -> str:
        return self.voice.name

    def say(self, chance: Random, kind: str) -> Utterance | None:
        kept = self.said.setdefault(kind, [])
        if kept and chance.random() < self.again:
            return chance.choice(kept)
        made = level(self.chorus.say(self.voice, self.speaking.wording(chance, kind)))
        if self.again:
            kept.append(made)
            del kept[:-REMEMBERED]
        return made


@dataclass
class Pooled:
    """Somebody whose words were said beforehand; digits become numbers."""

    name: str
    said: dict[str, list[Utterance]] = field(repr=False)

    def say(self, chance: Random, kind: str) -> Utterance | None:
        if kind == "number" and "digit" in self.said:
            return self._number(chance)
        if kind == "stop" and kind in self.said:
            return self._stop(chance)
        other = {"figure": "number", "short": "reply"}.get(kind, "")
        nods = [one for one in self.said.get("short", ()) if one.text == "yes"] if kind == "hum" else []
        known = (
            [*self.said.get(kind, ()), *nods]
            or self.said.get(other)
            or (self.said.get("turn", []) if kind in WHOLE else [])
        )
        return varied(chance, chance.choice(known)) if known else None

    def _stop(self, chance: Random) -> Utterance:
        """Mostly more than once, as people do who are not heard."""
        known = self.said["stop"] + [one for one in self.said.get("short", ()) if one.text == "no"]
        rate, count = speed(chance), chance.choice((1, 2, 2, 2, 3))
        parts = [hurried(chance.choice(known), rate) for _ in range(count)]
        made = joined(parts, Wording(tuple(Chunk(one.text, chance.uniform(0.02, 0.25), True) for one in parts)))
        return replace(made, phrase_ends=(), pauses=())

    def _number(self, chance: Random) -> Utterance:
        sizes = chance.choice(((3, 3, 4), (3, 3), (2, 2, 2), (4, 4), (3, 2, 2), (1,), (1,), (1,), (2,), (4,)))
        rate = speed(chance)
        parts, chunks = [], []
        for size in sizes:
            for at in range(size):
                digit = hurried(chance.choice(self.said["digit"]), rate)
                last = at == size - 1
                parts.append(digit)
                chunks.append(
                    Chunk(digit.text, chance.uniform(0.5, 0.8) if last else chance.uniform(0.01, 0.12), not last)
                )
        made = joined(parts, Wording(tuple(chunks)))
        return Utterance(made.pcm, made.text, made.starts, made.phones, made.words, made.pauses)


def speed(chance: Random) -> float:
    return chance.uniform(0.8, 1.28) if chance.random() < 0.8 else 1.0


def varied(chance: Random, said: Utterance) -> Utterance:
    """Few people must stand for many: mostly they speak a little faster or slower, and higher or lower."""
    rate = speed(chance)
    return said if rate == 1.0 else hurried(said, rate)


class Cast:
    """Draws people. `share` of them come from the pools, while there are any; pools that appear later are found."""

    def __init__(self, customers: Sequence[str], pools: Path | None, share: float = 0.3, real: float = 0.5) -> None:
        self.chorus = Chorus()
        self.speaking = Speaking(customers, phrases())
        self._pools = pools
        self._share = share
        self._of_people = real
        self._found: dict[Path, tuple[int, list[Pooled]]] = {}
        self._real: dict[str, list[Pooled]] = {}
        self._made: list[Pooled] = []
        self._regulars: list[Synthetic] = []

    def person(self, chance: Random, *, timed: bool = False) -> Person:
        """`timed`: only people of whom it is known when they say which phone."""
        if chance.random() < self._share and (self._real or self._made):
            if self._real and (chance.random() < self._of_people or not self._made):
                sets = [name for name in self._real if not (timed and name in TEXTLESS)]
                return chance.choice(self._real[chance.choices(sets, [SETS.get(name, 1) for name in sets])[0]])
            return chance.choice(self._made)
        return Synthetic(self.chorus, caller(chance), self.speaking)

    def regular(self, chance: Random) -> Person:
        """The same, but synthetic people come back, with some of the same words."""
        person = self.person(chance)
        return self.synthetic(chance) if isinstance(person, Synthetic) else person

    def synthetic(self, chance: Random) -> Person:
        if len(self._regulars) == REGULARS and chance.random() < 0.8:
            return chance.choice(self._regulars)
        person = Synthetic(self.chorus, caller(chance), self.speaking, again=0.6)
        self._regulars.append(person)
        del self._regulars[:-REGULARS]
        return person

    def look(self) -> None:
        """Look for pools that are new, or better than they were."""
        for path in sorted(self._pools.glob("*.pickle")) if self._pools else ():
            written = path.stat().st_mtime_ns
            if path not in self._found or self._found[path][0] != written:
                with path.open("rb") as file:
                    self._found[path] = written, [Pooled(name, said) for name, said in pickle.load(file).items()]
        self._real, self._made = {}, []
        for path, (_, people) in self._found.items():
            if path.name.startswith("flite"):
                self._made += people
                continue
            for one in people:
                self._real.setdefault(one.name.split()[0], []).append(one)


def caller(chance: Random) -> Voice:
    """A voice that is not held out, now and then with another first language than English."""
    return voice(chance, accents.LANGUAGES if chance.random() < FOREIGN else ACCENTS)


def voice(chance: Random, languages: Sequence[str] = ACCENTS) -> Voice:
    """A voice that is not held out."""
    name = f"{chance.choice(languages)}+{chance.choice(kept('voice', PEOPLE, False))}"
    rate = min(225, max(115, round(chance.gauss(165, 24))))
    return Voice(name, rate, chance.randint(25, 75), chance.randint(25, 80))


def phrases() -> tuple[str, ...]:
    """What the shipped flows say that callers say, as far as it may be learnt from."""
    found = {
        phrase
        for flow in flows.shipped().values()
        for step in flow.steps.values()
        for phrase in getattr(step, "phrases", ())
        if "{" not in phrase
    }
    return tuple(sorted(text for text in found if not held_out("sentence", text)))
