"""`callcenter bench`: what can be measured from the command line. What measures is imported when it is asked for."""

import os
from pathlib import Path
from typing import Annotated

import typer

from callcenter.config import Settings
from callcenter.terminal import Refusal, console, listed, settings

Seed = Annotated[int, typer.Option(help="Other seeds compose other calls.")]
Data = Annotated[Path | None, typer.Option(help="Folder with speech of real people and customers' lines.")]
Rehearse = Annotated[bool, typer.Option("--rehearse", help="Offline shortcut: no socket, no clock.")]

app = typer.Typer(no_args_is_help=True, help="Benchmarks: a table for people, one JSON object as the last line.")


@app.command()
def interaction(
    duplex: Annotated[str, typer.Option(help="Duplexes to measure side by side, comma separated.")] = "oracle,jumpy",
    suite: Annotated[str, typer.Option(help="quick (about 3 minutes) or full (160 calls each).")] = "quick",
    seed: Seed = 1,
    data: Data = None,
    at_once: Annotated[int, typer.Option(help="Calls at once.", min=1)] = 30,
    speed: Annotated[float, typer.Option(help="Run the clocks faster than real time.", min=0.1)] = 1.0,
    rehearse: Rehearse = False,
    workers: Annotated[int, typer.Option(help="Processes that rehearse at once; 0: one a core.", min=0)] = 0,
    url: Annotated[str, typer.Option(help="A running server, measured under the one name given.")] = "",
    out: Annotated[Path, typer.Option(help="Folder of the report.")] = Path("var/bench/interaction"),
) -> None:
    """The same simulated callers against each duplex: turns, pauses, interruptions, backchannels, noise, echo."""
    from callcenter.bench.interaction import Order, run
    from callcenter.switchboard import token_secret

    chosen = settings()
    order = Order(
        listed(duplex),
        suite=suite,
        seed=seed,
        data=folder(data, chosen),
        at_once=at_once,
        speed=speed,
        url=url,
        token=token_secret(chosen) if url else "",
        key=chosen.api_key.reveal(),
        rehearse=rehearse,
        workers=workers or len(os.sched_getaffinity(0)),
        out=out,
        shelf=chosen.var / "takes",
        settings=chosen,
    )
    raise typer.Exit(run(order, console))


@app.command()
def export(
    duplex: Annotated[str, typer.Option(help="Duplexes whose calls are written, comma separated.")] = "oracle",
    suite: Annotated[str, typer.Option(help="quick or full.")] = "quick",
    seed: Seed = 1,
    rehearse: Rehearse = False,
    out: Annotated[Path, typer.Option(help="Folder of the items and the report.")] = Path("var/bench/export"),
) -> None:
    """Make the suite's calls and write them as Full-Duplex-Bench and tau-voice do, for their own scripts."""
    from callcenter.bench.interaction import Order, run

    chosen = settings()
    order = Order(
        listed(duplex),
        suite=suite,
        seed=seed,
        data=folder(None, chosen),
        rehearse=rehearse,
        out=out / "report",
        shelf=chosen.var / "takes",
        export=out,
        settings=chosen,
    )
    raise typer.Exit(run(order, console))


@app.command()
def policy(
    duplex: Annotated[str, typer.Option(help="The duplex whose knob is turned.")] = "interaction",
    suite: Annotated[str, typer.Option(help="stories (long turns and pauses), quick or full.")] = "stories",
    seed: Seed = 1,
    data: Data = None,
    minutes: Annotated[float, typer.Option(help="Begin no further caller after so long; 0: all.", min=0)] = 0.0,
) -> None:
    """The same callers with every setting of the policy, rehearsed offline: backchannels, haste, patience."""
    from callcenter.bench.policy import Order, run

    chosen = settings()
    where = folder(data, chosen)
    raise typer.Exit(run(Order(duplex, suite, seed, where, minutes, chosen.var / "takes", chosen), console))


@app.command()
def task(
    only: Annotated[str, typer.Option(help="One flow, or part of a scenario's name.")] = "",
    lucks: Annotated[int, typer.Option(help="Calls per scenario, each with other words and chances.", min=1)] = 4,
    url: Annotated[str, typer.Option(help="OpenAI-compatible endpoint to plan with (https://host/v1).")] = "",
    model: Annotated[str, typer.Option(help="The endpoint's model.")] = "default",
    key: Annotated[str, typer.Option(help="Environment variable that holds the endpoint's key.")] = "",
    misheard: Annotated[float, typer.Option(help="Share of the caller's words that are misheard.", min=0, max=1)] = 0.0,
    ears: Annotated[str, typer.Option(help="ideal, or own: callers speak, and the model hears them.")] = "ideal",
    data: Annotated[Path | None, typer.Option(help="Folder with recorded noise, for callers who speak.")] = None,
    part: Annotated[str, typer.Option(help="With own ears: this part of all calls, such as 2/4.")] = "1/1",
    minutes: Annotated[float, typer.Option(help="With own ears: begin no call after so long; 0: all.", min=0)] = 0.0,
) -> None:
    """Callers with a task against flows, tools and CRM, with perfect ears, a little less than that, or the model's."""
    from callcenter.bench.task import Part, Remote, aloud, main, taught

    if ears not in ("ideal", "own"):
        raise Refusal(f"no ears are called {ears!r}; known: ideal, own")
    if ears == "own":
        if url or misheard:
            raise Refusal("own ears mishear by themselves, and the embedded planner plans: leave --url, --misheard out")
        from callcenter.bench.earcall import Booth
        from callcenter.bench.listeners import own
        from callcenter.callers.studio import Studio

        chosen = settings()
        where = folder(data, chosen)
        booth = Booth(Studio(where, shelf=chosen.var / "takes"), own(*taught()).listening)
        score = aloud(only, lucks, console, booth, Part.read(part, minutes))
    else:
        score = main(only, lucks, console, Remote(url, model, key) if url else None, misheard)
    raise typer.Exit(0 if score.verdicts else 1)


