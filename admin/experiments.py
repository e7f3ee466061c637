"""Experiments: the list, what one says now, fixing a new one, starting, stopping and deciding it.

Everything is `callcenter.comparing`, which the command line uses too, so that both say the same. A reading may have to
measure many calls: it is made beside the page, which shows the last one until the next is there.
"""

import csv
import io
import re
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, get_args, get_type_hints

from fastapi import Request
from fastapi.responses import RedirectResponse, Response, StreamingResponse

from admin.site import Form, Refused, Site
from callcenter import comparing
from callcenter.comparing import Shop, Wanted
from callcenter.contacts import contacts
from callcenter.events import Policy
from callcenter.experiment import Experiment, ExperimentError, Reading
from callcenter.experiment.planning import for_share
from callcenter.experiment.reading import Against
from callcenter.experiment.statistics import Difference
from callcenter.store import Store, experiments
from callcenter.store.experiments import Kept
from callcenter.store.tables import clean

NAME: Final = re.compile(r"[a-z0-9][a-z0-9_.-]{0,39}")
RESERVED: Final = ("plan",)
ARMS_AT_MOST: Final = 4
FRESH_FOR: Final = timedelta(seconds=60)
PATIENCE: Final = 0.15
"""Seconds that a page waits for a reading; most are there."""

TITLES: Final = {
    "resolved": "Resolved, nobody called again",
    "contained": "Contained",
    "handling_s": "Handling time (s)",
    "transferred": "Transferred",
    "talk_over_caller": "Agent broke into a turn",
    "talk_over_agent": "Callers' interruptions a call",
    "slow": "Answers slower than 2 s",
    "dead": "Dead air a call",
    "rating": "Rating",
    "abandoned": "Abandoned in 30 s",
    "transfer_failed": "Transfer failed",
    "wrong_action": "Wrong action",
    "complaint": "Complaint",
}
HIGHER_IS_BETTER: Final = {"resolved": True, "contained": True, "rating": True}
HIGHER_IS_WORSE: Final = ("transferred", "talk_over_caller", "slow", "dead")


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the comparison: the numbers, and where they lie in the drawing (0 to 100, zero in the middle)."""

    title: str
    found: Difference
    tone: str
    at: float
    low: float
    high: float
    primary: bool


@dataclass(frozen=True, slots=True)
class Looked:
    """The last reading, when it was made, and whether a newer one is on its way."""

    reading: Reading | None
    at: datetime | None
    coming: bool
    trouble: str = ""


class Readings:
    """Readings of experiments, one made at a time."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._desk = ThreadPoolExecutor(1, "readings")
        self._lock = threading.Lock()
        self._made: dict[str, tuple[Reading, datetime]] = {}
        self._under_way: dict[str, Future[tuple[Reading, datetime]]] = {}

    def start(self) -> None:
        """Nothing goes on until somebody asks."""

    def stop(self) -> None:
        self._desk.shutdown(wait=False, cancel_futures=True)

    def look(self, kept: Kept) -> Looked:
        """The last reading; where it is old a new one is begun, and waited for a little."""
        name = kept.row.name
        with self._lock:
            reading, at = self._made.get(name, (None, None))
            work = self._under_way.get(name)
            if work is None and (at is None or datetime.now(UTC) - at > FRESH_FOR):
                work = self._under_way[name] = self._desk.submit(self._make, kept)
        if work is None:
            return Looked(reading, at, coming=False)
        try:
            made = work.result(PATIENCE)
        except NotYet:
            return Looked(reading, at, coming=True)
        except Exception as error:
            self._settle(name, None)
            return Looked(reading, at, coming=False, trouble=f"The last reading failed: {error}")
        self._settle(name, made)
        return Looked(*made, coming=False)

    def _make(self, kept: Kept) -> tuple[Reading, datetime]:
        at = datetime.now(UTC)
        return comparing.look(self._store, kept), at

    def _settle(self, name: str, made: tuple[Reading, datetime] | None) -> None:
        with self._lock:
            self._under_way.pop(name, None)
            if made is not None:
                self._made[name] = made

    def forget(self, name: str) -> None:
        """The next look is a new one."""
        with self._lock:
            self._made.pop(name, None)


def rows(against: Against) -> list[Row]:
    return [_row(name, found) for name, found in comparing.rows_of(against)]


