"""Takes things away from calls that are over: what callers gave away, audio, words, journals, whole calls.

Everything may be done twice and may be killed half-way: the files go first, because the database is made from them, and
the row that says it was done comes last. Only calls that are over and have been shipped are touched, and only the files
of this machine; other machines do the same with theirs (`Forgotten` tells them which calls are to go).
"""

import shutil
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from secrets import token_hex
from typing import Any, Final

from sqlalchemy import delete, text, update
from sqlmodel import Session, col, exists, or_, select

from callcenter import numbers
from callcenter.codec import dumps, loads
from callcenter.curtain import PRIVATE, WITHHELD, WORDS
from callcenter.redaction import Redacted, redact, silenced
from callcenter.redaction.sound import Span
from callcenter.store import recordings
from callcenter.store.derived import Examined, Words
from callcenter.store.files import Files
from callcenter.store.keeping import STORED, Forgotten, Keeping, Treated, policies, treatment
from callcenter.store.news import News, take
from callcenter.store.store import Store
from callcenter.store.tables import Call, Chunk, Leg, Message, Utterance

VERSION: Final = 1
"""Of the redaction: calls redacted by an older one are looked at again."""

AT_ONCE: Final = 256 << 10
STARTING: Final = timedelta(days=3)
"""How far back a process that starts looks for what other machines did meanwhile."""

REMEMBERED: Final = timedelta(days=400)
"""How long the ids of deleted calls are kept for machines that were off."""

KEPT_FIELDS: Final = ("kind", "name", "ok", "seconds", "repeated")
"""What stays of a tool's remark when words go."""

WHEN: Final = (Treated.redacted_at, Treated.audio_at, Treated.transcript_at, Treated.journal_at)
TABLES: Final = ("call", "leg", "chunk", "utterance", "words", "tag", "message")


def ended(session: Session, call_id: str) -> Call | None:
    """The call, if it is over and no process writes of it."""
    call = session.get(Call, call_id)
    writing = session.exec(select(Leg.writer).where(Leg.call_id == call_id, Leg.state == "writing").limit(1)).first()
    return call if call is not None and call.state in ("ended", "lost") and writing is None else None


def shipped(root: Path, call_id: str) -> bool:
    """Whether the database has everything that this machine has of it."""
    return not any((root / "open").glob(f"*/{call_id}~*"))


Beside = Callable[[Session, str], None]
"""Takes away what others keep of a call's words."""


def nothing(_session: Session, _call_id: str) -> None:
    pass


