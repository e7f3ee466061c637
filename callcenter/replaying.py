"""Replays a call of the spool: every leg's journal against a fresh call, with the setup it was born with."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from callcenter.call import Call
from callcenter.config import Settings
from callcenter.journal import Difference, read, replay
from callcenter.store import Files, Store, StoreDown
from callcenter.store.spool import kept
from callcenter.switchboard import setup_of
from callcenter.units import seconds


@dataclass(frozen=True, slots=True)
class Replayed:
    writer: str
    lines: int
    seconds: float
    difference: Difference | None

    @property
    def differs(self) -> bool:
        return self.difference is not None and not self.difference.withheld

    @property
    def verdict(self) -> str:
        if self.difference is None:
            return "the same commands, bit for bit"
        where = f"line {self.difference.n} at {seconds(self.difference.at):.2f} s"
        if self.difference.withheld:
            return f"the same until {where}, after which words were withheld from the journal"
        recorded, replayed = told(self.difference.recorded), told(self.difference.replayed)
        return f"differs at {where}\n  recorded {recorded}\n  replayed {replayed}"


def told(line: bytes) -> str:
    return line.decode(errors="replace").strip()[:300] or "nothing"


def replay_call(settings: Settings, call: str) -> list[Replayed]:
    """Every leg of a call, oldest first; an empty list if there is no such call."""
    folder = settings.var / "calls" / called(settings, call)
    if not folder.is_dir():
        return []
    journals = sorted(folder.glob("*.jsonl"), key=lambda path: path.stat().st_mtime)
    return [replay_leg(Files(settings.var, folder.name, path.stem)) for path in journals]


def called(settings: Settings, call: str) -> str:
    """Our id of a call that may have been named by the provider's."""
    if (settings.var / "calls" / Path(call).name).is_dir():
        return Path(call).name
    store = Store(settings.database)
    try:
        row = store.row_of("twilio", call)
    except StoreDown:
        return "-"
    finally:
        store.close()
    return row.id if row else "-"


def replay_leg(files: Files) -> Replayed:
    lines = files.journal.read_bytes().splitlines(keepends=True)

    def make(header: Mapping[str, Any]) -> Call:
        return Call(setup_of(header, lambda name: kept(files.root, name)))

    difference = replay(lines, files.sound, make)
    last = max((line.at for line in read(lines)), default=0)
    return Replayed(files.writer, len(lines), seconds(last), difference)
