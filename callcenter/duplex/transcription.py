"""Words from any endpoint that speaks OpenAI's transcription protocol: a wav goes out, words with times come back."""

import io
import wave
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from callcenter.audio import decode
from callcenter.config import Secret
from callcenter.duplex.utterances import EarsError
from callcenter.units import RATE, samples
from callcenter.voices import Word, shared

WITHIN: Final = 4.0
"""Seconds; words that come later are of no use to a conversation."""


@dataclass(frozen=True, slots=True)
class Recogniser:
    """Where it is: `https://host/v1`, the model to ask for, and its key."""

    url: str
    model: str
    key: Secret = field(default_factory=Secret)
    language: str = "en"


class Transcription:
    def __init__(self, recogniser: Recogniser, client: httpx.AsyncClient) -> None:
        self._recogniser = recogniser
        self._client = client

    async def transcribe(self, audio: bytes) -> tuple[Word, ...]:
        where, key = self._recogniser, self._recogniser.key
        try:
            answer = await self._client.post(
                f"{where.url.rstrip('/')}/audio/transcriptions",
                headers={"Authorization": f"Bearer {key.reveal()}"} if key else {},
                files={"file": ("call.wav", wav(audio), "audio/wav")},
                data={
                    "model": where.model,
                    "language": where.language,
                    "response_format": "verbose_json",
                    "timestamp_granularities[]": "word",
                },
                timeout=WITHIN,
            )
            answer.raise_for_status()
            return words_of(answer.json(), len(audio))
        except (httpx.HTTPError, ValueError) as error:
            raise EarsError(f"{where.url}: {type(error).__name__} {error}") from error


def wav(audio: bytes) -> bytes:
    held = io.BytesIO()
    with wave.open(held, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(decode(audio).astype("<i2").tobytes())
    return held.getvalue()


def words_of(answer: Any, length: int) -> tuple[Word, ...]:
    """The words of an answer; one that names no times has its text spread over the sound by its letters."""
    if not isinstance(answer, dict) or not isinstance(answer.get("text"), str):
        raise ValueError(f"no transcription: {answer!r:.80}")
    timed = answer.get("words")
    if not timed:
        return tuple(shared(answer["text"].split(), 0, length)) if answer["text"].strip() else ()
    try:
        return tuple(
            Word(str(one["word"]).strip(), samples(float(one["start"])), samples(float(one["end"]))) for one in timed
        )
    except (TypeError, KeyError) as error:
        raise ValueError(f"words without times: {timed!r:.80}") from error
