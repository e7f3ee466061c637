"""What flite says, said once and kept: a pool a voice. Its voices that are held out are left out."""

import pickle
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Final

from callcenter.callers.heldout import kept
from callcenter.callers.lines import DIGITS
from callcenter.callers.programs import FLITE
from callcenter.callers.takes import Wording, plain
from callcenter.train.cast import SMALL, Speaking, phrases
from callcenter.train.speech import Utterance, flite, joined, level
from callcenter.train.streams import customers_of

ROUND: Final = (
    *("request", "reply", "halting", "number", "spelled", "story", "stop", "correction", "address", "mind"),
    *("request", "reply", "number"),
)
MANY: Final = (*ROUND, "figure", "figure", "short", "hum", "hold", "hello", "farewell", "person", "aside")
STRETCH: Final = (0.85, 0.95, 1.0, 1.1, 1.2)


def fill(data: Path, folder: Path, each: int = 900, told: Callable[[str], None] = print) -> None:
    """`each`: sentences a voice beside the small words; the two that sound best get all of them, the others half."""
    folder.mkdir(parents=True, exist_ok=True)
    speaking = Speaking(customers_of(data), phrases())
    for voice in kept("voice", FLITE, False):
        path = folder / f"flite-{voice}.pickle"
        if path.is_file():
            continue
        said = spoken(voice, speaking, each if voice in ("slt", "rms") else each // 2)
        path.with_suffix(".new").write_bytes(pickle.dumps({f"flite {voice}": said}))
        path.with_suffix(".new").rename(path)
        told(f"{voice}: {sum(map(len, said.values()))} utterances")


def say_on(data: Path, folder: Path, at: int, seed: int, each: int = 60) -> None:
    """A process that says sentence after sentence with flite's voices, a small pool at a time, for ever."""
    speaking, chance = Speaking(customers_of(data), phrases()), Random(seed)
    voices = kept("voice", FLITE, False)
    count = 0
    while True:
        count += 1
        voice = voices[(at + count) % len(voices)]
        said: dict[str, list[Utterance]] = {}
        for kind in chance.choices(MANY, k=each):
            said.setdefault(kind, []).append(say(voice, speaking.wording(chance, kind), chance))
        path = folder / f"flite-{voice}-{at}-{count}.pickle"
        path.with_suffix(".new").write_bytes(pickle.dumps({f"flite {voice}": said}))
        path.with_suffix(".new").rename(path)


def spoken(voice: str, speaking: Speaking, count: int) -> dict[str, list[Utterance]]:
    chance = Random(voice)
    small = ("hum", "hold", "hello", "farewell", "aside", "short")
    wanted = [(kind, plain(text)) for kind in small for text in SMALL[kind]]
    wanted += [("reply", plain(f"{digit}.")) for digit in DIGITS]
    kinds = [ROUND[at % len(ROUND)] for at in range(count)]
    wanted += [(kind, speaking.wording(chance, kind)) for kind in kinds]
    said: dict[str, list[Utterance]] = {}
    for kind, wording in wanted:
        said.setdefault(kind, []).append(say(voice, wording, chance))
    return said


def say(voice: str, wording: Wording, chance: Random) -> Utterance:
    return level(joined([flite(voice, chunk.text, chance.choice(STRETCH)) for chunk in wording.chunks], wording))
