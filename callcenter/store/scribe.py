"""The scribe: writes down one leg of a call and never waits.

The event loop appends to queues, a thread of the spool writes them out. If the disk stalls or is full the call goes
on: 40 s of audio are held, after which the recording gets silence in its place (its clock stays right, a remark says
so), and 4 MiB of lines, half an hour or so, after which lines are only counted.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from callcenter.events import Command, Event
from callcenter.journal import Journal
from callcenter.store import recordings
from callcenter.store.files import Files, Growth, Tail
from callcenter.units import RATE, SILENT_BYTE

AUDIO_BOUND: Final = 40 * RATE * 3
"""Bytes of a caller, what was played to them and what the duplex produced."""

LINES_BOUND: Final = 4 << 20
AT_ONCE: Final = 1_000
"""Items joined into one write."""


class Scribe:
    def __init__(self, files: Files, header: Mapping[str, Any], *, record: bool = True) -> None:
        self.growth = Growth(files)
        self.lines_lost = 0
        self._journal = Journal(header)
        self._record = record
        self._lines = Queue()
        self._audio = Queue()
        self._spoken = Queue()
        self._silenced = 0
        self._closing = False
        self._made = False
        self._journal_tail = Tail(files.journal)
        self._audio_tail = Tail(files.recording, recordings.header())
        self._spoken_tail = Tail(files.spoken)
        self._put(self._journal.opening)

    # ------------------------------------------------------------------------------------------- on the event loop

    def add(self, at: int, event: Event, commands: Sequence[Command]) -> None:
        """What happened and what it commanded; a `line.Diary`."""
        if self._closing:
            return
        entry = self._journal.add(at, event, commands)
        if not entry.line:
            return
        remark = b""
        if self._record and (entry.turn or entry.spoken):
            block = recordings.interleave(*entry.turn) if entry.turn else b""
            remark = self._hold(block, entry.spoken)
        self._put(entry.line)
        if remark:
            self._put(remark)

    def remark(self, kind: str, **facts: Any) -> None:
        """Something beside the conversation: a callback, a shutdown, what a supervisor did."""
        if not self._closing:
            self._put(self._journal.remark({"kind": kind, **facts}))

    def close(self, reason: str, outcome: str = "", *, final: bool = True) -> None:
        """The leg is over; `final` if the call is, too (a call that was transferred goes on without us).

        What is told afterwards is not written.
        """
        if self._closing:
            return
        facts: dict[str, Any] = {"state": "ended", "reason": reason, "outcome": outcome, "final": final}
        if self.lines_lost:
            facts["lines_lost"] = self.lines_lost
        self._lines.put(self._journal.end(facts))
        self._closing = True

    @property
    def waiting(self) -> int:
        """Bytes that are not on disk yet."""
        return self._lines.size + self._audio.size + self._spoken.size

    def _hold(self, block: bytes, spoken: bytes) -> bytes:
        """Queues audio, or silence of its length; the remark to be made when that changes."""
        size = len(block) + len(spoken)
        full = self._audio.size + self._spoken.size + size > AUDIO_BOUND
        self._audio.put(len(block) if full else block)
        self._spoken.put(len(spoken) if full else spoken)
        before, self._silenced = self._silenced, self._silenced + size if full else 0
        if bool(before) == full:
            return b""
        return self._journal.remark({"kind": "audio_lost"} if full else {"kind": "audio_back", "bytes": before})

    def _put(self, line: bytes) -> None:
        if self._lines.size + len(line) > LINES_BOUND:
            self.lines_lost += 1
        else:
            self._lines.put(line)

    # ------------------------------------------------------------------------------------------- on the writer's thread

    def write(self, marker: Path) -> None:
        """Puts what is queued on disk, audio before the lines that refer to it."""
        if not self._made:
            marker.touch()
            self.growth.files.journal.parent.mkdir(parents=True, exist_ok=True)
            self._made = True
        closing, count = self._closing, len(self._lines)
        self._audio.pour(self._audio_tail)
        self._spoken.pour(self._spoken_tail)
        try:
            self._lines.pour(self._journal_tail, count)
        finally:
            self.growth.written = self._journal_tail.size
        if closing:
            for tail in (self._audio_tail, self._spoken_tail, self._journal_tail):
                tail.close()
            if self._audio_tail.size:
                recordings.mend(self.growth.files.recording)
            self.growth.closed = True
        for queue in (self._audio, self._spoken, self._lines):
            queue.settle()


class Queue:
    """Bytes on their way from one thread to another, without a lock: either side keeps its own count."""

    def __init__(self) -> None:
        self._items: deque[bytes | int] = deque()
        self._put = 0
        self._poured = 0
        self._settled = 0

    def __len__(self) -> int:
        return len(self._items)

    @property
    def size(self) -> int:
        return self._put - self._settled

    def settle(self) -> None:
        """What was poured is safe and counts no more."""
        self._settled = self._poured

    def put(self, item: bytes | int) -> None:
        """Bytes, or as many bytes of silence."""
        if isinstance(item, bytes):
            self._put += len(item)
        self._items.append(item)

    def pour(self, tail: Tail, count: int | None = None) -> None:
        """Into a file: everything, or the first `count` items."""
        tail.write(b"")
        left = len(self._items) if count is None else count
        while left:
            taken = [self._items.popleft() for _ in range(min(left, AT_ONCE))]
            left -= len(taken)
            self._poured += sum(len(item) for item in taken if isinstance(item, bytes))
            tail.write(b"".join(i if isinstance(i, bytes) else bytes([SILENT_BYTE]) * i for i in taken))
