"""The journal of a call: everything that happened to it, in order, and what it commanded; replaying gives the same.

One line is one event together with its commands, so a file cut anywhere ends between two events. A line holds `n`
(0, 1, 2 ... within one writer), `at` (samples heard) and one of `header`, `event`, `remark` (something the rim did) or
`end`. What would make it large is elsewhere: the caller's audio is the recording's left channel and the duplex's audio
the `.spoken` file, both referred to as [offset, length]; ticks that commanded nothing but a frame are folded into the
next line's `ticks` (the steps of `at`); frames sent and turns heard are not told but counted into a running digest.

A call is replayed by journalling it again and comparing the lines.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any, Final, Protocol

from callcenter.codec import JournalError, coders_of, decode, dumps, encode, loads
from callcenter.curtain import WORDS, Curtain, withhold, without_words
from callcenter.events import Command, Event, Hear, Note, Send, Spoken, Ticked, TurnHeard
from callcenter.units import FRAMES_PER_TURN, SILENT_BYTE

VERSION: Final = 1
LONGEST_RUN: Final = 5 * FRAMES_PER_TURN
"""Ticks that wait for another line at most: a second of them."""

DIGEST_TURNS: Final = 5
# ---------------------------------------------------------------------------------------------------------- writing


@dataclass(frozen=True, slots=True)
class Entry:
    """What one event leaves behind: a line, a turn of both channels for the recording, audio of the duplex."""

    line: bytes = b""
    turn: tuple[bytes, bytes] | None = None
    spoken: bytes = b""


NOTHING: Final = Entry()


class Journal:
    """Writes the lines of one writer. `opening` is its first line."""

    def __init__(self, header: Mapping[str, Any]) -> None:
        self._n = 0
        self._at = 0
        self._ticks: list[int] = []
        self._frames = 0
        self._digest = blake2b(digest_size=8)
        self._heard = 0
        self._spoken = 0
        self._curtain = Curtain()
        self.opening = self._line({"header": {"version": VERSION, **header}})

    def add(self, at: int, event: Event, commands: Sequence[Command]) -> Entry:
        told, hear = self._count(commands)
        if not told and type(event) is Ticked and len(self._ticks) < LONGEST_RUN:
            self._ticks.append(at - self._at)
            self._at = at
            return NOTHING
        line: dict[str, Any] = {}
        self._curtain.before(at, event, told)
        hidden = self._curtain.hides(at)
        turn, spoken = None, b""
        if isinstance(event, TurnHeard):
            turn = self._turn(event, hear)
        elif isinstance(event, Spoken) and event.audio is not None:
            spoken = _silence(event.audio) if hidden else event.audio
        line["event"] = self._event(withhold(event) if hidden else event)
        kept = [withhold(c) if self._curtain.covers(at, c) else c for c in told]
        if kept:
            line["do"] = [encode(c) for c in kept]
        if hear is not None and hear.heard.notes:
            notes = hear.heard.notes
            line["notes"] = [coders_of(Note)[0](without_words(n) if hidden else n) for n in notes]
        if hidden or kept != told:
            line["withheld"] = True
        if isinstance(event, TurnHeard) and event.turn % DIGEST_TURNS == DIGEST_TURNS - 1:
            line["digest"] = self._summed()
        entry = Entry(self._line(line, at), turn, spoken)
        self._curtain.after(at, event, told)
        return entry

    def remark(self, remark: Mapping[str, Any]) -> bytes:
        """Something the rim did or saw, beside the conversation; replay passes it by."""
        return self._line({"remark": remark})

    def end(self, facts: Mapping[str, Any]) -> bytes:
        return self._line({"end": facts, "digest": self._summed()})

    def _line(self, what: dict[str, Any], at: int | None = None) -> bytes:
        self._at = self._at if at is None else at
        line: dict[str, Any] = {"n": self._n, "at": self._at}
        if self._ticks:
            line["ticks"] = self._ticks
            self._ticks = []
        self._n += 1
        return dumps({**line, **what})

    def _count(self, commands: Sequence[Command]) -> tuple[list[Command], Hear | None]:
        """Feeds the digest; the commands that are told, and the turn given to the duplex."""
        told: list[Command] = []
        hear = None
        for command in commands:
            if type(command) is Send:
                self._frames += 1
                self._digest.update(command.frame)
            elif type(command) is Hear:
                hear = command
                self._digest.update(b"turn %d" % command.heard.turn)
                self._digest.update(command.heard.audio)
                self._digest.update(command.heard.played)
            else:
                told.append(command)
        return told, hear

    def _summed(self) -> list[Any]:
        return [self._frames, self._digest.hexdigest()]

    def _turn(self, event: TurnHeard, hear: Hear | None) -> tuple[bytes, bytes]:
        silence = _silence(event.audio)
        if self._curtain.silences:
            return silence, silence
        played = hear.heard.played if hear is not None else silence
        if len(played) != len(event.audio):
            played = (played + silence)[: len(event.audio)]
        return event.audio, played

    def _event(self, event: Event) -> dict[str, Any]:
        if isinstance(event, TurnHeard):
            thing = encode(event, audio=[self._heard, len(event.audio)])
            self._heard += len(event.audio)
        elif isinstance(event, Spoken) and event.audio is not None:
            thing = encode(event, audio=[self._spoken, len(event.audio)])
            self._spoken += len(event.audio)
        else:
            thing = encode(event)
        return thing


def lost(last: Mapping[str, Any], reason: str) -> bytes:
    """The line that closes a journal whose writer was killed after the line `last`."""
    return dumps({"n": last["n"] + 1, "at": last["at"], "end": {"state": "lost", "reason": reason}})


def _silence(audio: bytes) -> bytes:
    return bytes([SILENT_BYTE]) * len(audio)


# ---------------------------------------------------------------------------------------------------------- reading


class Sound(Protocol):
    """The audio beside a journal."""

    def heard(self, offset: int, length: int) -> bytes: ...

    def spoken(self, offset: int, length: int) -> bytes: ...


class Silence:
    """For readers who want the words only."""

    def heard(self, offset: int, length: int) -> bytes:
        return bytes([SILENT_BYTE]) * length

    spoken = heard


@dataclass(frozen=True, slots=True)
class Line:
    n: int
    at: int
    ticks: tuple[int, ...]
    """When the folded ticks before this line happened, in samples heard."""
    event: Event | None
    commands: tuple[Command, ...]
    notes: tuple[Note, ...]
    """Notes given to the duplex with this turn."""
    withheld: bool
    header: Mapping[str, Any] | None
    remark: Mapping[str, Any] | None
    end: Mapping[str, Any] | None
    text: bytes
    wordless: bool = False
    """Withheld because of its words alone, long after the call; the sound is what it was."""


def read(lines: Iterable[bytes], sound: Sound | None = None) -> Iterator[Line]:
    """The lines of one writer, in order. A last line without its newline was cut by a kill and is left out."""
    sound = sound or Silence()
    at = 0
    for text in lines:
        if not text.endswith(b"\n"):
            return
        line = loads(text)
        ticks = []
        for step in line.get("ticks", ()):
            at += step
            ticks.append(at)
        at = line["at"]
        yield Line(
            n=line["n"],
            at=at,
            ticks=tuple(ticks),
            event=_decode_event(line["event"], sound) if "event" in line else None,
            commands=tuple(decode(c) for c in line.get("do", ())),
            notes=tuple(coders_of(Note)[1](n) for n in line.get("notes", ())),
            withheld=bool(line.get("withheld")),
            wordless=line.get("withheld") == WORDS,
            header=line.get("header"),
            remark=line.get("remark"),
            end=line.get("end"),
            text=text,
        )


def _decode_event(thing: Mapping[str, Any], sound: Sound) -> Event:
    reference = thing.get("audio")
    if reference is None:
        event: Event = decode(thing)
        return event
    kept = {k: v for k, v in thing.items() if k != "audio"}
    if thing["is"] == "Spoken":
        spoken: Spoken = decode(kept)
        return replace(spoken, audio=sound.spoken(*reference))
    heard: TurnHeard = decode(kept | {"audio": ""})
    return replace(heard, audio=sound.heard(*reference))


# ----------------------------------------------------------------------------------------------------------- replay


class Receives(Protocol):
    def receive(self, at: int, event: Event) -> Sequence[Command]: ...


@dataclass(frozen=True, slots=True)
class Difference:
    """The first place where a replay disagrees; after something `withheld` it had to be expected."""

    n: int
    at: int
    recorded: bytes
    replayed: bytes
    withheld: bool


def replay(
    lines: Iterable[bytes], sound: Sound, make_call: Callable[[Mapping[str, Any]], Receives]
) -> Difference | None:
    """Feeds the events to a fresh call, journals it again, and says where the lines first differ."""
    call: Receives | None = None
    journal: Journal | None = None
    withheld = False
    for line in read(lines, sound):
        withheld = withheld or line.withheld
        if line.header is not None:
            call, journal = make_call(line.header), Journal(line.header)
            again = journal.opening
        elif call is None or journal is None:
            raise JournalError("the journal does not begin with its header")
        else:
            again = _again(line, call, journal)
        if again != line.text and not _added_later(line):
            return Difference(line.n, line.at, line.text, again, withheld)
    return None


def _added_later(line: Line) -> bool:
    """Whether another process wrote this line after the writer was killed."""
    return line.end is not None and line.end.get("state") == "lost"


def _again(line: Line, call: Receives, journal: Journal) -> bytes:
    for at in line.ticks:
        early = journal.add(at, Ticked(), call.receive(at, Ticked()))
        if early.line:
            return early.line
    if line.event is not None:
        return journal.add(line.at, line.event, call.receive(line.at, line.event)).line
    if line.end is not None:
        return journal.end(line.end)
    return journal.remark(line.remark or {})
