"""Experiments: the list, what one says now, fixing a new one, starting, stopping and deciding it.

Everything is `callcenter.comparing`, which the command line uses too, so that both say the same.
"""

import csv
import io
import re
from collections.abc import Iterator
from typing import Any, Final, get_args, get_type_hints

from fastapi import Request
from fastapi.responses import RedirectResponse, Response, StreamingResponse

from admin.readings import TITLES, Looked, Readings, rows
from admin.site import Form, Refused, Site
from callcenter import comparing
from callcenter.comparing import Shop, Wanted
from callcenter.contacts import contacts
from callcenter.events import Policy
from callcenter.experiment import Experiment, ExperimentError, Reading
from callcenter.experiment.planning import for_share
from callcenter.store import Store, experiments
from callcenter.store.experiments import Kept
from callcenter.store.tables import clean

NAME: Final = re.compile(r"[a-z0-9][a-z0-9_.-]{0,39}")
RESERVED: Final = ("plan",)
ARMS_AT_MOST: Final = 4


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
