"""Text to 8 kHz speech, in process, with the time of every word: espeak-ng through its library.

The library keeps state between sentences that shapes the sound (the flutter of the pitch, its noise) and nothing resets
it. So that the same text is always the same bytes, every sentence is spoken by a freshly loaded copy; that costs 3 ms.
The library is one per process and not thread safe: one lock.
"""

import _ctypes
import ctypes
import ctypes.util
import importlib
import importlib.util
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from callcenter.audio import encode
from callcenter.audio.offline import phone_band, resample
from callcenter.units import RATE
from callcenter.voices.saying import ESPEAK, saying
from callcenter.voices.speech import WRITTEN, Speech, VoiceError, Word, shared

SYNCHRONOUS, PHONEMES, IPA, DO_NOT_EXIT = 2, 1, 2, 0x8000
UTF8, POSITION_IS_CHARACTER, SOUNDS = 1, 1, 0x100
"""The last: what stands in double brackets is phonemes."""

SEPARATED_IPA = (ord("|") << 8) | 0x02

_MARK = re.compile(r"\([a-z-]+\)")
"""Where the library goes over to another language."""

WORD, PHONEME = 1, 7
SPEED, PITCH, RANGE = 1, 3, 4
CHUNK_MS = 60
LEVEL = 0.6
"""The library fills the whole range; this makes speech of about -22 dBFS with no peak cut off."""

SEED = 1

ESPEAK_LOCK = threading.Lock()


class Named(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8))


class Occurred(ctypes.Structure):
    """espeak_EVENT of speak_lib.h. `sample` counts at the library's own rate."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", Named),
    )


Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(Occurred))


@dataclass(frozen=True, slots=True)
class Moment:
    """A word's or phoneme's beginning, in the library's samples. A pause is a phoneme without a name."""

    kind: int
    at: int
    position: int = 0
    named: bool = False


class Espeak:
    """Voices are espeak's: a language and perhaps a variant, such as `en-us`, `en-us+f3` or `en-gb-x-rp+m7`."""

    def __init__(self, library: str = "", data: str = "") -> None:
        found = (library, data) if library else find()
        self._library, self._data = found

    def speak(
        self, text: str, voice: str = "en-us", rate: int = 175, pitch: int = 50, lilt: int = 50, band: bool = False
    ) -> Speech:
        """`rate` is words a minute, `pitch` and `lilt` (its range) are 0-100, `band` keeps what a phone line does."""
        with ESPEAK_LOCK, loaded(self._library, self._data) as (espeak, native):
            if espeak.espeak_SetVoiceByName(voice.encode()) or not has_variant(espeak, voice.partition("+")[2]):
                raise VoiceError(f"espeak-ng has no voice {voice!r}; try en-us, or a variant such as en-us+f3")
            for parameter, value in ((SPEED, rate), (PITCH, pitch), (RANGE, lilt)):
                espeak.espeak_SetParameter(parameter, value, 0)
            told = saying(text, ESPEAK)
            sound, moments = synthesize(espeak, told.given, SOUNDS if told.hums else 0)
        pcm = resample((np.frombuffer(sound, np.int16) * LEVEL).astype(np.int16), native)
        return Speech(
            encode(phone_band(pcm) if band else pcm), words(text, told.spans, moments, len(pcm), RATE / native)
        )


def find() -> tuple[str, str]:
    """The library and the folder of its data: the pip package, else Debian's."""
    if importlib.util.find_spec("espeakng_loader"):
        loader = importlib.import_module("espeakng_loader")
        return loader.get_library_path(), str(Path(loader.get_data_path()).parent)
    debian = ctypes.util.find_library("espeak-ng")
    if debian:
        return debian, ""
    raise VoiceError("espeak-ng is missing; pip install 'callcenter[voices]', or apt-get install libespeak-ng1")


@contextmanager
def loaded(library: str, data: str) -> Iterator[tuple[Any, int]]:
    """A fresh copy of the library and its sample rate; unloaded afterwards, so that the next one is fresh too."""
    try:
        espeak = ctypes.CDLL(library)
    except OSError as error:
        raise VoiceError(f"espeak-ng cannot be loaded: {error}") from error
    try:
        rate = espeak.espeak_Initialize(SYNCHRONOUS, CHUNK_MS, data.encode() or None, PHONEMES | IPA | DO_NOT_EXIT)
        if rate <= 0:
            raise VoiceError(f"espeak-ng finds no data in {data or 'its default folder'}; install espeak-ng-data")
        seed(espeak)
        yield espeak, rate
        espeak.espeak_Terminate()
    finally:
        _ctypes.dlclose(espeak._handle)


