"""What is taken out of calls, and what is left of them: nothing, on disk and in the database, of what was to go."""

import json
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from journalled import SETUP
from kept_call import CALLER, keep, said
from sqlalchemy import text, update
from sqlmodel import select

from admin.examiner import Examiner
from admin.keeping import without_comments
from admin.reviews import Reviews
from admin.tables import Comment
from callcenter.call import Call as Call_
from callcenter.config import Settings
from callcenter.events import Note, Noted, Pressed
from callcenter.journal import read, replay
from callcenter.redaction import redact
from callcenter.store import Spool, Store
from callcenter.store.derived import Words
from callcenter.store.exports import exported, transcript
from callcenter.store.files import Files
from callcenter.store.keeping import Forgotten, KeepingError, Treated, drop, policies, policy_of
from callcenter.store.keeping import keep as policy
from callcenter.store.recordings import HEADER_BYTES
from callcenter.store.removal import Removal
from callcenter.store.ship import Shipper
from callcenter.store.tables import Call, Chunk, Leg, Message, Utterance

SECRETS = ("4111", "ana.smith@example.com", "smith", "4155552671")
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


def telling():
    """A caller gives a card number away, types it, too, and a tool answers with an address."""
    words = {
        3.0: [said(15, "my card number is 4111")],
        4.0: [said(20, "1111 1111 1111")],
        9.0: [Noted(Note("n1", "say", "We have ana.smith@example.com on file.", source=("tool 4155552671",)))],
        12.0: [said(60, "fluffy is the name of my dog")],
    }
    caller = {at: [type(e)(e.turn, None, heard_text=e.said_text) if not isinstance(e, Noted) else e for e in events]
              for at, events in words.items()}  # fmt: skip
    keys = {14.0 + n / 4: [Pressed(key)] for n, key in enumerate("4111111111111111#")}
    return {**caller, **keys}


@dataclass
class Place:
    """Where calls are kept, without anybody who answers phones or cleans up."""

    settings: Settings
    store: Store
    spool: Spool
    shipper: Shipper


@contextmanager
def place(folder, database):
    store, spool = Store(database), Spool(folder / "var")
    made = Place(Settings(var=folder / "var", database=database), store, spool, Shipper(spool, store))
    yield made
    made.shipper.close()
    spool.close()
    store.close()


@pytest.fixture
def house(tmp_path, database):
    with place(tmp_path, database) as made:
        yield made


@pytest.fixture
def removal(house):
    return Removal(house.store, house.spool.root, without_comments)


def files_of(house, call):
    return [Files(house.spool.root, call, leg.writer) for leg in house.store.legs(call)]


def everything(house, call):
    """All that is on disk of a call's words, and all that is in the database."""
    folder = house.spool.root / "calls" / call
    disk = b"".join(p.read_bytes() for p in folder.rglob("*") if p.is_file() and p.suffix not in (".wav", ".spoken"))
    with house.store.reading() as session:
        rows = [
            str(row.model_dump())
            for table in (Chunk, Utterance, Words, Comment)
            for row in session.exec(select(table).where(table.call_id == call))
        ]
    return disk.decode(errors="replace") + "".join(rows)


def hits(house, word):
    sqlite = house.store.engine.dialect.name == "sqlite"
    query = (
        "select count(*) from words_index where words_index match :word"
        if sqlite
        else "select count(*) from words where words_index_vector @@ plainto_tsquery('simple', :word)"
    )
    with house.store.reading() as session:
        return session.execute(text(query), {"word": word}).scalar_one()


def examined(house):
    reviews = Reviews(house.store, house.spool.root)
    Examiner(house.store, reviews).examine()
    return reviews


# ---------------------------------------------------------------------------------------------------------- redacting


def test_a_redacted_call_has_nothing_of_it_on_disk_or_in_the_database(house, removal):
    call = keep(house, 20, telling())
    reviews = examined(house)
    assert "4111" in everything(house, call)
    counts = removal.redact(call)
    assert counts["card"] >= 4
    assert counts["email"] == 1
    examined(house)
    reviews.of(call)
    left = everything(house, call)
    assert not [secret for secret in SECRETS if secret in left]
    assert "fluffy is the name" in left
    assert hits(house, "4111") == 0
    assert hits(house, "fluffy") == 1


def test_a_redacted_recording_is_silent_there_in_both_channels_and_as_it_was_elsewhere(house, removal):
    call = keep(house, 20, telling())
    (files,) = files_of(house, call)
    before, lines = files.recording.read_bytes(), house.store.journal(call, files.writer)
    removal.redact(call)
    after = files.recording.read_bytes()
    assert len(after) == len(before)
    assert after[:HEADER_BYTES] == before[:HEADER_BYTES]
    spans = [(HEADER_BYTES + 2 * a, HEADER_BYTES + 2 * b) for a, b in redact(lines).spans]
    assert spans[0][0] < HEADER_BYTES + 2 * 8_000 * 3
    at = HEADER_BYTES
    for start, end in spans:
        assert after[at:start] == before[at:start]
        assert set(after[start:end]) <= {0xFF}
        at = end
    assert after[at:] == before[at:]


