"""What `callcenter experiment` says to people: each command does what `comparing` does and tells what came of it."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from callcenter import comparing
from callcenter.comparing import COLUMNS, Shop, Wanted, exported, rows_of, told
from callcenter.config import Settings
from callcenter.contacts import contacts
from callcenter.experiment.statistics import Difference
from callcenter.server import duplexes, flow_of
from callcenter.store import Store, experiments

__all__ = ["Wanted", "create", "decide", "export", "start", "status", "stop"]


def create(store: Store, settings: Settings, wanted: Wanted, console: Console) -> None:
    shop = Shop(settings, tuple(duplexes(settings)), flow_of(settings.flow) if settings.flow else None)
    kept, planned = comparing.fix(store, shop, wanted)
    console.print(f"{wanted.name} is fixed: {kept.row.fingerprint[:12]}")
    for arm in kept.experiment.arms:
        console.print(f"  {arm.name}: {arm.duplex}, {arm.fingerprint[:12]}")
    console.print(
        f"{wanted.base:g} to {wanted.base + wanted.effect:g} needs {planned.fixed} callers for one look at the end, "
        f"{planned.sequential} for looking whenever one likes; planned are {kept.experiment.callers}"
    )


def start(store: Store, name: str, gate: Path | None, without: str, console: Console) -> None:
    comparing.start(store, name, gate.read_text(encoding="utf-8") if gate else "", without, str(gate))
    console.print(f"{name} is running: callers are assigned from now on")


def stop(store: Store, name: str, why: str, console: Console) -> None:
    experiments.stop(store, name, comparing.now(), why)
    console.print(f"{name} is stopped: {why}; new calls get what is usual")


def decide(store: Store, name: str, arm: str, why: str, by: str, console: Console) -> None:
    record = comparing.decide(store, name, arm, why, by)
    console.print(f"{name}: {record['verdict']}{' ' + arm if arm else ''}, because {why}")
    if (chosen := record["arm"]) is not None:
        fallback = f" CALLCENTER_FALLBACK={chosen['fallback']}" if chosen["fallback"] else ""
        console.print(f"to serve it to everybody: CALLCENTER_DUPLEX={chosen['duplex']}{fallback}")


def status(store: Store, name: str, console: Console) -> None:
    if not name:
        overview(store, console)
        return
    kept = experiments.named(store, name)
    row, experiment = kept.row, kept.experiment
    console.print(f"{name} is {row.state} ({row.fingerprint[:12]}){': ' + row.why if row.why else ''}")
    reading = comparing.look(store, kept)
    if reading.ratio.alarm:
        console.print(f"[bold red]{reading.verdict}[/bold red]")
    counts = ", ".join(f"{arm} {n}" for arm, n in reading.ratio.counts.items())
    console.print(
        f"{reading.callers} of {experiment.callers} callers ({counts}), {reading.calls} calls, "
        f"{reading.served_otherwise} served by another duplex than assigned; split: evidence against it "
        f"{reading.ratio.evidence:.3g} (alarm at 1000), chi-square p {reading.ratio.p:.3g}"
    )
    for against in reading.against:
        console.print(table(experiment.control.name, against.arm, rows_of(against)))
        for q, found in against.quantiles.items():
            if found is not None:
                console.print(
                    f"latency p{100 * q:.0f}: {found.control:.2f} s against {found.arm:.2f} s "
                    f"({found.low:+.2f} to {found.high:+.2f}; for one look)"
                )
    console.print(f"[bold]{reading.verdict}[/bold]")
    console.out(json.dumps({"experiment": name, "state": row.state, **told(reading)}), highlight=False)


def overview(store: Store, console: Console) -> None:
    listing = experiments.listed(store)
    for row in listing:
        started = f" since {row.started_at:%Y-%m-%d}" if row.started_at else ""
        console.print(f"{row.name}: {row.state}{started}{' (' + row.why + ')' if row.why else ''}")
    if not listing:
        console.print("no experiments")


def table(control: str, arm: str, rows: Sequence[tuple[str, Difference]]) -> Table:
    shown = Table(box=None, header_style="bold")
    for heading in ("by caller", control, arm, "difference", "holds at every look", "callers"):
        shown.add_column(heading, justify="left" if heading == "by caller" else "right")
    for name, found in rows:
        between = "too early" if found.low is None else f"{found.low:+.3f} to {found.high:+.3f}"
        mark = "[bold]" if found.decided else ""
        shown.add_row(
            name,
            f"{found.control:.3f}",
            f"{found.arm:.3f}",
            f"{mark}{found.value:+.3f}",
            f"{mark}{between}",
            f"{found.n_control} + {found.n_arm}",
        )
    return shown


def export(store: Store, name: str, out: Path, console: Console) -> None:
    kept = experiments.named(store, name)
    rows = contacts(store, kept, comparing.now())
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(exported(kept, row) for row in rows)
    console.print(f"{len(rows)} calls in {out}")
