"""Every line of every call arrives in the database once, whatever stops in between."""

import resource
import threading
import time
from datetime import UTC, datetime

import psycopg
import pytest
from journalled import converse
from postgres import another
from sqlalchemy import text
from test_store_spool import CALLS, check_recovered, killed_writer
from waiting import until

from callcenter.events import Fault, Hear, Heard, Mark, Started, TurnHeard, Utter
from callcenter.store import Files, Search, Shipper, Spool, Store, StoreDown, migrations
from callcenter.store.project import AT_ONCE
from callcenter.units import TURN


class Shop:
    """A spool, a store and the shipper between them."""

    def __init__(self, root, url):
        self.spool = Spool(root)
        self.store = Store(url)
        self.shipper = Shipper(self.spool, self.store)

    def close(self):
        self.shipper.close()
        self.spool.close()
        self.store.close()


@pytest.fixture
def shop(tmp_path, database):
    shop = Shop(tmp_path, database)
    yield shop
    shop.close()


def check_shipped(store, files):
    """The database has this leg's journal byte for byte, and a transcript line for every one in it."""
    assert b"".join(store.journal(files.call_id, files.writer)) == files.journal.read_bytes()
    with store.reading() as session:
        counts = {
            table: session.execute(text(f"select count(*) from {table} where call_id = '{files.call_id}'")).scalar()
            for table in ("leg", "utterance", "chunk")
        }
    assert counts["leg"] == 1
    assert counts["utterance"] == files.journal.read_bytes().count(b'"is":"Utter"')
    return counts


def turns(scribe, first, count):
    for turn in range(first, first + count):
        audio = bytes([turn % 250]) * TURN
        spoken = [Utter("caller", turn * TURN, (turn + 1) * TURN, f"turn {turn}")] if turn % 5 == 0 else []
        scribe.add((turn + 1) * TURN, TurnHeard(turn, audio), [Hear(Heard(turn, audio)), Mark(f"m{turn}"), *spoken])


def test_a_conversation_arrives_while_it_goes_on_and_when_it_has_ended(shop):
    scribe = shop.spool.open("c1", 0, {"row": {"caller": "+15550100", "carrier": "twilio", "carrier_call": "CA1"}})
    converse(scribe, 8)
    assert shop.shipper.flush(10)
    row = shop.store.row("c1")
    assert (row.state, row.caller, row.carrier_call, row.legs) == ("live", "+15550100", "CA1", 1)
    (leg,) = shop.store.legs("c1")
    assert (leg.state, leg.channels, leg.recording) == ("writing", 2, f"calls/c1/{leg.writer}.wav")
    live = len(shop.store.transcript("c1"))
    scribe.close("hangup", "resolved")
    assert shop.shipper.flush(10)
    row, (leg,) = shop.store.row("c1"), shop.store.legs("c1")
    assert (row.state, row.ended_reason, row.outcome) == ("ended", "hangup", "resolved")
    assert (leg.state, leg.samples, row.duration) == ("closed", row.duration, leg.samples)
    assert 0 < live <= len(shop.store.transcript("c1"))
    check_shipped(shop.store, scribe.growth.files)
    assert shop.spool.growing() == []
    assert shop.shipper.backlog() == 0


def test_a_row_that_rang_is_the_row_that_is_shipped(shop):
    rung = datetime(2026, 3, 1, tzinfo=UTC)
    shop.store.ring("c1", rung, carrier="twilio", carrier_call="CA1", caller="+15550100")
    shop.store.tell("c1", amd="human")
    scribe = shop.spool.open("c1", 0, {"row": {"carrier": "twilio", "carrier_call": "CA1"}})
    scribe.add(0, Started("MZ1", "CA1"), [Fault("late")])
    assert shop.shipper.flush(10)
    row = shop.store.row("c1")
    assert (row.rung_at, row.amd, row.state, row.faults) == (rung, "human", "live", 1)
    assert len(shop.store.calls(Search()).calls) == 1


