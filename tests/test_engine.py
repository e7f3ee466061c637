"""Many calls on one device: who joins, who leaves, what breaks, what is late."""

import asyncio
import threading
from random import Random

import numpy as np
import pytest
from little_model import called, network
from waiting import until

from callcenter.engine import Engine, EngineError
from callcenter.engine.runner import Runner
from callcenter.model.checkpoint import even
from callcenter.model.streaming import Rows
from callcenter.units import SILENT_TURN

POISON = bytes([0x55]) * 1_600


class Brittle(Runner):
    """A runner that cannot bear a certain sound, nor a certain row."""

    unready = frozenset()

    def step(self, turns):
        if any(turn.caller == POISON for turn in turns):
            raise MemoryError("the device has no room left")
        return super().step(turns)

    def reset(self, row):
        if row in self.unready:
            raise RuntimeError(f"row {row} cannot be made ready")
        super().reset(row)


class Gated(Runner):
    """A runner that steps when it is let."""

    def __init__(self, *given):
        super().__init__(*given)
        self.gate, self.stepping = threading.Event(), threading.Event()

    def step(self, turns):
        self.stepping.set()
        assert self.gate.wait(60)
        return super().step(turns)


@pytest.fixture
def build():
    made = []

    def engine(kind=Runner, rows=3, **more):
        runner = kind(network(), rows, None, even())
        made.append(Engine(runner, rows, **more))
        return made[-1], runner

    yield engine
    for one in made:
        one.close()


def turn(session, call, at):
    heard = call.heard(at)
    return session.turn(heard.caller, heard.played, heard.tokens, heard.line)


def alone(call):
    rows = Rows(network(), 1)
    return [rows.step([call.heard(at)])[0].act for at in range(len(call))]


@pytest.mark.parametrize("most", [1, 64])
def test_calls_join_and_leave_in_any_order_and_each_hears_only_itself(build, most):
    engine, _ = build(most=most)
    chance = Random(1)
    calls = [called(seed, chance.randint(3, 12)) for seed in range(9)]

    async def one(call, places):
        async with places:
            session = engine.join()
            said = []
            for at in range(len(call)):
                said.append((await turn(session, call, at)).said.act)
                await asyncio.sleep(chance.random() / 200)
            session.close()
            return said

    async def run():
        places = asyncio.Semaphore(3)
        return await asyncio.gather(*(one(call, places) for call in calls))

    for said, call in zip(asyncio.run(run()), calls, strict=True):
        assert np.array_equal(said, alone(call))
    assert engine.taken == 0


def test_there_is_an_end_to_places_and_one_that_is_left_is_free(build):
    engine, _ = build(rows=2)
    first, _second = engine.join(), engine.join()
    with pytest.raises(EngineError, match="all 2 places are taken"):
        engine.join()
    first.close()
    first.close()
    assert engine.taken == 1
    engine.join()


def test_what_breaks_in_a_batch_fails_its_sessions_and_the_engine_goes_on(build):
    engine, _ = build(Brittle, most=1)
    call = called(2, 4)

    async def run():
        sick, well = engine.join(), engine.join()
        before = [(await turn(well, call, at)).said.act for at in (0, 1)]
        with pytest.raises(EngineError, match="MemoryError: the device has no room left"):
            await sick.turn(POISON, SILENT_TURN, ())
        with pytest.raises(EngineError, match="over"):
            await sick.turn(SILENT_TURN, SILENT_TURN, ())
        assert engine.taken == 1
        after = [(await turn(well, call, at)).said.act for at in (2, 3)]
        assert np.array_equal(before + after, alone(call))
        return (await turn(engine.join(), call, 0)).said.act

    assert np.array_equal(asyncio.run(run()), alone(call)[0])


def test_everybody_in_a_batch_that_breaks_is_told(build):
    engine, runner = build(type("Both", (Brittle, Gated), {}))
    runner.gate.set()

    async def run():
        sessions = [engine.join() for _ in range(3)]
        with engine._wake:  # nothing is taken until all three wait
            asked = [asyncio.ensure_future(one.turn(POISON, SILENT_TURN, ())) for one in sessions]
            await asyncio.sleep(0)
        return await asyncio.gather(*asked, return_exceptions=True)

    assert [type(answer) for answer in asyncio.run(run())] == [EngineError] * 3
    assert engine.taken == 0


def test_a_row_that_cannot_be_made_ready_takes_no_other_call_with_it(build):
    """Nor may a call find in its row what another one said before."""
    engine, runner = build(Brittle, most=1)
    call, other = called(3, 3), called(4, 3)

    async def run():
        for _ in range(3):
            session = engine.join()
            await turn(session, other, 0)
            session.close()
        runner.unready = frozenset({0})
        sick, well = engine.join(), engine.join()
        with pytest.raises(EngineError, match="row 0 cannot be made ready"):
            await turn(sick, call, 0)
        return [(await turn(well, call, at)).said.act for at in range(3)]

    assert np.array_equal(asyncio.run(run()), alone(call))


