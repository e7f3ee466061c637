"""The worker, run for real: tools that hang, raise, answer late; planners that fail; callers who hang up."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
import structlog

from callcenter.background.arguments import Key
from callcenter.background.exchange import (
    CallTool,
    CancelTool,
    Consult,
    Ended,
    Label,
    Passed,
    Planned,
    Told,
    ToolAnswered,
    Wish,
    Withhold,
    Words,
)
from callcenter.background.outcome import ToolError
from callcenter.background.planner import Finish, Move, PlanError, Situation
from callcenter.background.tools import Ran, Tool, Toolbox, tool
from callcenter.background.worker import MAX_WAITING, Worker
from callcenter.units import TURN


class Script:
    """An agent that answers what it is told by a table of its own, and remembers it."""

    def __init__(self, wants: Callable[[Told], Sequence[Wish]]) -> None:
        self.wants = wants
        self.told: list[Told] = []

    def receive(self, told: Told) -> Sequence[Wish]:
        self.told.append(told)
        return self.wants(told)

    def answers(self) -> list[ToolAnswered]:
        return [one for one in self.told if isinstance(one, ToolAnswered)]


@dataclass
class Diary:
    lines: list[tuple[Told, Sequence[Wish]]] = field(default_factory=list)
    tools: list[Ran] = field(default_factory=list)

    def told(self, told: Told, wishes: Sequence[Wish]) -> None:
        self.lines.append((told, tuple(wishes)))

    def ran(self, ran: Ran) -> None:
        self.tools.append(ran)


class Scene:
    """A worker with everything around it."""

    def __init__(self, wants: Callable[[Told], Sequence[Wish]], tools: Sequence[Tool] = (), **options: Any) -> None:
        self.agent = Script(wants)
        self.diary = Diary()
        self.given: list[Wish] = []
        self.lost: list[str] = []
        self.at = 0
        self.box = Toolbox(tools)
        self.worker = Worker(
            "call1",
            self.agent,
            self.box,
            give=self.given.append,
            lost=self.lost.append,
            now=lambda: self.at,
            diary=self.diary,
            **options,
        )

    async def until(self, holds: Callable[[], Any]) -> None:
        async with asyncio.timeout(10):
            while not holds():
                await asyncio.sleep(0.001)

    async def end(self) -> None:
        await self.worker.end(self.at)
        await self.box.close()
        ours = ("worker", "errand", "consult")
        assert [one for one in asyncio.all_tasks() if one.get_name().startswith(ours)] == [], "a leaked task"


def play(
    wants: Callable[[Told], Sequence[Wish]],
    act: Callable[[Scene], Awaitable[None]],
    tools: Sequence[Tool] = (),
    **options: Any,
) -> Scene:
    async def scenario() -> Scene:
        scene = Scene(wants, tools, **options)
        await act(scene)
        await scene.end()
        return scene

    return asyncio.run(scenario())


def on(text: str, *wishes: Wish) -> Callable[[Told], Sequence[Wish]]:
    """Want these once the caller says that."""
    return lambda told: wishes if isinstance(told, Words) and told.text == text else ()


def call(request: str, name: str, key: str = "", **arguments: object) -> CallTool:
    return CallTool(request, name, arguments, key, changes=bool(key))


# ------------------------------------------------------------------------------------------------------ order and time


def test_everything_is_told_in_the_order_in_which_it_happened() -> None:
    async def act(scene: Scene) -> None:
        for at in range(20):
            scene.worker.tell(Words(at, str(at)))

    scene = play(lambda told: [Label(told.text)] if isinstance(told, Words) else (), act)
    assert scene.agent.told == [*(Words(at, str(at)) for at in range(20)), Ended(0)]
    assert scene.given == [Label(str(at)) for at in range(20)]
    assert [line[0] for line in scene.diary.lines] == scene.agent.told


@pytest.mark.parametrize(
    ("heard", "passed"),
    [
        ([1599], []),
        ([1600], [1]),
        ([1600, 3200, 4800], [1, 2, 3]),
        ([16_000], list(range(1, 11))),
        ([3_250, 3_250, 3_000, 9_000], [1, 2, 3, 4, 5]),
    ],
)
def test_time_passes_turn_by_turn_however_bunched_the_turns_arrive(heard: list[int], passed: list[int]) -> None:
    async def act(scene: Scene) -> None:
        for at in heard:
            scene.worker.heard(at)

    scene = play(lambda told: (), act)
    assert scene.agent.told[:-1] == [Passed(turn * TURN) for turn in passed]


def test_no_time_passes_while_nothing_is_heard() -> None:
    async def act(scene: Scene) -> None:
        scene.worker.heard(1600)
        await asyncio.sleep(0.3)  # far more than a turn; no sample came

    assert play(lambda told: (), act).agent.told == [Passed(1600), Ended(0)]


# ---------------------------------------------------------------------------------------------------------------- tools


def test_an_answer_comes_back_through_the_inbox_with_the_time_of_its_arrival() -> None:
    def look(number: int) -> int:
        """Look."""
        return number + 1

    async def act(scene: Scene) -> None:
        scene.worker.tell(Words(0, "go"))
        scene.at = 4_000
        await scene.until(scene.agent.answers)

    scene = play(on("go", call("t1", "look", number=7)), act, [tool(look)])
    assert scene.agent.answers() == [ToolAnswered(4_000, "t1", True, 8, "")]
    assert [(one.tool, one.arguments, one.outcome.value) for one in scene.diary.tools] == [("look", {"number": 7}, 8)]
    assert scene.diary.tools[0].seconds < 5


@pytest.mark.parametrize("kind", ["not_found", "refused", "invalid", "unavailable"])
def test_an_error_is_an_answer(kind: Any) -> None:
    def look() -> None:
        """Look."""
        raise ToolError(kind, "No.")

    async def act(scene: Scene) -> None:
        scene.worker.tell(Words(0, "go"))
        await scene.until(scene.agent.answers)

    scene = play(on("go", call("t1", "look")), act, [tool(look)])
    assert scene.agent.answers() == [ToolAnswered(0, "t1", False, None, f"{kind}: No.")]


def test_a_tool_nobody_knows_and_arguments_that_do_not_fit_are_answers() -> None:
    def look(number: int) -> int:
        """Look."""
        return number

    async def act(scene: Scene) -> None:
        scene.worker.tell(Words(0, "go"))
        await scene.until(lambda: len(scene.agent.answers()) == 2)

    scene = play(on("go", call("t1", "rm"), call("t2", "look", number="x")), act, [tool(look)])
    assert {one.request: one.error.partition(":")[0] for one in scene.agent.answers()} == {
        "t1": "invalid",
        "t2": "invalid",
    }


def hanging(seen: list[str]) -> Tool:
    async def hang() -> None:
        """Hang."""
        seen.append("asked")
        try:
            await asyncio.Event().wait()
        finally:
            seen.append("left")

    return tool(hang, deadline=0.05)


def test_a_tool_that_hangs_is_answered_for() -> None:
    async def act(scene: Scene) -> None:
        scene.worker.tell(Words(0, "go"))
        await scene.until(scene.agent.answers)

    scene = play(on("go", call("t1", "hang")), act, [hanging([])])
    assert scene.agent.answers()[0].error.startswith("timeout: ")


def test_a_cancelled_question_stops_and_is_not_answered() -> None:
    seen: list[str] = []

    async def act(scene: Scene) -> None:
        scene.worker.tell(Words(0, "go"))
        await scene.until(lambda: seen)
        scene.worker.tell(Words(0, "never mind"))
        await scene.until(lambda: len(seen) == 2)

    def wants(told: Told) -> Sequence[Wish]:
        return on("go", call("t1", "hang"))(told) or on("never mind", CancelTool("t1"), CancelTool("t9"))(told)

    scene = play(wants, act, [hanging(seen)])
    assert scene.agent.answers() == []
    assert seen == ["asked", "left"]


class Shop:
    """Something that can be changed, slowly."""

    def __init__(self, deadline: float = 5.0) -> None:
        self.done: list[str] = []
        self.open = asyncio.Event()
        self.tool = tool(self.buy, changes=True, deadline=deadline)

    async def buy(self, what: str, key: Key) -> str:
        """Buy."""
        await self.open.wait()
        self.done.append(key)
        return f"bought {what}"


def test_a_slow_change_answers_when_its_deadline_is_over_and_again_when_it_is_done() -> None:
    shop = Shop(deadline=0.05)

    async def act(scene: Scene) -> None:
        scene.worker.tell(Words(0, "go"))
        await scene.until(scene.agent.answers)
        shop.open.set()
        await scene.until(lambda: len(scene.agent.answers()) == 2)

    scene = play(on("go", call("t1", "buy", "k", what="tea")), act, [shop.tool])
    first, second = scene.agent.answers()
    assert first.error.startswith("timeout: ")
    assert (second.request, second.ok, second.value) == ("t1", True, "bought tea")
    assert shop.done == ["k"]


def test_a_change_asked_for_again_happens_once_and_answers_to_the_newest_request() -> None:
    shop = Shop()

    async def act(scene: Scene) -> None:
        scene.worker.tell(Words(0, "go"))
        await asyncio.sleep(0)
        scene.worker.tell(Words(0, "again"))
        await scene.until(lambda: len(scene.agent.told) == 2)
        shop.open.set()
        await scene.until(scene.agent.answers)

    def wants(told: Told) -> Sequence[Wish]:
        return on("go", call("t1", "buy", "k", what="tea"))(told) or on("again", call("t2", "buy", "k", what="tea"))(
            told
        )

    scene = play(wants, act, [shop.tool])
    assert [one.request for one in scene.agent.answers()] == ["t2"]
    assert shop.done == ["k"]
    assert [one.repeated for one in scene.diary.tools] == [False, True]


def test_a_caller_who_hangs_up_does_not_stop_a_change_and_the_journal_knows_its_end() -> None:
    shop = Shop()

    async def scenario() -> Scene:
        scene = Scene(on("go", call("t1", "buy", "k", what="tea")), [shop.tool])
        scene.worker.tell(Words(0, "go"))
        ending = asyncio.create_task(scene.end())
        await scene.until(lambda: any(isinstance(one, Ended) for one in scene.agent.told))
        assert shop.done == []
        shop.open.set()
        await ending
        return scene

    scene = asyncio.run(scenario())
    assert shop.done == ["k"]
    assert isinstance(scene.agent.told[-2], Ended)
    assert scene.agent.told[-1] == ToolAnswered(0, "t1", True, "bought tea", "")
    assert scene.diary.tools[0].outcome.value == "bought tea"
    assert scene.lost == []


def test_what_happens_after_the_end_is_not_told_any_more() -> None:
    async def scenario() -> Scene:
        scene = Scene(lambda told: ())
        await scene.end()
        scene.worker.tell(Words(0, "hello?"))
        scene.worker.heard(16_000)
        return scene

    assert asyncio.run(scenario()).agent.told == [Ended(0)]


def test_a_thread_that_hangs_does_not_hold_up_the_end() -> None:
    release = threading.Event()

    def hang() -> None:
        """Hang."""
        release.wait(30)

    async def act(scene: Scene) -> None:
        scene.worker.tell(Words(0, "go"))
        await scene.until(scene.agent.answers)

    try:
        scene = play(on("go", call("t1", "hang")), act, [tool(hang, deadline=0.05)])
    finally:
        release.set()
    assert scene.agent.answers()[0].error.startswith("timeout: ")


# -------------------------------------------------------------------------------------------------------- an agent lost


@pytest.mark.parametrize("fault", ["agent", "hand", "diary"])
def test_an_agent_that_breaks_is_told_of_once_and_never_asked_again(fault: str) -> None:
    seen: list[str] = []

    def wants(told: Told) -> Sequence[Wish]:
        if told == Words(0, "break") and fault == "agent":
            raise ZeroDivisionError
        return on("go", call("t1", "hang"))(told) or on("break", Label("x"))(told)

    async def scenario() -> Scene:
        scene = Scene(wants, [hanging(seen)])

        def give(wish: Wish) -> None:
            raise ZeroDivisionError

        if fault == "hand":
            scene.worker._give = give
        if fault == "diary":
            scene.diary.lines = None  # type: ignore[assignment]
        scene.worker.tell(Words(0, "go"))
        scene.worker.tell(Words(0, "break"))
        scene.worker.tell(Words(0, "more"))
        await scene.until(lambda: scene.lost)
        scene.worker.tell(Words(0, "still there?"))
        await scene.end()
        return scene

    with structlog.testing.capture_logs() as logs:
        scene = asyncio.run(scenario())
    assert len(scene.lost) == 1
    assert Words(0, "more") not in scene.agent.told
    assert seen in ([], ["asked", "left"]), "what it had started is stopped"
    assert logs[0]["event"] == "agent lost"


def test_an_agent_that_is_a_hundred_seconds_behind_is_lost() -> None:
    async def act(scene: Scene) -> None:
        for at in range(MAX_WAITING + 1):
            scene.worker.tell(Words(at, "x"))
        await asyncio.sleep(0)

    assert play(lambda told: (), act).lost == ["overrun"]


# ------------------------------------------------------------------------------------------------------ remote planners


class Oracle:
    """A planner that says what it was given to say."""

    def __init__(self, says: tuple[Move, ...] | BaseException | None) -> None:
        self.says = says
        self.asked: list[object] = []
        self.left = 0

    async def plan(self, situation: Situation) -> tuple[Move, ...]:
        self.asked.append(situation)
        if self.says is None:
            try:
                await asyncio.Event().wait()
            finally:
                self.left += 1
        if isinstance(self.says, BaseException):
            raise self.says
        return self.says or ()


@pytest.mark.parametrize(
    ("says", "moves", "error"),
    [
        ((Finish(),), (Finish(),), ""),
        (PlanError("unauthorised", "401"), (), "unauthorised"),
        (PlanError("forbidden_tool", "rm"), (), "forbidden_tool"),
        (KeyError("x"), (), "lost"),
        (None, (), "stalled"),
    ],
)
def test_a_planner_answers_or_its_failure_is_told(says: Any, moves: tuple[Move, ...], error: str) -> None:
    async def act(scene: Scene) -> None:
        scene.worker.tell(Words(0, "go"))
        await scene.until(lambda: any(isinstance(one, Planned) for one in scene.agent.told))

    with structlog.testing.capture_logs():
        scene = play(on("go", Consult("p1", "situation")), act, planner=Oracle(says), consulting=0.1)  # type: ignore[arg-type]
    assert Planned(0, "p1", moves, error) in scene.agent.told


def test_without_a_planner_nobody_waits_for_one() -> None:
    async def act(scene: Scene) -> None:
        scene.worker.tell(Words(0, "go"))
        await scene.until(lambda: len(scene.agent.told) == 2)

    with structlog.testing.capture_logs():
        scene = play(on("go", Consult("p1", None)), act)  # type: ignore[arg-type]
    assert scene.agent.told[1] == Planned(0, "p1", (), "lost")


def test_a_newer_question_to_the_planner_replaces_the_older() -> None:
    oracle = Oracle(None)

    async def act(scene: Scene) -> None:
        scene.worker.tell(Words(0, "go"))
        await scene.until(lambda: oracle.asked)
        oracle.says = (Finish(),)
        scene.worker.tell(Words(0, "no"))
        await scene.until(lambda: any(isinstance(one, Planned) for one in scene.agent.told))

    def wants(told: Told) -> Sequence[Wish]:
        return on("go", Consult("p1", 1))(told) or on("no", Consult("p2", 2))(told)  # type: ignore[arg-type]

    scene = play(wants, act, planner=oracle)
    assert [one.request for one in scene.agent.told if isinstance(one, Planned)] == ["p2"]
    assert oracle.left == 1


def test_other_wishes_go_to_the_call() -> None:
    wishes = (Label("paid"), Withhold("late", "t1"))

    async def act(scene: Scene) -> None:
        scene.worker.tell(Words(0, "go"))

    assert play(on("go", *wishes), act).given == list(wishes)
