"""Speech to learn from: wordings spoken in many voices, with the time of every phone, far faster than they last.

espeak-ng stays loaded (its sentences need not be the same bytes twice here), tells when every phone begins, and one
Fourier transform takes its sound to 8 kHz and the band of a telephone. What flite says costs a process a sentence, so
it is said beforehand and kept (`Pool`). Nothing here sounds in the suites: voices, sentences and speakers are those
that are not held out.
"""

import _ctypes
import ctypes
import re
import subprocess
import tempfile
import wave
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from callcenter import voices
from callcenter.audio.offline import phone_band, resample
from callcenter.callers.takes import STEP, Wording, levelled, powers
from callcenter.callers.voice import Voice
from callcenter.model.phones import LABEL, SILENCE, UNKNOWN, of_ipa, of_letters
from callcenter.train import accents
from callcenter.train.dialects import Dialect, begun
from callcenter.units import RATE, samples

Pcm = NDArray[np.int16]
Positions = NDArray[np.int64]
Labels = NDArray[np.uint8]
SILENT_DB: Final = -38.0
BREATH: Final = samples(0.08)
"""Silence between words from which on a listener may take them for the last."""

FADE: Final = RATE // 500


@dataclass(frozen=True, slots=True)
class Utterance:
    """Something said. `starts` and `phones` are when each phone begins; empty where nobody knows. Ends with its sound,
    but for `tail` samples in which the noise of a recording goes out."""

    pcm: Pcm = field(repr=False)
    text: str = ""
    starts: Positions = field(default_factory=lambda: np.zeros(0, np.int64), repr=False)
    phones: Labels = field(default_factory=lambda: np.zeros(0, np.uint8), repr=False)
    words: tuple[voices.Word, ...] = ()
    pauses: tuple[tuple[int, int], ...] = ()
    phrase_ends: tuple[int, ...] = ()
    tail: int = 0

    def __len__(self) -> int:
        return len(self.pcm) - self.tail

    @property
    def gaps(self) -> tuple[tuple[int, int], ...]:
        """Where the voice rests between its words, be it at a comma; nothing where nobody knows the phones."""
        if not len(self.starts):
            return ()
        quiet = self.phones == SILENCE
        ends = np.append(self.starts[1:], len(self))
        begins = np.flatnonzero(quiet & ~np.append(False, quiet[:-1]))
        stops = np.flatnonzero(quiet & ~np.append(quiet[1:], False))
        rests = zip(self.starts[begins].tolist(), ends[stops].tolist(), strict=True)
        return tuple((start, stop) for start, stop in rests if 0 < start <= stop - BREATH and stop < len(self))

    def labels(self, offset: int, count: int) -> Labels:
        """The phones of `count` frames of 20 ms, of which the first begins `offset` samples into the utterance."""
        middles = offset + LABEL // 2 + LABEL * np.arange(count)
        if not len(self.starts):
            known = np.full(count, UNKNOWN, np.uint8)
        else:
            known = self.phones[np.clip(np.searchsorted(self.starts, middles, "right") - 1, 0, None)]
        return np.where((middles < 0) | (middles >= len(self)), SILENCE, known).astype(np.uint8)


