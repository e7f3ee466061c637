"""Text as the model reads and writes it: words cut into pieces, and the few tokens that are not words.

Pieces come from byte-pair merges learnt once from what customers and agents said (`callcenter train pieces`) and are
shipped beside the code. A word is always the same pieces, whatever stands around it; figures are spelled by their
digits, so that no number is ever unknown. `OPENINGS` are what the model may begin to say: a note, or a few sentences
of its own.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from importlib.resources import files
from itertools import pairwise
from typing import Final

SPECIALS: Final = (
    "<pad>", "<unk>", "<say>", "<know>", "<be>", "<drop>",
    "<listen>", "<speak>", "<backchannel>", "<yield>", "<ask>", "<go on>",
    "<hum never>", "<hum rare>", "<hum normal>", "<hum often>",
    "<patient>", "<even>", "<eager>", "<firm>", "<steady>", "<quick>",
    "<note>", "<greet>", "<check>", "<wait>", "<hello>", "<bye>", "<please>", "<sorry>", "<open>", "<end>",
)  # fmt: skip
TOKEN: Final = {name: index for index, name in enumerate(SPECIALS)}
OPENINGS: Final = ("<note>", "<greet>", "<check>", "<wait>", "<hello>", "<bye>", "<please>", "<sorry>")
LETTERS: Final = "abcdefghijklmnopqrstuvwxyz0123456789'"
END: Final = "_"
"""Marks the end of a word in a piece."""

WORD: Final = re.compile(r"[a-z0-9']+")


class Pieces:
    """Cuts words. The order of the merges is their rank."""

    def __init__(self, merges: Sequence[tuple[str, str]]) -> None:
        self._rank = {pair: rank for rank, pair in enumerate(merges)}
        names = [*SPECIALS, *LETTERS, *(f"{letter}{END}" for letter in LETTERS), *("".join(pair) for pair in merges)]
        self.names = tuple(dict.fromkeys(names))
        self._number = {name: index for index, name in enumerate(self.names)}
        self._word = lru_cache(maxsize=50_000)(self._cut)

    def __len__(self) -> int:
        return len(self.names)

    def encode(self, text: str) -> list[int]:
        return [number for word in WORD.findall(text.lower()) for number in self._word(word)]

    def decode(self, numbers: Iterable[int]) -> str:
        text = "".join(self.names[number] for number in numbers if number >= len(SPECIALS))
        return text.replace(END, " ").strip()

    def _cut(self, word: str) -> tuple[int, ...]:
        parts = [*word[:-1], word[-1] + END]
        while len(parts) > 1:
            pairs = [(self._rank.get(pair, len(self._rank)), at) for at, pair in enumerate(pairwise(parts))]
            rank, at = min(pairs)
            if rank == len(self._rank):
                break
            parts[at : at + 2] = [parts[at] + parts[at + 1]]
        return tuple(self._number.get(part, TOKEN["<unk>"]) for part in parts)


def learn(counts: Counter[str], size: int) -> list[tuple[str, str]]:
    """The merges of words by how often they were seen, until there are so many tokens."""
    words = {word: [*word[:-1], word[-1] + END] for word in counts if WORD.fullmatch(word)}
    merges: list[tuple[str, str]] = []
    while len(SPECIALS) + 2 * len(LETTERS) + len(merges) < size:
        pairs: Counter[tuple[str, str]] = Counter()
        for word, parts in words.items():
            for pair in pairwise(parts):
                pairs[pair] += counts[word]
        if not pairs:
            break
        best = max(pairs, key=lambda pair: (pairs[pair], pair))
        merges.append(best)
        for parts in words.values():
            _merge(parts, best)
    return merges


def _merge(parts: list[str], pair: tuple[str, str]) -> None:
    at = 0
    while at < len(parts) - 1:
        if (parts[at], parts[at + 1]) == pair:
            parts[at : at + 2] = ["".join(pair)]
        at += 1


@lru_cache(maxsize=1)
def shipped() -> Pieces:
    lines = files("callcenter.model").joinpath("pieces.txt").read_text(encoding="utf-8").splitlines()
    return Pieces([(left, right) for left, right in (line.split(" ") for line in lines)])
