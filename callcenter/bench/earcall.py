"""A task call that is heard: the caller speaks aloud over a telephone line, and the model's own ears say what was said.

Voices are held out, the line is one of the interaction suite's (noise, level, lost frames), and what the ears find is
told to the agent as a call tells it: words that became certain, the line of them closed after a second without any.
Who speaks when is still ideal, by somebody who knows when the caller has ended, and nothing comes back of our own
voice: what is measured is what mishearing does to tasks, and not the timing.
"""

import re
from collections.abc import Callable, Collection, Iterator
from random import Random
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from callcenter.audio import Media, Reel, decode
from callcenter.background.exchange import Acted, Wish, Words, Write
from callcenter.bench.textcall import TextCall
from callcenter.call import CALLER_PAUSE
from callcenter.callers.channel import Channel
from callcenter.callers.network import Network, Weather
from callcenter.callers.scenario import Say
from callcenter.callers.stage import Stage
from callcenter.callers.studio import Studio
from callcenter.callers.suite import REGULAR, Beds, conditions_of, singer_of
from callcenter.callers.takes import Chunk, Take, Wording
from callcenter.callers.tasks import Scenario
from callcenter.events import Note, TookFloor
from callcenter.model.expectations import read
from callcenter.units import FRAME, SILENT_FRAME, samples
from flows import Flow

SETTLED: Final = samples(0.4)
"""No word has come for this long,"""
ENDED: Final = samples(0.8)
"""and the caller has ended so long ago: what was heard is all there is. The ears are that late, at the most."""

PAUSED: Final = re.compile(r"\s*\[([\d.]+)\]\s*")


class Ears(Protocol):
    """One call's: a turn of sound in, the words that became certain out; `settle`: what is told at the caller's end."""

    def turn(self, pcm: NDArray[np.int16]) -> tuple[str, ...]: ...

    def settle(self) -> tuple[str, ...]: ...

    def expect(self, words: Collection[str]) -> None: ...


class Booth:
    """Where callers are cast and their sentences recorded; `ears` gives each call a pair of its own."""

    def __init__(self, studio: Studio, ears: Callable[[], Ears], seed: int = 1) -> None:
        self.studio = studio
        self.ears = ears
        self.beds = Beds(studio, seed)

    def telephone(self, scenario: Scenario, luck: int) -> "Telephone":
        return Telephone(self, Random(f"task call {scenario.name} {luck}"))


class Telephone:
    """One caller's mouth and line: sentences in, turns of sound as they arrive at our end out."""

    def __init__(self, booth: Booth, chance: Random) -> None:
        self._studio = booth.studio
        self.singer = singer_of(chance, booth.studio)
        conditions = conditions_of(chance)
        bed = booth.beds.bed(conditions.noise, chance)
        self._channel = Channel(conditions, bed, chance.getrandbits(16))
        self._network = Network(Weather(REGULAR.loss, REGULAR.burst, seed=chance.getrandbits(31)))
        self._stage = Stage()
        self._reel = Reel()
        self._now = 0

    def say(self, text: str, at: int) -> int:
        """Begin to say something; when it will be over."""
        take = self._take(text)
        self._stage.play(Say(take), take, max(at, self._now))
        return max(at, self._now) + len(take)

    def until(self, at: int) -> Iterator[NDArray[np.int16]]:
        """The turns that are complete by now. The channel's echo stays out of it: nothing is in the caller's ear."""
        while self._now + FRAME <= at:
            sound, _ = self._stage.frame(self._now)
            frame = self._channel.carry(sound, SILENT_FRAME)
            for _ in self._network.carry(str(self._now)):
                for turn in self._reel.push(Media(self._now, frame)):
                    yield decode(turn.audio)
            self._now += FRAME

    def _take(self, text: str) -> Take:
        parts = PAUSED.split(text.strip())
        texts, pauses = parts[::2], [float(seconds) for seconds in parts[1::2]]
        chunks = [Chunk(f"{words},", pause) for words, pause in zip(texts, pauses, strict=False) if words]
        return self._studio.take(self.singer, Wording((*chunks, Chunk(f"{texts[-1]}."))))


class EarCall(TextCall):
    """`said` and `understood`: every utterance, and every word that the ears found, in order."""

    def __init__(self, booth: Booth, scenario: Scenario, flow: Flow, luck: int = 0, **more: Any) -> None:
        super().__init__(scenario, flow, luck, **more)
        self.said: list[str] = []
        self.understood: list[str] = []
        self._telephone = booth.telephone(scenario, luck)
        self._ears = booth.ears()
        self._line: list[str] = []
        self._line_end = 0

    def turn(self) -> None:
        for pcm in self._telephone.until(self.at):
            self.listen_to(pcm)
        if self._line and self.at - self._line_end > CALLER_PAUSE:
            text, self._line = " ".join(self._line), []
            self.tell(Words(self.at, text, final=True))
        super().turn()

    def listen_to(self, pcm: NDArray[np.int16]) -> None:
        self._understand(self._ears.turn(pcm))

    def _understand(self, words: Collection[str]) -> None:
        if words:
            self._line += words
            self.note_down("understood", " ".join(self._line))
            self.understood += words
            self._line_end = self.silent_since = self.at
            self.tell(Words(self.at, " ".join(self._line)))

    def do(self, wish: Wish) -> None:
        super().do(wish)
        if isinstance(wish, Write) and wish.note.kind == "expect":
            self._ears.expect(read(wish.note.text))

    def free(self) -> bool:
        return self.at >= self.talking_until + ENDED and self.at - self.silent_since >= SETTLED

    def begins(self, note: Note) -> None:
        super().begins(note)
        self._understand(self._ears.settle())
        self.tell(Acted(self.at, TookFloor()))

    def say(self, text: str, backchannel: bool = False) -> None:
        self.opens(text, backchannel)
        self.said.append(PAUSED.sub(" ", text))
        self.closes(text, self._telephone.say(text, self.at))
