"""`callcenter experiment`: what can be asked of an experiment. What does it is imported when it is asked for."""

from pathlib import Path
from typing import Annotated

import typer

from callcenter.terminal import console, opened

app = typer.Typer(no_args_is_help=True, help="Arms side by side on live calls, read with honest statistics.")


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="Its name, for ever.")],
    arm: Annotated[list[str], typer.Option(help="NAME=DUPLEX[,fallback=..,weights=FILE,eagerness=..]; control first.")],
    share: Annotated[list[float] | None, typer.Option(help="Percent of each arm; default: alike.")] = None,
    callers: Annotated[int, typer.Option(help="Callers planned; 0: what the effect needs.")] = 0,
    base: Annotated[float, typer.Option(help="Share of callers who are helped now.")] = 0.7,
    effect: Annotated[float, typer.Option(help="Change of it that must not be missed.")] = 0.05,
    repeat_days: Annotated[int, typer.Option(help="A caller who calls again within these was not helped.")] = 7,
    resolved: Annotated[list[str] | None, typer.Option(help="Outcomes that may count as resolved.")] = None,
    exclude: Annotated[list[str] | None, typer.Option(help="Beginnings of numbers that take no part.")] = None,
) -> None:
    """Fix arms, shares and rules, and say how many callers it takes. Nothing of it can be changed afterwards."""
    from callcenter.trying import doing

    wanted = doing.Wanted(name, arm, share or (), callers, base, effect, repeat_days, resolved or (), exclude or ())
    with opened() as (store, chosen):
        doing.create(store, chosen, wanted, console)


@app.command()
def start(
    name: Annotated[str, typer.Argument()],
    gate: Annotated[Path | None, typer.Option(help="Output of `bench interaction` with every arm's duplex.")] = None,
    without_gate: Annotated[str, typer.Option(help="Why no benchmark was needed; kept in the record.")] = "",
) -> None:
    """Assign callers from now on; one experiment runs at a time."""
    from callcenter.trying import doing

    with opened() as (store, _):
        doing.start(store, name, gate, without_gate, console)


@app.command()
def status(name: Annotated[str, typer.Argument(help="Empty: all of them.")] = "") -> None:
    """What can be told now: intervals that hold at every look, the split, guardrails; last line JSON."""
    from callcenter.trying import doing

    with opened() as (store, _):
        doing.status(store, name, console)


@app.command()
def stop(name: Annotated[str, typer.Argument()], why: Annotated[str, typer.Option(help="Kept in the record.")]) -> None:
    """Assign nobody any more; calls under way end as they began."""
    from callcenter.trying import doing

    with opened() as (store, _):
        doing.stop(store, name, why, console)


@app.command()
def decide(
    name: Annotated[str, typer.Argument()],
    why: Annotated[str, typer.Option(help="The reason, in a sentence.")],
    by: Annotated[str, typer.Option(help="Who decides.")],
    promote: Annotated[str, typer.Option(help="The arm to serve to everybody; empty: none.")] = "",
) -> None:
    """Write down what was decided about a stopped experiment, with everything known at that moment."""
    from callcenter.trying import doing

    with opened() as (store, _):
        doing.decide(store, name, promote, why, by, console)


@app.command()
def export(
    name: Annotated[str, typer.Argument()], out: Annotated[Path, typer.Option(help="CSV file to write.")]
) -> None:
    """Raw rows, one a call; callers are named by a hash."""
    from callcenter.trying import doing

    with opened() as (store, _):
        doing.export(store, name, out, console)
