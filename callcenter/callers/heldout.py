"""What is kept for evaluation from the first day: voices, sentences and real speakers, each by a hash of its name.

A hash and not a list, so that nobody can forget to keep a new voice apart; the same name is on the same side for ever.
Training uses only what is not held out, the suites only what is.
"""

from collections.abc import Iterable
from hashlib import blake2b
from typing import Literal

Kind = Literal["voice", "sentence", "speaker", "noise"]
SHARE = {"voice": 0.25, "sentence": 0.1, "speaker": 0.2, "noise": 0.25}
SALT = b"callcenter 43"
"""Chosen so that every small set of speakers has somebody on either side; never to be changed again."""


def place(kind: Kind, name: str) -> float:
    """Where a name falls between 0 and 1."""
    digest = blake2b(f"{kind} {' '.join(name.lower().split())}".encode(), digest_size=8, key=SALT).digest()
    return int.from_bytes(digest, "big") / 2**64


def held_out(kind: Kind, name: str) -> bool:
    return place(kind, name) < SHARE[kind]


def kept(kind: Kind, names: Iterable[str], evaluation: bool) -> tuple[str, ...]:
    """Those of the names that are on one side."""
    return tuple(name for name in names if held_out(kind, name) == evaluation)
