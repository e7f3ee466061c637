"""A text by itself: a note, what a tool was given, what it answered. All else stays as it was."""

import re
from collections.abc import Sequence
from typing import Final

from callcenter.redaction.conversation import KINDS, Heard, Secret, find

_BETWEEN: Final = re.compile(r"([\s\"{}\[\]=<>|]+)")
_NAME: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")


def without(text: str, known: Sequence[Secret] = (), about: str = "") -> str:
    """The text without. `about` is the name of the value it is, which tells something, too."""
    if not any(letter.isdigit() or letter == "@" for letter in text) and " " not in text:
        return text
    parts = _BETWEEN.split(text)
    named = [Heard(word.lower()) for word in _NAME.findall(about)]
    found = find([*named, *(Heard(part) for part in parts[::2])], known)[len(named) :]
    if not any(found):
        return text
    out: list[str] = []
    for index, what in enumerate(found):
        again = bool(what) and bool(out) and index > 0 and found[index - 1] == what
        if again:
            out.pop()
        else:
            out.append(KINDS[what] if what else parts[2 * index])
        out += parts[2 * index + 1 : 2 * index + 2]
    return "".join(out)
