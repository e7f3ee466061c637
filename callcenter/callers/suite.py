"""The suites: calls composed so that every kind of event happens often enough to be counted.

A suite is a deck of events, shuffled by a seed and dealt to callers; each caller has a voice, a temper, a line and a
room. The same name, seed, installed synthesizers and data give the same calls, byte for byte. Events that need the
agent to speak for a while wait until it does; a duplex that never speaks gets few of them, and the counts say so.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from random import Random

import numpy as np

from callcenter.callers import noises
from callcenter.callers.channel import Channel, Conditions, Echo
from callcenter.callers.humans import Human, humans
from callcenter.callers.lines import ASIDES, BACKS, FAREWELLS, HELLOS, HOLDS, HUMS, PERSONS, TELEVISION, Lines
from callcenter.callers.network import Weather
from callcenter.callers.noises import TICS, Floats
from callcenter.callers.person import Person
from callcenter.callers.programs import Synthesizer
from callcenter.callers.scenario import (
    Aside,
    Cut,
    Hold,
    Hum,
    Keys,
    Leave,
    Move,
    Noise,
    Over,
    Round,
    Say,
    Scenario,
    Silent,
    Tell,
    Temper,
    Tic,
)
from callcenter.callers.studio import Singer, Studio
from callcenter.callers.takes import Take, Wording, plain

REGULAR = Weather(loss=0.02, burst=5.0)
"""Two in a hundred frames are lost, in bursts of 100 ms on average."""


SHARES: Mapping[Synthesizer, float] = {"espeak": 0.75, "flite": 0.2, "festival": 0.05}
"""Of the calls with synthetic voices. The slower a synthesizer, the fewer."""


@dataclass(frozen=True, slots=True)
class Deck:
    """How many of each go into a suite, beside what its real people say. `double` is two interruptions in a row."""

    calls: int
    humans: int
    moves: Mapping[str, int]
    overs: Mapping[str, int]


DECKS: Mapping[str, Deck] = {
    "quick": Deck(
        18,
        4,
        {"halting": 16, "number": 10, "spelled": 4, "story": 12, "hold": 4, "silent": 2, "correction": 4, "person": 2,
         "keys": 2, "address": 4, "mind": 3},
        {"hum": 30, "early": 12, "late": 14, "double": 6, "tic": 16, "aside": 14, "noise": 14},
    ),
    "full": Deck(
        160,
        32,
        {"halting": 130, "number": 70, "spelled": 30, "story": 90, "hold": 35, "silent": 15, "correction": 30,
         "person": 15, "keys": 10, "address": 25, "mind": 25},
        {"hum": 190, "early": 100, "late": 100, "double": 90, "tic": 120, "aside": 100, "noise": 100, "leave": 6},
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Casting:
    """A caller who is ready to call: everything is recorded. `caller` is its number, by which it is known."""

    name: str
    caller: str
    group: str
    voice: str
    scenario: Scenario
    conditions: Conditions
    weather: Weather
    seed: int
    bed: Floats = field(repr=False)

    def person(self) -> Person:
        return Person(self.scenario, Channel(self.conditions, self.bed, self.seed * 7_919), self.seed)


@dataclass(frozen=True, slots=True)
class Suite:
    name: str
    seed: int
    castings: tuple[Casting, ...]
    missing: tuple[str, ...]
    """What could not be had on this machine."""
    held_out: Mapping[str, tuple[str, ...]]
    """Names that are kept for evaluation: voices, real speakers."""


def compose(name: str, deck: Deck, seed: int, studio: Studio) -> Suite:
    chance = Random(f"suite {seed}")
    beds = Beds(studio, seed)
    real = humans(studio, deck.humans)
    moves = dealt(chance, deck.moves, deck.calls - len(real))
    overs = dealt(chance, deck.overs, deck.calls - len(real))
    castings = []
    for index in range(deck.calls):
        composer = Composer(studio, Random(f"call {seed} {index}"))
        called = f"call {index:03d}"
        if index < len(real):
            scenario = composer.real_scenario(called, real[index])
            castings.append(composer.casting(index, scenario, real[index].group, real[index].speaker, beds))
        else:
            hand = index - len(real)
            scenario = composer.scenario(called, moves[hand], overs[hand])
            castings.append(composer.casting(index, scenario, composer.singer.by, composer.singer.name, beds))
    return Suite(name, seed, tuple(castings), studio.missing, listed(studio))


def dealt(chance: Random, deck: Mapping[str, int], hands: int) -> list[list[str]]:
    """A shuffled deck dealt round; within a hand in the order it came."""
    cards = [card for card, count in deck.items() for _ in range(count)]
    chance.shuffle(cards)
    return [cards[hand::hands] for hand in range(hands)]


def listed(studio: Studio) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {by: studio.voices(by) for by in studio.speakers}
    names = studio.clips.names if studio.clips else ()
    return {**found, **{name: studio.clips.speakers(name) for name in names if studio.clips}}


# ------------------------------------------------------------------------------------------------------- one call


class Composer:
    """Composes one call."""

    def __init__(self, studio: Studio, chance: Random) -> None:
        self._studio = studio
        self._chance = chance
        self._lines = Lines(chance, studio.evaluation, studio.customers)
        self.singer = singer_of(chance, studio)
        self._others = [studio.singer(chance) for _ in range(2)]

    def casting(self, index: int, scenario: Scenario, group: str, voice: str, beds: "Beds") -> Casting:
        chance = self._chance
        conditions = conditions_of(chance)
        seed = chance.getrandbits(31)
        return Casting(
            scenario.name,
            f"+1555{2_000_000 + index:07d}",
            group,
            voice,
            scenario,
            conditions,
            Weather(REGULAR.loss, REGULAR.burst, seed=seed),
            seed,
            beds.bed(conditions.noise, chance),
        )

    def scenario(self, name: str, moves: Sequence[str], overs: Sequence[str]) -> Scenario:
        """A call of somebody who has a synthetic voice and can say anything."""
        chance = self._chance
        acts = [self._overs(card) for card in overs]
        made: list[Move] = [Say(self._own(self._lines.request)), *(self._move(card) for card in moves)]
        while len(made) < max(4, len(acts) / 2):
            made.append(Say(self._own(self._lines.reply)))
        behind = tuple(self._noise(chance.uniform(0.08, 0.2)) for _ in range(4)) if chance.random() < 0.08 else ()
        return Scenario(
            name,
            rounds(made, acts),
            self._said(FAREWELLS),
            tuple(self._said((text,)) for text in HELLOS),
            greeting=(Over(0.7, Cut(self._own(self._lines.stop))),) if chance.random() < 0.06 else (),
            behind=behind,
            temper=self._temper(),
        )

    def real_scenario(self, name: str, human: Human) -> Scenario:
        """A call of a real person, who says only what was recorded; what others do is done all the same."""
        chance = self._chance
        stories = [story for _ in range(2) if (story := human.story(chance))]
        made: list[Move] = [
            *(Tell(story) for story in stories),
            *(Say(human.saying(chance)) for _ in range(5 - len(stories))),
        ]
        acts = [self._overs(card) for card in chance.choices(("tic", "noise"), k=2)]
        acts += [[Over(chance.uniform(0.9, 2.2), Hum(hum))] for _ in range(2) if (hum := human.hum(chance))]
        acts += [[Over(chance.uniform(0.4, 2.8), Cut(cut))] for _ in range(2) if (cut := human.cut(chance))]
        last = human.saying(chance)
        return Scenario(name, rounds(made, acts), last, (human.saying(chance),), temper=self._temper())

    def _temper(self) -> Temper:
        chance = self._chance
        return Temper(
            patience=chance.uniform(3.0, 5.0),
            tolerance=chance.uniform(1.2, 2.0),
            pace=chance.uniform(0.7, 1.3),
            insists=chance.uniform(0.3, 0.7),
        )

    # --------------------------------------------------------------------------------------------------------- moves

    def _move(self, card: str) -> Move:
        makers: dict[str, Callable[[], Move]] = {
            "halting": lambda: Say(self._own(self._lines.halting)),
            "number": lambda: Say(self._own(self._lines.number)),
            "spelled": lambda: Say(self._own(self._lines.spelled)),
            "address": lambda: Say(self._own(self._lines.address)),
            "correction": lambda: Say(self._own(self._lines.correction)),
            "mind": lambda: Say(self._own(self._lines.mind)),
            "person": lambda: Say(self._said(PERSONS)),
            "story": lambda: Tell(self._own(lambda: self._lines.story(self._chance.randint(4, 7)))),
            "hold": self._hold,
            "silent": lambda: Silent(self._chance.uniform(5.0, 9.0), self._said(("yes, sorry, i'm still here.",))),
            "keys": lambda: Keys("".join(self._chance.choices("0123456789", k=4)) + "#"),
        }
        return makers[card]()

    def _hold(self) -> Hold:
        chance = self._chance
        seconds = chance.uniform(4.0, 9.0)
        acts: list[tuple[float, Aside | Tic | Noise]] = []
        if chance.random() < 0.6:
            acts.append((chance.uniform(0.8, 2.5), chance.choice((self._aside, self._tic, self._noise))()))
        back = self._studio.take(self.singer, plain(f"{chance.choice(BACKS)} that is correct."))
        return Hold(self._said(HOLDS), seconds, back, tuple(acts))

    # --------------------------------------------------------------------------------------------- while it listens

    def _overs(self, card: str) -> list[Over]:
        chance = self._chance
        match card:
            case "hum":
                return [Over(chance.uniform(0.9, 2.2), Hum(self._said(HUMS)))]
            case "early":
                return [Over(chance.uniform(0.35, 0.85), self._cut())]
            case "late":
                return [Over(chance.uniform(1.8, 3.2), self._cut())]
            case "double":
                return [Over(chance.uniform(1.0, 2.5), self._cut()), Over(chance.uniform(0.5, 0.9), self._cut())]
            case "tic":
                return [Over(chance.uniform(0.8, 2.2), self._tic())]
            case "aside":
                return [Over(chance.uniform(0.8, 2.2), self._aside())]
            case "leave":
                return [Over(chance.uniform(1.0, 3.0), Leave())]
            case "noise":
                return [Over(chance.uniform(0.8, 2.2), self._noise(chance.uniform(0.12, 0.3)))]
            case _:
                raise KeyError(card)

    def _cut(self) -> Cut:
        return Cut(self._own(self._lines.stop))

    def _tic(self) -> Tic:
        if self._chance.random() < 0.3:
            return Tic(self._said(("um.", "uh.", "hmm.", "um, uh.", "ahem.")))
        name = self._chance.choice(sorted(TICS))
        return Tic(Take(TICS[name](np.random.default_rng(self._chance.getrandbits(32))), name))

    def _aside(self) -> Aside:
        return Aside(self._far(self._said(ASIDES)), self._chance.uniform(0.35, 0.7))

    def _noise(self, gain: float = 0.2) -> Noise:
        chance = self._chance
        if chance.random() < 0.15:
            return Noise(Take(noises.door(np.random.default_rng(chance.getrandbits(32))), "door"), 2 * gain)
        singer = chance.choice(self._others)
        return Noise(self._far(self._studio.take(singer, self._lines.one_of(TELEVISION))), gain)

    # -------------------------------------------------------------------------------------------------------- takes

    def _far(self, take: Take) -> Take:
        return noises.distant(take, np.random.default_rng(self._chance.getrandbits(32)))

    def _said(self, texts: Sequence[str]) -> Take:
        return self._studio.take(self.singer, self._lines.one_of(texts))

    def _own(self, words: Callable[[], Wording]) -> Take:
        return self._studio.take(self.singer, words())


def conditions_of(chance: Random) -> Conditions:
    """Telephone lines as they are: mostly fair, some far, loud or noisy."""
    noise = chance.choice(("hiss", "hiss", "room", "hum", "babble", "clip"))
    echo = Echo(chance.choice((-20.0, -30.0)), chance.uniform(0.12, 0.4)) if chance.random() < 0.35 else None
    return Conditions(chance.gauss(0.0, 3.0), noise, chance.triangular(15.0, 40.0, 20.0), echo)


def singer_of(chance: Random, studio: Studio) -> Singer:
    """Somebody who calls, from one of the synthesizers that are here."""
    names: list[Synthesizer] = [name for name in SHARES if name in studio.speakers]
    (by,) = chance.choices(names, [SHARES[name] for name in names])
    return studio.singer(chance, by)


def rounds(moves: Sequence[Move], acts: Sequence[Sequence[Over]]) -> tuple[Round, ...]:
    """What is done while the agent speaks, spread over the rounds; what belongs together stays together."""
    return tuple(Round(move, tuple(chain(*acts[i :: len(moves)]))) for i, move in enumerate(moves))


class Beds:
    """A few loops of noise of each kind, shared by the calls of a suite."""

    EACH = 3

    def __init__(self, studio: Studio, seed: int) -> None:
        self._studio = studio
        self._seed = seed
        self._made: dict[tuple[str, int], Floats] = {}

    def bed(self, kind: str, chance: Random) -> Floats:
        key = (kind, chance.randrange(self.EACH))
        if key not in self._made:
            self._made[key] = self._make(*key)
        return self._made[key]

    def _make(self, kind: str, number: int) -> Floats:
        generator = np.random.default_rng([self._seed, number, len(kind)])
        chance = Random(f"bed {self._seed} {kind} {number}")
        match kind:
            case "hum":
                return noises.hum(generator, 50.0 if number % 2 else 60.0)
            case "babble":
                lines = Lines(chance, self._studio.evaluation)
                people = [self._studio.singer(chance) for _ in range(6)]
                return noises.babble(generator, [self._studio.take(one, lines.story()).pcm for one in people])
            case "clip" if self._studio.clips and self._studio.clips.clips("noise"):
                clips = self._studio.clips
                return noises.looped(clips.pcm(chance.choice(clips.clips("noise"))), generator)
            case "room":
                return noises.hiss(generator, -9.0)
            case _:
                return noises.hiss(generator, generator.uniform(-6.0, -2.0))
