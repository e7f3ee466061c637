"""`bench interaction`: the same simulated callers against one or several duplexes, side by side in one run.

Every call takes the real way: a fake phone, a signed webhook, a websocket, frames at 20 ms, lost frames. The channel of
the agent is what the phone played, the caller's is what it sent; what the call did comes from its journal. `--rehearse`
leaves out socket and clock: an offline shortcut for development, and named so in everything it prints.
"""

import asyncio
import gc
import json
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import uvloop
from rich.console import Console

from callcenter.bench import report
from callcenter.bench.beside import beside
from callcenter.bench.contestants import Contestants, Entry
from callcenter.bench.export import export_full_duplex_bench
from callcenter.bench.inhouse import serving
from callcenter.bench.lanes import Audio
from callcenter.bench.tables import kinds, table
from callcenter.bench.tau import export_tau_voice
from callcenter.bench.watch import Watch
from callcenter.callers.exchange import Dialling
from callcenter.callers.phone import Phone
from callcenter.callers.rehearsal import Rehearsal
from callcenter.callers.studio import Studio
from callcenter.callers.suite import DECKS, Casting, Deck, Suite, compose
from callcenter.config import Settings
from callcenter.duplex import Duplex
from callcenter.journal import read
from callcenter.measures import (
    Figures,
    Observed,
    figures,
    last_line,
    recorded,
)
from callcenter.server import duplexes
from callcenter.switchboard import Context, Maker

WRITTEN_WITHIN = 60.0
"""Seconds until the journal of a call that is over can be read."""

BEYOND = 30.0
"""Seconds after its own limit at which a caller is hung up."""


@dataclass(frozen=True, slots=True)
class Order:
    """What to run. `url`: a server that runs already, with whatever duplex it serves; empty: one of our own."""

    duplexes: tuple[str, ...]
    suite: str = "quick"
    seed: int = 1
    data: Path | None = None
    at_once: int = 30
    speed: float = 1.0
    url: str = ""
    token: str = ""
    key: str = ""
    rehearse: bool = False
    workers: int = 1
    """Processes that rehearse beside each other."""
    out: Path = Path("var/bench/interaction")
    shelf: Path | None = None
    """Where what slow synthesizers have said is kept."""
    export: Path | None = None
    """Where the calls are written in the formats of Full-Duplex-Bench and tau-voice; None: nowhere."""
    settings: Settings = field(default_factory=Settings, repr=False)
    """What the duplexes are made with: the weights and the device of the model, the ears, hosted models."""


@dataclass(frozen=True)
class Taken:
    """A call that was made."""

    entry: Entry
    observed: Observed
    audio: Audio = field(repr=False)


@dataclass(frozen=True)
class Failed:
    entry: Entry
    why: str


Result = Taken | Failed


def run(order: Order, console: Console, decks: Mapping[str, Deck] = DECKS) -> int:
    """All of it; the exit status says whether every call could be made, not whether the bars were passed."""
    if order.speed != 1.0 and order.rehearse:
        raise ValueError("--rehearse has no clock; leave --speed out")
    if order.suite not in decks:
        raise ValueError(f"no suite is called {order.suite!r}; known: {', '.join(decks)}")
    if order.url and len(order.duplexes) != 1:
        raise ValueError("a running server serves one duplex: name it, once")
    suite = compose(order.suite, decks[order.suite], order.seed, Studio(order.data, shelf=order.shelf))
    for missing in suite.missing:
        console.print(f"not in this run: {missing}")
    contestants = Contestants(served_at(order.url, order.duplexes[0]) if order.url else duplexes(order.settings))
    numbers = entered(contestants, order, suite)
    way = (
        "rehearsed offline, without socket or clock"
        if order.rehearse
        else f"over websockets, {order.speed:g} x real time"
    )
    console.print(f"{len(numbers)} calls of suite {suite.name!r}, seed {suite.seed}, {way}, {order.at_once} at once")
    watch = Watch(order.speed)
    if order.rehearse:
        results = rehearsed_all(contestants, numbers, order.workers, console)
    else:
        results = uvloop.run(made(order, contestants, numbers, console, watch))
    measured = {name: figures(taken(results, name)) for name in order.duplexes}
    if order.export is not None:
        exported(order, results, console)
    tell(order, suite, results, measured, watch.p99_ms, console)
    return 1 if any(isinstance(result, Failed) for result in results) else 0


