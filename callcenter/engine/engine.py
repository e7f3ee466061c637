"""The rim of the engine: one thread owns the device; calls hand it their turns and wait for the answers.

What breaks in a batch breaks its sessions and nothing else: each of them raises, its call falls back, and the engine
goes on with the others. Lateness is counted here and decided upon by the call.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from prometheus_client import Counter, Histogram

from callcenter.engine.runner import Answer, Runner
from callcenter.engine.schedule import Schedule, Waiting
from callcenter.engine.slots import Full, Slots
from callcenter.model.conduct import Thresholds
from callcenter.model.lexicon import Words
from callcenter.model.streaming import Heard

BATCH: Final = Histogram("callcenter_engine_batch_rows", "rows stepped together", buckets=(1, 2, 4, 8, 16, 32, 64, 128))
STEP: Final = Histogram(
    "callcenter_engine_step_seconds",
    "seconds of a batch",
    buckets=(0.005, 0.01, 0.02, 0.04, 0.08, 0.12, 0.15, 0.2, 0.4),
)
TURNS_LATE: Final = Counter("callcenter_engine_turns_late", "turns answered after more than a turn")
FAILED: Final = Counter("callcenter_engine_batches_failed", "batches that raised")


class EngineError(Exception):
    """The engine cannot serve this session any more."""


Reply = Callable[[Answer | EngineError], None]


@dataclass(frozen=True, slots=True)
class Asked:
    heard: Heard
    reply: Reply


class Engine:
    def __init__(self, runner: Runner, rows: int, most: int = 64, clock: Callable[[], float] = time.monotonic) -> None:
        self._runner = runner
        self._slots = Slots(rows)
        self._schedule: Schedule[Asked] = Schedule(most)
        self._clock = clock
        self._wake = threading.Condition()
        self._resets: set[int] = set()
        self._expected: dict[int, Collection[str]] = {}
        self._settled: set[int] = set()
        self._closing = False
        self.thresholds = Thresholds()
        """What the model that runs was tuned to."""
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self._thread.start()

    @property
    def taken(self) -> int:
        return self._slots.taken

    @property
    def late(self) -> int:
        return self._schedule.late

    def know(self, own: Words) -> None:
        """Words of somebody's own, and how they sound, for the ears of calls that begin from now on."""
        if self._runner.vocabulary is not None and own:
            self._runner.vocabulary = self._runner.vocabulary.besides(own)

    def favour(self, words: Iterable[str]) -> None:
        """Words that are said more often than elsewhere, in calls that begin from now on."""
        if self._runner.vocabulary is not None:
            self._runner.vocabulary = self._runner.vocabulary.favouring(words)

    def join(self) -> "Session":
        """A place for a call, or an error where none is left."""
        with self._wake:
            if self._closing:
                raise EngineError("the engine is closing")
            try:
                row = self._slots.take()
            except Full as full:
                raise EngineError(str(full)) from full
            self._resets.add(row)
            self._expected.pop(row, None)
            self._settled.discard(row)
        return Session(self, row)

    def leave(self, row: int) -> None:
        with self._wake:
            gone = self._schedule.drop(row)
            self._slots.leave(row)
        for one in gone:
            one.turn.reply(EngineError("the session was left"))

    def ask(self, heard: Heard, reply: Reply) -> None:
        with self._wake:
            if self._closing:
                raise EngineError("the engine is closed")
            self._schedule.add(heard.row, Asked(heard, reply), self._clock())
            self._wake.notify()

    def expect(self, row: int, words: Collection[str]) -> None:
        with self._wake:
            self._expected[row] = words

    def settle(self, row: int) -> None:
        with self._wake:
            self._settled.add(row)

    def close(self) -> None:
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join()

    # ------------------------------------------------------------------------------------------------- the thread

    def _run(self) -> None:
        while True:
            with self._wake:
                while not len(self._schedule) and not self._closing:
                    self._wake.wait()
                if self._closing:
                    batch = [one for due in iter(self._schedule.due, []) for one in due]
                    break
                batch = self._schedule.due()
                rows = {one.turn.heard.row for one in batch}
                resets = rows & self._resets
                self._resets -= rows
                settled = rows & self._settled
                self._settled -= rows
                expected = {row: self._expected.pop(row) for row in rows & self._expected.keys()}
            self._serve(batch, resets, settled, expected)
        for one in batch:
            one.turn.reply(EngineError("the engine is closed"))

    def _serve(
        self, batch: list[Waiting[Asked]], resets: set[int], settled: set[int], expected: dict[int, Collection[str]]
    ) -> None:
        """Rows are made ready when they are first stepped, so that a row which cannot be takes no other with it."""
        began = self._clock()
        try:
            for row in resets:
                self._runner.reset(row)
            for row in settled:
                self._runner.settle(row)
            for row, words in expected.items():
                self._runner.expect(row, words)
            answers: Sequence[Answer | EngineError] = self._runner.step([one.turn.heard for one in batch])
        except Exception as error:  # the one place that catches: whatever a network or a device may raise
            FAILED.inc()
            answers = [EngineError(f"{type(error).__name__}: {error}")] * len(batch)
        now = self._clock()
        STEP.observe(now - began)
        BATCH.observe(len(batch))
        TURNS_LATE.inc(self._schedule.done(batch, now))
        for one, answer in zip(batch, answers, strict=True):
            one.turn.reply(answer)


class Session:
    """A call's place in the engine. A session that failed stays failed."""

    def __init__(self, engine: Engine, row: int) -> None:
        self._engine = engine
        self._row = row
        self._open = True

    async def turn(self, caller: bytes, played: bytes, tokens: Sequence[int], line: int = 0) -> Answer:
        if not self._open:
            raise EngineError("this session is over")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Answer] = loop.create_future()

        def settle(answer: Answer | EngineError) -> None:
            if future.done():
                return
            if isinstance(answer, EngineError):
                future.set_exception(answer)
            else:
                future.set_result(answer)

        def reply(answer: Answer | EngineError) -> None:
            try:
                loop.call_soon_threadsafe(settle, answer)
            except RuntimeError:  # the loop is gone, and with it whoever waited
                return

        self._engine.ask(Heard(self._row, caller, played, tuple(tokens), line), reply)
        try:
            return await future
        except EngineError:
            self.close()
            raise

    def expect(self, words: Collection[str]) -> None:
        if self._open:
            self._engine.expect(self._row, words)

    def settle(self) -> None:
        """What the last answer had as `ending` was told. From the next turn on it is certain."""
        if self._open:
            self._engine.settle(self._row)

    def close(self) -> None:
        if self._open:
            self._open = False
            self._engine.leave(self._row)