def test_redacting_twice_changes_nothing_more(house, removal):
    call = keep(house, 20, telling())
    removal.redact(call)
    (files,) = files_of(house, call)
    once = (files.journal.read_bytes(), files.recording.read_bytes(), files.spoken.read_bytes())
    assert not removal.redact(call)
    assert (files.journal.read_bytes(), files.recording.read_bytes(), files.spoken.read_bytes()) == once


def test_a_redacted_journal_still_reads_and_its_replay_says_that_words_are_withheld(house, removal):
    call = keep(house, 20, telling())
    removal.redact(call)
    (files,) = files_of(house, call)
    lines = files.journal.read_bytes().splitlines(keepends=True)
    assert house.store.journal(call, files.writer) == lines
    assert [line.n for line in read(lines)] == list(range(len(lines)))
    assert any(line.withheld for line in read(lines))
    difference = replay(lines, files.sound, lambda _header: Call_(SETUP))
    assert difference is not None
    assert difference.withheld


def test_a_call_that_goes_on_is_left_alone(house, removal):
    call = keep(house, 6)
    with house.store.writing() as session:
        session.execute(update(Call).where(Call.id == call).values(state="live"))
    assert removal.redact(call) is None
    assert removal.forget([call]) == 0
    assert house.store.row(call) is not None


def test_what_is_exported_is_redacted_and_what_is_kept_is_not(house):
    call = house.store.row(keep(house, 20, telling()))
    (files,) = files_of(house, call.id)
    told = exported(house.store, files, call)
    assert b"4111" not in b"".join(told.lines)
    assert told.recording != files.recording.read_bytes()
    assert len(told.recording) == len(files.recording.read_bytes())
    assert not [line for line in transcript(house.store, house.spool.root, call) if "4111" in line.text]
    assert b"4111" in files.journal.read_bytes()
    policy(house.store, "", "ana", NOW, "never", {})
    assert exported(house.store, files, call).recording == files.recording.read_bytes()


# ---------------------------------------------------------------------------------------------------------- policies


def test_a_flow_has_its_own_policy_or_everybodys_or_the_one_nobody_wrote(house):
    store = house.store
    call = Call(id="c", rung_at=NOW, flow="retail")
    assert policy_of(policies(store), call).redact == "export"
    policy(store, "", "ana", NOW, "stored", {"audio_days": 30})
    assert policy_of(policies(store), call).audio_days == 30
    policy(store, "retail", "ana", NOW, "never", {"call_days": 7})
    assert policy_of(policies(store), call).call_days == 7
    drop(store, "retail")
    assert policy_of(policies(store), call).redact == "stored"


@pytest.mark.parametrize(("redact", "days"), [("sometimes", {}), ("stored", {"audio_days": -1})])
def test_a_policy_that_cannot_be_is_refused(house, redact, days):
    with pytest.raises(KeepingError):
        policy(house.store, "", "ana", NOW, redact, days)


def test_calls_are_redacted_soon_after_they_end_where_the_policy_says_so(house, removal):
    retail, other = keep(house, 20, telling(), flow="retail"), keep(house, 20, telling())
    policy(house.store, "retail", "ana", NOW, "stored", {})
    assert removal.due(NOW) == [(retail, "redact")]
    removal.enforce(NOW)
    assert removal.due(NOW) == []
    assert "4111" not in everything(house, retail)
    assert "4111" in everything(house, other)


def old(house, days, **row):
    call = keep(house, 20, telling(), rung_at=datetime.now(UTC) - timedelta(days=days), **row)
    with house.store.writing() as session:
        moment = datetime.now(UTC) - timedelta(days=days)
        session.execute(update(Call).where(Call.id == call).values(ended_at=moment))
    return call


def test_audio_goes_when_its_days_are_over_and_the_words_stay(house, removal):
    ancient, young = old(house, 31), old(house, 29)
    reviews = examined(house)
    policy(house.store, "", "ana", NOW, "never", {"audio_days": 30})
    removal.enforce(datetime.now(UTC))
    (files,) = files_of(house, ancient)
    assert not files.recording.exists()
    assert not files.spoken.exists()
    assert [leg.recording for leg in house.store.legs(ancient)] == [""]
    assert reviews.audio(ancient) is None
    assert not list(files.journal.parent.rglob("*.wav"))
    assert "fluffy" in everything(house, ancient)
    assert files_of(house, young)[0].recording.exists()
    assert not reviews.of(ancient)["recorded"]
    assert removal.enforce(datetime.now(UTC)) == 0


