"""The phones the model hears, and how the synthesizers' own symbols fold onto them.

Forty classes, silence first. Accents and synthesizers write the same sound in many ways (espeak-ng in IPA with stress
and length, flite and festival in the CMU and MRPA alphabets); what telephones do not tell apart is one class here. A
symbol that stands for two sounds folds onto two phones, which share its time.
"""

from typing import Final

PHONES: Final = (
    "sil", "AA", "AE", "AH", "AO", "AW", "AY", "B", "CH", "D", "DH", "EH", "ER", "EY", "F", "G", "HH", "IH", "IY",
    "JH", "K", "L", "M", "N", "NG", "OW", "OY", "P", "R", "S", "SH", "T", "TH", "UH", "UW", "V", "W", "Y", "Z", "ZH",
)  # fmt: skip
NUMBER: Final = {name: index for index, name in enumerate(PHONES)}
SILENCE: Final = 0
UNKNOWN: Final = 255
"""A frame nobody has labelled."""

LABEL: Final = 160
"""Samples that one label covers: 20 ms."""

IPA: Final = {
    "a": "AE", "aa": "AA", "aɪ": "AY", "aɪə": "AY AH", "aɪɚ": "AY ER", "aʊ": "AW", "aː": "AA", "a:": "AA", "ai": "AY",
    "au": "AW", "æ": "AE", "æʊ": "AW", "ɐ": "AH", "ɑ": "AA", "ɑː": "AA", "ɑːɹ": "AA R", "ɑə": "AA", "ɒ": "AA",
    "b": "B", "d": "D", "dʒ": "JH", "ð": "DH", "d̪": "DH", "e": "EH", "eɪ": "EY", "ei": "EY", "eə": "EH AH",
    "eː": "EY", "ə": "AH", "əl": "AH L", "əʊ": "OW", "əu": "OW", "əɹ": "ER", "ɚ": "ER", "ɛ": "EH", "ɛː": "EH",
    "ɛɹ": "EH R", "ɛə": "EH AH", "ɜ": "ER", "ɜː": "ER", "ɜːɹ": "ER", "f": "F", "ɡ": "G", "g": "G", "h": "HH",
    "i": "IY", "iə": "IY AH", "iː": "IY", "ɪ": "IH", "ɪɹ": "IH R", "ɪə": "IH AH", "iːɹ": "IH R", "ᵻ": "IH", "j": "Y",
    "ʲ": "Y", "k": "K", "l": "L", "ɫ": "L", "m": "M", "n": "N", "n̩": "AH N", "ŋ": "NG", "o": "OW", "oʊ": "OW",
    "oː": "OW", "oːɹ": "AO R", "oə": "AO", "oɪ": "OY", "ɔ": "AO", "ɔː": "AO", "ɔːɹ": "AO R", "ɔə": "AO", "ɔɪ": "OY",
    "ɔɹ": "AO R", "p": "P", "r": "R", "ɹ": "R", "ɾ": "D", "s": "S", "ʃ": "SH", "t": "T", "t̪": "T", "tʃ": "CH",
    "θ": "TH", "u": "UW", "uː": "UW", "ʉ": "UW", "ʉː": "UW", "ʉɹ": "UH R", "ʊ": "UH", "ʊɹ": "UH R", "ʊə": "UH AH",
    "v": "V", "ʌ": "AH", "ʌɪ": "AY", "ʌʊ": "OW", "ʌʉ": "AW", "ʌɹ": "ER", "w": "W", "ʍ": "W", "x": "K", "z": "Z",
    "ʒ": "ZH", "ʔ": "T", "ɬ": "L",
}  # fmt: skip
"""espeak-ng's symbols in English voices, stress marks taken off."""

OTHERS: Final = {
    "pau": "sil", "h#": "sil", "brth": "sil", "#": "sil", "sil": "sil", "ax": "AH", "axr": "ER", "dx": "D",
    "el": "AH L", "en": "AH N", "em": "AH M", "nx": "N", "hv": "HH", "ssil": "sil", "a": "AE", "aa": "AA", "@": "AH",
    "@@": "ER", "ii": "IY", "i": "IH", "uu": "UW", "u": "UH", "oo": "AO", "o": "AA", "e": "EH", "uh": "AH", "ei": "EY",
    "ai": "AY", "oi": "OY", "ou": "OW", "au": "AW", "i@": "IH AH", "e@": "EH AH", "u@": "UH AH", "zh": "ZH", "ch": "CH",
}  # fmt: skip
"""Symbols of flite and festival that are not simply a phone's name in small letters. (`uh` is CMU's there and MRPA's
in British voices; flite's awb is a Scotsman in CMU letters, so CMU goes first.)"""

STRESS: Final = str.maketrans("", "", "ˈˌ̃'")


def of_ipa(symbol: str) -> tuple[int, ...]:
    """The phones of an espeak-ng symbol; silence for a pause. An unknown symbol is the sum of its parts."""
    bare = symbol.translate(STRESS).strip("_: ")
    if not bare:
        return (SILENCE,)
    if bare in IPA:
        return tuple(NUMBER[name] for name in IPA[bare].split())
    return tuple(phone for part in _parts(bare) for phone in (NUMBER[name] for name in IPA[part].split()))


def _parts(symbol: str) -> list[str]:
    """The longest known pieces, from the left; what is known to nobody is dropped."""
    parts, at = [], 0
    while at < len(symbol):
        size = next((n for n in range(4, 0, -1) if symbol[at : at + n] in IPA), 0)
        if size:
            parts.append(symbol[at : at + size])
        at += size or 1
    return parts


def of_letters(symbol: str) -> tuple[int, ...]:
    """The phones of a symbol of flite or festival."""
    if symbol.upper() in NUMBER:
        return (NUMBER[symbol.upper()],)
    return tuple(NUMBER[name] for name in OTHERS.get(symbol, "sil").split())
