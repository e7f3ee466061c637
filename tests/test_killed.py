"""`kill -9` in the middle of twenty calls: what was said is there after the restart, once, and is told as lost."""

import asyncio
from contextlib import contextmanager
from pathlib import Path

import pytest
from serving import Served
from waiting import until

from callcenter.callers.mouth import Player
from callcenter.codec import loads
from callcenter.config import Settings
from callcenter.replaying import replay_call
from callcenter.store import Files, Search, Store
from callcenter.store.recordings import HEADER_BYTES
from callcenter.units import RATE

CALLS = 20
SAID = bytes(range(256)) * 2_000


@contextmanager
def opened(url):
    store = Store(url)
    try:
        yield store
    finally:
        store.close()


async def talk_until_killed(served):
    """Twenty callers talk, one has hung up already; then the process is gone."""
    early = await served.phone(Player(SAID), seconds=1.0).place()
    phones = [served.phone(Player(SAID[100 * n :]), seconds=120.0) for n in range(CALLS)]
    calls = [asyncio.create_task(phone.place()) for phone in phones]
    await asyncio.to_thread(until, lambda: served.get("/readyz").json()["calls"] == CALLS, 30.0)
    await asyncio.sleep(4.0)  # they talk
    await asyncio.to_thread(served.kill)
    return early, await asyncio.gather(*calls)


def all_there(store, folder):
    """Whether the database has caught up with the spool."""
    homes = [path for path in (folder / "var" / "open").iterdir() if not path.name.startswith(".")]
    return not [marker for home in homes for marker in home.iterdir() if marker.name != "lock"]


@pytest.mark.slow
def test_what_was_said_before_a_kill_is_there_after_it_once_and_marked_as_lost(empty, tmp_path):
    served = Served(tmp_path, empty)
    served.command("db", "upgrade")
    served.start()
    early, reports = asyncio.run(talk_until_killed(served))
    assert [len(report.legs) for report in reports] == [1] * CALLS
    served.start()
    served.kill()  # once more, while it is taking over
    served.start()
    try:
        with opened(empty) as store:
            until(lambda: all_there(store, tmp_path), 30.0)
            check(store, served, early, reports, tmp_path)
    finally:
        served.stop()


def check(store, served, early, reports, folder: Path):
    rows = {row.carrier_call: row for row in store.calls(Search(limit=100)).calls}
    assert set(rows) == {early.call, *(report.call for report in reports)}, "every call once"
    assert len(store.calls(Search(limit=100)).calls) == CALLS + 1
    assert (rows[early.call].state, rows[early.call].outcome) == ("ended", "caller_hung_up")
    behind = []
    for report in reports:
        row = rows[report.call]
        assert (row.state, row.outcome) == ("lost", "")
        (leg,) = store.legs(row.id)
        assert leg.state == "lost"
        files = Files(folder / "var", row.id, leg.writer)
        lines = store.journal(row.id, leg.writer)
        assert lines == files.journal.read_bytes().splitlines(keepends=True)
        told = [loads(line) for line in lines]
        assert [line["n"] for line in told] == list(range(len(told)))
        assert told[-1]["end"]["state"] == "lost"
        spoken = report.legs[0].spoken
        left = files.recording.read_bytes()[HEADER_BYTES::2]
        assert spoken.startswith(left)
        behind += [len(spoken) - told[-1]["at"], len(spoken) - len(left)]
        (replayed,) = replay_call(
            Settings(var=folder / "var", database=store.engine.url.render_as_string(False)), row.id
        )
        assert replayed.difference is None
        utterances = [(line.writer, line.n, line.k) for line in store.transcript(row.id)]
        assert len(set(utterances)) == len(utterances)
        answer = served.get(f"/v1/calls/{row.id}").json()
        assert (answer["state"], len(answer["legs"])) == ("lost", 1)
        assert served.get(f"/v1/calls/{row.id}/recording.wav").content[HEADER_BYTES::2] == left
    assert max(behind) <= RATE, f"{max(behind) / RATE:.2f} s are missing at the end"
    print(f"missing at the end of {CALLS} calls: at most {max(behind) / RATE:.2f} s")
