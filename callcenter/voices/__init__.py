"""Text to 8 kHz speech: espeak-ng in process, flite as a program, any endpoint that speaks OpenAI's speech protocol.

`speech` is what all of them give, `sound` is speech on its way, `choice` picks the voice that the settings name. The
synthesizers are parts of their own, installed beside this program and replaceable; none is needed to import it.
"""

from callcenter.voices.espeak import (
    CHUNK_MS,
    DO_NOT_EXIT,
    ESPEAK_LOCK,
    IPA,
    PHONEME,
    PHONEMES,
    PITCH,
    POSITION_IS_CHARACTER,
    RANGE,
    SOUNDS,
    SPEED,
    SYNCHRONOUS,
    UTF8,
    WORD,
    Callback,
    Espeak,
    Moment,
    find,
    loaded,
    moment,
    phonemes,
    words,
)
from callcenter.voices.saying import ESPEAK, SPELLED, saying
from callcenter.voices.sound import Sound, Streaming, Voice
from callcenter.voices.speech import Speech, VoiceError, Word, shared, spread, trimmed

__all__ = [
    "CHUNK_MS", "DO_NOT_EXIT", "ESPEAK", "ESPEAK_LOCK", "IPA", "PHONEME", "PHONEMES", "PITCH",
    "POSITION_IS_CHARACTER", "RANGE", "SOUNDS", "SPEED", "SPELLED", "SYNCHRONOUS", "UTF8", "WORD", "Callback",
    "Espeak", "Moment", "Sound", "Speech", "Streaming", "Voice", "VoiceError", "Word", "find", "loaded",
    "moment", "phonemes", "saying", "shared", "spread", "trimmed", "words",
]  # fmt: skip
