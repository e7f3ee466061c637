"""From the calls in the store to what an experiment counts: rows, journals and tags become contacts.

What a journal tells (latency, talking over each other, dead air) is measured once a call and kept. What only people
know comes from tags: `wrong_action`, `complaint` and `rating-1` to `rating-5`.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from callcenter.events import Trace, Utter
from callcenter.experiment import Contact, Experiment
from callcenter.experiment.reading import SLOW_S
from callcenter.journal import read as read_journal
from callcenter.measures import Observed, figures
from callcenter.measures.timeline import from_turns
from callcenter.numbers import Withheld
from callcenter.store import Call, Store, experiments
from callcenter.store.experiments import Kept
from callcenter.store.tables import Measured
from callcenter.units import RATE

HISTORY: Final = timedelta(days=90)
ABANDONED: Final = 30 * RATE
"""A caller who hangs up within so many samples has given up."""

RATING: Final = "rating-"


def contacts(store: Store, kept: Kept, now: datetime) -> list[Contact]:
    """Every ended call of an experiment; calls that still go on come with the next look."""
    started = kept.row.started_at
    if started is None:
        return []
    rows = [call for call in experiments.calls_of(store, kept.row.name) if call.state in ("ended", "lost")]
    measured = measure(store, kept.row.name, rows)
    tags = experiments.tags_of(store, kept.row.name)
    times = _times(experiments.calls_since(store, started - HISTORY))
    return [
        contact(
            kept.experiment,
            call,
            started,
            now,
            times.get(party(call), ()),
            measured.get(call.id),
            tags.get(call.id, set()),
        )
        for call in rows
    ]


def contact(
    experiment: Experiment,
    call: Call,
    started: datetime,
    now: datetime,
    times: Sequence[datetime],
    measured: Measured | None,
    tags: set[str],
) -> Contact:
    who = party(call)
    apart = not who or who in set(Withheld)
    values = {**_told(call), **_tagged(tags), **(measured.values if measured else {})}
    window = timedelta(days=experiment.repeat_days)
    good = call.outcome in experiment.resolved
    if apart:
        values["resolved"] = float(good)
    elif now - call.rung_at > window:
        values["resolved"] = float(good and not repeated(call.rung_at, times, window))
    return Contact(
        call=call.id,
        caller=who,
        arm=call.arm,
        as_assigned=call.served in ("", call.assigned),
        apart=apart,
        after_s=(call.rung_at - started).total_seconds(),
        values=values,
        latencies=tuple(measured.latencies) if measured else (),
        before=None if apart else float(bisect_right(times, started)),
    )


def party(call: Call) -> str:
    """The person, whoever called whom."""
    return call.called if call.direction == "outbound" else call.caller


def repeated(at: datetime, times: Sequence[datetime], within: timedelta) -> bool:
    """Whether this caller called again in time. Asked only when the time is over: what is bad is known sooner than what
    is good, and calls judged as soon as they are bad would make every arm look worse than it is."""
    after = bisect_right(times, at)
    return after < len(times) and times[after] - at <= within


def _told(call: Call) -> dict[str, float]:
    """What the row of a call knows."""
    transferred = call.outcome == "transferred"
    gave_up = call.ended_reason in ("hangup", "dropped") and call.duration < ABANDONED
    return {
        "handling_s": call.duration / RATE,
        "transferred": float(transferred),
        "contained": float(not transferred and not gave_up and call.legs <= 1),
        "abandoned": float(gave_up or call.outcome == "abandoned"),
        "transfer_failed": float(call.legs > 1 and not transferred),
    }


def _tagged(tags: set[str]) -> dict[str, float]:
    found = {name: float(name in tags) for name in ("wrong_action", "complaint")}
    ratings = [tag.removeprefix(RATING) for tag in tags if tag.startswith(RATING)]
    given = [float(rating) for rating in ratings if rating.isdigit()]
    return found | ({"rating": sum(given) / len(given)} if given else {})


def _times(called: Sequence[tuple[str, datetime]]) -> Mapping[str, list[datetime]]:
    found: dict[str, list[datetime]] = defaultdict(list)
    for caller, at in called:
        found[caller].append(at)
    return found


# ----------------------------------------------------------------------------------------------------- from the journal


def measure(store: Store, name: str, rows: Sequence[Call]) -> Mapping[str, Measured]:
    """What was measured in these calls; the ones that are new are measured now."""
    known = dict(experiments.measured_of(store, name))
    fresh = [measured(store, call) for call in rows if call.id not in known and call.legs]
    experiments.keep_measured(store, fresh)
    return known | {row.call_id: row for row in fresh}


def measured(store: Store, call: Call) -> Measured:
    """By the same measures as the benchmark, from both voices as the journal has them."""
    latencies: list[float] = []
    sums: dict[str, list[float]] = defaultdict(list)
    for leg in store.legs(call.id):
        observed = observe(call.id, party(call), store.journal(call.id, leg.writer))
        judged = figures([observed]).judged[0]
        for outcome in judged.outcomes:
            if outcome.ok is not None:
                sums[outcome.measure].append(outcome.value)
        latencies += [round(value, 3) for value in sums.pop("L_R", ())]
    values = {
        "talk_over_caller": _mean(sums["I_A"]),
        "talk_over_agent": float(len(sums["R_Y"])),
        "dead": float(sum(sums["DEAD"])),
        "slow": _mean([float(latency > SLOW_S) for latency in latencies]),
    }
    return Measured(call_id=call.id, values={k: v for k, v in values.items() if v is not None}, latencies=latencies)


def observe(name: str, caller: str, journal: Sequence[bytes]) -> Observed:
    """A leg as the measures see it: the voices of both sides turn by turn, and what was said."""
    commands = [command for line in read_journal(journal) for command in line.commands]
    turns = [{"turn": c.turn, "caller": c.caller, "agent": c.agent} for c in commands if isinstance(c, Trace)]
    lines = sorted((c for c in commands if isinstance(c, Utter)), key=lambda line: line.start)
    return Observed(name, from_turns(turns, lines), None, caller)


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
