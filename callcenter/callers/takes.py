"""A take: something a caller says, recorded before the call begins, with everything the truth needs to know about it.

A wording is text in chunks: after a chunk the speaker pauses and goes on. The whole wording is synthesized at once, so
that the melody at a pause is that of a sentence which is not over, and then cut at the pauses, which are made exactly
as long as they are meant to be. Sound begins with the first sample of a take and ends with the last one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from callcenter.audio import decode
from callcenter.audio.offline import phone_band
from callcenter.callers.voice import Voice
from callcenter.measures import Span
from callcenter.units import RATE, samples
from callcenter.voices import Speech, Word

Pcm = NDArray[np.int16]

LEVEL = 3_000.0
"""Root mean square of speech while it sounds: -21 dBFS."""

STEP = RATE // 200
LONG_STEP = RATE // 50
TAIL = RATE // 2
FAINT = 8
"""Steps of 20 ms that a consonant may reach beyond voice."""

LULL = 15
"""Steps without voice that tell how loud the room is; in fewer there may be nothing but consonants."""

SILENT_DB = -38.0
"""Under the loudest 5 ms of a chunk by this much is not sound any more."""

FADE = RATE // 500


@dataclass(frozen=True, slots=True)
class Chunk:
    """Words, and the seconds of silence before the next ones. `phrase`: a listener would say "mm-hmm" after it."""

    text: str
    pause: float = 0.0
    phrase: bool = False


@dataclass(frozen=True, slots=True)
class Wording:
    chunks: tuple[Chunk, ...]

    @property
    def text(self) -> str:
        return " ".join(chunk.text for chunk in self.chunks)


def plain(text: str) -> Wording:
    return Wording((Chunk(text),))


@dataclass(frozen=True, slots=True)
class Take:
    """All positions count from the take's first sample."""

    pcm: Pcm = field(repr=False, compare=False)
    text: str
    words: tuple[Word, ...] = ()
    pauses: tuple[Span, ...] = ()
    """Silences between chunks that end no phrase: whoever speaks in one has interrupted."""
    phrase_ends: tuple[int, ...] = ()
    tail: int = 0
    """Samples behind the take's end in which the noise of the recording goes out, so that no jump tells the end."""

    def __len__(self) -> int:
        return len(self.pcm) - self.tail


class Speaker(Protocol):
    """A synthesizer; one that knows no word times gives none."""

    def speak(
        self, text: str, voice: str = ..., rate: int = ..., pitch: int = ..., lilt: int = ..., band: bool = ...
    ) -> Speech: ...


def record(speaker: Speaker, voice: Voice, wording: Wording) -> Take:
    """A wording in a voice."""
    parts = spoken_whole(speaker, voice, wording) or spoken_in_parts(speaker, voice, wording)
    return assemble(parts, wording)


@dataclass(frozen=True, slots=True)
class Part:
    """The sound of one chunk, trimmed to where it sounds."""

    pcm: Pcm
    words: tuple[Word, ...] = ()


