"""Experiments as they are kept: fixed when created, then started, stopped and decided, each once and in this order.

There is no way to change one. What it is made of is read back only if it still has the fingerprint it was created with,
so that a row edited by hand assigns nobody and concludes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from callcenter.experiment import Experiment, ExperimentError, as_data, checked, from_data
from callcenter.store.store import Store
from callcenter.store.tables import Call, Measured, Tag, Trial

AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class Kept:
    """An experiment and where it stands."""

    experiment: Experiment
    row: Trial


def create(store: Store, experiment: Experiment, now: datetime) -> Kept:
    row = Trial(
        name=checked(experiment).name,
        fixed=as_data(experiment),
        fingerprint=experiment.fingerprint,
        created_at=now,
    )
    try:
        with store.writing() as session:
            session.add(row)
    except IntegrityError:
        raise ExperimentError(f"there is an experiment {experiment.name!r} already; it cannot be changed") from None
    return Kept(experiment, row)


def start(store: Store, name: str, now: datetime, gate: Mapping[str, Any]) -> Kept:
    """From now on calls are assigned. One experiment runs at a time, so that none disturbs another."""
    with store.writing() as session:
        other = session.exec(select(Trial).where(Trial.state == "running").with_for_update()).first()
        if other is not None:
            raise ExperimentError(f"{other.name} is running; stop it first")
        row = _row(session, name, "draft")
        row.state, row.started_at, row.gate = "running", now, dict(gate)
    return _sound(row)


def stop(store: Store, name: str, now: datetime, why: str) -> Kept:
    with store.writing() as session:
        row = _row(session, name, "running")
        row.state, row.stopped_at, row.why = "stopped", now, why
    return _sound(row)


def decide(store: Store, name: str, decision: Mapping[str, Any]) -> Kept:
    with store.writing() as session:
        row = _row(session, name, "stopped")
        row.state, row.decision = "decided", dict(decision)
    return _sound(row)


def named(store: Store, name: str) -> Kept:
    with store.reading() as session:
        row = session.get(Trial, name)
    if row is None:
        raise ExperimentError(f"no experiment is called {name!r}")
    return _sound(row)


def running(store: Store) -> Kept | None:
    with store.reading() as session:
        row = session.exec(select(Trial).where(Trial.state == "running")).first()
    return None if row is None else _sound(row)


def listed(store: Store) -> Sequence[Trial]:
    with store.reading() as session:
        return session.exec(select(Trial).order_by(col(Trial.created_at))).all()


def _row(session: Session, name: str, state: str) -> Trial:
    row = session.get(Trial, name, with_for_update=True)
    if row is None:
        raise ExperimentError(f"no experiment is called {name!r}")
    if row.state != state:
        raise ExperimentError(f"{name} is {row.state}; only one that is {state} can become what was asked")
    _sound(row)
    return row


def _sound(row: Trial) -> Kept:
    experiment = from_data(row.fixed)
    if experiment.fingerprint != row.fingerprint or experiment.name != row.name:
        raise ExperimentError(f"{row.name} was changed after it was created: it assigns nobody and tells nothing")
    return Kept(experiment, row)


# ------------------------------------------------------------------------------------------------ an experiment's calls


def calls_of(store: Store, name: str) -> Sequence[Call]:
    """The calls of an experiment, oldest first."""
    with store.reading() as session:
        return session.exec(select(Call).where(Call.experiment == name).order_by(col(Call.rung_at), col(Call.id))).all()


def calls_since(store: Store, since: datetime) -> Sequence[tuple[str, datetime]]:
    """Who called when, experiment or not: repeat contacts and history."""
    party = select(col(Call.caller), col(Call.rung_at)).where(col(Call.rung_at) >= since, Call.direction == "inbound")
    with store.reading() as session:
        return [(caller, at) for caller, at in session.exec(party.order_by(col(Call.rung_at)))]


def tags_of(store: Store, name: str) -> Mapping[str, set[str]]:
    query = select(Tag.call_id, Tag.tag).join(Call, col(Call.id) == Tag.call_id).where(Call.experiment == name)
    found: dict[str, set[str]] = {}
    with store.reading() as session:
        for call_id, tag in session.exec(query):
            found.setdefault(call_id, set()).add(tag)
    return found


def measured_of(store: Store, name: str) -> Mapping[str, Measured]:
    query = select(Measured).join(Call, col(Call.id) == Measured.call_id).where(Call.experiment == name)
    with store.reading() as session:
        return {row.call_id: row for row in session.exec(query)}


def keep_measured(store: Store, rows: Sequence[Measured]) -> None:
    for start_at in range(0, len(rows), AT_ONCE):
        with store.writing() as session:
            for row in rows[start_at : start_at + AT_ONCE]:
                session.merge(row)
