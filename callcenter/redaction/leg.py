"""One leg of a call without what gives somebody away: the journal's lines, and the stretches of sound to be silenced.

The same words stand in a journal many times: as they became certain, in the lines of the transcript, in what the
background was asked and told. Each is looked at where it stands in its row of words, everything else by itself and for
the numbers that were found. A line that loses something says `withheld`, so that a replay knows.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from callcenter.codec import dumps, loads
from callcenter.curtain import WITHHELD
from callcenter.redaction import sound
from callcenter.redaction.conversation import Heard, Secret, find, masked, secrets
from callcenter.redaction.loose import without
from callcenter.redaction.sound import Played, Span, Told, united
from callcenter.units import FRAME, RATE, TURN

ENTRY: Final = 5 * RATE
"""Keys pressed within so long of each other are one number."""

KEY: Final = RATE // 2
"""How long around a key its tone may sound."""

Texts = dict[tuple[int, str], list[str]]
"""What the words of a field give away: by the line and the field."""


@dataclass(frozen=True, slots=True)
class Redacted:
    lines: tuple[bytes, ...]
    spans: tuple[Span, ...]
    """Of both channels of the recording, in samples."""
    spoken: tuple[Span, ...]
    """Of what the duplex produced, in bytes."""
    counts: Mapping[str, int]
    """Words taken out of the transcript, of keys and of notes, by what they gave away."""


@dataclass(slots=True)
class _Row:
    """Words in the order they were said, each with the field it stands in."""

    words: list[Heard] = field(default_factory=list)
    places: list[tuple[int, str]] = field(default_factory=list)
    found: list[str] = field(default_factory=list)

    def add(self, place: tuple[int, str], text: str, side: str, start: int, end: int) -> None:
        parts = text.split()
        for index, part in enumerate(parts):
            self.words.append(Heard(part, side, start + (end - start) * index // len(parts)))
            self.places.append(place)

    def search(self) -> list[Secret]:
        self.found = find(self.words)
        return secrets(self.words, self.found)

    def by_place(self) -> Texts:
        told: Texts = {}
        for place, what in zip(self.places, self.found, strict=True):
            told.setdefault(place, []).append(what)
        return told


def redact(lines: Sequence[bytes]) -> Redacted:
    told = [loads(line) for line in lines]
    certain, written = _Row(), _Row()
    _collect_certain(told, certain)
    _collect_written(told, written)
    known = list(dict.fromkeys((*certain.search(), *written.search())))
    pen = _Pen(told, certain.by_place(), written.by_place(), known)
    spans = united([*_keys(told, certain), *_sounds(told, certain, written)])
    out = [pen.line(index) or line for index, line in enumerate(lines)]
    for index, line in enumerate(told):
        if _overlaps(line.get("event", {}), spans) and not line.get("withheld"):
            out[index] = dumps({**loads(out[index]), "withheld": True})
    return Redacted(tuple(out), spans, tuple(_spoken(told, pen.certain)), pen.counts)


def _overlaps(event: Mapping[str, Any], spans: Sequence[Span]) -> bool:
    """Whether a turn loses sound: a replay cannot hear it again."""
    if event.get("is") != "TurnHeard":
        return False
    return sound.meets(spans, *_turn(event))


# ---------------------------------------------------------------------------------------------------------- collecting


def _collect_certain(told: Sequence[Mapping[str, Any]], row: _Row) -> None:
    entry, last, before = 0, -ENTRY, 0
    for index, line in enumerate(told):
        event = line.get("event", {})
        if event.get("is") == "Spoken":
            text = event.get("heard_text", "")
            end = _turn(event)[1] - sound.LATE // 2
            start = max(before, end - sum(map(sound.weight, text.split())) * sound.A_LETTER // 2)
            row.add((index, "heard_text"), text, "caller", start, max(start, end))
            before = max(before, end) if text else before
            row.add((index, "said_text"), event.get("said_text", ""), "agent", line["at"], line["at"] + TURN)
        elif event.get("is") == "Pressed":
            if line["at"] - last > ENTRY or event["digit"] == "#":
                entry += 1
            last = line["at"]
            row.add((index, "digit"), event["digit"], f"keys {entry}", last, last)


def _turn(event: Mapping[str, Any]) -> Span:
    return event["turn"] * TURN, (event["turn"] + 1) * TURN


def _collect_written(told: Sequence[Mapping[str, Any]], row: _Row) -> None:
    lines = [
        (command["side"], command["start"], index, k, command)
        for index, line in enumerate(told)
        for k, command in enumerate(line.get("do", ()))
        if command["is"] == "Utter" and command.get("kind", "speech") != "key"
    ]
    for side, start, index, k, command in sorted(lines, key=lambda each: each[:4]):
        row.add((index, f"{k} text"), command["text"], side, start, command["end"])
        row.add((index, f"{k} unheard"), command.get("unheard", ""), side, command["end"], command["end"] + TURN)


# ------------------------------------------------------------------------------------------------------------- writing


class _Pen:
    """Writes each line again, without."""

    def __init__(
        self, told: Sequence[Mapping[str, Any]], certain: Texts, written: Texts, known: Sequence[Secret]
    ) -> None:
        self._told = told
        self.certain = certain
        self._written = written
        self._known = known
        self.counts: dict[str, int] = {}
        self._heard: list[tuple[str, str]] = []
        """The caller's words so far, and what they give away."""
        self._pressed: list[tuple[str, str]] = []
        self._notes: dict[str, list[tuple[str, str]]] = {}

    def line(self, index: int) -> bytes:
        """The line as it is to stand; nothing if it may stand as it is."""
        line = self._told[index]
        new = dict(line)
        if "event" in line:
            new["event"] = self._event(index, line["event"])
        if "do" in line:
            new["do"] = [self._command(index, k, command) for k, command in enumerate(line["do"])]
        if "notes" in line:
            new["notes"] = [self._note(note) for note in line["notes"]]
        if "remark" in line:
            new["remark"] = self._loose(line["remark"])
        if new == line:
            return b""
        return dumps({**new, "withheld": True} if "header" not in line else new)

    def _event(self, index: int, event: Mapping[str, Any]) -> Mapping[str, Any]:
        match event["is"]:
            case "Spoken":
                heard = event.get("heard_text", "").split()
                self._heard += zip(heard, self.certain.get((index, "heard_text"), []), strict=True)
                fields = ("heard_text", "said_text")
                told = {name: self._of(event[name], (index, name)) for name in fields if name in event}
                return {**event, **told, **({"hearing": WITHHELD} if "hearing" in event else {})}
            case "Pressed":
                (what,) = self.certain.get((index, "digit"), [""])
                self._pressed.append((event["digit"], what))
                self._count(what)
                return {**event, "digit": WITHHELD} if what else event
            case "Noted":
                return {**event, "note": self._note(event["note"])}
            case "Directed" | "Broke":
                return self._fields(event, "argument", "detail")
            case _:
                return event

    def _of(self, text: str, place: tuple[int, str]) -> str:
        found = self.certain.get(place) or self._written.get(place) or []
        for what in found if place in self._written else ():
            self._count(what)
        return masked(text.split(), found) if any(found) else text

    def _count(self, what: str) -> None:
        if what:
            self.counts[what] = self.counts.get(what, 0) + 1

    def _command(self, index: int, k: int, command: Mapping[str, Any]) -> Mapping[str, Any]:
        match command["is"]:
            case "Utter":
                if command.get("kind") == "key":
                    hidden = bool(self._pressed and self._pressed[-1][1])
                    return {**command, "text": WITHHELD} if hidden else command
                fields = [name for name in ("text", "unheard") if name in command]
                return {**command, **{name: self._of(command[name], (index, f"{k} {name}")) for name in fields}}
            case "Surmised":
                return {**command, "text": WITHHELD}
            case "Understood":
                return {**command, "text": self._ending(command["text"], self._heard)}
            case "Ask":
                return {**command, "text": self._asked(command)} if command.get("text") else command
            case "Delivered":
                return {**command, "text": self._beginning(command["text"], self._notes.get(command["note_id"], []))}
            case "Fault":
                return self._fields(command, "detail")
            case _:
                return command

    def _asked(self, command: Mapping[str, Any]) -> str:
        text: str = command["text"]
        if command["reason"] != "keys":
            return self._ending(text, self._heard)
        keys = self._pressed[-len(text) :]
        return WITHHELD if any(what for _, what in keys) and "".join(k for k, _ in keys) == text else text

    def _note(self, note: Mapping[str, Any]) -> Mapping[str, Any]:
        new = dict(self._fields(note, "text"))
        if "source" in note:
            new["source"] = [without(text, self._known) for text in note["source"]]
        words = note["text"].split()
        found = find([Heard(w) for w in words], self._known)
        for what in found if note["id"] not in self._notes else ():
            self._count(what)
        self._notes[note["id"]] = list(zip(words, found, strict=True))
        return new

    def _ending(self, text: str, row: Sequence[tuple[str, str]]) -> str:
        """Words that end a row as it is by now."""
        words = text.split()
        mine = row[len(row) - len(words) :]
        if [word for word, _ in mine] != words:
            return without(text, self._known)
        found = [what for _, what in mine]
        return masked(words, found) if any(found) else text

    def _beginning(self, text: str, row: Sequence[tuple[str, str]]) -> str:
        words = text.split()
        mine = row[: len(words)]
        if [word for word, _ in mine] != words:
            return without(text, self._known)
        found = [what for _, what in mine]
        return masked(words, found) if any(found) else text

    def _fields(self, thing: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
        return {**thing, **{name: without(thing[name], self._known) for name in names if thing.get(name)}}

    def _loose(self, thing: Any, about: str = "") -> Any:
        """Any JSON: what a tool was given and answered. The name of a value tells what it may be."""
        match thing:
            case dict():
                return {name: value if name == "kind" else self._loose(value, name) for name, value in thing.items()}
            case list():
                return [self._loose(value, about) for value in thing]
            case str():
                return without(thing, self._known, about)
            case int() if not isinstance(thing, bool):
                told = without(str(thing), self._known, about)
                return thing if told == str(thing) else told
            case _:
                return thing


# -------------------------------------------------------------------------------------------------------------- sound


def _keys(told: Sequence[Mapping[str, Any]], certain: _Row) -> list[Span]:
    return [
        (max(0, told[index]["at"] - KEY), told[index]["at"] + KEY)
        for (index, name), what in zip(certain.places, certain.found, strict=True)
        if name == "digit" and what
    ]


def _sounds(told: Sequence[Mapping[str, Any]], certain: _Row, written: _Row) -> list[Span]:
    places = certain.by_place()
    voice = bytearray()
    heard: list[Told] = []
    played: list[Played] = []
    lag, flushed = 0, False
    for index, line in enumerate(told):
        event = line.get("event", {})
        if event.get("is") == "Spoken":
            if gone := places.get((index, "heard_text")):
                words = event["heard_text"].split()
                heard.append(Told(_turn(event)[1], words, [bool(what) for what in gone]))
            if "audio" in event:
                words = event.get("said_text", "").split()
                gone = places.get((index, "said_text"), [])
                marks = [bool(what) for what in gone]
                played.append(Played(line["at"], words, marks, event["audio"][1], lag, flushed))
                flushed = False
        for command in line.get("do", ()):
            if command["is"] == "Trace":
                lag = command.get("lag", 0)
                _mark(voice, command)
            flushed = flushed or command["is"] == "Clear"
    caller = list(sound.of_caller(heard, bytes(voice)))
    agent = list(sound.of_agent(played))
    return [*caller, *agent, *_missed(told, written, {"caller": caller, "agent": agent})]


def _mark(voice: bytearray, trace: Mapping[str, Any]) -> None:
    first = trace["turn"] * TURN // FRAME
    voice.extend(bytes(max(0, first + TURN // FRAME - len(voice))))
    voice[first : first + len(trace["caller"])] = bytes(int(letter == "1") for letter in trace["caller"])


def _missed(told: Sequence[Mapping[str, Any]], written: _Row, found: Mapping[str, Sequence[Span]]) -> list[Span]:
    """Whole lines of the transcript that lose words and have no silence yet: nobody told when these were said."""
    spans = []
    apart = {side: united(several, 0) for side, several in found.items()}
    for (index, name), gone in written.by_place().items():
        k, _, which = name.partition(" ")
        if which != "text" or not any(gone):
            continue
        command = told[index]["do"][int(k)]
        start, end = command["start"], command["end"]
        if not sound.meets(apart.get(command["side"], ()), start, end):
            spans.append((max(0, start - sound.LATE), end + sound.MARGIN))
    return spans


def _spoken(told: Sequence[Mapping[str, Any]], places: Texts) -> list[Span]:
    """A word is told with the turn in which its middle is, and may begin in the one before and end in the next."""
    found = []
    for (index, name), gone in places.items():
        event = told[index].get("event", {})
        if name == "said_text" and any(gone) and "audio" in event:
            offset, length = event["audio"]
            found.append((max(0, offset - TURN), offset + length + TURN))
    return found
