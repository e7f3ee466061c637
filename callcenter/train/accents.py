"""English as people speak it whose first language is another: espeak-ng's voices of that language say English phones.

A table a language says which of its own sounds somebody takes for each of ours; where it has several, every speaker
has habits. So the same phone is learnt in many realizations (a "th" as s, t or f, an r from the throat, a dull short
i), and its label stays what was meant. Word by word, with the full form of small words, as those speakers do.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import Final

from callcenter.callers.voice import Voice
from callcenter.model.phones import PHONES, SILENCE, of_ipa
from callcenter.voices.saying import Saying

COMMON: Final = (
    "AA a, AE a, AH a, AO O, AW a.u, AY a.j, B b, CH tS, D d, DH D, EH E, ER E.R, EY e.j, F f, G g, HH h, IH i, IY i, "
    "JH dZ, K k, L l, M m, N n, NG N, OW o, OY O.j, P p, R R, S s, SH S, T t, TH T, UH u, UW u, V v, W w, Y j, Z z, "
    "ZH Z"
)
"""Every phone and what it becomes where a language has no habit of its own: a sound, or several with points between."""

HABITS: Final = {
    "fr": "AE a/E, AH W/@/a, CH tS/S, DH z/d/D, ER W.r/W.R, EY e/e.j, HH /h, IH i/I, JH dZ/Z, OW o/O, R r, TH s/t/f",
    "de": "AA a:, AE E, AH a/@/W, AW aU, AY aI, DH D/z/d, ER 3/W.R, EY e:/e.j, IH I, IY i:, JH dZ/tS, OW o:/oU, OY OY, "
    "R R/r, TH T/s, UH U, UW u:, W v/w",
    "es": "AH a/o/e, AW aU, AY aI, B b/B, CH tS/S, DH D/d, EH e, ER e.*/O.*, EY eI, HH x/h, JH J^/dZ, NG N/n, OY oI, "
    "R */R, SH S/tS, TH T/t, V b/B/v, Y j/J^, Z s, ZH S/Z",
    "it": "AE E/a, AW aU, AY aI, DH d/D, EY eI, HH /h, NG N.g/N, OY oI, R R/*, TH t/T/f, Z z/s",
    "hi": "AA a:, AE E:/E, AH V/@, AO O:/a:, AW aU, AY aI, D d./d, DH d/D, ER V.r/@.r, EY e:, IH I, IY i:, OW o:, "
    "P p/p#, R r/R, T t./t, TH t#/T, UH U, UW u:, W v#/w, Z z/dZ, ZH Z/dZ",
    "ru": "AE E, AH a#/a, AO o, DH z/d/D, EH E/e, ER E.R/o.R, HH x, IH i/y/I, NG n/n.g/N, OW o/o.u, R R/*, TH s/f/T, "
    "W v/w",
    "pl": "AE E/a, AH a/@, DH d/z/D, HH x/h, IH y/i, NG N/n.g, OW o/O.w, TH t/f/s",
    "nl": "AA a:, AE E, AH 8/@, AW VU, DH D/d, ER 8.R, EY e:/EI, G g/x, IH I, OW o:, R R/*, TH T/t/s, W w/v#",
    "tr": "AE E/&, AH a/@, AW aU, AY aI, DH D/d, ER W.R/E.R, EY eI, IH i/@, NG N/n.g, OY oI, R R/*, TH T/t/s, W v/w",
    "pt": "AE E, AH &/a, AW aU, AY aI, DH d/D, EY eI, HH h/x, NG N/n, OY oI, R */R2, TH t/T/f",
    "ro": "AE E/a, AH @/a, AW aU, AY aI, DH d/z/D, EY eI, IH i/y, OW o/oU, OY oI, TH t/T/s",
    "fi": "AE &, AH a/o, AO o, B b/p, D d/t, DH D/d, EH e, G g/k, ER Y.R, SH S/s, TH T/t, UH U, W v, Z s, ZH S",
    "sv": "AA A:, AE &/E, AH 8/W, CH tS/S, DH d/D, ER W.r, EY e:, IH I, IY i:, JH j/dZ, OW o:/o.u, R r, TH t/T, UH U, "
    "UW u:, W v/w, Z s, ZH S",
    "da": "AA A, AE &/E, AH V/W, AY aI, DH D/d, ER 3/W.r, IH e/i, R r, TH t/T/s, W v/w, Z s, ZH S",
}
"""By language: what its speakers say otherwise than is common, habits with strokes between."""

HARD: Final = ("de", "ru", "pl", "nl", "tr")
"""Languages in which no word ends with a voice in its last consonant."""

HARDENED: Final = {"B": "P", "D": "T", "G": "K", "V": "F", "Z": "S", "ZH": "SH", "JH": "CH", "DH": "TH"}
HOME: Final = "en-us"
"""The English that they learnt."""

VOWELS: Final = frozenset(["AA", "AE", "AH", "AO", "AW", "AY", "EH", "ER", "EY", "IH", "IY", "OW", "OY", "UH", "UW"])
SPOKEN: Final = re.compile(r"[^\W_]+(?:'[^\W_]+)*")

Sounds = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Meant:
    """What the library is given, and the phone that each sound it will tell of was meant to be."""

    given: str
    spans: tuple[tuple[int, int], ...]
    phones: tuple[int, ...]


def told(table: str) -> dict[str, list[Sounds]]:
    pairs = (entry.split(" ", 1) for entry in table.split(", "))
    return {phone: [tuple(filter(None, way.split("."))) for way in ways.split("/")] for phone, ways in pairs}


TABLES: Final = {language: told(COMMON) | told(habits) for language, habits in HABITS.items()}
UNTAUGHT: Final = ("sv", "da")
"""What ears are measured with; nobody who speaks so is learnt from."""

LANGUAGES: Final = tuple(language for language in TABLES if language not in UNTAUGHT)


def of(voice: Voice) -> str:
    """The language of a voice that is none of English."""
    language = voice.name.partition("+")[0]
    return language if language in TABLES else ""


def at_home(voice: Voice) -> Voice:
    """The same person with English for a first language."""
    return replace(voice, name=voice.name.replace(of(voice), HOME, 1)) if of(voice) else voice


def foreign(voice: Voice, said: Saying, read: Callable[[str], str]) -> Meant:
    """The sentence in this speaker's sounds. `read`: a word to its English sounds, in IPA with bars between."""
    language = of(voice)
    habits = Random(f"{voice.name} {voice.rate} {voice.pitch}")
    usual = {phone: habits.choice(ways) for phone, ways in TABLES[language].items()}
    hard = language in HARD and habits.random() < 0.7
    given, end = "", 0
    spans, phones = [], []
    for first, last in said.spans:
        given += said.given[end:first]
        start, end = len(given), last
        text = said.given[first:last]
        at = 0
        for word in SPOKEN.finditer(text):
            sounds, meant = spoken(read(word[0]), usual, hard)
            given += text[at : word.start()] + (f"[[{sounds}]]" if sounds else "")
            phones += meant
            at = word.end()
        given += text[at:]
        spans.append((start, len(given)))
    return Meant(given + said.given[end:], tuple(spans), tuple(phones))


