"""Small networks, calls for them to hear, a voice that beeps: what tests of model, engine and duplex share."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

import numpy as np
import torch

from callcenter.engine.runner import Answer
from callcenter.model.conduct import Thresholds
from callcenter.model.config import ACTS, AHEAD, DOINGS, LABELS, Size
from callcenter.model.network import Network
from callcenter.model.phones import PHONES
from callcenter.model.streaming import Heard, Said
from callcenter.model.text import TOKEN
from callcenter.train.scene import Mistakes, Policy, Scene
from callcenter.train.speech import Utterance
from callcenter.units import RATE, TURN
from callcenter.voices import Speech, Word

torch.set_num_threads(1)
"""Two threads that wait for each other on a busy machine take longer than one."""

LITTLE = Size("little", 32, 2, 4, 2, 48, window=40, ear=16)
"""Its window is shorter than the calls of these tests."""

POLICY = [TOKEN["<open>"], TOKEN["<hum normal>"], TOKEN["<even>"], TOKEN["<steady>"]]


def network(size: Size = LITTLE, seed: int = 0) -> Network:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        made = Network(size).begin().eval()
        torch.nn.init.normal_(made.own_state.weight, std=0.1)
        return made


@dataclass(frozen=True)
class Called:
    """A call as a row hears it: mu-law of both channels [turns x 1600], and each turn's tokens."""

    caller: np.ndarray
    played: np.ndarray
    tokens: tuple[tuple[int, ...], ...]
    line: tuple[int, ...]

    def heard(self, turn: int, row: int = 0) -> Heard:
        here = slice(turn * TURN, (turn + 1) * TURN)
        return Heard(row, self.caller[here].tobytes(), self.played[here].tobytes(), self.tokens[turn], self.line[turn])

    def __len__(self) -> int:
        return len(self.tokens)


def called(seed: int, turns: int, prefix: Sequence[int] = POLICY) -> Called:
    """Noise, and up to three tokens a turn."""
    chance = np.random.default_rng(seed)
    caller, played = chance.integers(0, 256, (2, turns * TURN), dtype=np.uint8)
    told = [tuple(map(int, chance.integers(2, 1000, chance.integers(0, 4)))) for _ in range(turns - 1)]
    return Called(caller, played, (tuple(prefix), *told), tuple(map(int, chance.integers(0, 4, turns))))


class Beeps:
    """A voice: 120 ms of a tone for every word and 30 ms of nothing behind it."""

    def speak(self, text: str) -> Speech:
        word = bytes(0x90 if at % 8 < 4 else 0x10 for at in range(960)) + b"\xff" * 240
        spoken = text.split()
        words = tuple(Word(told, at * len(word), at * len(word) + 960) for at, told in enumerate(spoken))
        return Speech((word * len(spoken))[:-240], words)


class Whim:
    """An engine and its session at once, whose network answers anything at all."""

    def __init__(self, seed: int, wants: Callable[[int], dict[str, float]] | None = None) -> None:
        """`wants`: acts and openings by name, and how much more than the others they are wanted in a turn."""
        self._chance = np.random.default_rng(seed)
        self._wants = wants or (lambda turn: {})
        self.tokens: list[list[int]] = []
        self.lines: list[int] = []
        self.thresholds = Thresholds()
        self.closed = False
        self.expected: list[frozenset[str]] = []
        self.settled: list[int] = []
        """After how many turns."""

    def join(self) -> "Whim":
        return self

    async def turn(self, caller: bytes, played: bytes, tokens: Sequence[int], line: int = 0) -> Answer:
        assert len(caller) == len(played) == TURN
        self.lines.append(line)
        self.tokens.append(list(tokens))
        act = self._logits(len(ACTS))
        opening = self._logits(1024)
        for name, more in self._wants(len(self.tokens) - 1).items():
            if name in ACTS:
                act[ACTS.index(name)] += more
            else:
                opening[TOKEN[name]] += more
        phones = np.full((LABELS, len(PHONES)), -np.log(len(PHONES)), np.float32)
        return Answer(Said(act, opening, self._logits(len(DOINGS)), self._logits(len(AHEAD)), phones), (), ())

    def _logits(self, count: int) -> np.ndarray:
        return (self._chance.normal(size=count) * 3).astype(np.float32)

    def expect(self, words) -> None:
        self.expected.append(words)

    def settle(self) -> None:
        self.settled.append(len(self.tokens))

    def close(self) -> None:
        self.closed = True


def tone(seconds: float, hertz: float = 440.0, loud: float = 3_000.0) -> np.ndarray:
    return (np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE) * loud).astype(np.int16)


# ----------------------------------------------------------------------------------------- people in scenes


def said(
    text: str, seconds: float, pauses: Sequence[tuple[float, float]] = (), phrases: Sequence[float] = ()
) -> Utterance:
    """A tone that is silent in its pauses; its words share the time, and a phone begins every 80 ms."""
    pcm = tone(seconds)
    for start, end in pauses:
        pcm[round(start * RATE) : round(end * RATE)] = 0
    spoken = text.split()
    each = len(pcm) // len(spoken)
    starts = np.arange(0, len(pcm), 640)
    return Utterance(
        pcm,
        text,
        starts,
        (1 + np.arange(len(starts)) % 39).astype(np.uint8),
        tuple(Word(word, at * each, (at + 1) * each - 200) for at, word in enumerate(spoken)),
        tuple((round(start * RATE), round(end * RATE)) for start, end in pauses),
        tuple(round(end * RATE) for end in phrases),
    )


def anything(chance: Random, kind: str) -> Utterance:
    """What a person says of this kind, each time of another length."""
    stretch = chance.uniform(0.8, 1.25)
    match kind:
        case "story":
            ends = [at * stretch for at in (2.5, 4.5, 6.5, 8.5, 10.5, 12.0)]
            return said("so it came and then it broke and now i wait and that is all", 13 * stretch, (), ends)
        case "halting" | "number":
            return said("it is four two seven nine", 3.5 * stretch, [(1.2 * stretch, 2.0 * stretch)])
        case "hum" | "cough" | "tic" | "short" | "stop":
            return said(kind, 0.6 * stretch)
        case _:
            return said(f"here is a {kind} of mine", 1.8 * stretch)


class Everybody:
    """A cast of one, who says anything, and the chorus that the agent speaks with."""

    name = "everybody"

    @property
    def chorus(self) -> "Everybody":
        return self

    def regular(self, chance: Random) -> "Everybody":
        return self

    synthetic = person = regular

    def say(self, who, what) -> Utterance:
        """As a person: `say(chance, kind)`; as the chorus: `say(voice, wording)`."""
        return anything(who, what) if isinstance(who, Random) else said(what.text, 0.35 * len(what.text.split()))


def scene(
    seed: int,
    hums: str = "normal",
    eagerness: str = "normal",
    yielding: str = "normal",
    turns: int = 400,
    mistakes: Mistakes | None = None,
    **more,
) -> Scene:
    chance = Random(seed)
    return Scene(
        chance,
        turns,
        say=lambda kind: anything(chance, kind),
        other=lambda kind: anything(chance, kind),
        agent=lambda opening: said(f"these are words of the agent {opening}", chance.uniform(1.0, 5.0)),
        policy=Policy(hums, eagerness, yielding),
        lag=800,
        mistakes=mistakes or Mistakes(),
        **more,
    ).play()
