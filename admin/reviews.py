"""The shelf of reviews: each worked out once from a call's journal and recording, and kept beside them."""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import orjson

from admin.parts import joined_audio, parts_of, peaks
from admin.review import VERSION, review
from callcenter.appearing import appearing
from callcenter.store import Files, Leg, Store
from callcenter.store.keeping import treated
from callcenter.units import FRAME, RATE

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
