"""Which step does the caller want? A small linear model, trained when a flow is loaded, from the flow's own phrases.

Features are words, pairs of words and letter groups, weighted by how telling they are; the model is kernel ridge
regression, solved in closed form: no chance, no iterations, the same weights every time. Beside the flow's steps it
knows what callers of every company say (a person, goodbye, hold on, ...) and what means nothing in particular.
"""

import re
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from callcenter.background.grammar.days import MONTHS, WEEKDAYS
from callcenter.background.grammar.figures import ALIKE, ONES, ORDINALS, TEENS, TENS
from callcenter.background.grammar.words import vocabulary, words
from callcenter.background.thesaurus import groups

WIDTH: Final = 4096
RIDGE: Final = 1.0
SHARPNESS: Final = 12.0
GROUP: Final = 3.0
PAIR: Final = 1.2

PERSON, BYE, HOLD, REPEAT, DROP, NOTHING = "@person", "@bye", "@hold", "@repeat", "@drop", "@nothing"

COMMON: Final[Mapping[str, tuple[str, ...]]] = {
    PERSON: (
        "i want to talk to a person",
        "can i speak to someone please",
        "put me through to a human",
        "a real person please",
        "let me talk to a representative",
        "operator",
        "connect me to an agent",
        "transfer me to somebody",
        "i don't want to talk to a machine",
        "is there a human i can talk to",
        "get me your supervisor",
        "i'd rather speak with a colleague of yours",
        "i need a manager",
    ),
    BYE: (
        "no that's all thank you",
        "that's everything",
        "no thanks goodbye",
        "that was it bye",
        "nothing else thanks",
        "i'm all set",
        "we're done here",
        "no i'm good",
        "bye bye",
        "have a nice day",
        "that'll be all",
        "no more questions",
    ),
    HOLD: (
        "hold on a second",
        "just a moment please",
        "one second let me find it",
        "wait let me check",
        "give me a minute",
        "hang on",
        "let me look for it",
        "i have to get my glasses",
        "bear with me",
        "let me grab the letter",
    ),
    REPEAT: (
        "can you repeat that",
        "sorry what was that",
        "say that again please",
        "i didn't catch that",
        "pardon me",
        "what did you say",
        "could you say it again",
        "once more please",
        "come again",
        "i couldn't hear you",
        "what was the question",
        "can you slow down and repeat",
    ),
    DROP: (
        "never mind",
        "forget it",
        "forget about that",
        "leave it",
        "i don't want to do that any more",
        "let's stop this",
        "i changed my mind leave everything as it is",
        "don't do anything",
        "stop that please",
    ),
    NOTHING: (
        "yes",
        "no",
        "uh huh",
        "i see",
        "great",
        "right",
        "how are you",
        "so um",
        "well the thing is",
        "it's john",
        "the number is <num>",
        "<day>",
        "the first one",
        "what",
        "hmm",
        "alright",
        "that sounds good",
        "is anybody there",
        "my name is john smith",
        "i have a question",
        "i need some help",
    ),
}

_POLITE: Final = vocabulary(
    """
    um uh er erm ah oh hi hello hey please thanks thank well so okay ok just like actually basically good morning
    afternoon evening
    """
)
_NUMBERS: Final = frozenset(ONES) | frozenset(TEENS) | frozenset(TENS) | vocabulary("hundred thousand double")
_DAYS: Final = frozenset(MONTHS) | frozenset(WEEKDAYS) | frozenset(ORDINALS) | vocabulary("today tomorrow")
_ENDINGS: Final = ("ations", "ation", "ings", "ing", "ments", "ment", "ed", "es", "s", "ly", "e")


def content(text: str) -> tuple[str, ...]:
    """The words that can tell what is wanted, numbers and days made alike."""
    out: list[str] = []
    spoken = words(text.replace("<num>", "zero").replace("<day>", "today"))
    for at, word in enumerate(spoken):
        number = _numeric(word) or (word in ALIKE and _among_numbers(spoken, at))
        kind = "<num>" if number else "<day>" if word in _DAYS else word
        if kind not in _POLITE and not (out and out[-1] == kind == "<num>"):
            out.append(kind)
    return tuple(out)


def _numeric(word: str) -> bool:
    return word in _NUMBERS or word[0].isdigit()