def _row(name: str, found: Difference) -> Row:
    metric, _, what = name.partition(", ")
    edges = [abs(edge) for edge in (found.value, found.low, found.high) if edge is not None]
    scale = 46 / (max(edges) or 1)
    title = TITLES.get(metric, metric) + (f", {what}" if what else "")
    low, high = (found.value if edge is None else edge for edge in (found.low, found.high))
    tone = _tone(metric, found)
    return Row(title, found, tone, 50 + scale * found.value, 50 + scale * low, 50 + scale * high, name == "resolved")


def _tone(metric: str, found: Difference) -> str:
    """better, worse, differs (where neither is good as such), or nothing while it is undecided."""
    if not found.decided:
        return ""
    if metric in HIGHER_IS_BETTER:
        return "better" if found.value > 0 else "worse"
    if metric in HIGHER_IS_WORSE:
        return "worse" if found.value > 0 else "better"
    return "differs"


def arm_text(form: Form, n: int) -> str:
    """An arm as `comparing.snapshot` reads it; of a form only what cannot be taken for something else."""
    given = {key: form.get(f"{key}{n}", "").strip() for key in ("arm", "duplex", "fallback", *KNOBS)}
    if not given["arm"]:
        return ""
    for value in given.values():
        if re.search(r"[,=\s]", value):
            raise ExperimentError(f"{value!r}: no spaces, commas or equals signs")
    told = [f"{key}={given[key]}" for key in ("fallback", *KNOBS) if given[key]]
    return ",".join([f"{given['arm']}={given['duplex']}", *told])


KNOBS: Final[dict[str, tuple[str, ...]]] = {name: get_args(kind) for name, kind in get_type_hints(Policy).items()}


def wanted(form: Form) -> Wanted:
    """What a form asks for."""
    name = form.get("name", "").strip()
    if not NAME.fullmatch(name) or name in RESERVED:
        raise ExperimentError("a name is lower case letters, digits, dots, dashes and _")
    texts = [arm_text(form, n) for n in range(1, ARMS_AT_MOST + 1)]
    percents = [number(form, f"share{n}", 0.0) for n, text in enumerate(texts, 1) if text]
    return Wanted(
        name=clean(name),
        arms=[text for text in texts if text],
        percents=percents if any(percents) else (),
        callers=int(number(form, "callers", 0)),
        base=number(form, "base", 70) / 100,
        effect=number(form, "effect", 5) / 100,
        repeat_days=int(number(form, "repeat_days", 7)),
        resolved=_listed(form.get("resolved", "")),
        excluded=_listed(form.get("excluded", "")),
    )


def number(form: Form, name: str, usual: float) -> float:
    text = form.get(name, "").strip()
    try:
        value = float(text) if text else usual
    except ValueError:
        raise ExperimentError(f"{text!r} is no number") from None
    if not 0 <= value < 1e7:
        raise ExperimentError(f"{text!r}: between 0 and ten million")
    return value


def _listed(text: str) -> tuple[str, ...]:
    return tuple(clean(part.strip()) for part in text.split(",") if part.strip())


def need(base: float, effect: float) -> str:
    """How many callers an effect needs, as a sentence."""
    try:
        planned = for_share(base, effect)
    except ValueError as error:
        return f"{error}."
    return (
        f"From {base:.0%} to {base + effect:.0%} takes {planned.fixed:,} callers for one look at the end, "
        f"{planned.sequential:,} for looking whenever you like."
    )


def kept_in(store: Store, name: str) -> Kept:
    if not any(row.name == name for row in experiments.listed(store)):
        raise Refused(404, "There is no such experiment.")
    return experiments.named(store, name)


