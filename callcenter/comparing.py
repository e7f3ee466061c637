"""What people do to an experiment, from the command line, the admin site or the API: plan and fix it, show its arms
offline, start it, look, stop it, decide, and hand out the raw rows. Whoever calls says what happened in their own way.
"""

import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex
from typing import Any, Final, get_args, get_type_hints

from callcenter.config import Settings
from callcenter.contacts import contacts
from callcenter.events import Policy
from callcenter.experiment import Arm, Contact, Experiment, ExperimentError, Reading, read, shares
from callcenter.experiment.planning import Planned, for_share
from callcenter.experiment.reading import METRICS, Against
from callcenter.experiment.statistics import Difference
from callcenter.published import Published
from callcenter.store import Store, experiments
from callcenter.store.experiments import Kept
from flows import Flow

KEYS: Final = ("fallback", "weights", "planner", *Policy.__dataclass_fields__)
COLUMNS: Final = (
    "call", "caller", "arm", "as_assigned", "apart", "after_s", "before", *METRICS, "abandoned", "transfer_failed",
    "wrong_action", "complaint", "latencies",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """An experiment as it is asked for; the first arm is the control."""

    name: str
    arms: Sequence[str]
    percents: Sequence[float] = ()
    callers: int = 0
    base: float = 0.7
    effect: float = 0.05
    repeat_days: int = 7
    resolved: Sequence[str] = ()
    excluded: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Shop:
    """What an installation can serve: what arms are made of."""

    settings: Settings
    duplexes: Collection[str]
    flow: Flow | None


def fix(store: Store, shop: Shop, wanted: Wanted) -> tuple[Kept, Planned]:
    """Fixes what was wanted, with all that is set now frozen in; nothing of it can be changed afterwards."""
    percents = wanted.percents or [100 / len(wanted.arms)] * len(wanted.arms)
    try:
        planned = for_share(wanted.base, wanted.effect)
    except ValueError as error:
        raise ExperimentError(str(error)) from None
    flow = (Published(store).published(shop.flow) or shop.flow) if shop.flow else None
    experiment = Experiment(
        name=wanted.name,
        arms=tuple(snapshot(text, shop, flow.hash if flow else "") for text in wanted.arms),
        shares=shares(percents),
        salt=token_hex(8),
        callers=wanted.callers or planned.sequential,
        repeat_days=wanted.repeat_days,
        resolved=tuple(wanted.resolved) or (flow.labels if flow else ()) or ("completed",),
        excluded=tuple(wanted.excluded),
    )
    return experiments.create(store, experiment, now()), planned


def snapshot(text: str, shop: Shop, flow_version: str) -> Arm:
    """An arm from `NAME=DUPLEX,fallback=...,weights=FILE,eagerness=patient`, with all that is set now frozen in."""
    head, *rest = text.split(",")
    name, _, duplex = head.partition("=")
    told = dict(part.partition("=")[::2] for part in rest)
    settings = shop.settings
    if unknown := set(told) - set(KEYS):
        raise ExperimentError(f"{', '.join(sorted(unknown))} in {text!r}: known are {', '.join(KEYS)}")
    for one in filter(None, (duplex, told.get("fallback", ""))):
        if one not in shop.duplexes:
            raise ExperimentError(f"no duplex is called {one!r}; known: {', '.join(sorted(shop.duplexes))}")
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


def start(store: Store, name: str, gate: str, without: str, whence: str = "this") -> Kept:
    """`gate`: what a benchmark printed, read from `whence`; or a reason to go without."""
    kept = experiments.named(store, name)
    if not gate and not without:
        raise ExperimentError(
            "show the arms offline first: --gate FILE (what `bench interaction` printed), or --without-gate WHY"
        )
    return experiments.start(
        store, name, now(), {"without": without} if without else passed(gate, kept.experiment, whence)
    )


def passed(gate: str, experiment: Experiment, whence: str) -> dict[str, Any]:
    """What a benchmark showed offline of every arm's duplex: its last line."""
    lines = gate.strip().splitlines()
    try:
        line = json.loads(lines[-1])
        measured, failed = line["duplex"], line.get("failed_calls", 0)
    except (ValueError, KeyError, IndexError, TypeError):
        raise ExperimentError(f"{whence} does not end with the JSON of a benchmark") from None
    if missing := [arm.duplex for arm in experiment.arms if not measured.get(arm.duplex, {}).get("calls")]:
        raise ExperimentError(f"{whence} has no calls of {', '.join(missing)}")
    if failed:
        raise ExperimentError(f"{failed} calls failed in {whence}")
    told: dict[str, Any] = line
    return told


def look(store: Store, kept: Kept) -> Reading:
    return read(kept.experiment, contacts(store, kept, now()))


def decide(store: Store, name: str, arm: str, why: str, by: str) -> dict[str, Any]:
    """The written record: what was decided, by whom, why, and all that was known. `arm` empty: nothing changes."""
    kept = experiments.named(store, name)
    chosen = kept.experiment.arm(arm) if arm else None
    record = {
        "verdict": "promote" if chosen else "stop",
        "arm": asdict(chosen) if chosen else None,
        "why": why,
        "by": by,
        "at": now().isoformat(),
        "fingerprint": kept.row.fingerprint,
        "reading": told(look(store, kept)),
    }
    experiments.decide(store, name, json.loads(json.dumps(record)))
    return record


def rows_of(against: Against) -> list[tuple[str, Difference]]:
    """What is compared, as it is shown; without what nobody knows anything of."""
    rows = list(against.metrics.items())
    rows += [(f"{name}, past taken out", found) for name, found in against.adjusted.items()]
    rows += [("resolved, first week", against.first_week), ("resolved, later", against.later)]
    rows += [("resolved, number withheld", against.apart)]
    return [(name, found) for name, found in rows if found.n_control or found.n_arm]


def told(reading: Reading) -> dict[str, Any]:
    return {**asdict(reading), "verdict": reading.verdict, "alarm": reading.ratio.alarm}


def exported(kept: Kept, row: Contact) -> dict[str, Any]:
    """One row a call. Callers are named by a hash, so that the file can be handed on."""
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