def test_a_carriers_call_that_another_row_has_is_left_to_that_row(shop):
    shop.store.ring("c1", datetime(2026, 3, 1, tzinfo=UTC), carrier="twilio", carrier_call="CA1")
    shop.spool.open("c2", 0, {"row": {"carrier": "twilio", "carrier_call": "CA1"}}).close("hangup")
    assert shop.shipper.flush(10)
    assert shop.shipper.stuck == {}
    assert shop.store.row("c2").carrier_call is None
    assert shop.store.row_of("twilio", "CA1").id == "c1"


def test_a_call_of_two_legs_is_one_call(shop):
    for leg in range(2):
        scribe = shop.spool.open("c1", leg, {})
        turns(scribe, 0, 10)
        scribe.add(10 * TURN, Started("MZ1", "CA1"), [Fault("x")])
        scribe.close("over", final=leg == 1)
        assert shop.shipper.flush(10)
        assert shop.store.row("c1").state == ("live", "ended")[leg]
    row = shop.store.row("c1")
    assert (row.legs, row.faults, row.duration) == (2, 2, 2 * 10 * TURN)
    assert [u.text for u in shop.store.transcript("c1")] == ["turn 0", "turn 5"] * 2


def test_many_small_chunks_become_few_when_a_leg_ends(shop):
    scribe = shop.spool.open("c1", 0, {})
    for k in range(6):
        turns(scribe, k * 10, 10)
        assert shop.shipper.flush(10)
    assert check_shipped(shop.store, scribe.growth.files)["chunk"] >= 6
    scribe.close("hangup")
    assert shop.shipper.flush(10)
    assert check_shipped(shop.store, scribe.growth.files)["chunk"] == 1


def test_a_long_backlog_arrives_in_pieces(tmp_path, database):
    spool = Spool(tmp_path)
    scribe = spool.open("c1", 0, {}, record=False)
    turns(scribe, 0, 6_000)
    scribe.close("hangup")
    until(lambda: scribe.growth.closed)
    assert scribe.growth.written > 2 * AT_ONCE
    spool.close()
    shop = Shop(tmp_path, database)
    shop.spool.recover()
    assert shop.shipper.backlog() == scribe.growth.written
    assert shop.shipper.flush(20)
    assert check_shipped(shop.store, scribe.growth.files)["chunk"] == 1 + scribe.growth.written // AT_ONCE
    shop.close()


# ------------------------------------------------------------------------------------------------- what may go wrong


def test_everything_shipped_twice_is_there_once(tmp_path, database):
    """A process killed between the commit and the removal of its marker begins again."""
    shop = Shop(tmp_path, database)
    scribe = shop.spool.open("c1", 0, {})
    turns(scribe, 0, 30)
    assert shop.shipper.flush(10)
    turns(scribe, 30, 7)
    scribe.close("hangup")
    files = scribe.growth.files
    assert shop.shipper.flush(10)
    shop.close()
    home = tmp_path / "open" / "1-dead"
    home.mkdir()
    (home / "lock").touch()
    (home / files.marker).touch()
    again = Shop(tmp_path, database)
    assert again.spool.recover() == [files]
    assert again.shipper.flush(10)
    check_shipped(again.store, files)
    assert again.store.row("c1").state == "ended"
    assert list((tmp_path / "open").glob("*/c1*")) == []
    again.close()


def test_two_shippers_of_one_spool_ship_every_line_once(tmp_path, database):
    shop = Shop(tmp_path, database)
    store = Store(database)
    rival = Shipper(shop.spool, store)
    scribes = [shop.spool.open(f"c{k}", 0, {}) for k in range(8)]
    for k in range(12):
        for scribe in scribes:
            turns(scribe, k * 5, 5)
        for shipper in (shop.shipper, rival):
            shipper.flush(0)
        until(lambda: shop.shipper.backlog() == 0 or rival.backlog() == 0)
    for scribe in scribes:
        scribe.close("hangup")
    until(lambda: not shop.spool.growing())
    for scribe in scribes:
        check_shipped(shop.store, scribe.growth.files)
        assert shop.store.row(scribe.growth.files.call_id).state == "ended"
    rival.close()
    store.close()
    shop.close()


