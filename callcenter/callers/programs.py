"""Synthesizers that are programs: flite and festival, where they are installed.

One process a sentence, a tenth of a second to two: what they have said is kept on a shelf, by all that shapes it.
They tell no words.
"""

import shutil
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from typing import Final, Literal

from callcenter.appearing import appearing
from callcenter.callers.takes import Speaker
from callcenter.voices import SPELLED, Espeak, Speech, saying
from callcenter.voices.program import spoken

Synthesizer = Literal["espeak", "flite", "festival"]

FLITE: Final = ("slt", "rms", "awb", "kal16", "kal")
FESTIVAL: Final = ("cmu_us_slt_arctic_hts", "kal_diphone", "ked_diphone")


class Shelf:
    """Speech on disk, one file a sentence, as mu-law."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def kept(self, key: tuple[object, ...], make: Callable[[], Speech]) -> Speech:
        """What stands there under this key, or what is made now."""
        if self._folder is None:
            return make()
        path = self._folder / f"{blake2b(repr(key).encode(), digest_size=16).hexdigest()}.ulaw"
        if not path.is_file():
            self._folder.mkdir(parents=True, exist_ok=True)
            with appearing(path) as file:
                file.write(make().audio)
        return Speech(path.read_bytes(), ())


class Flite:
    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def speak(
        self, text: str, voice: str = "slt", rate: int = 170, pitch: int = 50, lilt: int = 50, band: bool = False
    ) -> Speech:
        stretch = f"duration_stretch={170 / max(60, rate):.2f}"
        command = ["flite", "-voice", voice, "--setf", stretch, "-t", saying(text, SPELLED).given, "-o", "{wave}"]
        return self._shelf.kept((*command, band), lambda: spoken(command, band))


class Festival:
    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def speak(
        self,
        text: str,
        voice: str = "kal_diphone",
        rate: int = 170,
        pitch: int = 50,
        lilt: int = 50,
        band: bool = False,
    ) -> Speech:
        stretch = f"(Parameter.set 'Duration_Stretch {170 / max(60, rate):.2f})"
        command = ["text2wave", "-o", "{wave}", "-eval", f"(voice_{voice})", "-eval", stretch]
        given = saying(text, SPELLED).given
        return self._shelf.kept((*command, band, given), lambda: spoken(command, band, given))


def installed(folder: Path | None = None) -> dict[Synthesizer, Speaker]:
    shelf = Shelf(folder)
    found: dict[Synthesizer, Speaker] = {"espeak": Espeak()}
    if shutil.which("flite"):
        found["flite"] = Flite(shelf)
    if shutil.which("text2wave"):
        found["festival"] = Festival(shelf)
    return found
