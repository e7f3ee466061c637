"""Words of a company's own: products, streets, towns and people that ears cannot know unless they are told.

A text file has a name or term a line, and behind a `=` how a word sounds where that is not as it is written:

    Vortexa
    Kings Cross Arcade
    Siobhan = shivawn

What callers may say in a flow is read from the flow, when the first call follows it; articles, people, streets and
towns of the embedded CRM at the start. How a word sounds is asked of espeak-ng; no sound is made.
"""

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from callcenter.model.lexicon import Lexicon, Words, tokens
from callcenter.voices import VoiceError
from callcenter.voices.pronouncing import pronounced
from flows import Flow

log = structlog.get_logger()

MOST: Final = 20_000
"""Words of one's own that can be searched for beside the others in time."""


class GlossaryError(ValueError):
    """Words cannot be used; the message says which line, and what to write instead."""


@dataclass(frozen=True, slots=True)
class Term:
    """Something people say. `sounds`: how, written as another word would be; empty: as it is written."""

    words: tuple[str, ...]
    sounds: str = ""


def read(path: Path) -> tuple[Term, ...]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise GlossaryError(f"{path} cannot be read ({error}); a text file with a name a line is wanted") from error
    return tuple(terms(text, str(path)))


def terms(text: str, where: str = "the words") -> Iterator[Term]:
    for number, line in enumerate(text.splitlines(), 1):
        told = line.partition("#")[0].strip()
        if not told:
            continue
        name, sign, sounds = (part.strip() for part in told.partition("="))
        words = tuple(tokens(name))
        if not words:
            raise GlossaryError(f"{where}, line {number}: {told!r} has no letters; write it as it is spoken")
        if sign and (len(words) > 1 or not tokens(sounds)):
            raise GlossaryError(
                f"{where}, line {number}: {told!r}; one word, a =, and how it sounds: Siobhan = shivawn"
            )
        yield Term(words, " ".join(tokens(sounds)))


def terms_of(flow: Flow) -> Iterator[Term]:
    """What callers may say in a flow."""
    for step in flow.steps.values():
        said = [*step.phrases]
        for collect in step.collect:
            said += [*collect.sayings, *collect.options]
        yield from terms_in(said)


def terms_in(texts: Iterable[str]) -> Iterator[Term]:
    """What is named somewhere, such as in the records of a CRM."""
    return (Term(tuple(words)) for text in texts if (words := tokens(text)))


def favoured(texts: Iterable[str]) -> frozenset[str]:
    """The words of what a company sells."""
    return frozenset(word for text in texts for word in tokens(text))


def learnt(told: Iterable[Term], lexicon: Lexicon) -> Words:
    """How those of the words sound that the lexicon does not know, or should know otherwise."""
    known = lexicon.number()
    asked: dict[str, str] = {}
    for term in told:
        for word in term.words:
            if term.sounds:
                asked[word] = term.sounds
            elif word not in known:
                asked.setdefault(word, word)
    if len(asked) > MOST:
        raise GlossaryError(f"{len(asked)} words of one's own are more than ears can search ({MOST}); leave some out")
    ways = pronounced(list(asked.values())) if asked else []
    return {word: several for word, several in zip(asked, ways, strict=True) if several}


class Learner:
    """Teaches the ears of a process what callers may say in the flows they follow, each before its first call, and what
    they may name besides; every word once."""

    def __init__(self, know: Callable[[Words], None], favour: Callable[[frozenset[str]], None] | None = None) -> None:
        self._know, self._favour = know, favour
        self._flows: set[str] = set()
        self._words: set[str] = set()
        self._lock = threading.Lock()

    def knows(self, flow: Flow) -> bool:
        return flow.hash in self._flows

    def learn(self, flow: Flow) -> None:
        """A synthesizer may be asked for how words sound, so this takes a moment; without one nothing is learnt."""
        with self._lock:
            if not self.knows(flow):
                self._teach(terms_of(flow), f"flow {flow.name}")
                self._flows.add(flow.hash)

    def hear(self, texts: Iterable[str], where: str) -> None:
        """Further things that callers may name; `where` they are from."""
        with self._lock:
            self._teach(terms_in(texts), where)

    def favour(self, texts: Iterable[str]) -> None:
        """Things that callers speak of more often than people do elsewhere."""
        if self._favour is not None:
            self._favour(favoured(texts))

    def _teach(self, told: Iterable[Term], where: str) -> None:
        try:
            own = learnt(told, Lexicon.load())
        except (VoiceError, GlossaryError) as error:
            log.warning("what callers may say is not known to the ears", where=where, why=str(error))
            return
        new = {word: ways for word, ways in own.items() if word not in self._words}
        if new:
            self._know(new)
        self._words |= new.keys()


def unknown(told: Iterable[Term], lexicon: Lexicon) -> list[str]:
    """The words that ears do not know yet."""
    known = lexicon.number()
    return sorted({word for term in told for word in term.words if word not in known})