class Removal:
    def __init__(self, store: Store, root: Path, beside: Beside = nothing) -> None:
        self._store = store
        self._root = root
        self._beside = beside
        self._followed = datetime.now(UTC) - STARTING

    # ------------------------------------------------------------------------------------------------------ redacting

    def redact(self, call_id: str) -> Mapping[str, int] | None:
        """Takes out what the caller gave away; words taken out by kind, or None if the call is not over yet."""
        with self._store.reading() as session:
            if ended(session, call_id) is None or not shipped(self._root, call_id):
                return None
        counts: dict[str, int] = {}
        for leg in self._store.legs(call_id):
            files = Files(self._root, call_id, leg.writer)
            lines = self.lines(files)
            found = redact(lines)
            for kind, count in found.counts.items():
                counts[kind] = counts.get(kind, 0) + count
            self._silence(files, found)
            self._rewrite(files, lines, found.lines)
        now = datetime.now(UTC)
        with self._store.writing() as session:
            row = treatment(session, call_id)
            told = dict(row.counts)
            row.redacted_at, row.version = now, VERSION
            row.counts = {kind: counts.get(kind, 0) + told.get(kind, 0) for kind in {*counts, *told}}
            _remake(session, call_id)
        self._derived(call_id)
        return counts

    def lines(self, files: Files) -> list[bytes]:
        """A leg's journal: the file, which is the truth, or what the database has of it."""
        if files.journal.exists():
            return files.journal.read_bytes().splitlines(keepends=True)
        return self._store.journal(files.call_id, files.writer)

    def _silence(self, files: Files, found: Redacted) -> None:
        spans = [(a * recordings.CHANNELS, b * recordings.CHANNELS) for a, b in found.spans]
        overwrite(files.recording, [(a + recordings.HEADER_BYTES, b + recordings.HEADER_BYTES) for a, b in spans])
        overwrite(files.spoken, found.spoken)

    def _rewrite(self, files: Files, before: Sequence[bytes], after: Sequence[bytes]) -> None:
        """The journal's lines, in the file and in the database."""
        if tuple(before) != tuple(after) and files.journal.exists():
            replace(files.journal, b"".join(after))
        told = [loads(line) for line in after if line.endswith(b"\n")]
        if not told:
            return
        news = News(told[0]["header"])
        take(news, told)
        of_leg = (col(Chunk.call_id) == files.call_id, col(Chunk.writer) == files.writer)
        with self._store.writing() as session:
            session.execute(delete(Chunk).where(*of_leg))
            session.add_all(_chunks(files, after))
            for line in news.utterances:
                mine = (col(Utterance.call_id) == files.call_id, col(Utterance.writer) == files.writer)
                place = (col(Utterance.n) == line["n"], col(Utterance.k) == line["k"])
                values = {"text": line["text"], "unheard": line["unheard"]}
                session.execute(update(Utterance).where(*mine, *place).values(**values))

    # ---------------------------------------------------------------------------------------------------- withering

    def drop_audio(self, call_id: str) -> None:
        for leg in self._store.legs(call_id):
            files = Files(self._root, call_id, leg.writer)
            for path in (files.recording, files.spoken):
                path.unlink(missing_ok=True)
        self._derived(call_id)
        with self._store.writing() as session:
            session.execute(update(Leg).where(col(Leg.call_id) == call_id).values(recording=""))
            treatment(session, call_id).audio_at = datetime.now(UTC)

    def drop_transcript(self, call_id: str) -> None:
        """Every word of the conversation, in the journal as well; what happened and when stays."""
        for leg in self._store.legs(call_id):
            files = Files(self._root, call_id, leg.writer)
            lines = self.lines(files)
            self._rewrite(files, lines, [wordless(line) for line in lines])
        self._derived(call_id)
        with self._store.writing() as session:
            session.execute(delete(Utterance).where(col(Utterance.call_id) == call_id))
            session.execute(delete(Words).where(col(Words.call_id) == call_id))
            self._beside(session, call_id)
            treatment(session, call_id).transcript_at = datetime.now(UTC)
            _remake(session, call_id)

    def drop_journal(self, call_id: str) -> None:
        for leg in self._store.legs(call_id):
            Files(self._root, call_id, leg.writer).journal.unlink(missing_ok=True)
        self._derived(call_id)
        with self._store.writing() as session:
            session.execute(delete(Chunk).where(col(Chunk.call_id) == call_id))
            treatment(session, call_id).journal_at = datetime.now(UTC)

    # ---------------------------------------------------------------------------------------------------- forgetting

    def forget(self, call_ids: Sequence[str]) -> int:
        """Deletes calls with all that is known of them: files, rows, words in the index. Those that still go on are
        left; how many were deleted."""
        gone = 0
        for call_id in call_ids:
            with self._store.writing() as session:
                if ended(session, call_id) is None or not shipped(self._root, call_id):
                    continue
                session.merge(Forgotten(call_id=call_id, at=datetime.now(UTC)))
            self._delete_files(call_id)
            with self._store.writing() as session:
                session.execute(delete(Message).where(col(Message.call_id) == call_id))
                session.execute(delete(Words).where(col(Words.call_id) == call_id))
                session.execute(delete(Call).where(col(Call.id) == call_id))
            gone += 1
        if gone:
            self.scrub()
        return gone

    def calls_of(self, number: str, country: str) -> list[str]:
        """The calls from a number and the calls to it."""
        caller = str(numbers.caller(number, country))
        outbound = (col(Call.called) == caller) & (col(Call.direction) == "outbound")
        query = select(Call.id).where(or_(col(Call.caller) == caller, outbound)).order_by(col(Call.rung_at))
        with self._store.reading() as session:
            return list(session.exec(query))

    def follow(self) -> int:
        """Does to the files of this machine what other machines did to calls; how many calls that were."""
        now = datetime.now(UTC)
        changed = or_(*(col(column) > self._followed for column in WHEN))
        with self._store.writing() as session:
            session.execute(delete(Forgotten).where(col(Forgotten.at) < now - REMEMBERED))
            gone = list(session.exec(select(Forgotten.call_id)))
            treated = list(session.exec(select(Treated).where(changed)))
        self._followed = now - timedelta(minutes=5)
        found = [call_id for call_id in gone if self._folder(call_id).exists()]
        for call_id in found:
            self._delete_files(call_id)
        return len(found) + sum(self._follow(row) for row in treated if self._folder(row.call_id).exists())

    def _follow(self, row: Treated) -> int:
        done = 0
        for leg in self._store.legs(row.call_id):
            files = Files(self._root, row.call_id, leg.writer)
            if row.audio_at and (files.recording.exists() or files.spoken.exists()):
                files.recording.unlink(missing_ok=True)
                files.spoken.unlink(missing_ok=True)
                done = 1
            if row.journal_at and files.journal.exists():
                files.journal.unlink()
                done = 1
            if not files.journal.exists():
                continue
            before = self.lines(files)
            after: Sequence[bytes] = before
            if row.redacted_at:
                found = redact(before)
                self._silence(files, found)
                after = found.lines
            if row.transcript_at:
                after = [wordless(line) for line in after]
            if tuple(after) != tuple(before):
                replace(files.journal, b"".join(after))
                done = 1
        if done:
            self._derived(row.call_id)
        return done

    def scrub(self) -> None:
        """What was deleted also leaves the database's own files, as far as it can be made to."""
        if self._store.engine.dialect.name == "sqlite":
            with self._store.writing() as session:
                session.execute(text("insert into words_index(words_index) values ('optimize')"))
            pooled = self._store.engine.raw_connection()
            try:
                pooled.cursor().execute("pragma wal_checkpoint(truncate)").close()
            finally:
                pooled.close()
            return
        with self._store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            for table in TABLES:
                connection.execute(text(f"vacuum {table}"))

    def _folder(self, call_id: str) -> Path:
        return Files(self._root, call_id, "any").journal.parent

    def _delete_files(self, call_id: str) -> None:
        if self._folder(call_id).exists():
            shutil.rmtree(self._folder(call_id))

    def _derived(self, call_id: str) -> None:
        """Reviews of the call are made again when somebody asks."""
        for path in self._folder(call_id).glob("*/"):
            shutil.rmtree(path)

    # ------------------------------------------------------------------------------------------------------ what is due

    def due(self, now: datetime, most: int = 50) -> list[tuple[str, str]]:
        """Calls and what is to be done to them: redact, audio, transcript, journal, call."""
        rules = policies(self._store)
        flows = [flow for flow in rules if flow]
        found: list[tuple[str, str]] = []
        with self._store.reading() as session:
            for flow, rule in rules.items():
                mine = col(Call.flow) == flow if flow else col(Call.flow).not_in(flows)
                for what in ("call", "journal", "transcript", "audio", "redact"):
                    query = _due(rule, what, now)
                    if query is not None:
                        ids = session.exec(query.where(mine).order_by(col(Call.rung_at)).limit(most - len(found)))
                        found += [(call_id, what) for call_id in ids]
                    if len(found) >= most:
                        return found
        return found

    def enforce(self, now: datetime, stopping: Callable[[], bool] = lambda: False) -> int:
        """Does what is due; how much there was."""
        due = self.due(now)
        for call_id, what in due:
            if stopping():
                break
            match what:
                case "redact":
                    self.redact(call_id)
                case "audio":
                    self.drop_audio(call_id)
                case "transcript":
                    self.drop_transcript(call_id)
                case "journal":
                    self.drop_journal(call_id)
                case _:
                    self.forget([call_id])
        if any(what in ("transcript", "journal") for _, what in due):
            self.scrub()
        return len(due)


