"""What is spelled: names, e-mail addresses, postcodes; and what is only words and numbers: street addresses."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from callcenter.background.grammar.figures import ONES, ORDINALS, TEENS, TENS, ordinal, run_at, runs
from callcenter.background.grammar.words import FILLERS, likeness, vocabulary, without_lead

NATO: Final = {
    word: word[0]
    for word in vocabulary(
        """
        alpha bravo charlie delta echo foxtrot golf hotel india juliet kilo lima mike november oscar papa quebec romeo
        sierra tango uniform victor whiskey xray yankee zulu
        """
    )
} | {"alfa": "a", "juliett": "j", "whisky": "w", "x-ray": "x"}
_LIKE_LETTERS: Final = {
    "ay": "a", "bee": "b", "be": "b", "see": "c", "sea": "c", "dee": "d", "ef": "f", "eff": "f", "gee": "g",
    "aitch": "h", "eye": "i", "jay": "j", "kay": "k", "el": "l", "ell": "l", "em": "m", "en": "n", "oh": "o",
    "pee": "p", "queue": "q", "cue": "q", "are": "r", "ar": "r", "ess": "s", "tea": "t", "tee": "t", "you": "u",
    "vee": "v", "ex": "x", "why": "y", "zee": "z", "zed": "z",
}  # fmt: skip
_AS_IN: Final = (("as", "in"), ("for",), ("like",), ("as",), ("is", "for"))


@dataclass(frozen=True, slots=True)
class Piece:
    """A word, or letters that were spelled one by one."""

    text: str
    spelled: bool
    start: int
    end: int


def pieces(spoken: Sequence[str]) -> list[Piece]:
    """Words, with every run of spelled letters joined."""
    found: list[Piece] = []
    at = 0
    while at < len(spoken):
        letters, end = _spelled(spoken, at)
        if len(letters) >= 2:
            found.append(Piece(letters, True, at, end))
        else:
            end = at + 1
            found.append(Piece(spoken[at], False, at, end))
        at = end
    return found


def _spelled(spoken: Sequence[str], at: int) -> tuple[str, int]:
    letters, end = "", at
    while end < len(spoken):
        step = _letter(spoken, end, bool(letters))
        if step is None:
            break
        letters, end = letters + step[0], step[1]
    return letters, end


def _letter(spoken: Sequence[str], at: int, inside: bool) -> tuple[str, int] | None:
    """A letter said here, with its "as in sam"."""
    word = spoken[at]
    after = spoken[at + 1] if at + 1 < len(spoken) else ""
    if word in ("double", "triple") and re.fullmatch(r"[a-z]", after):
        return after * (2 if word == "double" else 3), at + 2
    if word == "capital" and re.fullmatch(r"[a-z]", after):
        return _letter(spoken, at + 1, inside)
    if re.fullmatch(r"[a-z]", word):
        return word, _after_example(spoken, at + 1, word)
    if word in NATO and (inside or after in NATO or re.fullmatch(r"[a-z]", after)):
        return NATO[word], at + 1
    if word in _LIKE_LETTERS and inside and (after == "" or re.fullmatch(r"[a-z]", after) or after in _LIKE_LETTERS):
        return _LIKE_LETTERS[word], at + 1
    return None


def _after_example(spoken: Sequence[str], at: int, letter: str) -> int:
    for words in _AS_IN:
        end = at + len(words)
        if tuple(spoken[at:end]) == words and end < len(spoken) and spoken[end].startswith(letter):
            return end + 1
    return at


# ----------------------------------------------------------------------------------------------------------- names

NAME_LEADS: Final = (
    "my name is", "the name is", "name is", "my name's", "the name's", "it's", "it is", "its", "this is", "i'm", "i am",
    "that's", "that is", "that would be", "you can call me", "it's under", "under", "hi", "hello", "first name",
    "last name", "surname", "my full name is", "full name", "my last name is", "my first name is", "spelled",
    "spelt", "that's spelled", "i spell it", "it is spelled",
)  # fmt: skip
NOT_NAMES: Final = vocabulary(
    """
    a about account actually address after again all also am an and any anyone anything appointment are around
    as ask at back balance be been before bill billing booking but by call called calling came can cancel card
    change charge check could customer day delivery did do does doing don't done else email fine for friday from
    get give go going good got had has have having he hello help her here hey hi him his hold how i i'd i'll i'm
    i've if in is it it's its just kind know last late later like line live look looking make maybe me mean mine
    minute moment monday more morning my name need never new next no not now number of off oh ok okay on one
    only or order other our out over package pay payment person phone please problem question quite really
    refund regarding return right same say see she should so some somebody someone something soon sorry speak
    speaking still street sure take talk tell thank thanks that that's the their them then there they thing
    think this thursday time to today told tomorrow too trying tuesday two uh um under up us very wait wanna
    want wanted was we wednesday well what when where which who why will with wondering would yeah yep yes
    yesterday yet you your spelled spelt first double waiting interested afraid ready happy moving currently
    confused getting missing
    """
) | {*ONES, *TEENS, *TENS, *ORDINALS, "hundred", "thousand"}


SPELLED: Final = 5
"""Letters of a name that is spelled; fewer may be words that were misheard."""


def name(spoken: Sequence[str], asked: bool) -> tuple[str, int, int] | None:
    """A person's name and where it stands. Unasked, only after "my name is" and the like."""
    start = 0 if asked else _after_cue(spoken)
    if start is None:
        return None
    rest = without_lead(spoken[start:], NAME_LEADS)
    first = len(spoken) - len(rest)
    irish = _irish(_first_name_first(rest))
    found, end = _name_pieces(pieces(irish))
    end += len(rest) - len(irish)
    if not found or (not asked and len(found) < 2):
        return None
    return " ".join(_title(word) for word in found[:4]), first, first + end