class Chorus:
    """espeak-ng, loaded once. One a process: the library keeps global state."""

    def __init__(self) -> None:
        library, data = voices.find()
        self._espeak = ctypes.CDLL(library)
        quiet = voices.SYNCHRONOUS, voices.CHUNK_MS, data.encode() or None
        self._rate: int = self._espeak.espeak_Initialize(*quiet, voices.PHONEMES | voices.IPA | voices.DO_NOT_EXIT)
        self._sound: list[bytes] = []
        self._phones: list[tuple[int, str]] = []
        self._moments: list[voices.Moment] = []
        self._callback = voices.Callback(self._collect)
        self._espeak.espeak_SetSynthCallback(self._callback)
        self._read: dict[str, str] = {}

    def say(self, voice: Voice, wording: Wording) -> Utterance:
        """A wording in one breath, cut at its pauses, which are then as long as they are meant to be."""
        texts = [chunk.text for chunk in wording.chunks]
        whole = self.sentence(voice, " ".join(texts))
        counts = [sum(any(c.isalnum() for c in token) for token in text.split()) for text in texts]
        if len(texts) == 1:
            return trimmed(whole)
        if len(whole.words) != sum(counts) or not all(counts):
            return joined([trimmed(self.sentence(voice, text)) for text in texts], wording)
        ends = np.cumsum(counts)
        edges = [0, *((whole.words[e - 1].end + whole.words[e].start) // 2 for e in ends[:-1]), len(whole)]
        return joined([trimmed(part(whole, *edges[i : i + 2])) for i in range(len(texts))], wording)

    def sentence(self, voice: Voice, text: str) -> Utterance:
        told = voices.saying(text, voices.ESPEAK)
        if accents.of(voice) and not told.hums:
            meant = accents.foreign(voice, told, self._sounds)
            spoken = self._spoken(voice, text, meant.given, meant.spans, voices.SOUNDS, meant.phones)
            if len(spoken.starts):
                return spoken
        return self._spoken(accents.at_home(voice), text, told.given, told.spans, voices.SOUNDS if told.hums else 0)

    def _spoken(
        self,
        voice: Voice,
        text: str,
        given: str,
        spans: Sequence[tuple[int, int]],
        how: int,
        meant: Sequence[int] | None = None,
    ) -> Utterance:
        """`meant`: the phones that its sounds stand for; where it said others, nobody knows when."""
        self._sound.clear()
        self._phones.clear()
        self._moments.clear()
        self._espeak.espeak_SetVoiceByName(voice.name.encode())
        wanted = (voices.SPEED, voice.rate), (voices.PITCH, voice.pitch), (voices.RANGE, voice.lilt)
        for parameter, value in wanted:
            self._espeak.espeak_SetParameter(parameter, value, 0)
        spoken, flags = given.encode() + b"\0", voices.UTF8 | how
        self._espeak.espeak_Synth(spoken, len(spoken), 0, voices.POSITION_IS_CHARACTER, 0, flags, None, None)
        self._espeak.espeak_Synchronize()
        pcm = to_phone(np.frombuffer(b"".join(self._sound), np.int16), self._rate)
        scale = RATE / self._rate
        told = self._phones
        heard = [(at, of_ipa(name)) for at, name in told] if meant is None else accents.labelled(told, meant)
        if heard is None:
            return Utterance(pcm, text)
        starts, phones = spread([(round(at * scale), folded) for at, folded in heard], len(pcm))
        words = voices.words(text, spans, self._moments, len(pcm), scale) if len(pcm) else ()
        return Utterance(pcm, text, starts, phones, words)

    def _sounds(self, word: str) -> str:
        """A word in IPA, with bars between its sounds."""
        if word not in self._read:
            self._espeak.espeak_SetVoiceByName(accents.HOME.encode())
            self._read[word] = voices.phonemes(self._espeak, word)
        return self._read[word]

    def close(self) -> None:
        """Unloads the library, for who wants it fresh afterwards."""
        self._espeak.espeak_Terminate()
        _ctypes.dlclose(self._espeak._handle)

    def phones(self, voice: str, text: str) -> list[int]:
        """What is said, without when."""
        said = self.sentence(Voice(voice), text).phones
        return [int(phone) for phone in said if phone != SILENCE]

    def _collect(self, sound: Any, count: int, occurred: Any) -> int:
        if sound:
            self._sound.append(ctypes.string_at(sound, 2 * count))
        index = 0
        while occurred[index].type:
            event = occurred[index]
            self._moments.extend(voices.moment(event))
            if event.type == voices.PHONEME:
                self._phones.append((event.sample, event.id.string.decode("utf-8", "replace")))
            index += 1
        return 0


@lru_cache(maxsize=64)
def _gain(size: int, rate: int) -> NDArray[np.float64]:
    hertz = np.fft.rfftfreq(size, 1 / rate)
    return np.clip((hertz - 200) / 100, 0.0, 1.0) * np.clip((3_500 - hertz) / 100, 0.0, 1.0)


def to_phone(pcm: Pcm, rate: int) -> Pcm:
    """To 8 kHz and the telephone's band in one transform; sizes are rounded up to few, so that they are fast."""
    step = rate // np.gcd(rate, RATE)
    blocks = max(1, -(-len(pcm) // (step * 32))) * 32
    size, to = blocks * step, blocks * RATE // np.gcd(rate, RATE)
    spectrum = np.fft.rfft(pcm, size) * _gain(size, rate)
    sound = np.fft.irfft(spectrum[: to // 2 + 1], to) * (to / size)
    return np.asarray(np.clip(np.rint(sound[: len(pcm) * RATE // rate]), -32_768, 32_767).astype(np.int16))


def spread(events: Sequence[tuple[int, tuple[int, ...]]], end: int) -> tuple[Positions, Labels]:
    """Begins of single phones; a symbol of two gives each half of its time."""
    starts, phones = [0], [SILENCE]
    for index, (at, folded) in enumerate(events):
        until = events[index + 1][0] if index + 1 < len(events) else end
        for place, phone in enumerate(folded):
            starts.append(at + (until - at) * place // len(folded))
            phones.append(phone)
    return np.array(starts, np.int64), np.array(phones, np.uint8)


def part(whole: Utterance, start: int, end: int) -> Utterance:
    """What lies between two samples."""
    start, end = max(0, start), min(end, len(whole.pcm))
    starts, phones = whole.starts, whole.phones
    if len(starts):
        first = max(0, int(np.searchsorted(starts, start, "right")) - 1)
        last = int(np.searchsorted(starts, end, "left"))
        starts, phones = np.maximum(starts[first:last] - start, 0), phones[first:last]
    words = tuple(
        voices.Word(word.text, max(0, word.start - start), min(end, word.end) - start)
        for word in whole.words
        if start <= (word.start + word.end) // 2 < end
    )
    return Utterance(whole.pcm[start:end], " ".join(word.text for word in words), starts, phones, words)


def trimmed(whole: Utterance) -> Utterance:
    """Without the silence before and after; a short fade keeps the cuts from clicking."""
    power = powers(whole.pcm)
    if not len(power) or not power.max():
        return part(whole, 0, 0)
    loud = np.flatnonzero(power > power.max() * 10 ** (SILENT_DB / 10))
    cut = part(whole, int(loud[0]) * STEP, (int(loud[-1]) + 1) * STEP)
    pcm = cut.pcm.astype(np.float32)
    ramp = np.linspace(0.0, 1.0, min(FADE, len(pcm)), dtype=np.float32)
    pcm[: len(ramp)] *= ramp
    pcm[len(pcm) - len(ramp) :] *= ramp[::-1]
    text = whole.text
    return Utterance(pcm.astype(np.int16), text, cut.starts, cut.phones, cut.words)


def joined(parts: Sequence[Utterance], wording: Wording) -> Utterance:
    """The parts one after another, with the silences between them as long as they are meant to be."""
    pieces, starts, phones = [], [], []
    words: list[voices.Word] = []
    pauses, phrase_ends = [], []
    at = 0
    known = all(len(one.starts) for one in parts)
    for index, (one, chunk) in enumerate(zip(parts, wording.chunks, strict=True)):
        pieces.append(one.pcm)
        starts += [one.starts + at]
        phones += [one.phones]
        words += [voices.Word(word.text, word.start + at, word.end + at) for word in one.words]
        at += len(one.pcm)
        if chunk.phrase:
            phrase_ends.append(at)
        if index + 1 < len(parts) and chunk.pause:
            rest = samples(chunk.pause)
            pieces.append(np.zeros(rest, np.int16))
            starts.append(np.array([at]))
            phones.append(np.array([SILENCE], np.uint8))
            if not chunk.phrase:
                pauses.append((at, at + rest))
            at += rest
    pcm = np.concatenate(pieces)
    if not known:
        return Utterance(pcm, wording.text, words=tuple(words), pauses=tuple(pauses), phrase_ends=tuple(phrase_ends))
    times, said = np.concatenate(starts), np.concatenate(phones)
    return Utterance(pcm, wording.text, times, said, tuple(words), tuple(pauses), tuple(phrase_ends))


def level(utterance: Utterance) -> Utterance:
    """As loud as every caller is before the line makes them differ."""
    u = utterance
    return Utterance(levelled(u.pcm), u.text, u.starts, u.phones, u.words, u.pauses, u.phrase_ends, u.tail)


def hurried(utterance: Utterance, rate: float) -> Utterance:
    """The same faster and higher, or slower and lower: somebody else, as far as speed and pitch go."""
    u = utterance
    places = np.arange(int(len(u.pcm) / rate)) * rate
    pcm = np.interp(places, np.arange(len(u.pcm)), u.pcm).astype(np.int16)

    def at(place: int) -> int:
        return int(place / rate)

    return Utterance(
        pcm,
        u.text,
        (u.starts / rate).astype(np.int64),
        u.phones,
        tuple(voices.Word(word.text, at(word.start), at(word.end)) for word in u.words),
        tuple((at(start), at(end)) for start, end in u.pauses),
        tuple(map(at, u.phrase_ends)),
        at(u.tail),
    )


# ----------------------------------------------------------------------------------------------------------- flite


def flite(voice: str, text: str, stretch: float = 1.0, dialect: Dialect | None = None) -> Utterance:
    """A sentence of flite, with the phones it says it spoke, or with those it should have, in a dialect."""
    given = voices.saying(text, voices.SPELLED).given
    pcm, ends = told_by_flite(voice, ["-t", given], stretch)
    begins = [0.0, *(end for _, end in ends)]
    meant = [(name, start) for start, (name, _) in zip(begins, ends, strict=False)]
    if dialect:
        said = dialect.spoken([name for name, _ in ends])
        sounds = " ".join(sound for _, ways in said for sound in ways)
        pcm, ends = told_by_flite(voice, ["-p", sounds], stretch)
        meant = begun(said, [end for _, end in ends])
    starts, phones = spread([(samples(start), of_letters(name)) for name, start in meant], len(pcm))
    return trimmed(Utterance(pcm, text, starts, phones))


def told_by_flite(voice: str, what: Sequence[str], stretch: float) -> tuple[Pcm, list[tuple[str, float]]]:
    """The sound, and its phones with their ends in seconds."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "spoken.wav"
        how = ["--setf", f"duration_stretch={stretch:.2f}", "-psdur"]
        command = ["flite", "-voice", voice, *how, *what, "-o", str(path)]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        with wave.open(str(path)) as sound:
            pcm = np.frombuffer(sound.readframes(sound.getnframes()), np.int16)
            pcm = phone_band(resample(pcm, sound.getframerate()))
    return pcm, [(name, float(end)) for name, end in re.findall(r"(\S+):([\d.]+)", ran.stdout)]