def served_at(url: str, name: str) -> dict[str, Maker]:
    """What runs elsewhere is made elsewhere: here it only has a name."""

    def elsewhere(_context: Context) -> Duplex:
        raise ValueError(f"{name} is served by {url}, not by this process")

    return {name: elsewhere}


def entered(contestants: Contestants, order: Order, suite: Suite) -> list[str]:
    """The numbers of all callers of all duplexes, in turn, so that every duplex is served all the time."""
    return [
        contestants.enter(name, casting, place)
        for casting in suite.castings
        for place, name in enumerate(order.duplexes)
    ]


def taken(results: Sequence[Result], duplex: str) -> list[Observed]:
    return [r.observed for r in results if isinstance(r, Taken) and r.entry.duplex == duplex]


async def made(
    order: Order, contestants: Contestants, numbers: Sequence[str], console: Console, watch: Watch
) -> list[Result]:
    async with served(order, contestants) as (url, token), httpx.AsyncClient(trust_env=False) as client:
        gc.collect()
        gc.freeze()
        watching = asyncio.create_task(watch.run())
        places = asyncio.Semaphore(order.at_once)
        done: list[int] = []

        async def one(number: str) -> Result:
            async with places:
                await watch.calm()
                result = await placed(order, url, token, number, contestants.entries[number], client)
            done.append(1)
            if len(done) % 20 == 0:
                console.print(f"{len(done)} of {len(numbers)} calls are over")
            return result

        results = await asyncio.gather(*(one(number) for number in numbers))
        watching.cancel()
        gc.unfreeze()
        return list(results)


@asynccontextmanager
async def served(order: Order, contestants: Contestants) -> AsyncIterator[tuple[str, str]]:
    if order.url:
        yield order.url, order.token
        return
    async with serving({"contestants": contestants.make}, "contestants", order.at_once, order.speed) as running:
        yield running.url, running.token


# ------------------------------------------------------------------------------------------------------- one call


async def placed(order: Order, url: str, token: str, number: str, entry: Entry, client: httpx.AsyncClient) -> Result:
    dialling = Dialling(
        url=url,
        token=token,
        caller=number,
        seconds=entry.casting.scenario.limit + BEYOND,
        speed=order.speed,
        weather=entry.casting.weather,
    )
    told = await Phone(dialling, entry.person).place()
    if told.failure is not None or not told.legs:
        return Failed(entry, told.failure.detail if told.failure else f"no conversation ({told.status})")
    leg = told.legs[0]
    try:
        lines = await journal(client, f"{url.rstrip('/')}/v1/calls/{told.call}", order.key)
    except (httpx.HTTPError, TimeoutError) as error:
        return Failed(entry, f"no journal: {error}")
    happened = [(line.at, line.event, line.commands) for line in read(lines)]
    return finished(entry, leg.spoken, leg.heard, happened)


