"""What a listener hums, as it is hummed: synthesizers read "mm-hmm" letter by letter, as "em em aitch em em".

What is written stays what it is for everybody else (transcript, captions); only what is handed to the synthesizer
changes, blank for blank, so that times still belong to words.
"""

import re
from collections.abc import Mapping
from typing import Final

HUM: Final = re.compile(r"(?i)(?<![\w'-])(?:(?P<twice>m+-?hm+|mhm+|mm+-mm+)|(?P<breath>hm+)|(?P<once>mm+))(?![\w'-])")
"""Twice ("mm-hmm"), once with a breath ("hmm"), once ("mm")."""

ESPEAK: Final = {"twice": "[[m-h'm-]]", "breath": "[[h'm-]]", "once": "[['m-]]"}
"""In its own phonemes, which it reads only where it is told to."""

SPELLED: Final = {"twice": "umhum", "breath": "hum", "once": "um"}
"""In letters, for synthesizers that know no better."""


def hummed(text: str, sounds: Mapping[str, str]) -> str:
    """The text with its hums as a synthesizer must be given them."""
    return HUM.sub(lambda found: sounds[found.lastgroup or "once"], text)
