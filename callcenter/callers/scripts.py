"""Simple callers: a list of lines that are spoken, waited, pressed in order. `callcenter call --script` plays one.

A script is a TOML file: `voice`, and `lines`, each a table with one of
    say = "text"            speak
    pause = 1.5             stay silent for so many seconds
    press = "12#"           press keys
    wait = "speech"         until the agent speaks        (`limit = 8` seconds at most)
    wait = "silence"        until it has stopped speaking (`quiet = 0.7` seconds long, `limit = 8`)
    hang_up = true
Callers who react to what the agent says are another matter; these know only whether it speaks.
"""

import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from callcenter.audio import Activity
from callcenter.callers.mouth import Deed, HangUp, Press
from callcenter.callers.voice import PLAIN, Voice
from callcenter.units import FRAME, RATE, SILENT_FRAME
from callcenter.voices import Speech

SHIPPED = Path(__file__).parent / "scripted"


class ScriptError(Exception):
    """A script cannot be played; the message names the file and the line."""


@dataclass(frozen=True, slots=True)
class Say:
    text: str


@dataclass(frozen=True, slots=True)
class Pause:
    seconds: float


@dataclass(frozen=True, slots=True)
class Wait:
    until: Literal["speech", "silence"]
    quiet: float = 0.7
    limit: float = 8.0


Line = Say | Pause | Press | Wait | HangUp


@dataclass(frozen=True, slots=True)
class Script:
    name: str
    lines: tuple[Line, ...]
    voice: Voice = PLAIN


@dataclass(frozen=True, slots=True)
class Said:
    """A line as it was spoken, in samples of the caller's clock."""

    start: int
    end: int
    text: str


def shipped() -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in SHIPPED.glob("*.toml")))


def find(name: str) -> Script:
    """A shipped script by its name, or any by its path."""
    path = Path(name) if name.endswith(".toml") else SHIPPED / f"{name}.toml"
    if not path.is_file():
        raise ScriptError(f"there is no script {name!r}; shipped are {', '.join(shipped())}, or give a path to a .toml")
    try:
        return read(path.stem, tomllib.loads(path.read_text()))
    except tomllib.TOMLDecodeError as error:
        raise ScriptError(f"{path}: {error}") from error


def read(name: str, told: dict[str, Any]) -> Script:
    try:
        voice = Voice(**told.get("voice", {}))
    except TypeError as error:
        raise ScriptError(f"{name}: voice: {error}") from error
    return Script(name, tuple(line(name, number, entry) for number, entry in enumerate(told["lines"], 1)), voice)


def line(name: str, number: int, told: dict[str, Any]) -> Line:
    match told:
        case {"say": str(text)}:
            return Say(text)
        case {"pause": int() | float() as seconds}:
            return Pause(float(seconds))
        case {"press": str(digits)} if set(digits) <= set("0123456789*#"):
            return Press(digits)
        case {"wait": "speech" | "silence" as until}:
            return Wait(until, float(told.get("quiet", 0.7)), float(told.get("limit", 8.0)))
        case {"hang_up": True}:
            return HangUp()
        case _:
            raise ScriptError(f"{name}: line {number} is not understood: {told}")


class Reciter:
    """A mouth that plays a script. All speech is made before the call, so that nothing keeps its clock waiting."""

    def __init__(self, script: Script, speak: Callable[[str], Speech]) -> None:
        self._speech = {entry.text: speak(entry.text).audio for entry in script.lines if isinstance(entry, Say)}
        self._deeds: list[Deed] = []
        self._activity = Activity()
        self._at = 0
        self._quiet = 0
        """Frames since the agent was last heard."""
        self._frames = self._play(script.lines)
        self.said: list[Said] = []

    def frame(self, heard: bytes) -> bytes:
        self._quiet = 0 if self._activity.push(heard) == "1" else self._quiet + 1
        spoken = next(self._frames, SILENT_FRAME)
        self._at += 1
        return spoken

    def deeds(self) -> Sequence[Deed]:
        done, self._deeds = self._deeds, []
        return done

    def _play(self, lines: Sequence[Line]) -> Iterator[bytes]:
        for entry in lines:
            match entry:
                case Say(text):
                    yield from self._say(text)
                case Pause(seconds):
                    yield from silence(seconds)
                case Wait():
                    yield from self._wait(entry)
                case Press() | HangUp():
                    self._deeds.append(entry)
                    yield SILENT_FRAME
        self._deeds.append(HangUp())

    def _say(self, text: str) -> Iterator[bytes]:
        audio = self._speech[text]
        start = self._at * FRAME
        self.said.append(Said(start, start + len(audio), text))
        for first in range(0, len(audio), FRAME):
            yield audio[first : first + FRAME].ljust(FRAME, SILENT_FRAME[:1])

    def _wait(self, wait: Wait) -> Iterator[bytes]:
        for _ in silence(wait.limit):
            if wait.until == "speech" and self._quiet == 0:
                return
            if wait.until == "silence" and self._quiet * FRAME >= wait.quiet * RATE:
                return
            yield SILENT_FRAME


def silence(seconds: float) -> Iterator[bytes]:
    for _ in range(round(seconds * RATE / FRAME)):
        yield SILENT_FRAME
