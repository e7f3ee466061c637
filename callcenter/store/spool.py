"""The spool: what calls write to local disk while they live. It is the truth; the database is made from it.

    calls/<call>/<writer>.jsonl     the journal, a line an event
    calls/<call>/<writer>.wav       both channels of the recording
    calls/<call>/<writer>.spoken    what the duplex produced, for replay: the recording has only what was heard
    open/<process>/lock             held by a process for its life, so that its death is known at once
    open/<process>/<call>~<writer>  an empty file, while this writer's work is not yet all in the database
    phrases/<digest>.ulaw           audio that many calls share

One thread writes for all calls every 0.4 s, so that no event waits for a disk and a kill of the process costs less
than the last half second. (A loss of power may cost what the system had not written back: nothing waits for fsync.)
"""

import fcntl
import os
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import blake2b
from pathlib import Path
from secrets import token_hex
from typing import Any, Final

from callcenter.store.files import Files, Growth, mend
from callcenter.store.scribe import Scribe

PERIOD_S: Final = 0.4
STALLED_S: Final = 5.0


class Spool:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.process = f"{os.getpid()}-{token_hex(4)}"
        self.failure = ""
        """What the disk said last, while it refuses to write."""
        self._home = root / "open" / self.process
        self._lock = _take_home(self._home)
        self._lists = threading.Lock()
        """Held while the two below change or are copied: lines, the writer and the shipper each have a thread."""
        self._growing: dict[Files, Growth] = {}
        self._scribes: dict[Files, Scribe] = {}
        self._closing = False
        self._wake = threading.Event()
        self._beat = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="spool", daemon=True)
        self._thread.start()

    # --------------------------------------------------------------------------------------------------- for the lines

    def open(self, call_id: str, leg: int, header: Mapping[str, Any], *, record: bool = True) -> Scribe:
        """A scribe for one leg of a call.

        The header is what `make_call` of a replay is given, and must be JSON. Its `row`, if any, tells columns of the
        call's row, so that the row can be made without anybody but the spool.
        """
        files = Files(self.root, call_id, f"leg-{leg}-{token_hex(4)}")
        now = datetime.now(UTC).isoformat()
        about = {"call_id": call_id, "writer": files.writer, "leg": leg, "opened_at": now, "recorded": record}
        scribe = Scribe(files, {**about, **header}, record=record)
        with self._lists:
            self._scribes[files] = scribe
            self._growing[files] = scribe.growth
        return scribe

    def keep(self, audio: bytes) -> str:
        """Keeps audio that many calls share, once; the name by which a header can refer to it."""
        name = blake2b(audio, digest_size=16).hexdigest()
        path = self.root / "phrases" / f"{name}.ulaw"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_suffix(f".{token_hex(4)}")
            part.write_bytes(audio)
            part.rename(path)
        return name

    def kept(self, name: str) -> bytes:
        return kept(self.root, name)

    @property
    def waiting(self) -> int:
        """Bytes that are not on disk yet."""
        with self._lists:
            scribes = list(self._scribes.values())
        return sum(scribe.waiting for scribe in scribes)

    @property
    def stalled(self) -> bool:
        """Whether the disk does not take what it is given: then no call should be admitted."""
        return bool(self.failure) or time.monotonic() - self._beat > STALLED_S

    # ------------------------------------------------------------------------------------------------- for the shipper

    def growing(self) -> list[Growth]:
        """The journals that are not all in the database."""
        with self._lists:
            return list(self._growing.values())

    def shipped(self, files: Files) -> None:
        """All of it is in the database: nobody has to come back to it."""
        (self._home / files.marker).unlink(missing_ok=True)
        with self._lists:
            self._growing.pop(files, None)

    def again(self) -> int:
        """Everything there is, for a database that has none of it yet; how many journals that is."""
        markers = {path.name for path in (self.root / "open").glob("*/*~*")}
        journals = sorted((self.root / "calls").glob("*/*.jsonl"))
        whole = [
            files for path in journals if (files := Files(self.root, path.parent.name, path.stem)).marker not in markers
        ]
        for files in whole:
            (self._home / files.marker).touch()
            with self._lists:
                self._growing[files] = Growth(files, files.journal.stat().st_size, closed=True)
        return len(whole)

    # ------------------------------------------------------------------------------------------------------ life, death

    def recover(self) -> list[Files]:
        """Takes over what dead processes left: journals get their end, and are then shipped like any other.

        Each is taken over once, however many processes start together. Being killed in here does no harm.
        """
        taken = []
        for home in sorted((self.root / "open").iterdir()):
            if home.name.startswith(".") or home == self._home:
                continue
            with _held(home) as dead:
                if dead:
                    taken += [files for marker in sorted(home.iterdir()) if (files := self._adopt(marker))]
                    (home / "lock").unlink()
                    home.rmdir()
        return taken

    def _adopt(self, marker: Path) -> Files | None:
        if marker.name == "lock":
            return None
        files = Files(self.root, *marker.name.split("~"))
        size = mend(files, "the process that held the call is gone")
        if not size:
            marker.unlink()
            return None
        marker.rename(self._home / files.marker)
        with self._lists:
            self._growing[files] = Growth(files, size, closed=True)
        return files

    def close(self) -> None:
        """Writes out what is queued. What is not shipped yet, and scribes left open, are the next process's to find."""
        self._closing = True
        self._wake.set()
        self._thread.join()
        if not self._growing:
            (self._home / "lock").unlink()
            self._home.rmdir()
        os.close(self._lock)

    def _run(self) -> None:
        while not self._closing:
            self._wake.wait(PERIOD_S)
            self._wake.clear()
            self._write_all()
        self._write_all()

    def _write_all(self) -> None:
        failure = ""
        with self._lists:
            scribes = list(self._scribes.items())
        for files, scribe in scribes:
            try:
                scribe.write(self._home / files.marker)
            except OSError as error:
                failure = str(error)
            if scribe.growth.closed:
                with self._lists:
                    del self._scribes[files]
        self.failure = failure
        self._beat = time.monotonic()


def kept(root: Path, name: str) -> bytes:
    """Audio that many calls share, by the name `keep` gave it."""
    return (root / "phrases" / f"{name}.ulaw").read_bytes()


def _take_home(home: Path) -> int:
    """Makes this process's folder, which appears with its lock already held."""
    made = home.with_name(f".{home.name}")
    made.mkdir(parents=True)
    lock = os.open(made / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    fcntl.flock(lock, fcntl.LOCK_EX)
    made.rename(home)
    return lock


@contextmanager
def _held(home: Path) -> Iterator[bool]:
    """Whether the process that owned this folder is dead and the folder is ours meanwhile."""
    try:
        lock = os.open(home / "lock", os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        yield False
        return
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield (home / "lock").exists()
    finally:
        os.close(lock)