def test_a_new_database_is_made_from_the_spool(shop, tmp_path):
    for k in range(3):
        scribe = shop.spool.open(f"c{k}", 0, {"row": {"caller": "+15550100"}})
        converse(scribe, 3, seed=k)
        scribe.close("hangup", "resolved")
    live = shop.spool.open("live", 0, {})
    assert shop.shipper.flush(10)
    url = f"sqlite:///{tmp_path / 'new.db'}"
    migrations.upgrade(url)
    other = Shop(tmp_path, url)
    assert other.spool.again() == 3
    assert other.shipper.flush(10)
    for k in range(3):
        assert other.store.row(f"c{k}") == shop.store.row(f"c{k}")
        assert other.store.legs(f"c{k}") == shop.store.legs(f"c{k}")
        assert other.store.transcript(f"c{k}") == shop.store.transcript(f"c{k}")
    assert other.store.row("live") is None
    other.close()
    live.close("hangup")
    assert shop.shipper.flush(10)


@pytest.mark.parametrize("damage", ["header", "middle", "facts"])
def test_a_leg_that_cannot_be_shipped_holds_up_nobody(shop, tmp_path, damage):
    bad = shop.spool.open("bad", 0, {"row": {"colour": "red"} if damage == "facts" else {}})
    turns(bad, 0, 5)
    until(lambda: bad.growth.written)
    path = bad.growth.files.journal
    if damage != "facts":
        data = path.read_bytes()
        path.write_bytes(
            data.replace(b'"header"', b'"hearer"') if damage == "header" else data[:-40] + b"x" * 39 + b"\n"
        )
    good = shop.spool.open("good", 0, {})
    turns(good, 0, 5)
    good.close("hangup")
    bad.close("hangup")
    until(lambda: shop.shipper.stuck)
    assert shop.shipper.flush(10)
    assert shop.store.row("good").state == "ended"
    assert list(shop.shipper.stuck) == [bad.growth.files]
    assert [growth.files for growth in shop.spool.growing()] == [bad.growth.files]


def test_text_that_no_database_takes_is_shipped_without_it(shop):
    scribe = shop.spool.open("c1", 0, {"row": {"voice": "a\0b"}})
    scribe.add(5, Started("MZ\0", "\ud800"), [Utter("caller", 0, 5, "nul \0 and \ud800"), Fault("\0", "\udfff")])
    scribe.remark("status", detail="\0\ud800")
    scribe.close("hang\0up", "\0")
    assert shop.shipper.flush(10)
    assert shop.shipper.stuck == {}
    assert [u.text for u in shop.store.transcript("c1")] == ["nul  and ?"]
    assert (shop.store.row("c1").voice, shop.store.row("c1").ended_reason) == ("ab", "hangup")
    check_shipped(shop.store, scribe.growth.files)


# --------------------------------------------------------------------------- the database stops, the process is killed


