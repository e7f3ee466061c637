"""The legs of a call on one clock, the samples of the whole call: what was written of each, its sound, its timeline."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from callcenter.audio import decode
from callcenter.events import Fault, Trace, TurnHeard, Utter
from callcenter.journal import Line, read
from callcenter.measures import Acted, Leaning, Timeline, from_turns, recorded
from callcenter.redaction import redact, silenced
from callcenter.store import Files, Leg, Store
from callcenter.store.recordings import CHANNELS, HEADER_BYTES, header, interleave
from callcenter.units import FRAME, TURN

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


# -------------------------------------------------------------------------------------------------------------- sound


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


def joined_audio(parts: Sequence[Part]) -> bytes:
    length = max(part.start + part.length for part in parts)
    left, right = bytearray(b"\xff" * length), bytearray(b"\xff" * length)
    for part in parts:
        left[part.start : part.start + len(part.caller)] = part.caller
        right[part.start : part.start + len(part.agent)] = part.agent
    return header(2 * length) + interleave(bytes(left[:length]), bytes(right[:length]))
