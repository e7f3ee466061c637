"""Sound from far away, as bytes in pieces of any size: checked, brought to 8 kHz, without the silence around it.

Pure. An endpoint that was asked for samples may send a page, an apology in JSON, another format or noise; none of it
must reach a caller's ear.
"""

import re
from typing import Final

import numpy as np

from callcenter.audio import Resampler, encode
from callcenter.audio.resample import RATES
from callcenter.units import RATE
from callcenter.voices.speech import LEAD, QUIET, VoiceError

SOUNDS: Final = frozenset(
    ("", "audio/pcm", "audio/x-pcm", "audio/l16", "audio/raw", "application/octet-stream", "binary/octet-stream")
)
OTHERS: Final = (
    b"RIFF",
    b"OggS",
    b"fLaC",
    b"ID3",
    b"\xff\xfb",
    b"\xff\xf3",
    b"\xff\xf2",
    b"\xff\xf1",
    b"\x1aE\xdf\xa3",
)
"""How files of other formats begin."""

LOOKED_AT: Final = 0.1
"""Seconds of the beginning that are judged before any of it is let through."""

TOO_LOUD: Final = 0.45
"""Of the full range, in the root mean square of that beginning: no voice begins so, and bytes of anything else do."""


class Pcm:
    """Mono, 16 bits, little endian, at `rate` unless the content type names another."""

    def __init__(self, content_type: str, rate: int) -> None:
        kind, _, more = content_type.lower().partition(";")
        if kind.strip() not in SOUNDS:
            raise VoiceError(f"{kind.strip()} came where sound was asked for")
        named = re.search(r"\brate=(\d+)", more)
        self.rate = int(named[1]) if named else rate
        if self.rate not in RATES:
            raise VoiceError(f"sound at {self.rate} Hz; it can be {', '.join(map(str, RATES))}")
        self._resampler = Resampler(self.rate, RATE)
        self._odd = b""
        self._head: bytes | None = b""
        """What has not been judged yet; None once it was."""
        self._begun = False
        self._held = bytearray()
        """Quiet that is only let through when sound follows."""

    def push(self, data: bytes) -> bytes:
        """The mu-law that these bytes complete."""
        if self._head is not None:
            self._head += data
            if len(self._head) < 2 * int(LOOKED_AT * self.rate):
                return b""
            data = self._judged()
        data = self._odd + data
        whole = len(data) // 2 * 2
        self._odd = data[whole:]
        return self._trimmed(encode(self._resampler.push(np.frombuffer(data[:whole], "<i2").astype(np.int16))))

    def end(self) -> bytes:
        """What is left; quiet at the end is not."""
        out = b""
        if self._head is not None:
            out = self.push(self._judged())
        if self._odd:
            raise VoiceError("half a sample came at the end")
        silence = np.zeros(self._resampler.delay * self.rate // RATE + self.rate // 100, np.int16)
        return out + self._trimmed(encode(self._resampler.push(silence)))

    def _judged(self) -> bytes:
        head, self._head = self._head or b"", None
        if head.startswith(OTHERS):
            raise VoiceError("another format came where samples were asked for")
        if len(head) >= 16 and all(32 <= byte < 127 or byte in b"\r\n\t" for byte in head[:16]):
            raise VoiceError(f"text came where sound was asked for: {head[:40]!r}")
        samples = np.frombuffer(head[: len(head) // 2 * 2], "<i2").astype(np.float64) / 32_768
        if len(samples) and float(np.sqrt(np.mean(np.square(samples)))) > TOO_LOUD:
            raise VoiceError("noise came where speech was asked for")
        return head

    def _trimmed(self, audio: bytes) -> bytes:
        last = next((at for at in range(len(audio), 0, -1) if audio[at - 1] not in QUIET), 0)
        if not last:
            self._held += audio
            return b""
        out = bytes(self._held) + audio[:last]
        self._held = bytearray(audio[last:])
        if not self._begun:
            self._begun = True
            first = next(at for at, byte in enumerate(out) if byte not in QUIET)
            out = out[max(0, first - LEAD) :]
        return out
