"""What leaves the house of a call: its journals and recordings, redacted where the policy of its flow says so."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from callcenter.codec import loads
from callcenter.redaction import redact, silenced
from callcenter.store import recordings
from callcenter.store.files import Files
from callcenter.store.keeping import NEVER, policies, policy_of
from callcenter.store.news import News, take
from callcenter.store.recordings import CHANNELS, HEADER_BYTES
from callcenter.store.store import Store
from callcenter.store.tables import Call, Utterance


@dataclass(frozen=True, slots=True)
class Exported:
    """One leg."""

    lines: tuple[bytes, ...]
    recording: bytes = field(repr=False)
    """The whole file; empty if there is none here."""


def redacts(store: Store, call: Call) -> bool:
    return policy_of(policies(store), call).redact != NEVER


def exported(store: Store, files: Files, call: Call, sound: bool = True) -> Exported:
    lines: Sequence[bytes] = store.journal(files.call_id, files.writer)
    whole = files.recording.read_bytes() if sound and files.recording.exists() else b""
    if redacts(store, call) and lines:
        found = redact(lines)
        lines, body = found.lines, silenced(whole[HEADER_BYTES:], found.spans, CHANNELS)
        whole = recordings.header(len(body)) + body if whole else b""
    return Exported(tuple(lines), whole)


def transcript(store: Store, root: Path, call: Call) -> list[Utterance]:
    """The lines of the whole call, in order."""
    kept = store.transcript(call.id)
    if not kept or not redacts(store, call):
        return kept
    told: dict[tuple[str, int, int], tuple[str, str]] = {}
    for leg in store.legs(call.id):
        lines = [loads(line) for line in exported(store, Files(root, call.id, leg.writer), call, sound=False).lines]
        if lines:
            news = News(lines[0]["header"])
            take(news, lines)
            told |= {(leg.writer, u["n"], u["k"]): (u["text"], u["unheard"]) for u in news.utterances}
    for line in kept:
        line.text, line.unheard = told.get((line.writer, line.n, line.k), (line.text, line.unheard))
    return kept
