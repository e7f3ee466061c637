"""What flite says, said beside the training and kept: small pools, a voice each. Its voices that are held out are left
out. It costs a process a sentence, and so everything is said once and heard often (`callcenter.train.cast`)."""

import pickle
from pathlib import Path
from random import Random
from typing import Final

from callcenter.appearing import appearing
from callcenter.callers.heldout import kept
from callcenter.callers.programs import FLITE
from callcenter.callers.takes import Wording
from callcenter.train.cast import Speaking, phrases
from callcenter.train.dialects import TABLES, Dialect
from callcenter.train.speech import Utterance, flite, joined, level
from callcenter.train.streams import begun_by_somebody, customers_of

MANY: Final = (
    *("request", "reply", "halting", "number", "spelled", "story", "stop", "correction", "address", "mind"),
    *("request", "reply", "number", "figure", "figure", "short", "hum", "hold", "hello", "farewell", "person", "aside"),
)
STRETCH: Final = (0.85, 0.95, 1.0, 1.1, 1.2)
ENOUGH: Final = 60
"""Pools that a process makes: all of them are held in memory by everybody who makes examples."""

ELSEWHERE: Final = 0.7
"""Of the pools, those of somebody who speaks a dialect."""


def say_on(data: Path, folder: Path, at: int, seed: int, pools: int = ENOUGH, each: int = 60) -> None:
    """A process that says pool after pool with flite's voices, until there are enough; those that lie there count."""
    speaking, chance = Speaking(customers_of(data), phrases()), Random(seed)
    voices = kept("voice", FLITE, False)
    for count in range(pools):
        voice = voices[(at + count) % len(voices)]
        path = folder / f"flite-{voice}-{at}-{count}.pickle"
        if path.is_file():
            continue
        where = chance.choice(tuple(TABLES)) if chance.random() < ELSEWHERE else ""
        dialect = Dialect.of(where, chance) if where else None
        said: dict[str, list[Utterance]] = {}
        for kind in chance.choices(MANY, k=each):
            if not begun_by_somebody():
                return
            said.setdefault(kind, []).append(say(voice, speaking.wording(chance, kind), chance, dialect))
        with appearing(path) as file:
            pickle.dump({f"flite {voice} {where}".strip(): said}, file)


def say(voice: str, wording: Wording, chance: Random, dialect: Dialect | None = None) -> Utterance:
    parts = [flite(voice, chunk.text, chance.choice(STRETCH), dialect) for chunk in wording.chunks]
    return level(joined(parts, wording))
