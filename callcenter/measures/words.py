"""Words: how texts are made comparable, how many of them were heard wrongly, and which of them only say "I listen".

Normalisation, in this order: lower case; digits become English words (up to four digits as a number, longer ones, ones
with a leading zero and fractions digit by digit); "%" and "&" become words; apostrophes vanish, every other mark
becomes a space (the dots of "a.m." vanish too); hesitations are dropped; spellings of the same word are made one. The
same is done to both sides.
"""

import re
from dataclasses import dataclass

ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
TENS = ("zero", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
ORDINALS = {
    "1st": "first", "2nd": "second", "3rd": "third", "4th": "fourth", "5th": "fifth", "6th": "sixth",
    "7th": "seventh", "8th": "eighth", "9th": "ninth", "10th": "tenth", "11th": "eleventh", "12th": "twelfth",
    "13th": "thirteenth", "14th": "fourteenth", "15th": "fifteenth", "20th": "twentieth", "30th": "thirtieth",
}  # fmt: skip
HESITATIONS = frozenset(
    ["um", "uh", "uhm", "umm", "uhh", "er", "erm", "eh", "hm", "hmm", "mm", "mhm", "mmhmm", "uhhuh", "ah", "huh"]
)
SAME = {
    "ok": "okay",
    "oh": "zero",
    "o": "zero",
    "alright": "all right",
    "yep": "yes",
    "yeah": "yes",
    "cannot": "can not",
}

ACKNOWLEDGEMENTS = re.compile(
    r"(?:(?:mm+|m?hm+|mhm|mm-?hmm?|uh-?huh|uh huh|aha|ah|oh|okay|ok|right|yeah|yep|sure|alright|all right|i see|got it|"
    r"go on|go ahead|good|great|fine|really|wow) ?)+"
)
"""A listener's words. Something made of these alone, short, claims no floor."""

_NUMBER = re.compile(r"\d+(?:\.\d+)?")


@dataclass(frozen=True, slots=True)
class WordErrors:
    """How a heard text differs from what was said, in words."""

    words: int
    substituted: int = 0
    deleted: int = 0
    inserted: int = 0

    @property
    def count(self) -> int:
        return self.substituted + self.deleted + self.inserted

    @property
    def rate(self) -> float:
        return self.count / self.words if self.words else float(self.count > 0)

    def __add__(self, other: "WordErrors") -> "WordErrors":
        return WordErrors(
            self.words + other.words,
            self.substituted + other.substituted,
            self.deleted + other.deleted,
            self.inserted + other.inserted,
        )


def normal(text: str) -> list[str]:
    """The words of a text in the one form in which they are compared."""
    text = text.lower().replace("’", "'")
    text = re.sub(r"(?<=\d),(?=\d{3}\b)", "", text)
    text = re.sub(r"\b\d+(?:st|nd|rd|th)\b", lambda m: ORDINALS.get(m[0], m[0]), text)
    text = re.sub(r"(?<=\b[a-z])\.(?=[a-z]\b)", "", text)
    text = text.replace("%", " percent ").replace("&", " and ")
    text = _NUMBER.sub(lambda m: f" {spoken(m[0])} ", text)
    text = re.sub(r"(?<=\w)-(?=hmm?\b|huh\b)", "", text).replace("'", "")
    words = re.sub(r"[^a-z0-9 ]", " ", text).split()
    return " ".join(SAME.get(word, word) for word in words if word not in HESITATIONS).split()


def spoken(number: str) -> str:
    """A number in digits, as it is said."""
    whole, _, fraction = number.partition(".")
    digits = [ONES[int(digit)] for digit in whole]
    said = " ".join(digits) if len(whole) > 4 or (whole[0] == "0" and len(whole) > 1) else _cardinal(int(whole))
    return f"{said} point {' '.join(ONES[int(digit)] for digit in fraction)}" if fraction else said


def _cardinal(number: int) -> str:
    for size, name in ((1000, "thousand"), (100, "hundred")):
        if number >= size:
            rest = number % size
            return f"{_cardinal(number // size)} {name}" + (f" {_cardinal(rest)}" if rest else "")
    if number < 20:
        return ONES[number]
    return TENS[number // 10] + (f" {ONES[number % 10]}" if number % 10 else "")


def word_errors(said: str, heard: str) -> WordErrors:
    """The fewest substitutions, deletions and insertions that turn what was said into what was heard."""
    reference, guess = normal(said), normal(heard)
    row = [(n, 0, 0, n) for n in range(len(guess) + 1)]
    for i, word in enumerate(reference, 1):
        above, row = row, [(i, 0, i, 0)]
        for j, other in enumerate(guess, 1):
            wrong = int(word != other)
            kept, lost, extra = above[j - 1], above[j], row[j - 1]
            row.append(
                min(
                    (kept[0] + wrong, kept[1] + wrong, kept[2], kept[3]),
                    (lost[0] + 1, lost[1], lost[2] + 1, lost[3]),
                    (extra[0] + 1, extra[1], extra[2], extra[3] + 1),
                )
            )
    _, substituted, deleted, inserted = row[-1]
    return WordErrors(len(reference), substituted, deleted, inserted)


def listening(text: str) -> bool:
    """At most three words, and none of them says more than "I listen"."""
    words = re.sub(r"[^a-z' -]", " ", text.lower()).split()
    return 0 < len(words) <= 3 and ACKNOWLEDGEMENTS.fullmatch(" ".join(words)) is not None


def finishes(text: str) -> bool:
    """The text ends where a sentence does."""
    return text.rstrip(" \"'”)").endswith((".", "?", "!"))
