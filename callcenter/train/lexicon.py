"""Makes the lexicon: which words there are, and how the synthesizers say them.

Vocabulary: the training side of what customers said, the words of our own grammars and of the flows, digits, letters,
months. Pronunciations: espeak-ng in its English accents, each word alone and within running sentences (where small
words are weak), and flite's, which are near to CMU's dictionary.
"""

import re
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from string import ascii_lowercase

from callcenter.callers.voice import ACCENTS
from callcenter.model.lexicon import Lexicon, Pronunciation, chosen, tokens
from callcenter.model.phones import NUMBER, of_letters
from callcenter.voices.pronouncing import espeak, reader

VARIANTS, FREQUENT_VARIANTS = 4, 6
FREQUENT = 300
SENTENCES = 6_000
SHARE = 0.06
"""Of a word's occurrences in an accent that a running pronunciation must have to count."""

BATCH = 200
OWN = {
    "mhm": ("M HH M", "AH M HH AH M", "M M"),
    "uhhuh": ("AH HH AH",),
    "um": ("AH M",),
    "uh": ("AH", "ER"),
    "hm": ("HH M",),
}
"""What synthesizers spell out."""

WEAK = {
    "and": ("AH N D", "AH N", "AE N"), "for": ("F ER", "F AH"), "of": ("AH",), "to": ("T AH",), "the": ("DH IY",),
    "an": ("AH N",), "can": ("K AH N",), "could": ("K UH D",), "have": ("HH AH V",), "that": ("DH AE T", "DH AH T"),
    "at": ("AE T", "AH T"), "from": ("F R AH M",), "you": ("Y AH",), "your": ("Y ER",), "or": ("ER",),
    "it": ("IH T", "IH D"), "as": ("AH Z",), "than": ("DH AH N",), "them": ("DH AH M",), "was": ("W AH Z",),
    "just": ("JH AH S T", "JH IH S T"), "what": ("W AH T", "W AH D"), "but": ("B AH T", "B AH D"),
    "get": ("G EH T", "G EH D"), "i'm": ("AY M", "AH M"), "zero": ("Z IY R OW", "Z IH R OW"),
    "o'clock": ("AH K L AA K",), "oh": ("OW",), "a": ("EY", "AH"), "in": ("IH N",),
}  # fmt: skip
"""What people say and synthesizers seldom do."""


def build(sentences: Sequence[Sequence[str]], extra: Sequence[str], least: int = 2) -> Lexicon:
    """The lexicon of the words seen so often in the sentences, and of the extra words."""
    counts = Counter(word for sentence in sentences for word in sentence)
    words = sorted({word for word, count in counts.items() if count >= least} | set(extra) | set(ascii_lowercase))
    frequent = {word for word, _ in counts.most_common(FREQUENT)} | set(ascii_lowercase)
    running = in_sentences([" ".join(s) for s in sentences[:: max(1, len(sentences) // SENTENCES)]])
    alone = {accent: espeak(words, accent) for accent in ACCENTS}
    other = flite(words) if shutil.which("flite") else {}
    sounds = []
    for index, word in enumerate(words):
        said = [alone[accent][index] for accent in ACCENTS]
        own, weak = written(OWN.get(word, ())), written(WEAK.get(word, ()))
        heard = [said[0], *weak, *other.get(word, ())[:1], *running.get(word, ()), *other.get(word, ())[1:], *said[1:]]
        sounds.append(chosen(own or heard, FREQUENT_VARIANTS if word in frequent else VARIANTS))
    return kept(words, sounds)


def written(told: Sequence[str]) -> list[Pronunciation]:
    return [tuple(NUMBER[name] for name in sound.split()) for sound in told]


def kept(words: Sequence[str], sounds: Sequence[tuple[Pronunciation, ...]]) -> Lexicon:
    """Without what nobody can say."""
    pairs = [(word, several) for word, several in zip(words, sounds, strict=True) if several]
    return Lexicon(tuple(word for word, _ in pairs), tuple(several for _, several in pairs))


def in_sentences(sentences: Sequence[str], accents: Sequence[str] = ACCENTS[:4]) -> dict[str, list[Pronunciation]]:
    """How words sound among others, the usual first. Sentences in which words were joined are left out."""
    found: dict[str, Counter[Pronunciation]] = {}
    for accent in accents:
        told: dict[str, Counter[Pronunciation]] = {}
        with reader(accent) as read:
            for sentence in sentences:
                said, names = read(sentence), sentence.split()
                if len(said) == len(names):
                    for name, sound in zip(names, said, strict=True):
                        told.setdefault(name, Counter())[sound] += 1
        for name, sounds in told.items():
            total = sounds.total()
            usual = Counter({sound: n for sound, n in sounds.items() if n >= max(2, SHARE * total)})
            found.setdefault(name, Counter()).update(usual)
    return {name: [sound for sound, _ in sounds.most_common()] for name, sounds in found.items()}


def flite(words: Sequence[str]) -> dict[str, list[Pronunciation]]:
    """flite's pronunciation of each word, many in one run; a run that joins or splits words is made again in halves."""
    found: dict[str, list[Pronunciation]] = {}
    for at in range(0, len(words), BATCH):
        _flite_some(words[at : at + BATCH], found)
    return found


def _flite_some(words: Sequence[str], found: dict[str, list[Pronunciation]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "words.txt"
        path.write_text("".join(f"{word}.\n" for word in words))
        command = ["flite", "-voice", "kal", "-ps", "-f", str(path), "-o", "none"]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    groups = [group.split() for group in re.split(r"\bpau\b", told) if group.strip()]
    if len(groups) == len(words):
        for word, group in zip(words, groups, strict=True):
            found[word] = [tuple(phone for symbol in group for phone in of_letters(symbol))]
    elif len(words) > 1:
        half = len(words) // 2
        _flite_some(words[:half], found)
        _flite_some(words[half:], found)


def spoken_words(texts: Sequence[str]) -> list[str]:
    return sorted({word for text in texts for word in tokens(text)})
