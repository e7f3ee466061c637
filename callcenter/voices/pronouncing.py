"""How words sound, in the phones that ears know: as espeak-ng would say them, without a sound being made."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from callcenter.model.lexicon import Pronunciation, chosen
from callcenter.model.phones import SILENCE, of_ipa
from callcenter.voices.espeak import ESPEAK_LOCK, find, loaded, phonemes

ACCENTS: Final = ("en-us", "en-gb-x-rp", "en", "en-gb-scotland")
"""In which a word of somebody's own is known."""


@contextmanager
def reader(accent: str) -> Iterator[Any]:
    """Text to the phones of each of its words, as the library would say them."""
    with ESPEAK_LOCK, loaded(*find()) as (library, _):
        library.espeak_SetVoiceByName(accent.encode())

        def read(text: str) -> list[Pronunciation]:
            return [folded(word) for word in phonemes(library, text).split()]

        yield read


def folded(word: str) -> Pronunciation:
    return tuple(phone for symbol in word.split("|") for phone in of_ipa(symbol) if phone != SILENCE)


def espeak(words: Sequence[str], accent: str) -> list[Pronunciation]:
    """Each word alone."""
    with reader(accent) as read:
        return [tuple(phone for part in read(word) for phone in part) for word in words]


def pronounced(words: Sequence[str], most: int = 4) -> list[tuple[Pronunciation, ...]]:
    """Every word in several accents; nothing where nobody can say it."""
    by_accent = [espeak(words, accent) for accent in ACCENTS]
    return [chosen(ways, most) for ways in zip(*by_accent, strict=True)]
