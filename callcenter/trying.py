"""What `callcenter experiment` does: plan, fix, start, look, stop, decide and hand out the raw rows."""

import csv
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import Any, Final, get_args, get_type_hints

from rich.console import Console
from rich.table import Table

from callcenter.config import Settings
from callcenter.contacts import contacts
from callcenter.events import Policy
from callcenter.experiment import Arm, Contact, Experiment, ExperimentError, Reading, read, shares
from callcenter.experiment.planning import for_share
from callcenter.experiment.reading import METRICS
from callcenter.experiment.statistics import Difference
from callcenter.published import Published
from callcenter.server import duplexes, flow_of
from callcenter.store import Store, experiments
from callcenter.store.experiments import Kept

KEYS: Final = ("fallback", "weights", "planner", *Policy.__dataclass_fields__)
COLUMNS: Final = (
    "call", "caller", "arm", "as_assigned", "apart", "after_s", "before", *METRICS, "abandoned", "transfer_failed",
    "wrong_action", "complaint", "latencies",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """An experiment as it is asked for on the command line; the first arm is the control."""

    name: str
    arms: Sequence[str]
    percents: Sequence[float] = ()
    callers: int = 0
    base: float = 0.7
    effect: float = 0.05
    repeat_days: int = 7
    resolved: Sequence[str] = ()
    excluded: Sequence[str] = ()


def create(store: Store, settings: Settings, wanted: Wanted, console: Console) -> None:
    percents = wanted.percents or [100 / len(wanted.arms)] * len(wanted.arms)
    planned = for_share(wanted.base, wanted.effect)
    flow = flow_of(settings.flow) if settings.flow else None
    flow = (Published(store).published(flow) or flow) if flow else None
    experiment = Experiment(
        name=wanted.name,
        arms=tuple(snapshot(text, settings, flow.hash if flow else "") for text in wanted.arms),
        shares=shares(percents),
        salt=token_hex(8),
        callers=wanted.callers or planned.sequential,
        repeat_days=wanted.repeat_days,
        resolved=tuple(wanted.resolved) or (flow.labels if flow else ()) or ("completed",),
        excluded=tuple(wanted.excluded),
    )
    kept = experiments.create(store, experiment, now())
    console.print(f"{wanted.name} is fixed: {kept.row.fingerprint[:12]}")
    for arm in experiment.arms:
        console.print(f"  {arm.name}: {arm.duplex}, {arm.fingerprint[:12]}")
    console.print(
        f"{wanted.base:g} to {wanted.base + wanted.effect:g} needs {planned.fixed} callers for one look at the end, "
        f"{planned.sequential} for looking whenever one likes; planned are {experiment.callers}"
    )


def snapshot(text: str, settings: Settings, flow_version: str) -> Arm:
    """An arm from `NAME=DUPLEX,fallback=...,weights=FILE,eagerness=patient`, with all that is set now frozen in."""
    head, *rest = text.split(",")
    name, _, duplex = head.partition("=")
    told = dict(part.partition("=")[::2] for part in rest)
    if unknown := set(told) - set(KEYS):
        raise ExperimentError(f"{', '.join(sorted(unknown))} in {text!r}: known are {', '.join(KEYS)}")
    known = duplexes(settings)
    for one in filter(None, (duplex, told.get("fallback", ""))):
        if one not in known:
            raise ExperimentError(f"no duplex is called {one!r}; known: {', '.join(sorted(known))}")
    if not name or not duplex:
        raise ExperimentError(f"{text!r}: an arm is NAME=DUPLEX, and then perhaps ,KEY=VALUE")
    return Arm(
        name=name,
        duplex=duplex,
        fallback=told.get("fallback", settings.fallback),
        weights=hash_of(told["weights"]) if "weights" in told else "",
        flow=settings.flow,
        flow_version=flow_version,
        voice=settings.voice,
        planner=told.get("planner", settings.llm_model or "embedded"),
        policy=policy(told),
    )


def policy(told: Mapping[str, str]) -> Policy:
    for name, kind in get_type_hints(Policy).items():
        if name in told and told[name] not in get_args(kind):
            raise ExperimentError(f"{name}={told[name]!r}: one of {', '.join(get_args(kind))}")
    return Policy(**{name: told[name] for name in Policy.__dataclass_fields__ if name in told})  # type: ignore[arg-type]


def hash_of(path: str) -> str:
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def start(store: Store, name: str, gate: Path | None, without: str, console: Console) -> None:
    kept = experiments.named(store, name)
    shown = {"without": without} if without else passed(gate, kept.experiment)
    experiments.start(store, name, now(), shown)
    console.print(f"{name} is running: callers are assigned from now on")


def passed(gate: Path | None, experiment: Experiment) -> dict[str, Any]:
    """What a benchmark showed offline of every arm's duplex: its last line."""
    if gate is None:
        raise ExperimentError(
            "show the arms offline first: --gate FILE (what `bench interaction` printed), or --without-gate WHY"
        )
    lines = gate.read_text(encoding="utf-8").strip().splitlines()
    try:
        line = json.loads(lines[-1])
        measured, failed = line["duplex"], line.get("failed_calls", 0)
    except (ValueError, KeyError, IndexError, TypeError):
        raise ExperimentError(f"{gate} does not end with the JSON of a benchmark") from None
    if missing := [arm.duplex for arm in experiment.arms if not measured.get(arm.duplex, {}).get("calls")]:
        raise ExperimentError(f"{gate} has no calls of {', '.join(missing)}")
    if failed:
        raise ExperimentError(f"{failed} calls failed in {gate}")
    told: dict[str, Any] = line
    return told


def stop(store: Store, name: str, why: str, console: Console) -> None:
    experiments.stop(store, name, now(), why)
    console.print(f"{name} is stopped: {why}; new calls get what is usual")


def decide(store: Store, name: str, arm: str, why: str, by: str, console: Console) -> None:
    """The written record: what was decided, by whom, why, and all that was known. `arm` empty: nothing changes."""
    kept = experiments.named(store, name)
    chosen = kept.experiment.arm(arm) if arm else None
    reading = read(kept.experiment, contacts(store, kept, now()))
    record = {
        "verdict": "promote" if chosen else "stop",
        "arm": asdict(chosen) if chosen else None,
        "why": why,
        "by": by,
        "at": now().isoformat(),
        "fingerprint": kept.row.fingerprint,
        "reading": told(reading),
    }
    experiments.decide(store, name, json.loads(json.dumps(record)))
    console.print(f"{name}: {record['verdict']}{' ' + arm if arm else ''}, because {why}")
    if chosen:
        fallback = f" CALLCENTER_FALLBACK={chosen.fallback}" if chosen.fallback else ""
        console.print(f"to serve it to everybody: CALLCENTER_DUPLEX={chosen.duplex}{fallback}")


def status(store: Store, name: str, console: Console) -> None:
    if not name:
        overview(store, console)
        return
    kept = experiments.named(store, name)
    row, experiment = kept.row, kept.experiment
    console.print(f"{name} is {row.state} ({row.fingerprint[:12]}){': ' + row.why if row.why else ''}")
    reading = read(experiment, contacts(store, kept, now()))
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


def rows_of(against: Any) -> list[tuple[str, Difference]]:
    rows = list(against.metrics.items())
    rows += [(f"{name}, past taken out", found) for name, found in against.adjusted.items()]
    rows += [("resolved, first week", against.first_week), ("resolved, later", against.later)]
    return [*rows, ("resolved, number withheld", against.apart)]


def table(control: str, arm: str, rows: Sequence[tuple[str, Difference]]) -> Table:
    shown = Table(box=None, header_style="bold")
    for heading in ("by caller", control, arm, "difference", "holds at every look", "callers"):
        shown.add_column(heading, justify="left" if heading == "by caller" else "right")
    for name, found in rows:
        if not found.n_control and not found.n_arm:
            continue
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


def told(reading: Reading) -> dict[str, Any]:
    return {**asdict(reading), "verdict": reading.verdict, "alarm": reading.ratio.alarm}


def export(store: Store, name: str, out: Path, console: Console) -> None:
    """One row a call. Callers are named by a hash, so that the file can be handed on."""
    kept = experiments.named(store, name)
    rows = contacts(store, kept, now())
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(exported(kept, row) for row in rows)
    console.print(f"{len(rows)} calls in {out}")


def exported(kept: Kept, row: Contact) -> dict[str, Any]:
    who = hashlib.sha256(f"{kept.experiment.salt}|export|{row.caller}".encode()).hexdigest()[:16]
    plain = {
        "call": row.call,
        "caller": "" if row.apart else who,
        "arm": row.arm,
        "as_assigned": int(row.as_assigned),
        "apart": int(row.apart),
        "after_s": round(row.after_s),
        "before": "" if row.before is None else row.before,
        "latencies": " ".join(f"{value:g}" for value in row.latencies),
    }
    return plain | {name: row.values.get(name, "") for name in COLUMNS if name not in plain}


def now() -> datetime:
    return datetime.now(UTC)
