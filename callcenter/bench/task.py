"""`bench task`: are calls solved, is nothing wrong done, nothing unsourced or stale spoken? With perfect ears.

Every scenario of `callers.tasks` is played with the embedded planner, several times with other luck (other answers to
yes and no, other delays of tools). Simulated time: a run takes seconds and says the same every time.
"""

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from callcenter.background.http_tools import shared_client
from callcenter.background.llm import Endpoint, Llm
from callcenter.background.planner import Move, PlanError, Situation, ToolCard
from callcenter.background.secret import secret
from callcenter.bench.judge import Verdict, judge
from callcenter.bench.textcall import Asks, TextCall, world
from callcenter.callers.tasks import Scenario, load
from flows import Flow, shipped


@dataclass(frozen=True, slots=True)
class Score:
    """The figures of a run."""

    planner: str
    verdicts: tuple[Verdict, ...]
    misheard: float = 0.0

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
                "stale": sum(len(verdict.stale) for verdict in self.verdicts),
                "ready_at_end": _share(ready),
                "questions": len(ready),
                "seconds_to_solved": times[len(times) // 2] if times else None,
                "misheard": self.misheard,
                "transfers": sum(":" in verdict.ended for verdict in self.verdicts),
            }
        )


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
    cards = world("2026-11-24T10:00").toolbox.tools
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
    chosen = [one for one in load() if only in (one.flow, "") or only in one.name]
    with console.status("playing") as status:
        score = play(chosen, shipped(), lucks, lambda verdict: status.update(verdict.scenario.name), remote, misheard)
    console.print(table(score))
    for fault, calls in faults(score).items():
        console.print(f"{fault} ({calls} calls)", highlight=False, markup=False)
    print(score.line())
    return score


def faults(score: Score) -> Counter[str]:
    """Everything that went wrong, and in how many calls."""
    return Counter(
        f"{verdict.scenario.name}: {kind}: {fault}"
        for verdict in score.verdicts
        for kind in ("failures", "unsourced", "stale")
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