def _due(rule: Keeping, what: str, now: datetime) -> Any:
    """The calls to which this is to be done and has not been; None if it is never done."""
    writing = exists().where(col(Leg.call_id) == Call.id, col(Leg.state) == "writing")
    over = select(Call.id).where(col(Call.state).in_(("ended", "lost")), ~writing)
    if what == "redact":
        done = exists().where(col(Treated.call_id) == Call.id, col(Treated.version) == VERSION)
        return over.where(~done) if rule.redact == STORED else None
    days = getattr(rule, f"{what}_days")
    if not days:
        return None
    since = now - timedelta(days=days)
    old = or_(col(Call.ended_at) < since, col(Call.ended_at).is_(None) & (col(Call.rung_at) < since))
    if what == "call":
        return over.where(old)
    done = exists().where(col(Treated.call_id) == Call.id, col(getattr(Treated, f"{what}_at")).is_not(None))
    return over.where(old, ~done)


def wordless(line: bytes) -> bytes:
    """A line of a journal without any word of the conversation."""
    told = loads(line)
    if "header" in told:
        return line
    new = _quiet(told)
    if "remark" in new:
        new["remark"] = {name: value for name, value in new["remark"].items() if name in KEPT_FIELDS}
    return dumps({**new, "withheld": told.get("withheld") or WORDS}) if new != told else line


