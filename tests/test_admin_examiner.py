"""What lists are filtered by is worked out once for every call, and again when the code that does it has changed."""

import shutil

import pytest
from kept_call import keep
from running import running
from sqlalchemy import update
from sqlmodel import select

from admin.examiner import Examiner, forgotten
from admin.review import VERSION
from admin.reviews import Reviews
from callcenter.store.derived import Examined, Words


@pytest.fixture
def house(tmp_path, upgraded):
    shutil.copy(upgraded["sqlite"].removeprefix("sqlite:///"), tmp_path / "c.db")
    with running(tmp_path, f"sqlite:///{tmp_path / 'c.db'}") as server:
        yield server.house


def rows(house, table):
    with house.store.reading() as session:
        return session.exec(select(table)).all()


def test_each_call_is_worked_out_once(house):
    examiner = Examiner(house.store, Reviews(house.store, house.spool.root))
    calls = {keep(house, 3), keep(house, 3)}
    examiner.examine()
    assert {row.call_id for row in rows(house, Examined)} == calls
    assert len(rows(house, Words)) == 2
    assert examiner.examine() == 0


def test_what_older_code_worked_out_is_made_again(house):
    examiner = Examiner(house.store, Reviews(house.store, house.spool.root))
    keep(house, 3)
    examiner.examine()
    with house.store.writing() as session:
        session.execute(update(Examined).values(version=VERSION - 1, tools=99))
    assert examiner.examine() == 1
    assert [row.tools for row in rows(house, Examined)] == [1]
    assert len(rows(house, Words)) == 1


def test_two_calls_of_one_moment_both_keep_their_words(house):
    from datetime import UTC, datetime

    now = datetime.now(UTC)
    examiner = Examiner(house.store, Reviews(house.store, house.spool.root))
    keep(house, 3, rung_at=now)
    keep(house, 3, rung_at=now)
    examiner.examine()
    assert len({row.n for row in rows(house, Words)}) == 2


def test_a_call_that_is_forgotten_leaves_nothing(house):
    examiner = Examiner(house.store, Reviews(house.store, house.spool.root))
    call = keep(house, 3)
    examiner.examine()
    with house.store.writing() as session:
        forgotten(session, call)
    assert rows(house, Words) == rows(house, Examined) == []
