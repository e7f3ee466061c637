"""English as it is spoken elsewhere, in flite's voices: its phones are changed for those that people there say.

flite's own voices all speak as in America. A dialect is a table of what becomes of a phone; where it has several ways,
every speaker has habits. The label of a sound stays what was meant, as with `accents`; what nobody says (an r behind a
vowel, an h) has none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from random import Random
from typing import Final

TABLES: Final = {
    "scots": "uh uw, ow ao/ow, ey eh/ey, ay ah.ih/ay, aw ah.uw/aw, er eh.r/ih.r/ah.r, ae aa/ae, aa ao, ih eh/ih/ax, "
    "r dx/r, ax ih/ax, uw uh/uw, w w, th th/hh",
    "north": "ah uh, ey eh/ey, ow ao/ow, ae ae/aa, er er/eh, hh hh/, ng ng.g/ng, uw uw/ih.uw, ay ay/aa.ih, r- ",
    "south": "ae ae/aa, aa ao/aa, ow ax.uw/ow, er ah/er, t t, r- , uw ih.uw/uw, ay aa.ih/ay, ao ao/ow",
    "ireland": "th t/th, dh d/dh, ay oy/ay, ah uh/ah, ow ao/ow, ey eh/ey, aa ae/aa, er uh.r/er, ih ih/eh",
    "texas": "ay aa, eh ih/eh.ax, ih iy.ax/ih, ey ay/ey, ow aw/ow, oy ao, ng n/ng, ae ae.ax/ae, ao aa.ow/ao",
    "sydney": "ey ay/ey, ay oy/ay, ow aw/ow, iy ax.iy/iy, ae eh/ae, uw ih.uw/uw, aa ah/aa, er ah/er, r- , ao ow/ao",
    "auckland": "eh ih/eh, ih ax/ih, ae eh, ey ay/ey, ay oy/ay, ow ah.uw/ow, iy ax.iy/iy, aa ah, er uh/er, r- ",
    "delhi": "w v/w, v w/v, th t/th, dh d/dh, ey eh/ey, ow ao/ow, ah ax/aa, er ax.r/ah.r, ae eh/ae, z z/jh, "
    "r dx/r, aa aa/ao",
    "lagos": "th t, dh d, ah ao/aa, ih iy, uh uw, er ao/eh, ae aa, ey eh, ow ao, ax aa/eh/ax, ng ng.g/n, r- ",
    "boston": "aa ae/aa, r- , ao aa/ao, er ah/er, ae ae.ax/ae, ow ow",
}
"""By where: a phone of flite's, and the ways it is said, with points between several and strokes between habits. `r-`:
an r that no vowel follows is not said."""

VOWELS: Final = frozenset(
    ("aa", "ae", "ah", "ao", "aw", "ax", "axr", "ay", "eh", "er", "ey", "ih", "iy", "ow", "oy", "uh", "uw")
)
QUIET: Final = "pau"

Ways = dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Dialect:
    """A speaker's. `dropped`: whether an r is only said before a vowel."""

    ways: Ways
    dropped: bool

    @classmethod
    def of(cls, where: str, chance: Random) -> "Dialect":
        entries = [entry.partition(" ") for entry in TABLES[where].split(", ")]
        ways = {phone: tuple(filter(None, chance.choice(said.split("/")).split("."))) for phone, _, said in entries}
        return cls({phone: said for phone, said in ways.items() if phone != "r-"}, "r-" in ways)

    def spoken(self, phones: Sequence[str]) -> list[tuple[str, tuple[str, ...]]]:
        """Every phone with what is said in its place."""
        said = []
        for place, phone in enumerate(phones):
            after = phones[place + 1] if place + 1 < len(phones) else QUIET
            silent = self.dropped and phone == "r" and after not in VOWELS
            said.append((phone, () if silent else self.ways.get(phone, (phone,))))
        return said


def begun(said: Sequence[tuple[str, tuple[str, ...]]], ends: Sequence[float]) -> list[tuple[str, float]]:
    """What was meant, with when it begins, from the ends of all that was said."""
    owners = [index for index, (_, ways) in enumerate(said) for _ in ways]
    if len(owners) != len(ends):
        return []
    begins = [0.0, *ends]
    at = 0
    found = []
    for owner, several in groupby(owners):
        found.append((said[owner][0], begins[at]))
        at += len(list(several))
    return found
