"""Real people as callers: each says only what was recorded of that one person, and the rest is left to the synthesizer.

Groups: `real_digits` (numbers in groups), `real_commands` (yes, no, stop), `real_orders` (spoken orders), `real_read`
(short sentences and long passages). What a clip means is known from its text or its set; where it ends is measured.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from callcenter.callers.clips import Clip, Clips, some
from callcenter.callers.studio import Studio
from callcenter.callers.takes import Chunk, Part, Take, Wording, assemble, from_recording

GROUPS = {
    "real_digits": ("digits",),
    "real_commands": ("speech_commands",),
    "real_orders": ("orders",),
    "real_read": ("speechocean", "librispeech", "librispeech_many"),
}
"""A group and the sets it is cast from."""

BREAK = 0.3
"""Seconds of silence in a recording after which it might have been over."""

TRIES = 12
ANSWERS = ("yes", "no", "right", "left", "on", "off", "up", "down")


@dataclass(frozen=True)
class Human:
    """One real speaker. Each kind of words is None where there is no recording of it."""

    group: str
    speaker: str
    clips: Clips
    said: Sequence[Clip]

    def saying(self, chance: Random) -> Take:
        """Something that is over when it is over."""
        match self.group:
            case "real_commands":
                take = self._one(chance, [c for c in self.said if c.text in ANSWERS], 0.3, 2.0)
            case "real_orders":
                take = self._one(chance, self.said, 3.0, 15.0)
            case "real_read":
                take = self._one(chance, self.said, 2.0, 8.0)
            case _:
                take = self.number(chance)
        return take or from_recording(self.clips.pcm(chance.choice(self.said)))

    def number(self, chance: Random) -> Take | None:
        """Single digits of one speaker, in groups with pauses between."""
        if self.group != "real_digits":
            return None
        sizes = chance.choice(((3, 3, 4), (3, 3), (2, 2, 2), (4, 4), (3, 2, 2)))
        digits = [[chance.choice(self.said) for _ in range(size)] for size in sizes]
        chunks = [Chunk(" ".join(clip.text for clip in group), chance.uniform(0.5, 0.8)) for group in digits]
        parts = [self._together(group) for group in digits]
        return assemble(parts, Wording(tuple(chunks)))

    def story(self, chance: Random) -> Take | None:
        return self._one(chance, self.said, 9.0, 20.0, broken=True) if self.group == "real_read" else None

    def cut(self, chance: Random) -> Take | None:
        """ "Stop", said twice, for nobody interrupts with less than half a second."""
        stops = [c for c in self.said if c.text in ("stop", "no")] if self.group == "real_commands" else []
        if not stops:
            return None
        clips = [chance.choice(stops) for _ in range(2)]
        wording = Wording((Chunk(clips[0].text, 0.15, phrase=True), Chunk(clips[1].text)))
        return assemble([self._together([clip]) for clip in clips], wording)

    def hum(self, chance: Random) -> Take | None:
        rights = [c for c in self.said if c.text in ("right", "yes")] if self.group == "real_commands" else []
        return self._one(chance, rights, 0.2, 2.0)

    def _one(
        self, chance: Random, clips: Sequence[Clip], least: float, most: float, broken: bool = False
    ) -> Take | None:
        """A clip as a take. One with breaks in it only where that is meant: after a break it might have been over."""
        for _ in range(TRIES):
            clip = some(chance, clips, least, most)
            if clip is None:
                return None
            take = from_recording(self.clips.pcm(clip), clip.text, BREAK)
            if broken or not take.phrase_ends:
                return take
        return None

    def _together(self, clips: Sequence[Clip]) -> Part:
        takes = [from_recording(self.clips.pcm(clip), clip.text) for clip in clips]
        whole = assemble(
            [Part(take.pcm[: len(take)]) for take in takes], Wording(tuple(Chunk(t.text, 0.03, True) for t in takes))
        )
        return Part(whole.pcm)


def humans(studio: Studio, count: int) -> list[Human]:
    """So many real callers, of all groups in turn; none without recordings."""
    clips = studio.clips
    if clips is None:
        return []
    chance = Random("humans")
    rows = [cast(clips, group, chance) for group in GROUPS]
    rows = [row for row in rows if row]
    return [rows[i % len(rows)][i // len(rows) % len(rows[i % len(rows)])] for i in range(count)] if rows else []


def cast(clips: Clips, group: str, chance: Random) -> list[Human]:
    found = []
    for name in GROUPS[group]:
        for speaker in clips.speakers(name):
            said = clips.by(name, speaker)
            found.append(Human(group, speaker, clips, said))
    chance.shuffle(found)
    return found
