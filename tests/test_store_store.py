"""What processes ask and tell each other about calls, on both databases."""

import socket
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from callcenter.store import Search, Store, StoreDown
from callcenter.store.tables import Leg

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def store(database):
    store = Store(database, "DE")
    yield store
    store.close()


def at_once(count, work):
    """What `work` answers to each of so many threads that begin together."""
    answers, ready = [], threading.Barrier(count)

    def run(k):
        ready.wait()
        answers.append(work(k))

    threads = [threading.Thread(target=run, args=(k,)) for k in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == count
    return answers


# ------------------------------------------------------------------------------------------------- the life of a call


def test_a_call_is_there_as_soon_as_it_rings(store):
    store.ring("c1", NOON, carrier="twilio", carrier_call="CA1", caller="030 901820", called="+1 (555) 010-0100")
    row = store.row("c1")
    assert (row.state, row.direction, row.rung_at) == ("ringing", "inbound", NOON)
    assert (row.caller, row.called) == ("+4930901820", "+15550100100")
    assert store.row("c2") is None


def test_a_call_goes_from_ringing_to_its_end(store):
    store.ring("c1", NOON)
    assert store.started("c1", NOON + timedelta(seconds=3), served="parrot").state == "live"
    store.ended("c1", NOON + timedelta(seconds=63), "hangup", "resolved")
    row = store.row("c1")
    assert (row.state, row.served, row.outcome, row.ended_reason) == ("ended", "parrot", "resolved", "hangup")
    assert row.ended_at - row.answered_at == timedelta(seconds=60)
    assert store.tell("c2", amd="human") is None


def test_a_carrier_that_rings_twice_rings_for_one_call(store):
    first = store.ring("c1", NOON, carrier="twilio", carrier_call="CA1")
    second = store.ring("c2", NOON, carrier="twilio", carrier_call="CA1", arm="b")
    assert (first.id, second.id, second.arm) == ("c1", "c1", "b")
    assert store.row("c2") is None
    assert store.row_of("twilio", "CA1").id == "c1"
    assert store.row_of("other", "CA1") is None


def test_processes_that_are_told_of_one_ring_at_once_agree(store):
    rows = at_once(6, lambda k: store.ring(f"c{k}", NOON, carrier="twilio", carrier_call="CA1").id)
    assert len(set(rows)) == 1
    assert len(store.calls(Search()).calls) == 1


@pytest.mark.parametrize(
    ("state", "leg", "lost"),
    [
        ("ringing", None, True),
        ("live", None, True),
        ("live", ("closed", 5), True),
        ("live", ("closed", 500), False),
        ("live", ("writing", None), False),
        ("ended", None, False),
    ],
)
def test_a_call_that_nobody_ends_is_given_up(store, state, leg, lost):
    store.ring("c1", NOON)
    store.tell("c1", state=state)
    if leg:
        end = leg[1] and NOON + timedelta(seconds=leg[1])
        with store.writing() as session:
            session.add(Leg(call_id="c1", writer="w", state=leg[0], started_at=NOON, ended_at=end))
    assert store.give_up(NOON - timedelta(seconds=1)) == 0
    assert store.give_up(NOON + timedelta(seconds=100)) == lost
    assert store.row("c1").state == ("lost" if lost else state)


# --------------------------------------------------------------------------------------------- between the processes


def test_a_token_is_good_once(store):
    later = datetime.now(UTC) + timedelta(seconds=60)
    assert store.claim("n1", later)
    assert not store.claim("n1", later)
    assert store.claim("n2", later)


def test_a_token_shown_to_many_processes_at_once_is_good_in_one(store):
    later = datetime.now(UTC) + timedelta(seconds=60)
    assert sorted(at_once(8, lambda k: store.claim("n1", later))) == [False] * 7 + [True]


def test_used_tokens_are_forgotten_when_they_have_expired(store):
    past = datetime.now(UTC) - timedelta(seconds=1)
    assert store.claim("n1", past)
    assert store.claim("n2", datetime.now(UTC) + timedelta(seconds=60))
    with store.reading() as session:
        assert session.execute(text("select nonce from nonce")).all() == [("n2",)]


def test_a_plan_is_taken_once(store):
    store.ring("c1", NOON)
    assert store.take_plan("c1") is None
    store.plan("c1", {"do": "hang_up"})
    store.plan("c1", {"do": "transfer", "target": "person", "note": "日本"})
    assert store.take_plan("c1") == {"do": "transfer", "target": "person", "note": "日本"}
    assert store.take_plan("c1") is None
    for k in range(10):
        store.plan("c1", {"do": k})
        assert [p for p in at_once(6, lambda _: store.take_plan("c1")) if p] == [{"do": k}]
    assert store.take_plan("c2") is None


def test_orders_reach_a_call_once_and_in_order(store):
    for k in range(5):
        store.send("c1", {"order": k})
    store.send("c2", {"order": "other"})
    assert store.deliver([]) == []
    assert store.deliver(["c3"]) == []
    assert [m.payload["order"] for m in store.deliver(["c1", "c3"])] == [0, 1, 2, 3, 4]
    assert store.deliver(["c1"]) == []
    assert [m.call_id for m in store.deliver(["c1", "c2"])] == ["c2"]


def test_orders_are_delivered_to_one_of_many_who_ask(store):
    for k in range(20):
        store.send("c1", {"order": k})
    delivered = [m.payload["order"] for messages in at_once(5, lambda k: store.deliver(["c1"])) for m in messages]
    assert sorted(delivered) == list(range(20))


def test_tags_are_put_on_and_found(store):
    store.ring("c1", NOON)
    store.ring("c2", NOON)
    store.tag("c1", "vip", "angry\0")
    store.tag("c1", "vip")
    assert store.tags("c1") == ["angry", "vip"]
    assert [c.id for c in store.calls(Search(tag="vip")).calls] == ["c1"]


# ----------------------------------------------------------------------------------------------------------- reading


def test_pages_hold_every_call_once_and_newest_first(store):
    for k in range(25):
        store.ring(f"c{k:02}", NOON + timedelta(seconds=k // 3))  # many at the same moment
    seen, after = [], ""
    while True:
        page = store.calls(Search(limit=4, after=after))
        seen += [call.id for call in page.calls]
        if not page.more:
            break
        after = page.more
        store.ring(f"new-{len(seen)}", NOON + timedelta(seconds=100))  # what rings meanwhile does not disturb
    assert seen == [f"c{k:02}" for k in reversed(range(25))]


@pytest.mark.parametrize(
    ("search", "found"),
    [
        (Search(state="ended"), ["b"]),
        (Search(caller="+4930901820"), ["b", "a"]),
        (Search(called="+15550100"), ["a"]),
        (Search(outcome="resolved"), ["b"]),
        (Search(arm="x", state="ringing"), ["a"]),
        (Search(since=NOON), ["c", "b"]),
        (Search(until=NOON), ["a"]),
        (Search(flow_version="3"), []),
    ],
)
def test_calls_are_filtered(store, search, found):
    store.ring("a", NOON - timedelta(hours=1), caller="+4930901820", called="+15550100", arm="x")
    store.ring("b", NOON, caller="030/901820", arm="x")
    store.ended("b", NOON, "hangup", "resolved")
    store.ring("c", NOON + timedelta(hours=1))
    assert [call.id for call in store.calls(search).calls] == found


MANY = """
    insert into call (id, state, direction, carrier, caller, called, rung_at, duration, outcome, ended_reason, assigned,
                      served, flow, flow_version, arm, voice, amd, legs, faults)
    select 'c' || n, 'ended', 'inbound', '', '+1555' || (n % 5000), '+1', {time}, 800000,
           case when n % 50 = 0 then 'failed' else 'resolved' end, '', '', '', '', '', '', '', '', 1, 0
    from {numbers}
"""
SQLITE = {
    "time": "datetime('2026-01-01', '+' || n || ' seconds')",
    "numbers": "(with recursive s(n) as (select 1 union all select n + 1 from s where n < 100000) select n from s)",
}
POSTGRES = {
    "time": "timestamptz '2026-01-01' + n * interval '1 second'",
    "numbers": "generate_series(1, 100000) as s(n)",
}


@pytest.mark.slow
def test_a_hundred_thousand_calls_list_in_a_tenth_of_a_second(store):
    kind = SQLITE if store.engine.dialect.name == "sqlite" else POSTGRES
    with store.writing() as session:
        session.execute(text(MANY.format(**kind)))
        session.execute(text("analyze"))
    deep = store.calls(Search(limit=1, until=datetime(2026, 1, 1, 14, tzinfo=UTC))).more
    for search in (
        Search(),
        Search(after=deep),
        Search(state="live"),
        Search(outcome="failed"),
        Search(outcome="failed", after=deep),
        Search(caller="+155577"),
        Search(since=datetime(2026, 1, 1, 12, tzinfo=UTC), until=datetime(2026, 1, 1, 13, tzinfo=UTC)),
    ):
        assert min(seconds_of(lambda wanted=search: store.calls(wanted)) for _ in range(5)) < 0.1, search


def seconds_of(work):
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


# ------------------------------------------------------------------------------------------------------ being down


@pytest.fixture
def nobody():
    """A port on which nothing answers."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"postgresql://nobody@127.0.0.1:{taken.getsockname()[1]}/none"


LATER = datetime(2036, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "ask",
    [
        lambda store: store.ring("c1", NOON, carrier_call="CA1"),
        lambda store: store.tell("c1", amd="human"),
        lambda store: store.claim("n", LATER),
        lambda store: store.plan("c1", {}),
        lambda store: store.take_plan("c1"),
        lambda store: store.send("c1", {}),
        lambda store: store.deliver(["c1"]),
        lambda store: store.row("c1"),
        lambda store: store.calls(Search()),
        lambda store: store.transcript("c1"),
        lambda store: store.give_up(LATER),
    ],
)
def test_a_database_that_is_down_is_one_plain_error(nobody, ask):
    store = Store(nobody)
    with pytest.raises(StoreDown, match="refused"):
        ask(store)
    assert not store.answers()
    store.close()


def test_a_database_that_comes_back_answers_again(cluster, upgraded):
    store = Store(upgraded["postgres"])
    assert store.answers()
    cluster.stop()
    try:
        with pytest.raises(StoreDown):
            store.row("c1")
    finally:
        cluster.start()
    assert store.row("c1") is None
    store.close()


def test_a_file_that_cannot_be_opened_is_down_too(tmp_path):
    (tmp_path / "db").mkdir()
    store = Store(f"sqlite:///{tmp_path / 'db'}")
    with pytest.raises(StoreDown):
        store.row("c1")
    store.close()


@pytest.mark.parametrize("url", ["mysql://localhost/x", "nonsense"])
def test_another_kind_of_database_is_refused(url):
    with pytest.raises(ValueError):
        Store(url)