def _quiet(thing: Any) -> Any:
    """Any part of a line, with what holds words withheld wherever it stands."""
    if isinstance(thing, list):
        return [_quiet(each) for each in thing]
    if not isinstance(thing, dict):
        return thing
    names = PRIVATE.get(thing.get("is", ""), ("text", "source"))
    out = {name: _quiet(value) for name, value in thing.items()}
    for name in names:
        if out.get(name):
            out[name] = [] if name == "source" else WITHHELD
    return out


def _chunks(files: Files, lines: Sequence[bytes]) -> list[Chunk]:
    """The lines, as few rows as there may be."""
    found: list[Chunk] = []
    part: list[bytes] = []
    size = 0
    for index, line in enumerate(lines):
        part.append(line)
        size += len(line)
        if size >= AT_ONCE or index == len(lines) - 1:
            first, last = loads(part[0])["n"], loads(part[-1])["n"]
            told = b"".join(part).decode()
            found.append(Chunk(call_id=files.call_id, writer=files.writer, first=first, last=last, lines=told))
            part, size = [], 0
    return found


def _remake(session: Session, call_id: str) -> None:
    """What was worked out of a call's words is worked out again. Whoever is at it holds the call's row meanwhile."""
    session.get(Call, call_id, with_for_update=True)
    session.execute(delete(Words).where(col(Words.call_id) == call_id))
    session.execute(update(Examined).where(col(Examined.call_id) == call_id).values(version=-1))


def overwrite(path: Path, spans: Sequence[Span]) -> None:
    """Silence in place, so that no older copy of the file is left on the disk."""
    if not path.exists() or not spans:
        return
    size = path.stat().st_size
    with path.open("r+b") as file:
        for start, end in spans:
            length = min(end, size) - start
            if length > 0:
                file.seek(start)
                file.write(silenced(bytes(length), [(0, length)]))


def replace(path: Path, body: bytes) -> None:
    """Whole or not at all."""
    part = path.with_suffix(f".{token_hex(4)}.part")
    part.write_bytes(body)
    part.chmod(path.stat().st_mode & 0o777)
    part.replace(path)