def _irish(spoken: tuple[str, ...]) -> tuple[str, ...]:
    """ "Samuel oh brien" in two words."""
    for at in range(1, len(spoken) - 1):
        after = spoken[at + 1]
        if spoken[at] in ("o", "oh") and len(after) > 3 and after.isalpha() and after not in NOT_NAMES:
            return (*spoken[:at], f"o'{after}", *spoken[at + 2 :])
    return spoken


def _first_name_first(spoken: tuple[str, ...]) -> tuple[str, ...]:
    """ "Lopez, first name Maria" the usual way round."""
    for at in range(1, len(spoken) - 2):
        if spoken[at : at + 2] == ("first", "name"):
            return (*spoken[at + 2 :], *spoken[:at])
    return spoken


def _after_cue(spoken: Sequence[str]) -> int | None:
    for cue in ("my name is", "my name's", "name is", "this is", "i'm", "i am", "the name's", "it's"):
        said = tuple(cue.split())
        for at in range(len(spoken) - len(said)):
            if tuple(spoken[at : at + len(said)]) == said and spoken[at + len(said)] not in NOT_NAMES:
                return at
    return None


def _name_pieces(said: Sequence[Piece]) -> tuple[list[str], int]:
    found: list[str] = []
    end = 0
    for piece in said:
        if piece.spelled:
            if found and _same_word(found[-1], piece.text):
                found[-1] = piece.text
            elif len(found) > 1 and _same_word(found[-2], piece.text):
                found[-2] = piece.text
            else:
                found.append(piece.text)
        elif piece.text in ("spelled", "spelt", "that's", "it's", "is", "and", "last", "first", "name", "um", "uh"):
            if piece.text in ("and", "is") and not _spelling_follows(said, piece):
                break
            continue
        elif piece.text in NOT_NAMES or not re.fullmatch(r"[^\W\d_]+(?:['-][^\W\d_]+)*", piece.text):
            if found and not _spelling_follows(said, piece, SPELLED):
                break
            continue
        else:
            found.append(piece.text)
        end = piece.end
    return found, end