def _among_numbers(spoken: Sequence[str], at: int) -> bool:
    """Whether what sounds like a digit stands where one would: "order for two one seven", "forty to seventeen"."""
    before, after = at > 0 and _numeric(spoken[at - 1]), [_numeric(word) for word in spoken[at + 1 : at + 3]]
    return after == [True, True] or (before and after[:1] == [True])


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word.removesuffix(ending)
    return word


def features(text: str) -> Iterator[tuple[str, float]]:
    said = [_stem(word) for word in content(text)]
    for word in said:
        yield f"w {word}", 1.0
        for size in (3, 4):
            yield from (
                (f"c {word[at : at + size]}", 0.3) for at in range(len(word) - size + 1) if not word.startswith("<")
            )
    for left, right in pairwise(said):
        yield f"p {left} {right}", 0.7
    for left, right in zip(said, said[2:], strict=False):
        yield f"s {left} {right}", 0.4
    meant = sorted({*groups(content(text)), *_forms(content(text))})
    for group in meant:
        yield f"g {group}", GROUP
    for one, other in combinations(meant, 2):
        yield f"gg {one} {other}", PAIR


_ASKING: Final = vocabulary("what when where how who which why is are do does did will am was has have may must until")
_WISHING: Final = re.compile(
    r"\b(?:i want|i need|i'd like|i would like|let me|let's|i have to|i wanna|i'm calling to|we'd like)\b"
)
_MINE: Final = vocabulary("my mine our me i'm i've i")
_YOURS: Final = vocabulary("your yours")
_DENIAL: Final = re.compile(r"n't\b|\b(?:not|no|never|nothing|nobody|without|cannot)\b")


def _forms(said: Sequence[str]) -> Iterator[str]:
    """How it is said: asked, wished, denied; about mine or yours."""
    text = " ".join(said)
    if said and said[0] in _ASKING:
        yield "?ask"
        yield f"?{said[0]}"
    if _WISHING.search(text):
        yield "?wish"
    if _DENIAL.search(text):
        yield "?not"
    if _MINE & set(said):
        yield "?mine"
    if _YOURS & set(said):
        yield "?yours"


def _vector(text: str) -> NDArray[np.float64]:
    row = np.zeros(WIDTH)
    for name, weight in features(text):
        row[zlib.crc32(name.encode()) % WIDTH] += weight
    return row


@dataclass(frozen=True, slots=True, eq=False)
class Phrases:
    """The trained model: `scores` gives a probability for every step, best first."""

    names: tuple[str, ...]
    weights: NDArray[np.float64]
    """(WIDTH, names)"""
    telling: NDArray[np.float64]
    """(WIDTH,) inverse document frequency"""

    def scores(self, text: str) -> list[tuple[str, float]]:
        row = _unit(_vector(text) * self.telling)
        raw = row @ self.weights
        odds = np.exp(SHARPNESS * (raw - raw.max()))
        shares = odds / odds.sum()
        return sorted(zip(self.names, map(float, shares), strict=True), key=lambda pair: -pair[1])


def learn(phrases: Mapping[str, Sequence[str]]) -> Phrases:
    """Train on example sentences by name; what every caller says is added."""
    return _learned(tuple((name, text) for name, texts in (*phrases.items(), *COMMON.items()) for text in texts))


@lru_cache(maxsize=32)
def _learned(examples: tuple[tuple[str, str], ...]) -> Phrases:
    """Once for all calls of a flow: it takes a tenth of a second, and a call has no such time."""
    names = tuple(dict.fromkeys(name for name, _ in examples))
    rows = np.stack([_vector(text) for _, text in examples])
    telling = np.log((1 + len(examples)) / (1 + (rows > 0).sum(axis=0))) + 0.3
    rows = np.stack([_unit(row) for row in rows * telling])
    counts = Counter(name for name, _ in examples)
    wanted = np.array([[1.0 if name == own else 0.0 for name in names] for own, _ in examples])
    gram = rows @ rows.T
    balance = np.array([counts[name] / len(examples) * len(names) for name, _ in examples])
    duals = np.linalg.solve(gram + RIDGE * np.diag(balance), wanted)
    return Phrases(names, rows.T @ duals, telling)


def _unit(row: NDArray[np.float64]) -> NDArray[np.float64]:
    size = float(np.linalg.norm(row))
    return row / size if size else row
