"""What a caller is likely to say next, as an `expect` note says it, in words that ears know: "<digits> order parcel".

A name in angle brackets is a kind of answer and stands for everything such an answer is made of; whatever else is there
stands for itself. A kind or a word that these ears do not know is left out: nothing is ever ruled out by expecting.

Small words ("of", "the", "and", "at", a single "a") belong to no kind, though dates and sums hold them: they are likely
anyway, and expecting them tears other sentences apart and helps no date (LOG of the training has the figures).
"""

from collections.abc import Mapping
from typing import Final

from callcenter.model.language import OWN

_FIGURES: Final = ("digit", "oh", "ten", "teen", "tens")

KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "digits": (*_FIGURES, "double", "triple", "hundred"),
    "house": ("digit", "ten", "teen", "tens", "hundred", "double", "ordinal"),
    "letters": ("letter",),
    "number": (*_FIGURES, "hundred", "thousand"),
    "amount": (*_FIGURES, "hundred", "thousand", "dollar", "dollars", "cent", "cents", "point"),
    "date": ("month", "march", "may", "day", "ordinal", "first", "second", *_FIGURES, "today", "tomorrow"),
    "year": (*_FIGURES, "hundred", "thousand"),
    "time": (*_FIGURES, "o'clock", "half", "past", "quarter", "morning", "afternoon", "noon"),
    "name": ("name", "surname", "called"),
    "place": ("place",),
    "own": (OWN,),
    "yes_no": (
        "yes", "yeah", "yep", "yup", "sure", "correct", "right", "okay", "no", "nope", "please", "thanks", "that's",
    ),
}  # fmt: skip
"""By the name a note uses: words, and names of the language's classes of words."""


def read(text: str) -> frozenset[str]:
    """The words and classes of words that a note names."""
    found: set[str] = set()
    for one in text.split():
        found.update(KINDS.get(one[1:-1], ()) if one[0] == "<" else (one,))
    return frozenset(found)
