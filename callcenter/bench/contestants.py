"""Who can be measured: what the server serves, and the reference duplexes, each for the caller it speaks with.

Every caller of a run has a number of its own; by it the server finds which duplex serves that caller, and the oracle
whose mind to read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from callcenter.bench.prompting import Prompted
from callcenter.callers.oracle import ANSWERS, VOICE, Oracle, Repertoire, repertoire
from callcenter.callers.person import Person
from callcenter.callers.suite import Casting
from callcenter.duplex import Duplex
from callcenter.duplex.jumpy import Jumpy
from callcenter.events import Phrase
from callcenter.switchboard import Context, Maker
from callcenter.voices import Espeak

REFERENCES = ("oracle", "jumpy")
NEED_NOTES = ("turnbased", "interaction")
"""Served duplexes that say what a background writes; here nobody writes, so they are prompted."""


@dataclass(frozen=True)
class Entry:
    """A caller of one duplex."""

    duplex: str
    casting: Casting
    person: Person

    @property
    def name(self) -> str:
        return f"{self.duplex} {self.casting.name}"


@dataclass
class Contestants:
    """Duplexes by name, and the callers that each of them serves."""

    served: Mapping[str, Maker]
    entries: dict[str, Entry] = field(default_factory=dict)
    """By the caller's number."""

    def __post_init__(self) -> None:
        self._repertoire: Repertoire | None = None
        self._phrases: tuple[Phrase, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(sorted({*self.served, *REFERENCES}))

    def enter(self, duplex: str, casting: Casting, place: int) -> str:
        """The number under which this caller calls this duplex."""
        if duplex not in self.names:
            raise ValueError(f"no duplex is called {duplex!r}; known: {', '.join(self.names)}")
        self._prepare(duplex)
        number = f"{casting.caller[:5]}{place}{casting.caller[6:]}"
        self.entries[number] = Entry(duplex, casting, casting.person())
        return number

    def make(self, context: Context) -> Duplex:
        """What serves the call in the server; lost at once for a number nobody has."""
        entry = self.entries[context.caller]
        return self.made(entry, context)

    def made(self, entry: Entry, context: Context) -> Duplex:
        match entry.duplex:
            case "oracle":
                assert self._repertoire is not None
                return Oracle(entry.person, self._repertoire, entry.casting.seed)
            case "jumpy":
                return Jumpy(self._phrases)
            case name:
                duplex = self.served[name](context)
                return Prompted(duplex, ANSWERS) if name in NEED_NOTES else duplex

    def _prepare(self, duplex: str) -> None:
        if duplex == "oracle" and self._repertoire is None:
            self._repertoire = repertoire()
        if duplex == "jumpy" and not self._phrases:
            engine = Espeak()
            self._phrases = tuple(Phrase(text, engine.speak(text, VOICE, 175, band=True).audio) for text in ANSWERS)
