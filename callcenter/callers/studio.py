"""The studio: voices to cast from, and everything recorded in them before the first call begins.

A take costs 10-25 ms; calls are paced at 20 ms. So nothing is recorded while a call goes on, and what was recorded once
is kept: by text, voice, rate and pitch.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random

from callcenter.callers.clips import ClipError, Clips
from callcenter.callers.heldout import kept
from callcenter.callers.lines import customers
from callcenter.callers.programs import FESTIVAL, FLITE, Synthesizer, installed
from callcenter.callers.takes import Speaker, Take, Wording, record
from callcenter.callers.voice import ACCENTS, PEOPLE, Voice


@dataclass(frozen=True, slots=True)
class Singer:
    """A synthesizer and the voice it uses."""

    by: Synthesizer
    voice: Voice

    @property
    def name(self) -> str:
        return f"{self.by} {self.voice.name}"


class Studio:
    """One side of what is held out: its voices, its sentences, its real speakers, with what is installed here."""

    def __init__(
        self,
        data: Path | None = None,
        evaluation: bool = True,
        speakers: Mapping[Synthesizer, Speaker] | None = None,
        shelf: Path | None = None,
    ) -> None:
        """`shelf`: a folder where what slow synthesizers have said is kept from one run to the next."""
        self.evaluation = evaluation
        self.speakers = dict(speakers) if speakers is not None else installed(shelf)
        self.customers = customers(data, evaluation) if data else ()
        self.clips, self.missing = opened(data, evaluation)
        for name in ("flite", "festival"):
            if name not in self.speakers:
                self.missing += (f"{name} voices (not installed)",)
        self._takes: dict[tuple[Singer, Wording], Take] = {}

    def voices(self, by: Synthesizer = "espeak") -> tuple[str, ...]:
        """The people of a synthesizer on this side."""
        if by == "espeak":
            return kept("voice", PEOPLE, self.evaluation)
        names = FLITE if by == "flite" else FESTIVAL
        return kept("voice", names, self.evaluation) or names[:1]

    def singer(self, chance: Random, by: Synthesizer = "espeak") -> Singer:
        """Somebody on this side."""
        name = chance.choice(self.voices(by))
        if by == "espeak":
            name = f"{chance.choice(ACCENTS)}+{name}"
        rate = min(215, max(125, round(chance.gauss(165, 20))))
        return Singer(by, Voice(name, rate, chance.randint(35, 65), chance.randint(35, 75)))

    def take(self, singer: Singer, wording: Wording) -> Take:
        key = (singer, wording)
        if key not in self._takes:
            self._takes[key] = record(self.speakers[singer.by], singer.voice, wording)
        return self._takes[key]


def opened(data: Path | None, evaluation: bool) -> tuple[Clips | None, tuple[str, ...]]:
    """The recordings in a folder of data; where there are none, the reason to tell the reader."""
    if data is None:
        return None, ("real speakers (no folder of data was given)",)
    try:
        return Clips(data, evaluation), ()
    except ClipError as error:
        return None, (f"real speakers ({error})",)
