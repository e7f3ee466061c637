"""One dial: the size of the model, from what a CPU carries to what a row of GPUs does. Everything else follows."""

from dataclasses import dataclass
from typing import Final

TURN_POSITIONS: Final = 2
"""Audio positions of a turn: 100 ms each."""

FRAMES: Final = 20
"""Mel frames of a turn: one every 10 ms."""

LABELS: Final = 10
"""Steps of the ear in a turn, and its phone answers: one every 20 ms."""

LATE: Final = 8
"""Answers that the phones lag behind the sound: 160 ms, so that a sound is known by the one after it."""

ACTS: Final = ("listen", "speak", "backchannel", "yield", "ask")
LISTEN, SPEAK, BACKCHANNEL, YIELD, ASK = range(5)
DOINGS: Final = ("nothing", "turn", "story", "cut", "hum", "tic", "aside", "noise")
"""What the caller's side is doing: the model says it beside the act, and the review shows it."""

AHEAD: Final = ((0.0, 0.2), (0.2, 0.6), (0.6, 1.2), (1.2, 2.0))
"""Seconds from now in which the caller will speak or not: learnt beside the acts, for who expects an end hears it."""

NOTE_TOKENS: Final = 16
"""Pieces of a note that are read before it is spoken; the words themselves are guided."""

SINKS: Final = 4
"""Positions of the prefix (the policy), which never leave the cache."""


@dataclass(frozen=True, slots=True)
class Size:
    """`ear`: width of the caller's ear. `window`: positions that are remembered, a turn being about four. `experts` of
    0 is a dense feed-forward part."""

    name: str
    width: int
    layers: int
    heads: int
    kv_heads: int
    hidden: int
    window: int = 640
    ear: int = 256
    vocabulary: int = 1024
    experts: int = 0
    active: int = 0
    shared: int = 0

    @property
    def head(self) -> int:
        return self.width // self.heads


SIZES: Final = {
    size.name: size
    for size in (
        Size("nano", 256, 8, 4, 4, 704, window=448, ear=384),
        Size("small", 512, 8, 8, 4, 1408, window=1024, ear=384),
        Size("base", 1024, 16, 16, 4, 704, 1536, 512, 4096, experts=16, active=3, shared=1),
        Size("large", 2048, 32, 32, 8, 1408, 1536, 768, 16384, experts=32, active=3, shared=1),
        Size("tml-small", 4096, 56, 64, 8, 1536, 2048, 1024, 200_000, experts=256, active=7, shared=2),
    )
}