def _spelling_follows(said: Sequence[Piece], piece: Piece, letters: int = 2) -> bool:
    return any(other.spelled and len(other.text) >= letters and other.start >= piece.end for other in said)


def _same_word(heard: str, spelled: str) -> bool:
    return likeness(heard, spelled) >= 0.45 or (heard[0] == spelled[0] and abs(len(heard) - len(spelled)) <= 3)


def _title(word: str) -> str:
    return "".join(part.capitalize() for part in re.split(r"(['-])", word))


# ---------------------------------------------------------------------------------------------------------- e-mail

_SIGNS: Final = {
    "at": "@", "dot": ".", "point": ".", "period": ".", "underscore": "_", "dash": "-", "hyphen": "-", "minus": "-",
}  # fmt: skip
_MAIL_LEADS: Final = (
    "my email is", "my email address is", "the email is", "the email address is", "email is", "it's", "it is", "its",
    "that's", "that would be", "the address is", "my e mail is", "you can use", "send it to", "email",
)  # fmt: skip
_MAIL_NOISE: Final = FILLERS | vocabulary("all lower case lowercase one word capital sign symbol the and then")


def email(spoken: Sequence[str]) -> tuple[str, bool] | None:
    """An address and whether it is whole. Spelled parts win over how they were said first."""
    rest = without_lead(spoken, _MAIL_LEADS)
    for word in rest:
        if re.fullmatch(r"[^\s@]+@[^\s@]+\.[a-z]{2,}", word):
            return word, True
    parts: list[tuple[str, bool]] = []
    at = 0
    listed = _mail_pieces(rest)
    while at < len(listed):
        text, spelled = listed[at]
        if spelled and parts and _said_before(parts, text):
            parts = _respell(parts, text)
        else:
            parts.append((text, spelled))
        at += 1
    joined = "".join(text for text, _ in parts).strip(".@-_")
    if "@" not in joined:
        return (joined, False) if parts and "@" in [text for text, _ in parts] else None
    local, _, domain = joined.partition("@")
    whole = bool(
        re.fullmatch(r"[a-z0-9._-]+", local) and re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z]{2,6}", domain)
    )
    return joined, whole


def _mail_pieces(spoken: Sequence[str]) -> list[tuple[str, bool]]:
    listed: list[tuple[str, bool]] = []
    at = 0
    while at < len(spoken):
        run = run_at(spoken, at)
        letters, end = _spelled(spoken, at)
        if run is not None and spoken[at] != "o":
            listed.append((run.digits, False))
            at = run.end
        elif len(letters) >= 2 or (letters and len(spoken[at]) == 1):
            listed.append((letters, len(letters) >= 2))
            at = end
        else:
            word = spoken[at]
            if word not in _MAIL_NOISE:
                listed.append((_SIGNS.get(word, word), False))
            at += 1
    return listed


def _said_before(parts: list[tuple[str, bool]], text: str) -> bool:
    return not parts[-1][1] and parts[-1][0].isalpha() and likeness(parts[-1][0], text) >= 0.6


def _respell(parts: list[tuple[str, bool]], text: str) -> list[tuple[str, bool]]:
    return [*parts[:-1], (text, True)]


# ------------------------------------------------------------------------------------------------ postcode, address

_CODES: Final = re.compile(r"\d{5}|\d{9}|[a-z]{1,2}\d[a-z\d]?\d[a-z]{2}|[a-z]\d[a-z]\d[a-z]\d")


