"""Caller's words, whatever wrote them down: lower case, no punctuation, figures and letters kept."""

import re
from collections.abc import Sequence
from typing import Final

FILLERS: Final = frozenset(
    {"um", "uh", "er", "erm", "ah", "eh", "hmm", "mm", "like", "well", "so", "okay", "ok", "yeah", "yes", "sure"}
    | {"right", "please", "thanks", "you", "know", "let", "me", "see"}
)
"""Words that may stand before or between parts of an answer and mean nothing there."""

_WORD: Final = re.compile(
    r"\$?\d+(?:[.,:/]\d+)*(?:st|nd|rd|th)?%?|[^\s@]+@[^\s@]+\.[a-z]+|[^\W\d_]+(?:['’][^\W\d_]+)*|[@_.]"
)


def vocabulary(text: str) -> frozenset[str]:
    return frozenset(text.split())


def words(text: str) -> tuple[str, ...]:
    """`"Order 42-17, I'd say"` -> `order 42 17 i'd say`. A full stop stays only inside a number or an address."""
    found = _WORD.findall(text.lower().replace("’", "'").replace("a.m.", "am").replace("p.m.", "pm"))
    return tuple(word.replace(",", "") if word[0] in "$0123456789" else word for word in found if word != ".")


def plain(text: str) -> str:
    return " ".join(words(text))


def without_lead(spoken: Sequence[str], leads: Sequence[str]) -> tuple[str, ...]:
    """Drop fillers and lead-ins ("my name is", "it's") from the front, as many as there are."""
    rest = tuple(spoken)
    shortened = True
    while rest and shortened:
        shortened = False
        for lead in sorted((tuple(lead.split()) for lead in leads), key=len, reverse=True):
            if rest[: len(lead)] == lead:
                rest, shortened = rest[len(lead) :], True
                break
        if not shortened and len(rest) > 1 and rest[0] in FILLERS:
            rest, shortened = rest[1:], True
    return rest


def distance(left: str, right: str) -> int:
    """Edits between two texts, a swap of neighbours counting as one."""
    above: list[int] = []
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        before, above, row = above, row, [i]
        for j, b in enumerate(right, 1):
            row.append(min(above[j] + 1, row[-1] + 1, above[j - 1] + (a != b)))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                row[-1] = min(row[-1], before[j - 2] + 1)
    return row[-1]


_SOUNDS: Final = (
    ("ph", "f"), ("ght", "t"), ("gh", ""), ("kn", "n"), ("wr", "r"), ("wh", "w"), ("ck", "k"), ("qu", "kw"),
    ("x", "ks"), ("tch", "ch"), ("dge", "j"), ("ce", "se"), ("ci", "si"), ("cy", "sy"), ("c", "k"), ("z", "s"),
    ("th", "t"), ("v", "f"), ("y", "i"), ("b", "p"), ("d", "t"), ("g", "k"),
)  # fmt: skip


def sound(word: str) -> str:
    """A rough pronunciation: words that sound alike come out alike or nearly so."""
    heard = word.lower()
    for written, spoken in _SOUNDS:
        heard = heard.replace(written, spoken)
    first, rest = heard[:1], re.sub(r"[aeiouhw]", "", heard[1:])
    return re.sub(r"(.)\1+", r"\1", ("a" if first in "aeiou" and first else first) + rest)


def likeness(left: str, right: str) -> float:
    """1 for the same word, 0 for nothing in common; spelling and sound both count."""
    if left == right:
        return 1.0
    longest = max(len(left), len(right), 1)
    spelled = 1 - distance(left, right) / longest
    a, b = sound(left), sound(right)
    spoken = 1 - distance(a, b) / max(len(a), len(b), 1)
    return max(spelled, 0.5 * spelled + 0.5 * spoken)
