"""What the text stream of a speaking model says, step by step: a note's words at a speaker's pace, or nothing.

A model of this kind thinks in text while it speaks: whatever token its text stream has, its voice says. Here the stream
is held at padding, in which the model listens, hums and is silent, until there is a note: then the note's words are put
in, each followed by as much padding as it takes to say it. So it says what it was given and no other facts.
"""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

STEPS_PER_LETTER: Final = 0.8
"""At 12.5 steps a second: about 15 letters a second."""

AFTER_SENTENCE: Final = 4
"""Steps of padding: a breath."""


class Forcing:
    def __init__(self, encode: Callable[[str], Sequence[int]], padding: int, word_ends: int) -> None:
        self._encode = encode
        self._padding = padding
        self._word_ends = word_ends
        """The token that says: padding ends, a word follows."""
        self._todo: deque[tuple[int, str]] = deque()

    @property
    def busy(self) -> bool:
        return bool(self._todo)

    @property
    def left(self) -> int:
        """Steps still to come."""
        return len(self._todo)

    def begin(self, text: str) -> None:
        self._todo.clear()
        for word in text.split():
            tokens = list(self._encode(word))
            pause = AFTER_SENTENCE if word[-1] in ".?!" else 0
            length = max(1, round(STEPS_PER_LETTER * len(word)) - len(tokens) - 1) + pause
            self._todo.append((self._word_ends, ""))
            self._todo.extend((token, word if n == 0 else "") for n, token in enumerate(tokens))
            self._todo.extend([(self._padding, "")] * length)

    def step(self) -> tuple[int, str]:
        """The token of this step, and the word that begins with it."""
        return self._todo.popleft() if self._todo else (self._padding, "")

    def stop(self) -> None:
        self._todo.clear()
