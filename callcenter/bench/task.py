"""`bench task`: are calls solved, is nothing wrong done, nothing unsourced or stale spoken?

Every scenario of `callers.tasks` is played with the embedded planner, several times with other luck (other answers to
yes and no, other delays of tools). Simulated time: with perfect ears a run takes seconds and says the same every time.
With the model's own ears (see `earcall`) a call takes seconds: a run may be a part of all calls, and the same calls are
played with perfect ears beside it, so that what mishearing costs can be told.
"""

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from callcenter import glossary
from callcenter.background.crm.spoken import spoken
from callcenter.background.http_tools import shared_client
from callcenter.background.llm import Endpoint, Llm
from callcenter.background.planner import Move, PlanError, Situation, ToolCard
from callcenter.background.secret import secret
from callcenter.bench.earcall import Booth, EarCall
from callcenter.bench.judge import Verdict, judge
from callcenter.bench.textcall import Asks, TextCall, world
from callcenter.callers.tasks import Scenario, load
from callcenter.measures.intervals import Event, share
from callcenter.measures.words import WordErrors, word_errors
from callcenter.model.lexicon import Lexicon, Words
from flows import Flow, shipped

TODAY: Final = "2026-11-24T10:00"
Job = tuple[Scenario, int]
"""A scenario and its luck."""