def test_closing_answers_everybody(build):
    engine, runner = build(Gated)

    async def run():
        sessions = [engine.join() for _ in range(3)]
        first = asyncio.ensure_future(sessions[0].turn(SILENT_TURN, SILENT_TURN, ()))
        await asyncio.to_thread(runner.stepping.wait, 60)
        others = [asyncio.ensure_future(one.turn(SILENT_TURN, SILENT_TURN, ())) for one in sessions[1:]]
        await asyncio.sleep(0)
        closing = asyncio.ensure_future(asyncio.to_thread(engine.close))
        await asyncio.to_thread(until, lambda: engine._closing)
        runner.gate.set()
        await closing
        return await asyncio.gather(first, *others, return_exceptions=True), sessions

    answers, sessions = asyncio.run(run())
    assert not isinstance(answers[0], Exception), "what was being reckoned is answered"
    assert [str(answer) for answer in answers[1:]] == ["the engine is closed"] * 2
    with pytest.raises(EngineError, match="closing"):
        engine.join()
    with pytest.raises(EngineError, match="closed"):
        asyncio.run(sessions[0].turn(SILENT_TURN, SILENT_TURN, ()))
    engine.close()


def test_who_leaves_while_waiting_is_answered(build):
    engine, runner = build(Gated)

    async def run():
        busy, gone = engine.join(), engine.join()
        first = asyncio.ensure_future(busy.turn(SILENT_TURN, SILENT_TURN, ()))
        await asyncio.to_thread(runner.stepping.wait, 60)
        asked = asyncio.ensure_future(gone.turn(SILENT_TURN, SILENT_TURN, ()))
        await asyncio.sleep(0)
        gone.close()
        with pytest.raises(EngineError, match="left"):
            await asked
        runner.gate.set()
        await first

    asyncio.run(run())


def test_a_call_that_no_longer_waits_harms_nobody(build):
    engine, runner = build(Gated)

    async def run():
        session = engine.join()
        asked = asyncio.ensure_future(session.turn(SILENT_TURN, SILENT_TURN, ()))
        await asyncio.to_thread(runner.stepping.wait, 60)
        asked.cancel()
        runner.gate.set()
        return await session.turn(SILENT_TURN, SILENT_TURN, ())

    assert np.isfinite(asyncio.run(run()).said.act).all()


def test_turns_that_are_late_are_counted(build):
    """By a clock that goes on by 0.15 s whenever it is read: a turn is asked for, begun and answered in 0.3 s."""
    now = iter(np.arange(1, 1_000) * 0.15)
    engine, _ = build(clock=lambda: float(next(now)))

    async def run():
        session = engine.join()
        for _ in range(4):
            await session.turn(SILENT_TURN, SILENT_TURN, ())

    asyncio.run(run())
    assert engine.late == 4


def test_turns_in_time_are_not(build):
    engine, _ = build(clock=lambda: 5.0)
    session = engine.join()
    asyncio.run(session.turn(SILENT_TURN, SILENT_TURN, ()))
    assert engine.late == 0


def test_expected_words_go_to_the_row_that_expects_them(build):
    told = []

    class Noting(Runner):
        def expect(self, row, words):
            told.append((row, words))

    engine, _ = build(Noting)

    async def run():
        first, second = engine.join(), engine.join()
        first.expect(["digit"])
        second.expect(["name"])
        second.close()
        second.expect(["date"])
        await first.turn(SILENT_TURN, SILENT_TURN, ())
        engine.join(), engine.join()

    asyncio.run(run())
    assert told == [(0, ["digit"])]


def test_a_row_is_settled_before_its_next_turn_and_no_other_is(build):
    told = []

    class Noting(Runner):
        def settle(self, row):
            told.append(row)

        def step(self, turns):
            told.append([turn.row for turn in turns])
            return super().step(turns)

    engine, _ = build(Noting)

    async def run():
        first, second = engine.join(), engine.join()
        second.settle()
        await first.turn(SILENT_TURN, SILENT_TURN, ())
        await second.turn(SILENT_TURN, SILENT_TURN, ())
        await second.turn(SILENT_TURN, SILENT_TURN, ())
        first.settle()
        first.close()
        first.settle()
        again = engine.join()
        await again.turn(SILENT_TURN, SILENT_TURN, ())

    asyncio.run(run())
    assert told[:4] == [[0], 1, [1], [1]]
    assert len(told) == 5