def install(site: Site) -> None:
    house, store = site.house, site.house.store
    readings = Readings(store)
    site.works.append(readings)
    site.app.add_exception_handler(ExperimentError, site.mendable)

    def kept(name: str) -> Kept:
        return kept_in(store, name)

    def listing(request: Request, form: Form, wrong: str = "", status: int = 200) -> Response:
        return site.render(
            request,
            "experiments.html",
            status,
            title="Experiments",
            trials=list(reversed(experiments.listed(store))),
            duplexes=sorted(house.board.serves),
            usual=house.settings,
            knobs=KNOBS,
            form=form,
            wrong=wrong,
            need=need(0.7, 0.05),
        )

    @site.get("/experiments", "calls")
    def page(request: Request) -> Response:
        return listing(request, {})

    @site.get("/experiments/plan", "calls")
    def plan(request: Request) -> Response:
        form = dict(request.query_params)
        try:
            return Response(
                need(number(form, "base", 70) / 100, number(form, "effect", 5) / 100), media_type="text/plain"
            )
        except ExperimentError as error:
            return Response(f"{error}.", media_type="text/plain")

    @site.post("/experiments", "run_experiments")
    def create(request: Request) -> Response:
        form = request.state.form
        try:
            made, _ = comparing.fix(store, Shop(house.settings, house.board.serves, house.board.follows), wanted(form))
        except ExperimentError as error:
            return listing(request, form, f"{error}.", 422)
        site.note(request, "fixed experiment", made.row.name, made.row.fingerprint[:12])
        return RedirectResponse(f"/experiments/{made.row.name}", 303)

    @site.get("/experiments/{name}", "calls")
    def one(request: Request, name: str) -> Response:
        found = kept(name)
        looked = readings.look(found) if found.row.started_at else Looked(None, None, coming=False)
        reading = looked.reading
        response = site.render(
            request,
            "experiment.html",
            title=name,
            trial=found.row,
            experiment=found.experiment,
            looked=looked,
            reading=reading,
            compared=[(against, rows(against)) for against in reading.against] if reading else [],
            rails=rails(found.experiment, reading),
            titles=TITLES,
        )
        if looked.coming:
            response.headers["Refresh"] = "2"
        return response

    @site.post("/experiments/{name}/start", "run_experiments")
    def start(request: Request, name: str) -> Response:
        form = request.state.form
        kept(name)
        gate, without = form.get("gate", ""), clean(form.get("without", "").strip())[:400]
        if not gate.strip() and not without:
            raise Refused(422, "Paste what the benchmark printed, or say why there is none.")
        comparing.start(store, name, gate, "" if gate.strip() else without, "what you pasted")
        site.note(request, "started experiment", name, without and f"without a benchmark: {without}")
        return RedirectResponse(f"/experiments/{name}", 303)

    @site.post("/experiments/{name}/stop", "run_experiments")
    def stop(request: Request, name: str) -> Response:
        kept(name)
        why = clean(request.state.form.get("why", "").strip())[:400]
        if not why:
            raise Refused(422, "Say why it is stopped.")
        experiments.stop(store, name, comparing.now(), why)
        site.note(request, "stopped experiment", name, why)
        return RedirectResponse(f"/experiments/{name}", 303)

    @site.post("/experiments/{name}/decide", "run_experiments")
    def decide(request: Request, name: str) -> Response:
        form, who = request.state.form, request.state.who
        kept(name)
        why = clean(form.get("why", "").strip())[:2_000]
        if not why:
            raise Refused(422, "Say why; the decision is kept with all that was known.")
        record = comparing.decide(store, name, form.get("arm", ""), why, who.name)
        readings.forget(name)
        site.note(request, "decided experiment", name, f"{record['verdict']} {form.get('arm', '')}".strip())
        return RedirectResponse(f"/experiments/{name}", 303)

    @site.get("/experiments/{name}/calls.csv", "run_experiments")
    def export(request: Request, name: str) -> Response:
        found = kept(name)
        site.note(request, "exported experiment", name)
        named = {"Content-Disposition": f'attachment; filename="{name}.csv"'}
        return StreamingResponse(_csv(store, found), media_type="text/csv", headers=named)


def rails(experiment: Experiment, reading: Reading | None) -> list[dict[str, Any]]:
    """What must not get worse, and which arms have broken it."""
    broken = {(b.guardrail.metric, b.arm): b for b in reading.breaches} if reading else {}
    return [
        {
            "title": TITLES.get(rail.metric, rail.metric),
            "margin": rail.margin,
            "broken": [b for (metric, _), b in broken.items() if metric == rail.metric],
        }
        for rail in experiment.guardrails
    ]


def _csv(store: Store, kept: Kept) -> Iterator[str]:
    line = io.StringIO()
    writer = csv.DictWriter(line, comparing.COLUMNS)
    writer.writeheader()
    for row in contacts(store, kept, comparing.now()):
        writer.writerow(comparing.exported(kept, row))
        yield line.getvalue()
        line.seek(0)
        line.truncate()
    yield line.getvalue()
