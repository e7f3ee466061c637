"""`bench ears`: how many words are misheard, by group of voices, each group apart.

Sentences, voices and speakers are held out. Everything goes the way of a telephone: its band, a level, noise at 15 to
30 dB before, under and after the words, mu-law. What hears is behind a small protocol and takes the bytes of a whole
utterance; a model streams them to itself turn by turn.

Groups: `synthetic_entities` (digits, names, dates, sums, times, yes and no, phrases of the flows) and `synthetic_open`
(what customers said) in unseen voices of the synthesizers that train; `other_synthesizer` in festival's, of which
nothing was ever heard; `other_accents` in the English of two first languages (`callcenter.train.accents`) of which
nothing was heard either; `real_digits`, `real_commands` (single words) and `real_read` from real speakers.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any, Protocol

import numpy as np
from rich.console import Console
from rich.table import Table

from callcenter.audio.offline import phone_band
from callcenter.callers.channel import Channel, Conditions
from callcenter.callers.humans import GROUPS as REAL
from callcenter.callers.lines import Lines
from callcenter.callers.programs import FESTIVAL
from callcenter.callers.studio import Singer, Studio
from callcenter.callers.suite import Beds
from callcenter.callers.takes import FADE, Pcm, levelled, plain
from callcenter.measures.words import WordErrors, word_errors
from callcenter.train import accents, wordings
from callcenter.train.speech import Chorus, level
from callcenter.units import FRAME, RATE

GROUPS = (
    "synthetic_entities",
    "synthetic_open",
    "other_synthesizer",
    "other_accents",
    "real_digits",
    "real_commands",
    "real_read",
)
COUNTS: Mapping[str, int] = {
    "synthetic_entities": 160,
    "synthetic_open": 160,
    "other_synthesizer": 60,
    "other_accents": 120,
    "real_digits": 300,
    "real_commands": 300,
    "real_read": 100,
}
"""Utterances a group."""

EXPECTS: Mapping[str, frozenset[str]] = {
    "real_digits": frozenset({"digit", "oh"}),
    "real_commands": frozenset({"yes", "no", "stop", "go", "on", "off", "up", "down", "left", "right"}),
}
LONGEST = 18
DRAWS = 1000
NOISES = ("hiss", "room", "hum", "babble", "clip")


class Hearing(Protocol):
    """What hears: the mu-law bytes of one utterance, with noise around it, to the words in it.

    `expects`: words, or names of classes of words, that the step of a flow would expect; mostly none.
    """

    def hear(self, audio: bytes, expects: frozenset[str] = ...) -> str: ...


@dataclass(frozen=True, slots=True)
class Spoken:
    """An utterance as it comes over the line."""

    group: str
    voice: str
    text: str
    audio: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Heard:
    spoken: Spoken
    text: str
    errors: WordErrors


@dataclass(frozen=True)
class Order:
    """What to run. `share` makes every group smaller; no `groups` are all."""

    data: Path | None = None
    shelf: Path | None = None
    seed: int = 1
    share: float = 1.0
    groups: tuple[str, ...] = ()
    show: int = 0
    expect: bool = False
    """Whether what hears is told what a flow would expect, where that is one kind of words."""


Ears = Callable[[Sequence[Spoken]], Hearing]
"""Makes what hears. It is shown what will be heard, for ears that only pretend."""


def run(order: Order, ears: Ears, console: Console) -> int:
    """All of it; the last line is JSON."""
    unknown = set(order.groups) - set(GROUPS)
    if unknown:
        raise ValueError(f"no group is called {sorted(unknown)[0]!r}; known: {', '.join(GROUPS)}")
    studio = Studio(order.data, shelf=order.shelf)
    for missing in studio.missing:
        console.print(f"not in this run: {missing}")
    spoken = list(utterances(studio, order))
    hearing = ears(spoken)
    expects = EXPECTS if order.expect else {}
    heard = [judged(one, hearing.hear(one.audio, expects.get(one.group, frozenset()))) for one in spoken]
    tell(heard, order.show, console)
    console.print(json.dumps(last_line(heard)), markup=False, highlight=False, soft_wrap=True)
    return 0 if heard else 1


def judged(spoken: Spoken, text: str) -> Heard:
    return Heard(spoken, text, word_errors(spoken.text, text))


# ------------------------------------------------------------------------------------------------------------- said


def utterances(studio: Studio, order: Order) -> Iterator[Spoken]:
    """Every group that can be had here. A group is the same whichever others are in the run."""
    beds = Beds(studio, order.seed)
    for group in order.groups or GROUPS:
        chance = Random(f"ears {order.seed} {group}")
        count = max(1, round(COUNTS[group] * order.share))
        said = accented if group == "other_accents" else real if group in REAL else synthetic
        for voice, text, pcm in said(studio, chance, group, count):
            yield Spoken(group, voice, text, telephoned(pcm, chance, beds))


def synthetic(studio: Studio, chance: Random, group: str, count: int) -> Iterator[tuple[str, str, Pcm]]:
    festival = group == "other_synthesizer"
    if festival and "festival" not in studio.speakers:
        return
    texts = sentences(studio, chance, group, count)
    for index, text in enumerate(texts):
        flite = "flite" in studio.speakers and chance.random() < 0.2
        singer = studio.singer(chance, "festival" if festival else "flite" if flite else "espeak")
        if festival:
            singer = Singer(singer.by, replace(singer.voice, name=FESTIVAL[index % len(FESTIVAL)]))
        yield singer.name, text, studio.take(singer, plain(text)).pcm


def accented(studio: Studio, chance: Random, group: str, count: int) -> Iterator[tuple[str, str, Pcm]]:
    texts = sentences(studio, chance, group, count)
    voices = []
    for index in range(count):
        person = studio.singer(chance, "espeak").voice
        language = accents.UNTAUGHT[index % len(accents.UNTAUGHT)]
        voices.append(replace(person, name=f"{language}+{person.name.partition('+')[2]}"))
    chorus = Chorus()
    try:
        made = [level(chorus.say(voice, plain(text))).pcm for voice, text in zip(voices, texts, strict=True)]
    finally:
        chorus.close()
    yield from zip((f"espeak {voice.name}" for voice in voices), texts, made, strict=True)


def sentences(studio: Studio, chance: Random, group: str, count: int) -> list[str]:
    """Held-out texts of a group: entities, what customers said, or half of each."""
    lines = Lines(chance, evaluation=True)
    draws = (lines.number, lines.number, lines.correction, lines.address)
    said = [text for text in studio.customers if 3 <= len(text.split()) <= LONGEST]
    phrases = wordings.phrases(evaluation=True)
    found: list[str] = []
    turns = {"other_synthesizer": len(FESTIVAL), "other_accents": len(accents.UNTAUGHT)}.get(group, 0)
    for index in range(count):
        open_ = group == "synthetic_open" or (turns > 0 and index // turns % 2 == 1)
        if open_:
            found.append(chance.choice(said) if said else chance.choice((lines.request, lines.reply))().text)
        elif index % 4 == 3:
            found.append(chance.choice(phrases))
        else:
            bare = wordings.bare_answers(chance, 1, evaluation=True)[0]
            found.append(chance.choice(draws)().text if index % 4 == 2 else bare)
    return found


def real(studio: Studio, chance: Random, group: str, count: int) -> Iterator[tuple[str, str, Pcm]]:
    """Clips of speakers who are held out, spread evenly over them."""
    if studio.clips is None:
        return
    clips = studio.clips
    by: dict[str, list[Any]] = {}
    for name in REAL[group]:
        for clip in clips.clips(name):
            if clip.text:
                by.setdefault(clip.speaker, []).append(clip)
    for several in by.values():
        chance.shuffle(several)
    rounds = [
        clip
        for turn in range(max(map(len, by.values()), default=0))
        for clip in (s[turn : turn + 1] for s in by.values())
    ]
    for clip in [one for several in rounds for one in several][:count]:
        yield clip.speaker, clip.text, faded(levelled(phone_band(clips.pcm(clip))))


def faded(pcm: Pcm) -> Pcm:
    """Without a click at either end."""
    ramp = np.ones(len(pcm))
    size = min(FADE, len(pcm) // 2)
    ramp[:size] = np.linspace(0.0, 1.0, size)
    ramp[len(pcm) - size :] = np.linspace(1.0, 0.0, size)
    return np.asarray(np.rint(pcm * ramp), np.int16)


def telephoned(pcm: Pcm, chance: Random, beds: Beds) -> bytes:
    """Over a line, with some seconds of its noise before and after."""
    noise = chance.choice(NOISES)
    conditions = Conditions(chance.gauss(0.0, 3.0), noise, chance.uniform(15.0, 30.0))
    channel = Channel(conditions, beds.bed(noise, chance), chance.randrange(16 * RATE))
    lead, tail = (np.zeros(round(chance.uniform(0.3, most) * RATE), np.float32) for most in (1.2, 2.0))
    sound = np.concatenate((lead, pcm.astype(np.float32), tail))
    sound = np.pad(sound, (0, -len(sound) % FRAME))
    nothing = bytes(FRAME)
    return b"".join(channel.carry(frame, nothing) for frame in sound.reshape(-1, FRAME))


# ------------------------------------------------------------------------------------------------------------- told


def rate(errors: Sequence[WordErrors]) -> float | None:
    words = sum(one.words for one in errors)
    return round(sum(one.count for one in errors) / words, 4) if words else None


def interval(errors: Sequence[WordErrors]) -> tuple[float, float] | None:
    """95 % of what the rate would be in other draws of such utterances."""
    if len(errors) < 2 or not rate(errors):
        return None
    table = np.array([(one.count, one.words) for one in errors], np.float64)
    picks = np.random.default_rng(0).integers(len(table), size=(DRAWS, len(table)))
    sums = table[picks].sum(axis=1)
    low, high = np.quantile(sums[:, 0] / np.maximum(sums[:, 1], 1), (0.025, 0.975))
    return round(float(low), 4), round(float(high), 4)


def last_line(heard: Sequence[Heard]) -> dict[str, dict[str, Any]]:
    line: dict[str, dict[str, Any]] = {}
    for group in GROUPS:
        errors = [one.errors for one in heard if one.spoken.group == group]
        words = sum(one.words for one in errors)
        line[group] = {"wer": rate(errors), "words": words, "utterances": len(errors), "ci": interval(errors)}
    return line


def tell(heard: Sequence[Heard], show: int, console: Console) -> None:
    table = Table("group", "WER", "95 %", "words", "utterances", "left out", "put in", "replaced")
    for group in GROUPS:
        errors = [one.errors for one in heard if one.spoken.group == group]
        if errors:
            words = sum(one.words for one in errors)
            sums = (sum(getattr(e, kind) for e in errors) for kind in ("deleted", "inserted", "substituted"))
            table.add_row(group, *map(str, (rate(errors), interval(errors) or "", words, len(errors), *sums)))
    console.print(table)
    for synthesizer in sorted({one.spoken.voice for one in heard if one.spoken.group == "other_synthesizer"}):
        errors = [one.errors for one in heard if one.spoken.voice == synthesizer]
        console.print(f"{synthesizer}: {rate(errors)} of {sum(one.words for one in errors)} words")
    for group in GROUPS:
        wrong = [one for one in heard if one.spoken.group == group and one.errors.count]
        for one in wrong[:show]:
            console.print(
                f"{group} ({one.spoken.voice})\n  said:  {one.spoken.text}\n  heard: {one.text}", markup=False
            )
