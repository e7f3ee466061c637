"""A call as the review screen shows it, worked out once from its journal and its recording and then kept beside them.

Nothing is measured here: the floor, the labels and every figure are those of `callcenter.measures`. Legs of a call
follow each other on one clock, the samples of the whole call.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from statistics import median
from typing import Any, Final

import numpy as np
import orjson

from admin.costs import used
from callcenter.appearing import appearing
from callcenter.audio import decode
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
    Trace,
    Transfer,
    TurnHeard,
    Use,
    Utter,
    Withdrawn,
    Yielded,
)
from callcenter.journal import Line, read
from callcenter.measures import (
    MEASURES,
    Acted,
    Figures,
    Leaning,
    Observed,
    Outcome,
    Timeline,
    figures,
    floor_states,
    from_turns,
    overlaps,
    recorded,
    scene,
)
from callcenter.redaction import redact, silenced
from callcenter.store import Files, Leg, Store
from callcenter.store.keeping import treated
from callcenter.store.recordings import CHANNELS, HEADER_BYTES
from callcenter.units import FRAME, RATE, TURN

VERSION: Final = 4
"""Of what is kept; a review of an older version is made again."""

PEAKS_AT_MOST: Final = 240_000
"""Peaks of a channel; a longer call has coarser ones."""

Told = tuple[int, Line]
"""A line of a journal, and the sample of the whole call at which its leg began."""


@dataclass(slots=True)
class Part:
    """One leg."""

    files: Files
    start: int
    lines: list[Line]
    caller: bytes = field(default=b"", repr=False)
    agent: bytes = field(default=b"", repr=False)

    @property
    def length(self) -> int:
        ends = [line.at for line in self.lines]
        return max([len(self.caller), *ends])


def parts_of(store: Store, root: Path, call_id: str, legs: Sequence[Leg], redacting: bool = False) -> list[Part]:
    found: list[Part] = []
    start = 0
    for leg in legs:
        files = Files(root, call_id, leg.writer)
        told = store.journal(call_id, leg.writer)
        taken = redact(told) if redacting and told else None
        part = Part(files, start, list(read(taken.lines if taken else told)))
        if leg.recording and files.recording.exists():
            both = files.recording.read_bytes()[HEADER_BYTES:]
            both = silenced(both, taken.spans, CHANNELS) if taken else both
            part.caller, part.agent = both[0::2], both[1::2]
        found.append(part)
        start += -(-part.length // TURN) * TURN
    return found


def review(parts: Sequence[Part]) -> dict[str, Any]:
    """Everything the screen shows, as plain data; times are samples."""
    told = [(part.start, line) for part in parts for line in part.lines]
    timeline = timeline_of(parts)
    seen = scene(Observed("call", timeline))
    found = figures([Observed("call", timeline)])
    judged = found.judged[0]
    return {
        "version": VERSION,
        "samples": max([timeline.length, *(part.start + part.length for part in parts)], default=0),
        "recorded": any(part.caller for part in parts),
        "floor": [[span.start, span.end, state] for span, state in floor_states(timeline) if state != "nobody"],
        "overlaps": [[o.start, o.end, o.kind, o.text] for o in overlaps(seen)],
        "leanings": leanings(timeline),
        "acts": [[acted.at, *act(acted)] for acted in timeline.acts if act(acted)],
        "lines": lines_of(told),
        "answers": [[o.start, o.end, o.text] for o in judged.outcomes if o.measure == "L_R"],
        "background": list(background(told)),
        "tools": list(tools(told)),
        "path": path(told),
        "variables": variables(told),
        "used": used(told, sum(len(part.caller) for part in parts), timeline.length),
        "events": list(events(told)),
        "figures": figures_of(found),
        "judged": [_judged(o) for o in judged.outcomes if o.ok is False],
        "spent": spent(found),
    }


# ------------------------------------------------------------------------------------------------------- the timeline


def timeline_of(parts: Sequence[Part]) -> Timeline:
    """All legs on one clock; one that was not recorded, or of which sound was taken out since, is known by what the
    call itself traced."""
    caller: list[Any] = []
    agent: list[Any] = []
    lines: list[Utter] = []
    acts: list[Acted] = []
    leans: list[Leaning] = []
    faults: list[Fault] = []
    length = 0
    for part in parts:
        one = _timeline(part)
        at = part.start
        caller += [type(s)(s.start + at, s.end + at) for s in one.caller]
        agent += [type(s)(s.start + at, s.end + at) for s in one.agent]
        lines += [Utter(u.side, u.start + at, u.end + at, u.text, u.unheard, u.kind) for u in one.lines]
        acts += [Acted(a.at + at, a.act) for a in one.acts]
        leans += [Leaning(a.at + at, a.floor) for a in one.leanings]
        faults += one.faults
        length = at + one.length
    return Timeline(length, tuple(caller), tuple(agent), tuple(lines), tuple(acts), tuple(leans), tuple(faults))


def _timeline(part: Part) -> Timeline:
    happened = [(line.at, line.event, line.commands) for line in part.lines]
    muted = any(line.withheld and not line.wordless and isinstance(line.event, TurnHeard) for line in part.lines)
    if part.caller and not muted:
        return recorded(part.caller, part.agent, happened)
    whole = recorded(b"", b"", happened)
    traces = [command for line in part.lines for command in line.commands if isinstance(command, Trace)]
    turns = [{"turn": trace.turn, "caller": trace.caller, "agent": trace.agent} for trace in traces]
    return from_turns(turns, whole.lines, whole.acts, whole.leanings, whole.faults)


def leanings(timeline: Timeline) -> dict[str, Any]:
    """The duplex's probabilities turn by turn, in hundredths; empty where it told none."""
    told = [leaning for leaning in timeline.leanings if any(_three(leaning))]
    count = timeline.length // TURN + 1 if told else 0
    rows = np.zeros((3, count), np.int64)
    for leaning in told:
        rows[:, min(leaning.at // TURN, count - 1)] = [round(100 * p) for p in _three(leaning)]
    return {"every": TURN, "speak": rows[0].tolist(), "backchannel": rows[1].tolist(), "yield": rows[2].tolist()}


def _three(leaning: Leaning) -> tuple[float, float, float]:
    return tuple(
        min(1.0, max(0.0, p)) for p in (leaning.floor.p_speak, leaning.floor.p_backchannel, leaning.floor.p_yield)
    )  # type: ignore[return-value]


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


# ----------------------------------------------------------------------------------------------------------- figures


def figures_of(found: Figures) -> list[dict[str, Any]]:
    """Every measure of this one call, with what was judged and what was left out."""
    return [
        {
            "name": measure.name,
            "title": measure.title,
            "says": measure.says,
            "unit": measure.unit,
            "value": found[measure.name].value,
            "n": found[measure.name].n,
            "bar": str(measure.now) if measure.now else "",
            "passed": found.passed(measure.name),
            "meets": found[measure.name].meets(measure.now),
            "needs": list(measure.needs),
            "excluded": dict(found[measure.name].excluded),
        }
        for measure in MEASURES
    ]


def _judged(outcome: Outcome) -> list[Any]:
    return [outcome.start, outcome.end, outcome.measure, outcome.why, outcome.text]


def spent(found: Figures) -> dict[str, Any]:
    told = found.timing
    return {
        "overlap": sum(told.overlaps),
        "caller": told.caller_seconds,
        "agent": told.agent_seconds,
        "seconds": told.seconds,
        "share": told.talk_ratio,
    }


def measured(shown: Mapping[str, Any]) -> dict[str, Any]:
    """The columns by which lists are filtered, from a review."""
    by_name = {each["name"]: each for each in shown["figures"]}
    latencies = [1_000 * (end - start) // RATE for start, end, _ in shown["answers"]]
    kinds = [kind for _, _, kind, _ in shown["overlaps"]]
    failed = [measure for _, _, measure, _, _ in shown["judged"]]
    return {
        "version": shown["version"],
        "samples": shown["samples"],
        "latency_ms": int(median(latencies)) if latencies else None,
        "slowest_ms": max(latencies, default=None),
        "answered": len(latencies),
        "due": by_name["R_R"]["n"],
        "interruptions": kinds.count("interruption_caller"),
        "yielded": round((by_name["R_Y"]["value"] or 0) * by_name["R_Y"]["n"]),
        "broken_into": kinds.count("interruption_agent"),
        "overlaps": len(kinds),
        "dead": failed.count("DEAD"),
        "tools": len(shown["tools"]),
        "tool_errors": sum(not tool["ok"] for tool in shown["tools"]),
        "agent_share": shown["spent"]["share"],
    }


# ------------------------------------------------------------------------------------------------------------- peaks


def peaks(parts: Sequence[Part], samples: int) -> tuple[bytes, int]:
    """The loudest sample of every stretch, a byte each, caller then agent; and the samples of a stretch."""
    step = FRAME * max(1, -(-samples // (FRAME * PEAKS_AT_MOST)))
    count = -(-samples // step)
    rows = np.zeros((2, count), np.uint8)
    for part in parts:
        for row, audio in enumerate((part.caller, part.agent)):
            loud = loudest(audio, step)
            first = part.start // step
            rows[row, first : first + len(loud)] = loud[: count - first]
    return rows.tobytes(), step


LOUDNESS: Final = (np.abs(decode(bytes(range(256))).astype(np.int32)) // 128).clip(0, 255).astype(np.uint8)


def loudest(audio: bytes, step: int) -> Any:
    if not audio:
        return np.zeros(0, np.uint8)
    whole = audio + b"\xff" * (-len(audio) % step)
    return LOUDNESS[np.frombuffer(whole, np.uint8)].reshape(-1, step).max(axis=1)


# ---------------------------------------------------------------------------------------------------------- the shelf


QUICK: Final = 180 * RATE
"""A call that is not longer is worked out while its page is asked for."""

GROWING: Final = 8
"""Calls that still go on whose last review is remembered."""


class Reviews:
    """Reviews that were made already, beside the calls they are of. Those that are `redacting` may leave the house. Who
    may have to wait for one asks `at_once`."""

    def __init__(self, store: Store, root: Path, redacting: bool = False) -> None:
        self._store = store
        self._root = root
        self._redacting = redacting
        self._desk = ThreadPoolExecutor(1, "review")
        self._lock = threading.Lock()
        self._begun: dict[str, Future[dict[str, Any]]] = {}
        self._growing: OrderedDict[str, dict[str, Any]] = OrderedDict()

    def start(self) -> None:
        """Nothing goes on until somebody asks."""

    def stop(self) -> None:
        self._desk.shutdown(wait=False, cancel_futures=True)

    def at_once(self, call_id: str) -> dict[str, Any] | None:
        """The review as far as it can be had without waiting. A long call is begun, and None until it is done; of one
        that still goes on there is the last review meanwhile."""
        legs = self._store.legs(call_id)
        kept = self._kept(call_id, legs)
        if kept is not None or sum(leg.samples for leg in legs) <= QUICK:
            return kept or self.of(call_id)
        with self._lock:
            begun = self._begun.get(call_id)
            if begun is None or begun.done():
                self._begun = {call: work for call, work in self._begun.items() if not work.done()}
                self._begun[call_id] = self._desk.submit(self.of, call_id)
            return self._growing.get(call_id)

    def latest(self, call_id: str) -> dict[str, Any]:
        """What `at_once` gave, or will give."""
        return self.at_once(call_id) or self.of(call_id)

    def of(self, call_id: str) -> dict[str, Any]:
        """The review of a call; made now if there is none of all that is known by now."""
        legs = self._store.legs(call_id)
        kept = self._kept(call_id, legs)
        if kept is not None:
            return kept
        parts = parts_of(self._store, self._root, call_id, legs, self._redacting)
        shown = {"stamp": self._stamp(call_id, legs), **review(parts)}
        if any(leg.state == "writing" for leg in legs) or not legs:
            shown["step"], shown["growing"] = FRAME, True
            self._remember(call_id, shown)
            return shown
        body, shown["step"] = peaks(parts, shown["samples"])
        folder = self._folder(call_id)
        folder.mkdir(parents=True, exist_ok=True)
        write(folder / "peaks", body)
        if len([part for part in parts if part.caller]) > (0 if self._redacting else 1):
            write(folder / "audio.wav", joined_audio(parts))
        write(folder / "review.json", orjson.dumps(shown))
        return shown

    def _kept(self, call_id: str, legs: Sequence[Leg]) -> dict[str, Any] | None:
        """What was made of exactly what is known now."""
        stamp = self._stamp(call_id, legs)
        found = (self._read(call_id), self._growing.get(call_id))
        return next((kept for kept in found if kept is not None and kept["stamp"] == stamp), None)

    def _stamp(self, call_id: str, legs: Sequence[Leg]) -> list[Any]:
        """What a review is made of: how far each journal has come and whether it goes on, and what was taken out."""
        return [VERSION, [[leg.writer, leg.lines, leg.state] for leg in legs], treated(self._store, call_id)]

    def _remember(self, call_id: str, shown: dict[str, Any]) -> None:
        with self._lock:
            self._growing[call_id] = shown
            self._growing.move_to_end(call_id)
            while len(self._growing) > GROWING:
                self._growing.popitem(last=False)

    def peaks(self, call_id: str) -> bytes:
        path = self._folder(call_id) / "peaks"
        return path.read_bytes() if path.exists() else b""

    def audio(self, call_id: str) -> Path | None:
        """The recording of the whole call: its own file, or all legs put together."""
        together = self._folder(call_id) / "audio.wav"
        if self._redacting:
            self.of(call_id)
        if together.exists() or self._redacting:
            return together if together.exists() else None
        legs = [leg for leg in self._store.legs(call_id) if leg.recording]
        found = [path for leg in legs if (path := Files(self._root, call_id, leg.writer).recording).exists()]
        return found[0] if found else None

    def forget(self, call_id: str) -> None:
        self._growing.pop(call_id, None)
        _loaded.cache_clear()
        folder = self._folder(call_id)
        for path in folder.glob("*") if folder.exists() else ():
            path.unlink()

    def _folder(self, call_id: str) -> Path:
        folder = "redacted" if self._redacting else "review"
        return Files(self._root, call_id, folder).journal.parent / folder

    def _read(self, call_id: str) -> dict[str, Any] | None:
        path = self._folder(call_id) / "review.json"
        if not path.exists():
            return None
        return _loaded(path, path.stat().st_mtime_ns)


@lru_cache(2)
def _loaded(path: Path, _changed: int) -> dict[str, Any]:
    """The page of a call asks for its review several times in a row."""
    shown: dict[str, Any] = orjson.loads(path.read_bytes())
    return shown


def write(path: Path, body: bytes) -> None:
    with appearing(path) as file:
        file.write(body)


def joined_audio(parts: Sequence[Part]) -> bytes:
    from callcenter.store.recordings import header, interleave

    length = max(part.start + part.length for part in parts)
    left, right = bytearray(b"\xff" * length), bytearray(b"\xff" * length)
    for part in parts:
        left[part.start : part.start + len(part.caller)] = part.caller
        right[part.start : part.start + len(part.agent)] = part.agent
    return header(2 * length) + interleave(bytes(left[:length]), bytes(right[:length]))
