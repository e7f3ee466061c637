"""Words from a Whisper model in this process, by `faster-whisper` (the extra `whisper`); weights by name or folder."""

import asyncio
from functools import cache
from typing import Any

import numpy as np

from callcenter.audio import decode
from callcenter.audio.offline import resample
from callcenter.duplex.utterances import EarsError
from callcenter.units import RATE, samples
from callcenter.voices import Word


@cache
def model(weights: str) -> Any:
    try:
        from faster_whisper import WhisperModel
    except ImportError as error:
        raise EarsError("faster-whisper is missing; pip install 'callcenter[whisper]'") from error
    return WhisperModel(weights, device="auto", compute_type="default")


class Whisper:
    def __init__(self, weights: str, language: str = "en") -> None:
        self._model = model(weights)
        self._language = language

    async def transcribe(self, audio: bytes) -> tuple[Word, ...]:
        return await asyncio.to_thread(self._transcribed, audio)

    def _transcribed(self, audio: bytes) -> tuple[Word, ...]:
        wide = resample(decode(audio), RATE, 16_000).astype(np.float32) / 32_768
        segments, _ = self._model.transcribe(
            wide, language=self._language, beam_size=1, word_timestamps=True, condition_on_previous_text=False
        )
        return tuple(
            Word(word.word.strip(), samples(word.start), samples(word.end))
            for segment in segments
            for word in segment.words or ()
        )