def spoken(ipa: str, usual: dict[str, Sounds], hard: bool) -> tuple[str, list[int]]:
    """One word: what the library is given, and what each of its sounds was meant to be."""
    symbols = [symbol for symbol in ipa.replace(" ", "|").split("|") if symbol]
    parts: list[str] = []
    meant: list[int] = []
    for place, symbol in enumerate(symbols):
        stressed = "'" if "ˈ" in symbol else "," if "ˌ" in symbol else ""
        for phone in of_ipa(symbol):
            if phone == SILENCE:
                continue
            name = PHONES[phone]
            last = place == len(symbols) - 1
            sounds = usual[HARDENED.get(name, name) if hard and last else name]
            for sound in sounds:
                parts.append((stressed if name in VOWELS else "") + sound)
                stressed = "" if name in VOWELS else stressed
                meant.append(phone)
    return "|".join(parts), meant


def labelled(occurred: Sequence[tuple[int, str]], phones: Sequence[int]) -> list[tuple[int, tuple[int, ...]]] | None:
    """When which phone begins; None where the library did not say what it was given, sound for sound."""
    silent = [of_ipa(name) == (SILENCE,) for _, name in occurred]
    if silent.count(False) != len(phones):
        return None
    meant = iter(phones)
    return [(at, (SILENCE,) if quiet else (next(meant),)) for (at, _), quiet in zip(occurred, silent, strict=True)]
