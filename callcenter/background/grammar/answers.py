"""Short answers: yes and no, corrections, and a choice among things that are known."""

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from callcenter.background.grammar.days import Day, day, days, times
from callcenter.background.grammar.figures import ORDINALS, amounts, runs
from callcenter.background.grammar.words import distance, likeness, vocabulary, words

_YES: Final = (
    "yes", "yeah", "yep", "yup", "ya", "aye", "sure", "correct", "right", "that's right", "that is right", "go ahead",
    "please do", "do it", "do that", "okay", "ok", "absolutely", "definitely", "certainly", "sounds good", "perfect",
    "fine", "exactly", "indeed", "of course", "please", "uh huh", "mm hmm", "mhm", "that works", "good", "great",
    "that's it", "that's the one", "that's me", "i do", "i would", "it is", "that's correct", "confirm", "confirmed",
    "why not", "no problem", "let's do it", "let's do that", "affirmative", "you got it", "by all means",
)  # fmt: skip
_NO: Final = (
    "no", "nope", "nah", "not", "don't", "do not", "wrong", "incorrect", "isn't", "never mind", "nevermind",
    "forget it", "rather not", "leave it", "cancel that", "hold off", "that's not", "not right", "negative", "stop",
    "changed my mind", "no thanks", "no way",
)  # fmt: skip
_NOT_NO: Final = ("no problem", "why not", "not a problem", "no worries", "don't mind", "no doubt", "not bad")

MARKERS: Final = (
    "no sorry", "no wait", "no i meant", "no i mean", "no actually", "sorry i meant", "sorry i mean", "sorry",
    "i meant", "i mean", "actually", "make that", "correction", "scratch that",
    "rather", "wait", "no it's", "no its", "no that's",
    "no the", "i said", "not that one", "hang on", "hold on", "oh wait", "let me correct that", "instead", "no",
)  # fmt: skip
"""What people say before they put themselves right."""

_BACK: Final = ("no wait", "oh wait", "wait no", "i meant", "i mean")
"""Those of them that leave nothing of what was said before."""


def _positions(spoken: Sequence[str], phrases: Sequence[str]) -> list[tuple[int, int]]:
    found = []
    for phrase in phrases:
        said = tuple(phrase.split())
        found += [
            (at, at + len(said))
            for at in range(len(spoken) - len(said) + 1)
            if tuple(spoken[at : at + len(said)]) == said
        ]
    return sorted(found)


def yes_no(spoken: Sequence[str]) -> bool | None:
    """True, False, or None if it is neither."""
    excused = _positions(spoken, _NOT_NO)
    no = [at for at, end in _positions(spoken, _NO) if not any(a <= at < b for a, b in excused)]
    yes = [at for at, _ in _positions(spoken, _YES)]
    if no and (not yes or no[0] <= yes[0] or no[-1] > yes[-1]):
        return False
    return True if yes else None


def corrected(spoken: Sequence[str]) -> list[tuple[str, ...]]:
    """What follows each marker of a correction, latest first."""
    ends = sorted({end for _, end in _positions(spoken, MARKERS)}, reverse=True)
    return [tuple(spoken[end:]) for end in ends if end < len(spoken)]


def has_marker(spoken: Sequence[str]) -> bool:
    return bool(_positions(spoken, MARKERS))


def taken_back(spoken: Sequence[str]) -> int:
    """Where what is meant instead begins, if what was said before is not meant any more; else 0."""
    return max((end for _, end in _positions(spoken, _BACK)), default=0)


# --------------------------------------------------------------------------------------------------------- choices

_SMALL: Final = vocabulary(
    """
    a an the my your our of for on in at to and or with it is that this one ones i i'd i'll would want like need
    take please can could do you me about from was be have had think guess thing order bill appointment number
    let's go will yes yeah no not just
    """
)
_PLACES: Final = {"last": -1, "earliest": 0, "latest": -1, "newest": 0, "soonest": 0, "recent": 0}


def choose(
    spoken: Sequence[str], records: Sequence[Mapping[str, Any]], by: Sequence[str], today: Day
) -> Mapping[str, Any] | None:
    """The record that was meant, if it stands out from the others."""
    if not records:
        return None
    if "one" in spoken and (placed := _by_place(spoken, records)) is not None:
        return placed
    scored = sorted(
        ((_score(spoken, record, by, today), index) for index, record in enumerate(records)),
        key=lambda pair: (-pair[0], pair[1]),
    )
    best, index = scored[0]
    second = scored[1][0] if len(scored) > 1 else 0.0
    if best >= 0.6 and best - second >= 0.25:
        return records[index]
    return _by_place(spoken, records)


def _by_place(spoken: Sequence[str], records: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    for at, word in enumerate(spoken):
        if word in _PLACES and ("one" not in spoken or "one" in spoken[at + 1 : at + 2]):
            return records[_PLACES[word]]
        follows = "one" in spoken[at + 1 : at + 2]
        counted = word in ORDINALS and ("the" in spoken[:at][-1:] or follows)
        if counted and ORDINALS[word] <= len(records):
            return records[ORDINALS[word] - 1]
    return None


def _score(spoken: Sequence[str], record: Mapping[str, Any], by: Sequence[str], today: Day) -> float:
    return sum(_field(spoken, record.get(name), today) for name in by)


def _field(spoken: Sequence[str], value: Any, today: Day) -> float:
    if value is None or isinstance(value, bool):
        return 0.0
    text = str(value)
    if day(text):
        return 1.0 if any(found.value == text for found in days(spoken, today)) else 0.0
    if re.fullmatch(r"\d\d:\d\d", text):
        return max((1.0 if found.sure else 0.8 for found in times(spoken) if found.value == text), default=0.0)
    if re.fullmatch(r"-?\d+\.\d\d [A-Z]{3}", text):
        cents = round(float(text.split()[0]) * 100)
        return 1.0 if any(amount.cents == cents and amount.named for amount in amounts(spoken)) else 0.0
    if digits := re.sub(r"\D", "", text) if re.fullmatch(r"[A-Za-z]{0,2}-?\d+", text) else "":
        return max((_same_digits(run.digits, digits) for run in runs(spoken)), default=0.0)
    return _same_words(spoken, text)


def _same_digits(said: str, wanted: str) -> float:
    if said == wanted:
        return 2.0
    if len(wanted) >= 4 and len(said) >= 2 * len(wanted) and said.endswith(wanted):
        return 1.5  # one number, a "no" that was heard as "oh", and the right one
    if len(said) >= 2 and (wanted.endswith(said) or (len(said) >= 3 and wanted.startswith(said))):
        return 1.0
    close = len(wanted) >= 4 and abs(len(said) - len(wanted)) <= 1 and distance(said, wanted) == 1
    return 0.7 if close else 0.0


def _same_words(spoken: Sequence[str], text: str) -> float:
    """How much of the text's own words were said, roughly enough pronounced or as two words counting too."""
    wanted = [word for word in words(text) if word not in _SMALL]
    said = [word for word in spoken if word not in _SMALL]
    if not wanted or not said:
        return 0.0
    said += [left + right for left, right in pairwise(said) if f"{left}{right}" in wanted]
    hits = [max(_alike(word, other) for other in said) for word in wanted]
    return max(sum(hits) / len(wanted), 0.8 * max(hits))


def _alike(wanted: str, said: str) -> float:
    if wanted == said or wanted.rstrip("s") == said.rstrip("s"):
        return 1.0
    like = likeness(wanted, said)
    return like if like >= 0.7 and min(len(wanted), len(said)) >= 3 else 0.0
