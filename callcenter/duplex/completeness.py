"""Does a sentence sound finished? By its last words, for ears that give no likelihood of their own."""

import re
from typing import Final, Literal

from callcenter.measures.words import HESITATIONS, ONES, TENS, finishes, normal

LEADS_ON: Final = frozenset(
    re.findall(
        r"\w+",
        "a an the my your our his her their its this these and or but so because since although though if when while "
        "where which who whom whose that than to of for from with without in into on onto at by about between under "
        "over is are was were be been am will would could should can may might must do does did have has had i im you "
        "we they he she it not very really just like as please need want wanted said called number ordered",
    )
)
"""Words after which something must follow."""

WHOLE: Final = frozenset(
    re.findall(
        r"\w+", "yes no thanks thank okay sure right correct hello hi goodbye bye please stop wait exactly nope maybe"
    )
)
"""Words that are an answer by themselves."""

COUNTED: Final = frozenset(word for word in (*ONES, *TENS, "hundred", "thousand", "double", "triple"))
WORDS_AT_LEAST: Final = 3

Sounding = Literal["finished", "likely", "unknown", "unfinished"]


def sounding(text: str) -> Sounding:
    """What the last words tell; digits and letters come in groups, so that only silence can tell."""
    spelt = [word for word in text.lower().replace(",", " ").split() if word.strip(".?!")]
    words = normal(text)
    if spelt and "".join(c for c in spelt[-1] if c.isalpha()) in HESITATIONS:
        return "unfinished"
    if not words:
        return "unknown"
    last = words[-1]
    if last in COUNTED or len(last) == 1:
        return "unknown"
    if finishes(text) or (len(words) == 1 and last in WHOLE):
        return "finished"
    if last in LEADS_ON:
        return "unfinished"
    return "likely" if len(words) >= WORDS_AT_LEAST else "unknown"
