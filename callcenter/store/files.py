"""The files of one writer, one leg of a call: how they are named, appended to, and mended after a kill."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from callcenter.codec import JournalError, loads
from callcenter.journal import lost
from callcenter.store import recordings

NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")


@dataclass(frozen=True, slots=True)
class Files:
    root: Path
    call_id: str
    writer: str

    def __post_init__(self) -> None:
        for name in (self.call_id, self.writer):
            if not NAME.fullmatch(name):
                raise ValueError(f"{name!r} cannot be a file's name")

    @property
    def journal(self) -> Path:
        return self.root / "calls" / self.call_id / f"{self.writer}.jsonl"

    @property
    def recording(self) -> Path:
        return self.journal.with_suffix(".wav")

    @property
    def spoken(self) -> Path:
        return self.journal.with_suffix(".spoken")

    @property
    def marker(self) -> str:
        return f"{self.call_id}~{self.writer}"

    @property
    def sound(self) -> recordings.Sound:
        return recordings.Sound(self.recording, self.spoken)


@dataclass(slots=True)
class Growth:
    """A journal, for whoever reads it while it grows."""

    files: Files
    written: int = 0
    """Bytes of it on disk."""
    closed: bool = False
    """Whether these bytes are all there will ever be."""


class Tail:
    """A file that only grows. What a failing disk did not take is offered again with the next write."""

    def __init__(self, path: Path, beginning: bytes = b"") -> None:
        self.size = 0
        self._path = path
        self._file: int | None = None
        self._beginning = beginning
        self._rest = memoryview(b"")

    def write(self, data: bytes) -> None:
        if data:
            self._rest = memoryview(bytes(self._rest) + data) if self._rest else memoryview(data)
        if not self._rest:
            return
        if self._file is None:
            self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
            self._rest = memoryview(self._beginning + bytes(self._rest))
        while self._rest:
            taken = os.write(self._file, self._rest)
            self.size += taken
            self._rest = self._rest[taken:]

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


def mend(files: Files, reason: str) -> int:
    """Brings the files of a dead writer to a proper end, and says how long the journal is now; 0: there is none.

    Doing it again changes nothing: a journal that has its last line is left alone.
    """
    if not files.journal.exists():
        return 0
    whole, last = _whole_lines(files.journal)
    with files.journal.open("r+b") as file:
        file.truncate(whole)
        if last is not None and "end" not in last:
            file.seek(whole)
            file.write(lost(last, reason))
        size = file.seek(0, os.SEEK_END)
    if files.recording.exists():
        recordings.mend(files.recording)
    return size


def _whole_lines(path: Path) -> tuple[int, dict[str, Any] | None]:
    """Up to where a journal makes sense, and its last line there."""
    size, last = 0, None
    with path.open("rb") as file:
        for text in file:
            if not text.endswith(b"\n"):
                break
            try:
                last = loads(text)
            except JournalError:
                break
            size += len(text)
    return size, last


def lines(path: Path, offset: int = 0, most: int | None = None) -> Iterator[bytes]:
    """Whole lines from a place in a journal that may be growing, about `most` bytes of them."""
    with path.open("rb") as file:
        file.seek(offset)
        taken = 0
        for text in file:
            if not text.endswith(b"\n") or (most is not None and taken >= most):
                return
            taken += len(text)
            yield text
