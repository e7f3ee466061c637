import sqlite3
import threading

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from callcenter.store import migrations
from callcenter.store.database import connect


def run(url, *statements):
    engine = connect(url)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def test_an_upgraded_database_is_what_the_code_expects(empty):
    assert migrations.current(empty) == ""
    migrations.upgrade(empty)
    assert migrations.current(empty) == migrations.head()
    assert migrations.drift(empty) == []
    migrations.upgrade(empty)
    assert migrations.drift(empty) == []


def test_every_revision_can_be_taken_back(empty):
    migrations.upgrade(empty)
    migrations.downgrade(empty, "base")
    assert migrations.current(empty) == ""
    migrations.upgrade(empty)
    assert migrations.drift(empty) == []


def test_calls_and_their_journals_outlive_every_revision(empty):
    migrations.upgrade(empty, "0001")
    words = (
        "id state direction carrier caller called outcome ended_reason assigned served flow flow_version arm voice amd"
    )
    names = words.split()
    empties = ", ".join(["''"] * (len(names) - 1))
    call = (
        f"insert into call ({', '.join(names)}, rung_at, duration, legs, faults) "
        f"values ('c1', {empties}, '2026-01-01 00:00:00', 0, 0, 0)"
    )
    run(empty, call, "insert into chunk (call_id, writer, first, last, lines) values ('c1', 'w', 0, 1, 'x')")
    migrations.upgrade(empty)
    migrations.downgrade(empty, "0001")
    migrations.upgrade(empty)
    engine = connect(empty)
    with engine.connect() as connection:
        rows = connection.execute(text("select call.id, experiment, lines from call join chunk on call_id = id")).all()
    engine.dispose()
    assert [tuple(row) for row in rows] == [("c1", "", "x")]


def test_a_database_that_is_behind_says_so(empty):
    migrations.upgrade(empty, "0001")
    assert migrations.drift(empty)[0] == f"the database is at 0001, the code at {migrations.head()}"


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        ("drop index ix_call_state_rung_at", "add_index ix_call_state_rung_at"),
        ("alter table leg drop column channels", "add_column leg channels"),
        ("drop table utterance", "add_table utterance"),
        ("create table stray (id integer)", "remove_table stray"),
    ],
)
def test_a_database_changed_by_hand_is_found_out(database, change, difference):
    run(database, change)
    assert migrations.drift(database) == [difference]


def test_processes_that_upgrade_at_the_same_time_take_turns(empty):
    problems = []

    def upgrade():
        try:
            migrations.upgrade(empty)
        except Exception as error:
            problems.append(error)

    threads = [threading.Thread(target=upgrade) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert migrations.drift(empty) == []


def test_a_file_whose_log_is_not_on_yet_is_waited_for_while_another_writes(tmp_path):
    """SQLite refuses to turn the log on beside a writer, without waiting: so do two processes meet at a new file."""
    writer = sqlite3.connect(tmp_path / "new.db", isolation_level=None, check_same_thread=False)
    writer.execute("begin immediate")
    done = threading.Timer(0.3, writer.execute, ("commit",))
    done.start()
    engine = connect(f"sqlite:///{tmp_path}/new.db")
    with engine.connect() as connection:
        assert connection.execute(text("pragma journal_mode")).scalar() == "wal"
    engine.dispose()
    done.join()
    writer.close()


def test_a_file_that_stays_locked_is_given_up_after_the_patience(tmp_path):
    writer = sqlite3.connect(tmp_path / "new.db", isolation_level=None)
    writer.execute("begin immediate")
    engine = connect(f"sqlite:///{tmp_path}/new.db", 1)
    with pytest.raises(OperationalError, match="locked"), engine.connect():
        pass
    writer.close()