@pytest.mark.slow
def test_a_database_that_stops_during_calls_misses_nothing(tmp_path, cluster, upgraded):
    shop = Shop(tmp_path, another(cluster, upgraded, "stopped"))
    scribes = [shop.spool.open(f"c{k}", 0, {}) for k in range(5)]
    ended = shop.spool.open("ended", 0, {})
    going = threading.Event()
    slowest = []

    def call():
        """Five calls in real time; how long the slowest `add` took."""
        for turn in range(10**6):
            began = time.perf_counter()
            for scribe in scribes:
                turns(scribe, turn, 1)
            slowest.append(time.perf_counter() - began)
            if going.wait(0.02):
                return

    calls = threading.Thread(target=call)
    calls.start()
    until(lambda: shop.shipper.lines > 20)
    cluster.stop()
    try:
        until(lambda: shop.shipper.failure)
        turns(ended, 0, 5)
        ended.close("hangup")
        new = shop.spool.open("new", 0, {})
        turns(new, 0, 5)
        before = [scribe.growth.written for scribe in scribes]
        until(lambda: all(s.growth.written > b + 20_000 for s, b in zip(scribes, before, strict=True)))
        assert shop.shipper.backlog() > 100_000
        assert not shop.shipper.flush(0.2)
    finally:
        cluster.start()
    until(lambda: not shop.shipper.failure)
    going.set()
    calls.join()
    for scribe in (*scribes, new):
        scribe.close("hangup")
    assert shop.shipper.flush(20)
    for scribe in (*scribes, new, ended):
        check_shipped(shop.store, scribe.growth.files)
        assert shop.store.row(scribe.growth.files.call_id).state == "ended"
    assert len(shop.store.calls(Search()).calls) == len(scribes) + 2
    assert max(slowest) < 0.2  # a call never waits for the database
    shop.close()


def test_a_database_that_forgets_what_it_promised_is_told_again(tmp_path, cluster, upgraded):
    """A server that does not wait for its disk loses its last commits when its machine dies."""
    url = another(cluster, upgraded, "forgetful")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("alter database forgetful set synchronous_commit = off")
    shop = Shop(tmp_path, url)
    scribe = shop.spool.open("c1", 0, {})
    turns(scribe, 0, 10)
    assert shop.shipper.flush(10)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("checkpoint")
    turns(scribe, 10, 10)
    assert shop.shipper.flush(10)
    before = len(shop.store.transcript("c1"))
    cluster.stop()
    cluster.start()
    assert len(until(lambda: answered(shop.store))) < before
    turns(scribe, 20, 10)
    scribe.close("hangup")
    until(lambda: shop.shipper.stuck or not shop.spool.growing())
    assert not shop.shipper.stuck
    check_shipped(shop.store, scribe.growth.files)
    shop.close()


def test_half_a_line_waits_for_its_other_half(tmp_path, cluster, upgraded):
    """The disk is full in the middle of a line, while the database is elsewhere and well."""
    shop = Shop(tmp_path, another(cluster, upgraded, "elsewhere"))
    scribe = shop.spool.open("c1", 0, {}, record=False)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        turns(scribe, 0, 200)
        until(lambda: scribe.growth.written == 20_000)
        until(lambda: 0 < shop.shipper.backlog() < 300)
        assert not shop.shipper.flush(0.5)
        assert shop.spool.growing() == [scribe.growth]
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    scribe.close("hangup")
    assert shop.shipper.flush(10)
    assert shop.shipper.stuck == {}
    check_shipped(shop.store, scribe.growth.files)
    shop.close()


def answered(store):
    try:
        return store.transcript("c1")
    except StoreDown:
        return None


def test_killed_in_the_middle_of_twenty_calls(tmp_path, database):
    told = killed_writer(tmp_path)
    shops = [Shop(tmp_path, database) for _ in range(2)]
    threads = [threading.Thread(target=shop.spool.recover) for shop in shops]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for shop in (*shops, *shops):
        assert shop.shipper.flush(20)
        shop.spool.recover()
    store = shops[0].store
    rows = store.calls(Search(limit=100)).calls
    assert sorted(row.id for row in rows) == sorted(f"call-{k}" for k in range(CALLS))
    for row in rows:
        (leg,) = store.legs(row.id)
        files = Files(tmp_path, row.id, leg.writer)
        assert (row.state, leg.state, row.legs) == ("lost", "lost", 1)
        assert row.caller == f"+1555010{int(row.id.removeprefix('call-')):04}"
        assert row.duration == leg.samples >= (told - 5) * TURN - 160
        assert (tmp_path / leg.recording).is_file()
        check_recovered(tmp_path, files, told)
        check_shipped(store, files)
    for shop in shops:
        shop.close()
    assert list((tmp_path / "open").iterdir()) == []