def postcode(spoken: Sequence[str], asked: bool) -> tuple[str, bool] | None:
    """A ZIP code or a postcode of letters and digits; whether it is whole."""
    if not asked:
        return next(((run.digits, True) for run in runs(spoken) if _postal(spoken, run.start, run.digits)), None)
    joined, lettered = "", False
    at = 0
    while at < len(spoken):
        run = run_at(spoken, at)
        letters, end = _spelled(spoken, at)
        if letters and (spoken[at] not in ("o", "a", "i") or joined):
            joined, lettered, at = joined + letters, True, end
        elif run is not None:
            joined, at = joined + run.digits, run.end
        else:
            at += 1
    digits = re.sub(r"\D", "", joined)
    if len(digits) == 6 and spoken[-1] == "oh":
        digits = digits[:5]  # a breath after the last figure
    if _CODES.fullmatch(joined):
        return joined.upper(), True
    if len(digits) == 5:
        return digits, True
    return (joined.upper(), False) if digits and (lettered or len(digits) < 5) else None


def _postal(spoken: Sequence[str], start: int, digits: str) -> bool:
    before = set(spoken[max(0, start - 4) : start])
    return len(digits) == 5 and bool(before & {"zip", "postcode", "postal", "zipcode"})


_STREETS: Final = vocabulary(
    """
    street avenue road lane drive boulevard way court place square terrace close parkway circle trail row hill
    """
)
_ADDRESS_LEADS: Final = (
    "my address is", "my new address is", "the address is", "the new address is", "it's", "it is", "that's", "its",
    "i live at", "i moved to", "i've moved to", "send it to", "to", "at", "change it to", "change my address to",
    "new address is",
)  # fmt: skip


def address(spoken: Sequence[str], asked: bool) -> tuple[str, bool] | None:
    """House number and street, with what follows; whole once a kind of street was said."""
    rest = without_lead(spoken, _ADDRESS_LEADS)
    if not asked:
        first = next((run for run in runs(rest) if _STREETS & set(rest[run.end : run.end + 4])), None)
        if first is None:
            return None
        rest = rest[first.start :]
    elif begins := next((run.start for run in runs(rest) if _STREETS & set(rest[run.end : run.end + 5])), None):
        rest = rest[begins:]
    text = _written(rest)
    has_number = bool(re.match(r"\d", text))
    street = bool(_STREETS & set(rest))
    return (text, has_number and street) if text and (has_number or street) else None


def _written(spoken: Sequence[str]) -> str:
    """Numbers in figures, words capitalised: "12 Oak Street Springfield 62704"."""
    out: list[str] = []
    at = 0
    while at < len(spoken):
        run = run_at(spoken, at)
        numbered = ordinal(spoken, at)
        if numbered is not None and numbered[0] > 10:
            out.append(f"{numbered[0]}{_suffix(numbered[0])}")
            at = numbered[1]
        elif run is not None:
            out.append(run.digits)
            at = run.end
        else:
            if spoken[at] not in ("um", "uh", "er", "please", "and", "comma", "thanks"):
                out.append(_title(spoken[at]))
            at += 1
    return " ".join(out)


def _suffix(number: int) -> str:
    return "th" if 10 < number % 100 < 14 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")


_CITY_LEADS: Final = (
    *_ADDRESS_LEADS,
    "in",
    "the city is",
    "the town is",
    "city of",
    "i live in",
    "we live in",
    "we moved to",
)


_NO_TOWN: Final = FILLERS | vocabulary("the a is my and now it we i live moved to town city called spelled")

_COUNTS: Final = frozenset({*ONES, "ten", "to", "too", "for"})
"""Figures, and what is heard in their place."""


def city(spoken: Sequence[str]) -> str:
    """The name of a town, said or spelled. Nothing but figures is none."""
    rest = without_lead(spoken, _CITY_LEADS)
    if any(word in ("what", "how", "why", "when", "where", "can", "could") for word in rest[:1]):
        return ""
    said = [piece.text for piece in pieces(rest) if piece.text.isalpha() and piece.text not in _NO_TOWN]
    if all(word in _COUNTS for word in said):
        return ""
    return " ".join(_title(word) for word in said[:4])
