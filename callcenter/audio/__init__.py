"""Audio as every call carries it: mu-law at 8 kHz, one byte a sample. Stateful, clockless, and ignorant of any call."""

from callcenter.audio.activity import HANG, Activity, Presence
from callcenter.audio.anchor import Anchor
from callcenter.audio.g711 import Pcm, decode, decode_a, encode, encode_a
from callcenter.audio.keys import KEYS, Keys, tones
from callcenter.audio.levels import QUIET, Framer, level_db, mix, silence
from callcenter.audio.media import CarrierError, Media
from callcenter.audio.reel import Reel
from callcenter.audio.resample import Resampler

__all__ = [
    "HANG",
    "KEYS",
    "QUIET",
    "Activity",
    "Anchor",
    "CarrierError",
    "Framer",
    "Keys",
    "Media",
    "Pcm",
    "Presence",
    "Reel",
    "Resampler",
    "decode",
    "decode_a",
    "encode",
    "encode_a",
    "level_db",
    "mix",
    "silence",
    "tones",
]
