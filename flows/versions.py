"""The life of a flow: a draft that can be edited, versions that cannot, and which of them callers get.

Everything is a value: each deed gives a new history, and the store keeps what it is given. A version is immutable and
known by the hash of its text; going back is publishing an older one again, so nothing is ever lost or rewritten.
"""

import difflib
from collections.abc import Callable
from dataclasses import dataclass, replace

from flows import FlowError, Problem, content_hash
from flows.check import check


@dataclass(frozen=True, slots=True)
class Version:
    number: int
    hash: str
    text: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Publication:
    """From then on callers got this version."""

    number: int
    at: str
    by: str


@dataclass(frozen=True, slots=True)
class History:
    name: str
    draft: str = ""
    versions: tuple[Version, ...] = ()
    publications: tuple[Publication, ...] = ()

    @property
    def live(self) -> Version | None:
        """What callers get now."""
        return self.version(self.publications[-1].number) if self.publications else None

    @property
    def changed(self) -> bool:
        """Whether the draft differs from what callers get."""
        return self.live is None or content_hash(self.draft) != self.live.hash

    def version(self, number: int) -> Version:
        found = next((one for one in self.versions if one.number == number), None)
        if found is None:
            known = ", ".join(str(one.number) for one in self.versions) or "none"
            raise LookupError(f"{self.name} has no version {number}; there are: {known}")
        return found


Checks = Callable[[str], tuple[Problem, ...]]


def edited(history: History, draft: str) -> History:
    return replace(history, draft=draft)


def published(history: History, at: str, by: str, note: str = "", problems: Checks = check) -> History:
    """Make the draft a version and give it to callers. A draft with problems is refused, with all of them."""
    if found := problems(history.draft):
        raise FlowError(found)
    hashed = content_hash(history.draft)
    same = next((one for one in history.versions if one.hash == hashed), None)
    version = same or Version(len(history.versions) + 1, hashed, history.draft, note)
    versions = history.versions if same else (*history.versions, version)
    return _live(replace(history, versions=versions), version, at, by)


def rolled_back(history: History, number: int, at: str, by: str) -> History:
    """Give callers an older version again; the draft becomes its text."""
    version = history.version(number)
    return replace(_live(history, version, at, by), draft=version.text)


def _live(history: History, version: Version, at: str, by: str) -> History:
    if history.publications and history.publications[-1].number == version.number:
        return history
    return replace(history, publications=(*history.publications, Publication(version.number, at, by)))


def difference(old: str, new: str, old_name: str = "before", new_name: str = "after") -> str:
    """What changed, as a unified diff; empty if nothing did."""
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), old_name, new_name, lineterm="")
    return "\n".join(lines)
