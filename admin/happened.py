"""What a call's journal tells, as the review screen lists it: words, background work, tools, details, what happened."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from admin.parts import Told
from callcenter.codec import encode
from callcenter.events import (
    Ask,
    Backchannelled,
    Clear,
    Command,
    Delivered,
    Directed,
    Event,
    Fault,
    HangUp,
    Ignored,
    Noted,
    Pressed,
    Record,
    Spoken,
    TookFloor,
    Transfer,
    Use,
    Utter,
    Withdrawn,
    Yielded,
)
from callcenter.measures import Acted
from callcenter.units import RATE, TURN


def act(acted: Acted) -> tuple[str, str] | tuple[()]:
    match acted.act:
        case TookFloor():
            return "took the floor", ""
        case Yielded():
            return "yielded", ""
        case Backchannelled(kind):
            return "backchannel", kind
        case Ignored(kind):
            return "ignored", kind
        case _:
            return ()


# -------------------------------------------------------------------------------------------------------- transcript


def lines_of(told: Iterable[Told]) -> list[dict[str, Any]]:
    """The transcript, each word with its time: the caller's as they became certain, ours shared out by letters."""
    found: list[dict[str, Any]] = []
    certain: list[tuple[int, str]] = []
    for start, line in told:
        if isinstance(line.event, Spoken) and line.event.heard_text:
            certain += [(start + line.event.turn * TURN, word) for word in line.event.heard_text.split()]
        for command in line.commands:
            if isinstance(command, Utter):
                found.append(_line(start, command, certain if command.side == "caller" else []))
                if command.side == "caller" and command.kind != "key":
                    certain = []
    return sorted(found, key=lambda line: (line["start"], line["end"]))


def _line(start: int, utter: Utter, certain: list[tuple[int, str]]) -> dict[str, Any]:
    words = utter.text.split()
    first, last = start + utter.start, start + max(utter.end, utter.start)
    if [word for _, word in certain] == words and words:
        ends = [at for at, _ in certain[1:]] + [last]
        timed = [[at, max(at, end), word] for (at, word), end in zip(certain, ends, strict=True)]
    else:
        timed = list(_shared(words, first, last))
    return {
        "side": utter.side,
        "start": first,
        "end": last,
        "words": timed,
        "unheard": utter.unheard,
        "kind": utter.kind,
    }


def _shared(words: Sequence[str], start: int, end: int) -> Iterator[list[Any]]:
    letters, said = sum(map(len, words)) or 1, 0
    for word in words:
        begin, said = said, said + len(word)
        yield [start + (end - start) * begin // letters, start + (end - start) * said // letters, word]


# -------------------------------------------------------------------------------------------------------- background


def background(told: Iterable[Told]) -> Iterator[dict[str, Any]]:
    """The lane of background work: asked, tool, answered, spoken, heard."""
    notes: dict[str, dict[str, Any]] = {}
    for start, line in told:
        at = start + line.at
        if line.remark and line.remark.get("kind") == "tool":
            took = round(float(line.remark.get("seconds", 0)) * RATE)
            shown = {"name": line.remark.get("name", ""), "ok": bool(line.remark.get("ok"))}
            yield {"is": "tool", "start": max(0, at - took), "end": at, **shown}
        if isinstance(line.event, Noted):
            note = line.event.note
            entry = {"is": "note", "start": at, "end": at, "kind": note.kind, "text": note.text, "heard": 0}
            entry["source"] = list(note.source)
            notes[note.id] = entry
            yield entry
        if isinstance(line.event, Withdrawn):
            yield {"is": "withdrawn", "start": at, "end": at, "text": notes.get(line.event.note_id, {}).get("text", "")}
        for command in line.commands:
            if isinstance(command, Ask):
                yield {"is": "asked", "start": at, "end": at, "text": command.text or command.reason}
            if isinstance(command, Delivered) and command.note_id in notes:
                notes[command.note_id]["heard"] = at


def tools(told: Iterable[Told]) -> Iterator[dict[str, Any]]:
    for start, line in told:
        if line.remark and line.remark.get("kind") == "tool":
            names = ("name", "arguments", "ok", "result", "seconds", "repeated")
            yield {"at": start + line.at, **{name: line.remark.get(name) for name in names}}


def path(told: Iterable[Told]) -> list[list[Any]]:
    """The steps of the flow that what was said came from, in order."""
    found: list[list[Any]] = []
    for start, line in told:
        if not isinstance(line.event, Noted):
            continue
        for source in line.event.note.source:
            step = source.removeprefix("flow ")
            if step != source and (not found or found[-1][1] != step):
                found.append([start + line.at, step])
    return found


def variables(told: Iterable[Told]) -> list[dict[str, Any]]:
    """The details that became known, in the order in which they did, each with what it was before."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for start, line in told:
        remark = line.remark or {}
        if remark.get("kind") != "variable":
            continue
        step, name = str(remark.get("step", "")), str(remark.get("name", ""))
        before = found.get((step, name))
        earlier = [*before["earlier"], before["value"]] if before and before["value"] != remark.get("value") else []
        found[step, name] = {
            "at": start + line.at,
            "step": step,
            "name": name,
            "value": remark.get("value"),
            "sure": bool(remark.get("sure", True)),
            "source": list(remark.get("source", ())),
            "earlier": earlier or (before["earlier"] if before else []),
        }
    return list(found.values())


PLAIN: Final = (Pressed, Directed, Withdrawn)


def events(told: Iterable[Told]) -> Iterator[list[Any]]:
    """What happened beside the talk: keys, orders, faults, clears, the end."""
    for start, line in told:
        at = start + line.at
        if isinstance(line.event, PLAIN) or (
            line.event is not None
            and type(line.event).__name__
            in (
                "Started",
                "Late",
                "Lost",
                "Stopped",
                "Broke",
                "Detected",
            )
        ):
            yield [at, *_named(line.event)]
        if line.remark and line.remark.get("kind") not in ("tool", "background", "variable"):
            yield [at, str(line.remark.get("kind")), _short({k: v for k, v in line.remark.items() if k != "kind"})]
        for command in line.commands:
            if isinstance(command, Clear | Fault | HangUp | Transfer | Use | Record):
                yield [at, *_named(command)]
        if line.end is not None:
            yield [at, "end", _short(line.end)]


def _named(thing: Event | Command) -> tuple[str, str]:
    told = encode(thing)
    return str(told.pop("is")), _short(told)


def _short(told: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in told.items() if value not in ("", None))[:300]
