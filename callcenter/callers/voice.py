"""The voices of simulated callers: accents, people and manners of speaking, each drawn from a seed.

Only what espeak-ng has had in every version that Debian and pip ship, and only variants that sound like a person.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Protocol

from callcenter.voices import Speech

ACCENTS = ("en-us", "en", "en-gb-x-rp", "en-gb-scotland", "en-gb-x-gbclan", "en-gb-x-gbcwmd", "en-029")
PEOPLE = (
    *("f1", "f2", "f3", "f4", "f5", "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8"),
    *("Alicia", "Andrea", "Annie", "Denis", "Gene", "Jacky", "Lee", "Michael", "Mike", "linda", "steph", "grandma"),
    *("adam", "belinda", "david", "ed", "max", "michel", "shelby", "travis", "zac"),
)


@dataclass(frozen=True, slots=True)
class Voice:
    """`rate` is words a minute, `pitch` and `lilt` 0-100."""

    name: str = "en-us"
    rate: int = 165
    pitch: int = 50
    lilt: int = 50


PLAIN = Voice()


class Engine(Protocol):
    def speak(
        self, text: str, voice: str = ..., rate: int = ..., pitch: int = ..., lilt: int = ..., band: bool = ...
    ) -> Speech: ...


def pick(seed: int) -> Voice:
    """Somebody: the same seed is the same person."""
    chance = Random(seed)
    name = f"{chance.choice(ACCENTS)}+{chance.choice(PEOPLE)}"
    return Voice(name, round(chance.gauss(165, 20)), chance.randint(35, 65), chance.randint(35, 75))


def speaking(engine: Engine, voice: Voice) -> Callable[[str], Speech]:
    """Text to what this person's telephone sends."""
    return lambda text: engine.speak(text, voice.name, voice.rate, voice.pitch, voice.lilt, band=True)
