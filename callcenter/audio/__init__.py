"""Audio as every call carries it: mu-law at 8 kHz, one byte a sample. Stateful, clockless, and ignorant of any call."""

from callcenter.audio.anchor import Anchor
from callcenter.audio.g711 import Pcm, decode, decode_a, encode, encode_a, silence
from callcenter.audio.media import CarrierError, Media
from callcenter.audio.reel import Reel

__all__ = [
    "Anchor",
    "CarrierError",
    "Media",
    "Pcm",
    "Reel",
    "decode",
    "decode_a",
    "encode",
    "encode_a",
    "silence",
]