@app.command()
def ears(
    ears: Annotated[str, typer.Option(help="What hears; search: no network, only what comes behind it.")] = "search",
    data: Data = None,
    groups: Annotated[str, typer.Option(help="Groups, comma separated; default: all.")] = "",
    share: Annotated[float, typer.Option(help="Fewer utterances a group.", min=0.01, max=10)] = 1.0,
    seed: Annotated[int, typer.Option(help="Other seeds say other things.")] = 1,
    show: Annotated[int, typer.Option(help="Print so many misheard utterances a group.", min=0)] = 0,
    expect: Annotated[
        bool, typer.Option("--expect", help="Tell it what a flow would expect: digits, commands.")
    ] = False,
) -> None:
    """Word error rate of what is heard, by group of voices, on held-out sentences, voices and speakers."""
    from callcenter.bench.ears import Order, run
    from callcenter.bench.listeners import EARS

    if ears not in EARS:
        raise Refusal(f"no ears are called {ears!r}; known: {', '.join(EARS)}")
    chosen = settings()
    order = Order(
        folder(data, chosen),
        chosen.var / "takes",
        seed,
        share,
        listed(groups),
        show,
        expect,
    )
    raise typer.Exit(run(order, EARS[ears], console))


@app.command()
def engine(
    sizes: Annotated[str, typer.Option(help="Sizes, comma separated.")] = "nano",
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    seconds: Annotated[float, typer.Option(help="Seconds of calls for each count of calls.")] = 12.0,
    threads: Annotated[int, typer.Option(help="Threads of a CPU.")] = 1,
    search: Annotated[bool, typer.Option(help="Search words too, on the CPU, as calls do.")] = True,
    most: Annotated[int, typer.Option(help="Calls beyond which it does not go.")] = 512,
    rows: Annotated[Path | None, typer.Option(help="File to which each size is added once it is measured.")] = None,
) -> None:
    """Time of a turn for one call and for more, and how many calls the device holds."""
    from callcenter.bench.engine import Order, run
    from callcenter.model.config import SIZES

    names = listed(sizes)
    if unknown := [name for name in names if name not in SIZES]:
        raise Refusal(f"no size is called {unknown[0]!r}; known: {', '.join(SIZES)}")
    chosen = settings()
    order = Order(names, device, seconds, Path(chosen.model) if chosen.model else None, threads, search, most, rows)
    raise typer.Exit(run(order, console))


@app.command()
def kernels(
    sizes: Annotated[str, typer.Option(help="Sizes, comma separated.")] = "nano,small,base,tml-small",
    calls: Annotated[str, typer.Option(help="Calls of a turn, comma separated.")] = "64",
    ops: Annotated[str, typer.Option(help="Kernels, comma separated; default: all.")] = "",
    device: Annotated[str, typer.Option(help="cuda, or cpu: then nothing is measured.")] = "cuda",
    seconds: Annotated[float, typer.Option(help="After which no other row is begun.")] = 600.0,
    rows: Annotated[Path | None, typer.Option(help="File to which each row is added once it is measured.")] = None,
    warm: Annotated[bool, typer.Option(help="Only compile, for a run that comes after.")] = False,
    blocks: Annotated[bool, typer.Option(help="Compare our own kernels with other blocks.")] = False,
) -> None:
    """The GPU's kernels against torch's ways: time, bytes moved, share of the memory's bandwidth."""
    from callcenter.bench.kernels import Order, run
    from callcenter.model.config import SIZES

    names = listed(sizes)
    if unknown := [name for name in names if name not in SIZES]:
        raise Refusal(f"no size is called {unknown[0]!r}; known: {', '.join(SIZES)}")
    counts = tuple(map(int, listed(calls)))
    order = Order(names, counts, listed(ops), device, warm=warm, blocks=blocks, seconds=seconds, rows=rows)
    raise typer.Exit(run(order, console))


@app.command()
def redaction(
    calls: Annotated[int, typer.Option(help="Calls that give something away; a third more do not.", min=1)] = 500,
    seed: Annotated[int, typer.Option(help="Other seeds say other things.")] = 1,
    show: Annotated[int, typer.Option(help="Print so many calls in which something is left.", min=0)] = 5,
) -> None:
    """Whether numbers and addresses that callers give away are gone from text and sound, and what went with them."""
    from callcenter.bench.redaction import run

    raise typer.Exit(run(calls, seed, console, show))


def folder(named: Path | None, chosen: Settings) -> Path | None:
    """Where recordings and customers' lines are: as named, as set, or nowhere."""
    return named or (Path(chosen.data) if chosen.data else None)