def test_the_transcript_goes_with_every_word_wherever_it_stands(house, removal):
    call = old(house, 10)
    reviews = examined(house)
    with house.store.writing() as session:
        session.add(Comment(call_id=call, who="ben", made_at=NOW, text="fluffy!"))
    figures = reviews.of(call)["floor"]
    policy(house.store, "", "ana", NOW, "never", {"transcript_days": 7})
    removal.enforce(datetime.now(UTC))
    examined(house)
    assert reviews.of(call)["floor"] == figures
    left = everything(house, call)
    assert not [
        word for word in ("fluffy", "4111", "said 3", "heard 0", 'order_status": {', "ana.smith") if word in left
    ]
    assert house.store.transcript(call) == []
    assert hits(house, "fluffy") == 0
    assert files_of(house, call)[0].recording.exists()
    lines = house.store.journal(call, files_of(house, call)[0].writer)
    tools = [json.loads(line)["remark"] for line in lines if b'"remark"' in line]
    assert [(tool["name"], tool.get("result")) for tool in tools if tool["kind"] == "tool"] == [("order_status", None)]


def test_the_journal_goes_and_the_page_of_the_call_still_opens(house, removal):
    call = old(house, 10)
    reviews = examined(house)
    policy(house.store, "", "ana", NOW, "never", {"journal_days": 7})
    removal.enforce(datetime.now(UTC))
    (files,) = files_of(house, call)
    assert not files.journal.exists()
    assert house.store.journal(call, files.writer) == []
    assert reviews.of(call)["lines"] == []
    assert house.store.row(call).outcome == "answered"


def test_the_whole_call_goes_when_its_days_are_over(house, removal):
    call, young = old(house, 366), old(house, 364)
    policy(house.store, "", "ana", NOW, "never", {"call_days": 365})
    removal.enforce(datetime.now(UTC))
    assert house.store.row(call) is None
    assert house.store.row(young) is not None


# --------------------------------------------------------------------------------------------------------- forgetting


def test_a_forgotten_caller_has_left_nothing_anywhere(house, removal, tmp_path):
    mine = [keep(house, 20, telling()), keep(house, 6, caller="+15550109999", called=CALLER, direction="outbound")]
    other = keep(house, 20, telling(), caller="+15550107723")
    examined(house)
    with house.store.writing() as session:
        session.add(Comment(call_id=mine[0], who="ben", made_at=NOW, text="fluffy!"))
        session.add(Message(call_id=mine[0], payload={"say": "fluffy"}, created_at=NOW))
    assert removal.calls_of("(555) 010-4418", "US") == mine
    assert removal.forget(mine) == 2
    root = house.spool.root
    assert not [path for path in root.rglob("*") if any(call in str(path) for call in mine)]
    with house.store.reading() as session:
        tables = session.execute(text(TABLES[house.store.engine.dialect.name])).scalars().all()
        for table in set(tables) - {"forgotten", "call"}:
            columns = session.execute(text(f"select * from {table} limit 0")).keys()
            if "call_id" in columns:
                query = text(f"select count(*) from {table} where call_id in (:a, :b)")
                left = session.execute(query, {"a": mine[0], "b": mine[1]})
                assert left.scalar_one() == 0, table
        assert [row.id for row in session.exec(select(Call))] == [other]
        assert {row.call_id for row in session.exec(select(Forgotten))} == set(mine)
    assert hits(house, "fluffy") == 1


TABLES = {
    "sqlite": "select name from sqlite_master where type = 'table' and name not like 'words_index%'",
    "postgresql": "select tablename from pg_tables where schemaname = 'public'",
}


def test_the_files_of_the_database_forget_too(tmp_path, lite):
    """SQLite: not a byte of what was said is left in any of its files, not even in the index of words."""
    folder, url = lite
    with place(folder, url) as house:
        removal = Removal(house.store, house.spool.root, without_comments)
        call = keep(house, 20, {3.0: [said(15, "my word is xyzzyplugh")]} | telling())
        examined(house)
        words = lambda: b"".join(path.read_bytes() for path in folder.glob("lite.db*"))  # noqa: E731
        assert b"xyzzyplugh" in words() or hits(house, "fluffy")
        removal.forget([call])
        assert b"fluffy" not in words()
        assert call.encode() not in b"".join(p.read_bytes() for p in folder.rglob("*.jsonl"))


def test_a_call_forgotten_elsewhere_loses_its_files_here(house, removal):
    call = keep(house, 6)
    with house.store.writing() as session:
        session.merge(Forgotten(call_id=call, at=datetime.now(UTC)))
    assert removal.follow() == 1
    assert not (house.spool.root / "calls" / call).exists()


def test_what_was_taken_out_elsewhere_is_taken_out_of_the_files_here(house, removal):
    call = keep(house, 20, telling())
    with house.store.writing() as session:
        row = Treated(call_id=call, redacted_at=datetime.now(UTC), audio_at=datetime.now(UTC))
        session.add(row)
    assert removal.follow() == 1
    (files,) = files_of(house, call)
    assert b"4111" not in files.journal.read_bytes()
    assert not files.recording.exists()
    assert removal.follow() == 0


def test_legs_that_are_still_written_hold_a_call_back(house, removal):
    call = keep(house, 6)
    with house.store.writing() as session:
        session.execute(update(Leg).where(Leg.call_id == call).values(state="writing"))
    assert removal.redact(call) is None
