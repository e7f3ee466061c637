"""The running experiment on a real server: who gets what, what is written down, and what stops it."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from running import running
from sqlalchemy import update

from callcenter.callers.mouth import Player
from callcenter.callers.phone import Dialling, Phone
from callcenter.duplex.parrot import Parrot
from callcenter.events import Rang, Spoken
from callcenter.experiment import Arm, Experiment, Guardrail
from callcenter.store import Store, experiments
from callcenter.store.tables import Call, Trial
from callcenter.trials import guard
from callcenter.units import RATE

NOW = datetime.now(UTC)
ARMS = (Arm("bot", "mute", voice="en-us"), Arm("echo", "parrot", voice="en-us"))
EXPERIMENT = Experiment("spring", ARMS, (5_000, 5_000), "salt", 1_000, excluded=("+1555777",))
CALLERS = [f"+1555010{n:04d}" for n in range(40)]


class Mute:
    """Hears everything and says nothing."""

    def open(self, policy, notes):
        pass

    async def turn(self, heard):
        return Spoken(heard.turn)

    def close(self):
        pass


MAKERS = {"mute": lambda _context: Mute(), "echo2": lambda _context: Parrot()}


def started(database, experiment=EXPERIMENT):
    store = Store(database)
    experiments.create(store, experiment, NOW)
    experiments.start(store, experiment.name, NOW, {"without": "a test"})
    store.close()


def ring(server, caller, n=0):
    ringing = server.call(server.house.board.ring(f"CA{caller}{n}", Rang(caller, "+15550109999")))
    return server.house.store.row(ringing.call_id)


def arms(server, callers=CALLERS, n=0):
    return [ring(server, caller, n).arm for caller in callers]


def test_an_arm_is_on_the_row_before_any_stream_and_the_same_for_ever(tmp_path, database):
    """On the next call, after a restart, and from another process that shares nothing but the database."""
    started(database)
    with running(tmp_path / "one", database, MAKERS) as server, running(tmp_path / "two", database, MAKERS) as other:
        first = arms(server)
        assert set(first) == {"bot", "echo"}
        assert arms(server, n=1) == first
        assert arms(other, n=2) == first
        row = ring(server, CALLERS[0], 3)
        assert (row.experiment, row.assigned, row.served) == ("spring", EXPERIMENT.arm(first[0]).duplex, "")
        assert row.state == "ringing"
    with running(tmp_path / "one", database, MAKERS) as server:
        assert arms(server, n=4) == first


def test_those_who_take_no_part_and_calls_without_an_experiment_are_served_as_usual(lite):
    folder, database = lite
    with running(folder, database, MAKERS) as server:
        assert ring(server, CALLERS[0]).arm == ""
        started(database)
        excluded = ring(server, "+15557770000")
        assert (excluded.arm, excluded.experiment, excluded.assigned) == ("", "", "parrot")


def test_a_stopped_experiment_assigns_nobody(lite, monkeypatch):
    monkeypatch.setattr("callcenter.trials.FRESH_FOR", 0.0)
    folder, database = lite
    started(database)
    with running(folder, database, MAKERS) as server:
        assert ring(server, CALLERS[0]).arm
        experiments.stop(server.house.store, "spring", NOW, "enough")
        assert ring(server, CALLERS[1]).arm == ""


def test_an_experiment_edited_while_it_runs_assigns_nobody(lite):
    folder, database = lite
    started(database)
    store = Store(database)
    with store.writing() as session:
        session.execute(update(Trial).values(fingerprint="0" * 64))
    store.close()
    with running(folder, database, MAKERS) as server:
        assert ring(server, CALLERS[0]).arm == ""


def test_a_call_told_twice_keeps_its_arm(lite):
    folder, database = lite
    started(database)
    with running(folder, database, MAKERS) as server:
        first = ring(server, CALLERS[0])
        again = ring(server, CALLERS[0])
        assert (again.id, again.arm) == (first.id, first.arm)


def test_a_call_we_place_keeps_the_arm_it_was_placed_with(tmp_path, database):
    """Named by who placed it, or by the person called; whichever process is told that it rings."""
    started(database)
    people = CALLERS[:6]
    with running(tmp_path / "one", database, MAKERS) as server, running(tmp_path / "two", database, MAKERS) as other:
        for n, person in enumerate(people):
            rang = Rang("+15550109999", person, "outbound")
            placed = server.call(server.house.board.ring("", rang, arm="mine" if n == 0 else ""))
            before = server.house.store.row(placed.call_id)
            for told, sid in ((server, f"CA{n}"), (other, f"CA{n}")):
                rung = told.call(told.house.board.ring(sid, rang, placed.call_id))
                assert (rung.call_id, rung.arm) == (placed.call_id, before.arm)
            after = server.house.store.row(placed.call_id)
            assert (after.arm, after.experiment, after.assigned) == (before.arm, before.experiment, before.assigned)
            assert before.arm == ("mine" if n == 0 else ring(server, person).arm)


def place(server, caller, seconds=3.0):
    told = asyncio.run(
        Phone(
            Dialling(url=server.url, token=server.token, caller=caller, seconds=seconds), Player(bytes(range(256)) * 60)
        ).place()
    )
    assert told.failure is None, told.failure
    server.settle()
    return told, server.house.store.row_of("twilio", told.call)


def test_what_was_assigned_is_served(lite):
    folder, database = lite
    started(database)
    with running(folder, database, MAKERS) as server:
        wanted = dict(zip(arms(server), CALLERS, strict=True))
        for arm, caller in wanted.items():
            _, row = place(server, caller)
            assert (row.arm, row.assigned, row.served) == (arm, EXPERIMENT.arm(arm).duplex, EXPERIMENT.arm(arm).duplex)
            assert row.voice == "en-us"


def test_an_arm_that_cannot_be_served_is_told_so(lite):
    """The other process that knows this duplex is down: the call goes on with what is usual, and the rows say so."""
    folder, database = lite
    started(database, replace(EXPERIMENT, arms=(Arm("a", "nowhere"), Arm("b", "elsewhere"))))
    with running(folder, database, MAKERS) as server:
        _, row = place(server, CALLERS[0])
        assert (row.assigned in ("nowhere", "elsewhere"), row.served) == (True, "parrot")


# ---------------------------------------------------------------------------------------------------------- guardrails


def filled(store, bad):
    """300 callers; of those with the second arm this share gave up at once."""
    with store.writing() as session:
        for n in range(300):
            arm = EXPERIMENT.arms[n % 2]
            gone = n % 2 and n % 20 < 20 * bad
            row = {"id": f"c{n}", "state": "ended", "caller": f"+1555{n}", "rung_at": NOW + timedelta(minutes=n)}
            row |= {"experiment": "spring", "arm": arm.name, "assigned": arm.duplex, "served": arm.duplex}
            row |= {"outcome": "caller_hung_up" if gone else "completed", "duration": (5 if gone else 60) * RATE}
            session.add(Call(**row, ended_reason="hangup"))


@pytest.mark.parametrize(("bad", "stops"), [(0.5, True), (0.0, False)])
def test_a_guardrail_stops_the_experiment_by_itself(lite, bad, stops):
    _, database = lite
    started(database, replace(EXPERIMENT, guardrails=(Guardrail("abandoned", 0.03),)))
    store = Store(database)
    filled(store, bad)
    assert guard(store) is stops
    row = experiments.named(store, "spring").row
    assert row.state == ("stopped" if stops else "running")
    assert ("echo breaks abandoned" in row.why) is stops
    assert guard(store) is False
    store.close()
