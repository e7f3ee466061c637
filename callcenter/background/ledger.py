"""Notes that were written: which are still to be spoken, and what of them the caller has really heard.

What the agent may count on from whoever speaks the notes: `say` notes are spoken in the order they were written; a
note that is superseded, withdrawn or expired is not begun, and stopped if it was; after yielding to the caller the
rest of a note is dropped, unless the agent writes it again.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from callcenter.events import Note


@dataclass(frozen=True, slots=True)
class Entry:
    note: Note
    written: int
    heard: str = ""
    heard_at: int = 0
    complete: bool = False
    gone: bool = False
    """Withdrawn, superseded or expired before it was complete."""
    progress: bool = False
    """Only says that work goes on."""

    @property
    def pending(self) -> bool:
        return not self.complete and not self.gone

    @property
    def rest(self) -> str:
        """What the caller has not heard of it."""
        return self.note.text.removeprefix(self.heard).strip()


@dataclass(slots=True)
class Ledger:
    entries: dict[str, Entry] = field(default_factory=dict)

    def add(self, note: Note, at: int, progress: bool = False) -> None:
        for old in note.supersedes:
            self.drop(old)
        self.entries[note.id] = Entry(note, at, progress=progress)

    def drop(self, note_id: str) -> None:
        entry = self.entries.get(note_id)
        if entry and entry.pending:
            self.entries[note_id] = replace(entry, gone=True)

    def hear(self, note_id: str, text: str, complete: bool, at: int) -> Entry | None:
        entry = self.entries.get(note_id)
        if entry is None:
            return None
        self.entries[note_id] = replace(entry, heard=text, heard_at=at, complete=complete or entry.complete)
        return self.entries[note_id]

    def expire(self, at: int) -> None:
        for entry in list(self.entries.values()):
            if entry.pending and not entry.heard and entry.note.expires is not None and at >= entry.note.expires:
                self.drop(entry.note.id)

    def pending(self) -> Iterator[Entry]:
        return (entry for entry in self.entries.values() if entry.pending)

    def last(self, progress: bool = False, but: str = "") -> Entry | None:
        """The last note that was written and not taken back."""
        notes = (one for one in reversed(self.entries.values()) if not one.gone and one.note.id != but)
        return next((one for one in notes if progress or not one.progress), None)

    def heard_until(self) -> int:
        """When the caller last heard anything of us."""
        return max((entry.heard_at for entry in self.entries.values()), default=0)

    def new_id(self) -> str:
        return f"n{len(self.entries) + 1}"
