"""A deliberately bad duplex: talks after every 300 ms of silence and stops at any sound. It hears nothing but loudness.

It shows what the measures must find: it takes every pause for the end, every "mm-hmm", cough and television for an
interruption, and it yields to everybody, for it cannot do otherwise.
"""

from collections.abc import Sequence

from callcenter.audio import Activity
from callcenter.events import Heard, Note, Phrase, Policy, Spoken, TookFloor, Yielded
from callcenter.units import FRAME, TURN, samples

SILENCE = samples(0.3)
SOUND = "11"
"""Two frames of sound stop it."""

REST = samples(0.7)
"""Between two of its own sentences, while nobody else speaks."""


class Jumpy:
    """Says these phrases in turn, for ever."""

    def __init__(self, phrases: Sequence[Phrase]) -> None:
        self._phrases = phrases
        self._next = 0
        self._activity = Activity()
        self._silent = 0
        self._left = 0
        """Samples of its own sentence still to be heard."""
        self._own_turn = True

    def open(self, policy: Policy, notes: Sequence[Note]) -> None:
        self._activity = Activity()

    async def turn(self, heard: Heard) -> Spoken:
        mask = self._activity.push(heard.audio)
        if self._left:
            self._left = max(0, self._left - TURN)
            self._silent = 0
        self._silent = (len(mask) - 1 - mask.rfind("1")) * FRAME if "1" in mask else self._silent + TURN
        if SOUND in mask:
            self._own_turn = False
            if self._left:
                self._left = 0
                return Spoken(heard.turn, acts=(Yielded(),))
        if not self._left and self._silent >= (SILENCE + REST if self._own_turn else SILENCE):
            return self._speak(heard.turn)
        return Spoken(heard.turn)

    def close(self) -> None:
        self._left = 0

    def _speak(self, turn: int) -> Spoken:
        phrase = self._phrases[self._next % len(self._phrases)]
        self._next += 1
        self._left, self._own_turn = len(phrase.audio), True
        return Spoken(turn, phrase.audio, said_text=phrase.text, acts=(TookFloor(),))