async def journal(client: httpx.AsyncClient, address: str, key: str) -> list[bytes]:
    """The journal of a call, once it is written to its end."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    async with asyncio.timeout(WRITTEN_WITHIN):
        while True:
            answer = await client.get(f"{address}/journal", headers=headers)
            lines = answer.content.splitlines(keepends=True) if answer.is_success else []
            if lines and b'"end"' in lines[-1]:
                return lines
            await asyncio.sleep(0.5)


def rehearsed_all(contestants: Contestants, numbers: Sequence[str], workers: int, console: Console) -> list[Result]:
    """The observations and sounds come from the processes that rehearse; who called whom is known here."""
    told: dict[str, tuple[Observed, Audio]] = {}

    def rehearse(number: str) -> tuple[Observed, Audio]:
        taken = uvloop.run(rehearsed(contestants, number))
        return taken.observed, taken.audio

    for number, seen in beside(rehearse, numbers, workers):
        told[number] = seen
        if len(told) % 20 == 0:
            console.print(f"{len(told)} of {len(numbers)} calls are over")
    return [Taken(contestants.entries[number], *told[number]) for number in numbers]


async def rehearsed(contestants: Contestants, number: str) -> Taken:
    entry = contestants.entries[number]
    duplex = contestants.made(entry, Context("rehearsal", number, "", "inbound"))
    call = await Rehearsal(entry.person, duplex, entry.casting.weather).run(entry.casting.scenario.limit + BEYOND)
    return finished(entry, call.spoken, call.heard, call.happened)


def finished(entry: Entry, spoken: bytes, heard: bytes, happened: Sequence[Any]) -> Taken:
    casting = entry.casting
    timeline = recorded(spoken, heard, happened)
    observed = Observed(casting.name, timeline, entry.person.truth, casting.caller, casting.group)
    return Taken(entry, observed, Audio(spoken, heard))


def exported(order: Order, results: Sequence[Result], console: Console) -> None:
    """The calls of each duplex as others store them, so that their own scripts can score them."""
    assert order.export is not None
    for name in order.duplexes:
        mine = [r for r in results if isinstance(r, Taken) and r.entry.duplex == name]
        folder = order.export / name
        items = export_full_duplex_bench([(r.observed, r.audio) for r in mine], folder / "full-duplex-bench")
        calls = export_tau_voice([r.observed for r in mine], folder / "tau-voice", name, order.seed)
        told = ", ".join(f"{count} {task}" for task, count in sorted(items.items()))
        console.print(f"export: {folder} ({told or 'no items'}; {calls} tau-voice simulations)")


# -------------------------------------------------------------------------------------------------------- telling


def tell(
    order: Order,
    suite: Suite,
    results: Sequence[Result],
    measured: Mapping[str, Figures],
    late_ms: float | None,
    console: Console,
) -> None:
    failures = [result for result in results if isinstance(result, Failed)]
    for failed in failures[:10]:
        console.print(f"[red]failed[/red] {failed.entry.name}: {failed.why}")
    console.print(table(measured))
    console.print(kinds({name: taken(results, name) for name in order.duplexes}))
    if late_ms is not None:
        console.print(f"this process was late by {late_ms} ms (p99); over 20 ms the figures are the machine's")
    sounds = {(r.entry.duplex, r.observed.name): r.audio for r in results if isinstance(r, Taken)}
    path = report.write(
        report.Run(
            suite=suite.name,
            seed=suite.seed,
            realtime=not order.rehearse and order.speed == 1.0,
            command=command(order),
            duplexes=measured,
            held_out=suite.held_out,
            conditions=conditions(order, suite),
            sounds=lambda duplex, call: sounds.get((duplex, call)),
        ),
        order.out,
    )
    console.print(f"report: {path}")
    line = last_line(suite.name, suite.seed, not order.rehearse and order.speed == 1.0, measured)
    line |= {
        "path": "rehearsal (offline shortcut)" if order.rehearse else "websocket",
        "speed": None if order.rehearse else order.speed,
        "own_late_p99_ms": late_ms,
        "failed_calls": len(failures),
        "missing": list(suite.missing),
    }
    console.out(json.dumps(line), highlight=False)


def conditions(order: Order, suite: Suite) -> list[str]:
    groups = Counter(casting.group for casting in suite.castings)
    return [
        "rehearsed offline, without socket or clock" if order.rehearse else f"websockets, {order.speed:g} x real time",
        "300-3400 Hz, mu-law, noise 15 to 40 dB under the voice, 2 % of frames lost in bursts of 100 ms",
        f"echo of the agent at -20 or -30 dB in {echoing(suite.castings)} of {len(suite.castings)} calls",
        "callers: " + ", ".join(f"{count} {group}" for group, count in sorted(groups.items())),
        *(f"not in this run: {missing}" for missing in suite.missing),
    ]


def echoing(castings: Sequence[Casting]) -> int:
    return sum(casting.conditions.echo is not None for casting in castings)


def command(order: Order) -> str:
    words = ["callcenter bench interaction", f"--duplex {','.join(order.duplexes)}", f"--suite {order.suite}"]
    words.append(f"--seed {order.seed}")
    words += [f"--data {order.data}"] if order.data else []
    words += [f"--url {order.url}"] if order.url else []
    words += ["--rehearse"] if order.rehearse else [f"--speed {order.speed:g}"] if order.speed != 1.0 else []
    return " ".join(words)