def has_variant(espeak: Any, variant: str) -> bool:
    """The library itself would speak on without a variant it does not know."""
    folder = ctypes.c_char_p()
    espeak.espeak_Info(ctypes.byref(folder))
    return not variant or (Path((folder.value or b"").decode()) / "voices" / "!v" / variant).is_file()


def phonemes(espeak: Any, text: str) -> str:
    """How the voice that was set last would say it, in IPA: bars between the sounds of a word, blanks between words."""
    told = espeak.espeak_TextToPhonemes
    told.restype = ctypes.c_char_p
    told.argtypes = [ctypes.POINTER(ctypes.c_void_p), ctypes.c_int, ctypes.c_int]
    buffer = ctypes.create_string_buffer(text.encode())
    at = ctypes.c_void_p(ctypes.addressof(buffer))
    clauses = []
    while at.value:
        clauses.append((told(ctypes.byref(at), UTF8, SEPARATED_IPA) or b"").decode())
    return _MARK.sub("", " ".join(clauses))


def seed(espeak: Any) -> None:
    """Its noise comes from the C library's generator, and since 1.52 from one of its own."""
    ctypes.CDLL(None).srand(SEED)
    if hasattr(espeak, "espeak_ng_SetRandSeed"):
        espeak.espeak_ng_SetRandSeed(ctypes.c_long(SEED))


def synthesize(espeak: Any, text: str, more: int = 0) -> tuple[bytes, list[Moment]]:
    chunks: list[bytes] = []
    moments: list[Moment] = []

    def collect(samples: Any, count: int, occurred: Any) -> int:
        if samples:
            chunks.append(ctypes.string_at(samples, 2 * count))
        index = 0
        while occurred[index].type:
            moments.extend(moment(occurred[index]))
            index += 1
        return 0

    callback = Callback(collect)
    espeak.espeak_SetSynthCallback(callback)
    spoken = text.encode() + b"\0"
    if espeak.espeak_Synth(spoken, len(spoken), 0, POSITION_IS_CHARACTER, 0, UTF8 | more, None, None):
        raise VoiceError(f"espeak-ng refused {text[:60]!r}")
    espeak.espeak_Synchronize()
    return b"".join(chunks), moments


def moment(occurred: Occurred) -> Sequence[Moment]:
    if occurred.type == WORD:
        return (Moment(WORD, occurred.sample, occurred.text_position - 1),)
    if occurred.type == PHONEME:
        return (Moment(PHONEME, occurred.sample, named=bool(occurred.id.string)),)
    return ()


def words(
    text: str, tokens: Sequence[tuple[int, int]], moments: Sequence[Moment], length: int, scale: float
) -> tuple[Word, ...]:
    """The times of what stands between blanks.

    The library may say several words for one (a sum of money) or one for several ("out of"); these share its time.
    `tokens` are where they stand in what it was given.
    """
    names = WRITTEN.findall(text)
    spans: dict[int, tuple[int, int]] = {}
    for position, start, end in sounds(moments, round(length / scale)):
        owner = next((i for i, (_, stop) in enumerate(tokens) if stop > position), len(tokens) - 1)
        spans[owner] = (spans.get(owner, (start, end))[0], end)
    owners = sorted(spans)
    found: list[Word] = []
    for owner, following in pairwise([*owners, len(tokens)]):
        first = 0 if owner == owners[0] else owner
        found += shared(names[first:following], *(min(round(at * scale), length) for at in spans[owner]))
    return tuple(found)


def sounds(moments: Sequence[Moment], length: int) -> Iterator[tuple[int, int, int]]:
    """Where each word is in the text, and from when to when it sounds: until a pause that follows one of its phonemes,
    or until the next word.
    """
    position, start, sounding = -1, 0, False
    for moment in [*moments, Moment(WORD, length)]:
        if moment.kind == PHONEME and moment.named:
            sounding = True
        elif position >= 0 and (moment.kind == WORD or sounding):
            yield position, start, moment.at
            position, sounding = -1, False
        if moment.kind == WORD:
            position, start, sounding = moment.position, moment.at, False