@dataclass(frozen=True, slots=True)
class Score:
    """The figures of a run."""

    planner: str
    verdicts: tuple[Verdict, ...]
    misheard: float = 0.0
    heard: "Heard | None" = None
    """With the model's own ears: what they made of it."""

    def line(self) -> str:
        """The last line: plain numbers under stable keys."""
        ready = [one for verdict in self.verdicts for one in verdict.ready]
        times = sorted(verdict.seconds for verdict in self.verdicts if verdict.solved)
        return json.dumps(
            {
                "planner": self.planner,
                "scenarios": len({verdict.scenario.name for verdict in self.verdicts}),
                "calls": len(self.verdicts),
                "solved": _share([verdict.solved for verdict in self.verdicts]),
                "solved_other_words": _share([verdict.solved for verdict in self.verdicts if verdict.luck]),
                "wrong_actions": sum(len(verdict.wrong) for verdict in self.verdicts),
                "unsourced": sum(len(verdict.unsourced) for verdict in self.verdicts),
                "invented": sum(len(verdict.invented) for verdict in self.verdicts),
                "stale": sum(len(verdict.stale) for verdict in self.verdicts),
                "ready_at_end": _share(ready),
                "questions": len(ready),
                "seconds_to_solved": times[len(times) // 2] if times else None,
                "misheard": self.misheard,
                "transfers": sum(":" in verdict.ended for verdict in self.verdicts),
                **(self.heard.line(self.verdicts) if self.heard else {"ears": "ideal"}),
            }
        )


@dataclass(frozen=True, slots=True)
class Heard:
    """What own ears add to a score: of how many calls it is, how much was misheard, what ideal ears would have done."""

    planned: int
    errors: WordErrors
    ideal: tuple[Verdict, ...]

    def line(self, verdicts: Sequence[Verdict]) -> dict[str, Any]:
        return {
            "ears": "own",
            "calls_planned": self.planned,
            "wer": round(self.errors.rate, 4),
            "words": self.errors.words,
            "solved_ci": interval(verdicts, lambda one: one.solved),
            "calls_with_wrong_actions": sum(bool(one.wrong) for one in verdicts),
            "calls_with_wrong_actions_ci": interval(verdicts, lambda one: bool(one.wrong)),
            "calls_with_unsourced": sum(bool(one.unsourced) for one in verdicts),
            "calls_with_unsourced_ci": interval(verdicts, lambda one: bool(one.unsourced)),
            "solved_with_ideal_ears": _share([one.solved for one in self.ideal]),
        }


def interval(verdicts: Sequence[Verdict], of: Callable[[Verdict], bool]) -> list[float] | None:
    """95 % of a share of calls; calls of one scenario resemble each other."""
    found = share([Event(one.scenario.name, float(of(one))) for one in verdicts])
    return [round(edge, 4) for edge in found] if found else None


def _share(these: Sequence[bool]) -> float | None:
    return round(sum(these) / len(these), 4) if these else None


@dataclass(frozen=True, slots=True)
class Remote:
    """An OpenAI-compatible endpoint, up to and including the version: https://host/v1."""

    url: str
    model: str
    key: str = ""
    """Name of the environment variable that holds the key."""

    @contextmanager
    def asked(self, runner: asyncio.Runner, cards: Mapping[str, ToolCard]) -> Iterator[Asks]:
        """A planner that is asked and waited for, over one client."""
        made = Endpoint(self.url, self.model, secret(self.key) if self.key else None)
        client = shared_client()
        llm = Llm(made, client, cards, random.Random(1))

        def ask(situation: Situation) -> tuple[tuple[Move, ...], str, float]:
            began = time.monotonic()
            try:
                return runner.run(llm.plan(situation)), "", time.monotonic() - began
            except PlanError as error:
                return (), error.kind, time.monotonic() - began

        yield ask
        runner.run(client.aclose())


def play(
    scenarios: Iterable[Scenario],
    flows: dict[str, Flow],
    lucks: int = 1,
    seen: Callable[[Verdict], None] | None = None,
    remote: Remote | None = None,
    misheard: float = 0.0,
) -> Score:
    verdicts = []
    cards = world(TODAY).toolbox.tools
    with asyncio.Runner() as runner, remote.asked(runner, cards) if remote else nullcontext() as asks:
        for scenario in scenarios:
            for luck in range(lucks):
                verdict = judge(TextCall(scenario, flows[scenario.flow], luck, asks, misheard=misheard).run())
                verdicts.append(verdict)
                if seen:
                    seen(verdict)
    return Score(remote.model if remote else "embedded", tuple(verdicts), misheard)


def main(
    only: str = "", lucks: int = 4, console: Console | None = None, remote: Remote | None = None, misheard: float = 0.0
) -> Score:
    """Play, print a table for people, and the last line for programs."""
    console = console or Console()
    with console.status("playing") as status:
        score = play(
            wanted(only), shipped(), lucks, lambda verdict: status.update(verdict.scenario.name), remote, misheard
        )
    tell(score, console)
    return score


@dataclass(frozen=True, slots=True)
class Part:
    """Which of all calls are made: each `of`-th of them from the `number`-th on, until `minutes` are over (0: all).

    They come in an order that is drawn once and for all, so that what was made in any time is a fair sample."""

    number: int = 1
    of: int = 1
    minutes: float = 0.0

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.of:
            raise ValueError(f"part {self.number}/{self.of} is none: say 1/4 to 4/4, for instance")

    @classmethod
    def read(cls, text: str, minutes: float) -> "Part":
        number, _, of = text.partition("/")
        if not number.isdecimal() or not of.isdecimal():
            raise ValueError(f"part {text!r} is none: say 1/4 to 4/4, for instance")
        return cls(int(number), int(of), minutes)

    def chosen(self, jobs: Sequence[Job]) -> list[Job]:
        mixed = list(jobs)
        random.Random("the order of task calls").shuffle(mixed)
        return mixed[self.number - 1 :: self.of]


def listen(
    jobs: Sequence[Job],
    flows: dict[str, Flow],
    booth: Booth,
    seen: Callable[[Verdict], None] | None = None,
    time_left: Callable[[], bool] = lambda: True,
) -> Score:
    """Calls with the model's own ears, as long as there is time; what was begun is finished."""
    verdicts, ideal, errors = [], [], WordErrors(0)
    for scenario, luck in jobs:
        if not time_left():
            break
        call = EarCall(booth, scenario, flows[scenario.flow], luck)
        verdicts.append(judge(call.run()))
        ideal.append(judge(TextCall(scenario, flows[scenario.flow], luck).run()))
        errors = errors + word_errors(" ".join(call.said), " ".join(call.understood))
        if seen:
            seen(verdicts[-1])
    return Score("embedded", tuple(verdicts), heard=Heard(len(jobs), errors, tuple(ideal)))


def aloud(
    only: str,
    lucks: int,
    console: Console,
    booth: Booth,
    part: Part,
    clock: Callable[[], float] = time.monotonic,
) -> Score:
    """The same with the model's own ears: callers speak aloud."""
    jobs = part.chosen([(scenario, luck) for scenario in wanted(only) for luck in range(lucks)])
    for missing in booth.studio.missing:
        console.print(f"not in this run: {missing}")
    console.print(
        f"{len(jobs)} calls, heard by the model's own ears; who speaks when is ideal, without socket or clock"
    )
    until = clock() + 60 * part.minutes if part.minutes else float("inf")
    with console.status("playing") as status:
        score = listen(
            jobs, shipped(), booth, lambda verdict: status.update(verdict.scenario.name), lambda: clock() < until
        )
    if len(score.verdicts) < len(jobs):
        console.print(f"the time is up after {len(score.verdicts)} of {len(jobs)} calls")
    tell(score, console)
    return score


def taught() -> tuple[Words, frozenset[str]]:
    """What ears learn at the start where these flows and this CRM are served: words that are in no lexicon, and those
    that are said more often than elsewhere."""
    named = spoken(world(TODAY).engine)
    texts = (*named.articles, *named.others)
    told = [*glossary.terms_in(texts), *(term for flow in shipped().values() for term in glossary.terms_of(flow))]
    return glossary.learnt(told, Lexicon.load()), glossary.favoured(named.articles)


def wanted(only: str) -> list[Scenario]:
    return [one for one in load() if only in (one.flow, "") or only in one.name]


def tell(score: Score, console: Console) -> None:
    console.print(table(score))
    for fault, calls in faults(score).items():
        console.print(f"{fault} ({calls} calls)", highlight=False, markup=False)
    print(score.line())


def faults(score: Score) -> Counter[str]:
    """Everything that went wrong, and in how many calls."""
    return Counter(
        f"{verdict.scenario.name}: {kind}: {fault}"
        for verdict in score.verdicts
        for kind in ("failures", "unsourced", "invented", "stale")
        for fault in getattr(verdict, kind)
    )


def table(score: Score) -> Table:
    made = Table("flow", "calls", "solved", "wrong", "unsourced", "stale", "ready", title=f"planner {score.planner}")
    for flow in dict.fromkeys(verdict.scenario.flow for verdict in score.verdicts):
        mine = [verdict for verdict in score.verdicts if verdict.scenario.flow == flow]
        ready = [one for verdict in mine for one in verdict.ready]
        made.add_row(
            flow,
            str(len(mine)),
            str(sum(verdict.solved for verdict in mine)),
            *(str(sum(len(getattr(verdict, kind)) for verdict in mine)) for kind in ("wrong", "unsourced", "stale")),
            f"{sum(ready)} of {len(ready)}",
        )
    return made


if __name__ == "__main__":
    main()