def spoken_whole(speaker: Speaker, voice: Voice, wording: Wording) -> list[Part]:
    """The chunks of a wording spoken in one breath; empty where the synthesizer does not tell its words apart."""
    texts = [chunk.text for chunk in wording.chunks]
    if len(texts) == 1:
        return spoken_in_parts(speaker, voice, wording)
    speech = speaker.speak(" ".join(texts), voice.name, voice.rate, voice.pitch, voice.lilt, True)
    counts = [sum(any(c.isalnum() for c in token) for token in text.split()) for text in texts]
    if len(speech.words) != sum(counts) or not all(counts):
        return []
    pcm = decode(speech.audio)
    ends = list(accumulate(counts))
    firsts = [0, *ends[:-1]]
    edges = [0, *((speech.words[e - 1].end + speech.words[e].start) // 2 for e in ends[:-1]), len(pcm)]
    return [
        trimmed(pcm[edges[i] : edges[i + 1]], shifted(speech.words[firsts[i] : ends[i]], -edges[i]))
        for i in range(len(texts))
    ]


def spoken_in_parts(speaker: Speaker, voice: Voice, wording: Wording) -> list[Part]:
    found = []
    for chunk in wording.chunks:
        speech = speaker.speak(chunk.text, voice.name, voice.rate, voice.pitch, voice.lilt, True)
        found.append(trimmed(decode(speech.audio), speech.words))
    return found


def assemble(parts: Sequence[Part], wording: Wording) -> Take:
    """The parts one after another, with the silences between them as long as they are meant to be."""
    pieces: list[Pcm] = []
    words: list[Word] = []
    pauses: list[Span] = []
    phrase_ends: list[int] = []
    at = 0
    for index, (part, chunk) in enumerate(zip(parts, wording.chunks, strict=True)):
        pieces.append(part.pcm)
        words += shifted(part.words, at)
        at += len(part.pcm)
        if chunk.phrase:
            phrase_ends.append(at)
        if index + 1 < len(parts) and chunk.pause:
            rest = samples(chunk.pause)
            pieces.append(np.zeros(rest, np.int16))
            if not chunk.phrase:
                pauses.append(Span(at, at + rest))
            at += rest
    pcm = np.concatenate(pieces) if pieces else np.zeros(0, np.int16)
    return Take(levelled(pcm), wording.text, tuple(words), tuple(pauses), tuple(phrase_ends))


def shifted(words: Sequence[Word], by: int) -> tuple[Word, ...]:
    return tuple(Word(word.text, word.start + by, word.end + by) for word in words)


def trimmed(pcm: Pcm, words: Sequence[Word] = ()) -> Part:
    """Without the silence before and after; a short fade keeps the cuts from clicking."""
    first, last = sounding(pcm)
    cut = pcm[first:last].copy()
    ramp = np.linspace(0.0, 1.0, min(FADE, len(cut)))
    cut[: len(ramp)] = cut[: len(ramp)] * ramp
    cut[len(cut) - len(ramp) :] = cut[len(cut) - len(ramp) :] * ramp[::-1]
    held = [Word(w.text, max(0, w.start - first), min(len(cut), w.end - first)) for w in words]
    return Part(cut, tuple(held))


def sounding(pcm: Pcm) -> tuple[int, int]:
    """From where to where a recording sounds."""
    power = powers(pcm)
    if not len(power) or not power.max():
        return 0, 0
    loud = np.flatnonzero(power > power.max() * 10 ** (SILENT_DB / 10))
    return int(loud[0]) * STEP, min(len(pcm), (int(loud[-1]) + 1) * STEP)


def powers(pcm: Pcm) -> NDArray[np.float64]:
    """Mean squares of 5 ms steps."""
    padded = np.zeros(-(-len(pcm) // STEP) * STEP)
    padded[: len(pcm)] = pcm
    return np.asarray(np.square(padded).reshape(-1, STEP).mean(axis=1))


def levelled(pcm: Pcm) -> Pcm:
    """As loud as every caller is before the line makes them differ, counting only where it sounds."""
    power = powers(pcm)
    if not len(power) or not power.max():
        return pcm
    loud = power[power > power.max() * 10 ** (SILENT_DB / 10)]
    gain = LEVEL / float(np.sqrt(loud.mean()))
    return np.asarray(np.clip(np.rint(pcm * gain), -32_000, 32_000).astype(np.int16))


def from_recording(pcm: Pcm, text: str = "", quiet: float = 0.25) -> Take:
    """A clip of a real speaker: its sound without lead and tail; its breaks end phrases, for all anybody can tell."""
    band = phone_band(pcm)
    voice = voiced(band)
    if not voice.any():
        return Take(np.zeros(0, np.int16), text)
    voice = widened(voice, long_powers(band))
    first, last = int(np.argmax(voice)) * LONG_STEP, (len(voice) - int(np.argmax(voice[::-1]))) * LONG_STEP
    last = min(last, len(pcm))
    tail = min(TAIL, len(pcm) - last)
    band = levelled(band[first : last + tail])
    if tail:
        band[-tail:] = band[-tail:] * np.linspace(1.0, 0.0, tail)
    within = voice[first // LONG_STEP : last // LONG_STEP]
    return Take(band, text, phrase_ends=breaks(within, samples(quiet)), tail=tail)


def voiced(pcm: Pcm) -> NDArray[np.bool_]:
    """Which 20 ms of a recording hold voice: well above the quietest of it, and two in a row."""
    power = long_powers(pcm)
    if not len(power) or not power.max():
        return np.zeros(0, np.bool_)
    loudest = power.max()
    floor = np.clip(10 * np.percentile(power, 10), loudest * 10 ** (SILENT_DB / 10), loudest * 10**-1.8)
    loud = power > floor
    beside = np.concatenate((loud[1:], [False])) | np.concatenate(([False], loud[:-1]))
    return np.asarray(loud & beside)


def long_powers(pcm: Pcm) -> NDArray[np.float64]:
    """Of every 20 ms."""
    return np.asarray(powers(pcm)[: len(pcm) // LONG_STEP * 4].reshape(-1, 4).mean(axis=1))


def widened(voice: NDArray[np.bool_], power: NDArray[np.float64]) -> NDArray[np.bool_]:
    """With the faint consonants that words begin and end with: what lies beside voice and is no mere noise."""
    loudest = power.max()
    most = loudest * (10**-1.8 if np.count_nonzero(~voice) >= LULL else 10**-2.8)
    floor = np.clip(3 * np.percentile(power, 5), loudest * 10**-4.2, most)
    wide = voice.copy()
    for _ in range(FAINT):
        beside = np.concatenate((wide[1:], [False])) | np.concatenate(([False], wide[:-1]))
        wide |= beside & (power > floor)
    return wide


def breaks(voice: NDArray[np.bool_], least: int) -> tuple[int, ...]:
    """Where silences of at least so many samples begin inside a recording."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], ~voice, [0]))))
    pairs = zip(edges[::2], edges[1::2], strict=True)
    return tuple(int(a) * LONG_STEP for a, b in pairs if (b - a) * LONG_STEP >= least)


def joined(takes: Sequence[Take], wording: Wording) -> Take:
    """Recordings joined into one wording, chunk by chunk; a chunk may be made of several (the digits of a group)."""
    return assemble([Part(take.pcm, take.words) for take in takes], wording)
