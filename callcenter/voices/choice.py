"""Which voice speaks: one setting chooses, and what is not installed is told with its remedy.

`CALLCENTER_SPEECH` is espeak, flite or the address of an endpoint; `CALLCENTER_VOICE` a voice of it. Behind an endpoint
stands whatever is installed here, espeak-ng first: the voice of last resort.
"""

from collections.abc import Callable
from functools import cache, lru_cache
from typing import Final

from callcenter.background.breaker import Breaker
from callcenter.config import VOICES, Settings
from callcenter.voices.espeak import Espeak
from callcenter.voices.flite import Flite
from callcenter.voices.remote import Endpoint, Remote
from callcenter.voices.sound import Voice
from callcenter.voices.speech import Speech, VoiceError, trimmed

PROBE: Final = "One."
SENTENCES: Final = 2_000
"""Sentences of the turn-based bot that are kept as sound: about 30 MB."""


class Kept:
    """A voice of this machine; sentences that recur are spoken once."""

    def __init__(self, speak: Callable[[str], Speech], most: int = 512) -> None:
        self.speak = lru_cache(maxsize=most)(speak)


class EspeakVoice(Kept):
    """espeak-ng without the silence around its sentences."""

    def __init__(self, name: str, engine: Espeak | None = None) -> None:
        engine = engine or Espeak()
        super().__init__(lambda text: trimmed(engine.speak(text, name)))


class FliteVoice(Kept):
    def __init__(self, name: str) -> None:
        engine = Flite()
        super().__init__(lambda text: engine.speak(text, name))


LOCAL: dict[str, Callable[[str], Voice]] = {"espeak": EspeakVoice, "flite": FliteVoice}


class Voices:
    """Voices by name, one of each for all calls; a name that is empty is the one that is set. What is missing is told
    when a voice is asked for."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._endpoint = Endpoint(settings.speech, settings.speech_model, settings.speech_key, settings.speech_rate)
        self._breaker = Breaker()
        self._made: dict[tuple[str, bool], Voice] = {}

    @property
    def trims(self) -> bool:
        """Whether even `plain` leaves out the silence around sentences."""
        return self._settings.speech != "espeak"

    def voice(self, name: str = "") -> Voice:
        """Sentences without the silence around them."""
        return self._kept(name or self._settings.voice, False)

    def plain(self, name: str = "") -> Voice:
        """Sentences as a synthesizer of this machine gives them."""
        return self._kept(name or self._settings.voice, not self.trims)

    def _kept(self, name: str, plain: bool) -> Voice:
        if (name, plain) not in self._made:
            self._made[name, plain] = self._make(name, plain)
        return self._made[name, plain]

    def _make(self, name: str, plain: bool) -> Voice:
        if plain:
            engine = Espeak()
            return Kept(lambda text: engine.speak(text, name), SENTENCES)
        if self._settings.speech in LOCAL:
            return LOCAL[self._settings.speech](name)
        return Remote(self._endpoint, name, last_resort(), breaker=self._breaker)


@cache
def last_resort() -> Voice | None:
    """The first voice of this machine that really speaks."""
    for name, make in LOCAL.items():
        try:
            voice = make(VOICES[name])
            voice.speak(PROBE)
        except VoiceError:
            continue
        return voice
    return None
