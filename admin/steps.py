"""A step of a flow as a form: for authors who do not write the text. The text is changed where the form was, only."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from fastapi import Request
from fastapi.responses import RedirectResponse, Response

from admin.procedures import Procedures, tidy
from admin.site import Refused, Site
from flows import Problem, edit
from flows.edit import EditError
from flows.form import dotted
from flows.keys import ENDS, GRAMMARS, POLICIES, TABLES, Key
from flows.lines import Path

TITLES: Final = {"collect": "Details to find out", "calls": "Tools it uses", "say": "What it says"}
ONE: Final = {"collect": "detail", "calls": "tool", "say": "line"}
SHORT: Final = ("name", "choices", "but", "as")
"""Texts that are a word and not a sentence."""

PREFIX: Final = "f:"
"""What the fields of the step have before their path, for a form has others too."""


@dataclass(frozen=True, slots=True)
class Field:
    path: str
    key: Key
    value: str
    problems: tuple[Problem, ...]
    options: tuple[str, ...] = ()

    @property
    def input(self) -> str:
        if self.options:
            return "select"
        return "word" if self.key.name in SHORT or self.key.kind in ("number", "numbers", "whole number") else "text"

    @property
    def rows(self) -> int:
        return min(14, max(2 if self.key.kind in ("texts", "values") else 1, self.value.count("\n") + 1))


@dataclass(frozen=True, slots=True)
class Entry:
    """One detail, tool or line of a step."""

    part: str
    index: int
    title: str
    fields: tuple[Field, ...]
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Form:
    step: tuple[Field, ...]
    policies: tuple[Field, ...]
    parts: Mapping[str, tuple[Entry, ...]]
    problems: tuple[Problem, ...]
    """Of this step, that no field has."""
    elsewhere: int
    """How many problems other places of the flow have."""


def install(site: Site, desk: Procedures) -> None:
    def shown(request: Request, name: str, step: str) -> Response:
        kept = desk.history(name)
        if step not in edit.steps(kept.draft):
            raise Refused(404, "There is no such step in the draft.")
        return site.render(
            request,
            "step.html",
            title=f"{name}: {step}",
            history=kept,
            step=step,
            form=formed(kept.draft, step, desk.problems(kept.draft), desk.tools),
            names=list(edit.steps(kept.draft)),
            of=seal(kept.draft),
            titles=TITLES,
            one=ONE,
            prefix=PREFIX,
        )

    def saved(request: Request, name: str, text: str, detail: str) -> None:
        desk.save(name, text, request.state.who.name)
        site.note(request, "edited flow", name, detail)

    @site.get("/flows/{name}/steps/{step}", "flows")
    def page(request: Request, name: str, step: str) -> Response:
        return shown(request, name, step)

    @site.post("/flows/{name}/steps", "write_flows")
    def new(request: Request, name: str) -> Response:
        form = request.state.form
        step = form.get("step", "").strip()
        text = made(lambda: edit.begin(desk.history(name).draft, step, form.get("after", "")))
        saved(request, name, text, f"new step {step}")
        return RedirectResponse(f"/flows/{name}/steps/{step}", 303)

    @site.post("/flows/{name}/steps/{step}", "write_flows")
    def save(request: Request, name: str, step: str) -> Response:
        form = {key: tidy(value) for key, value in request.state.form.items()}
        draft = desk.history(name).draft
        if form.get("of") != seal(draft):
            raise Refused(409, "Somebody changed this draft meanwhile. Load the page again.")
        wanted = {key.removeprefix(PREFIX): told for key, told in form.items() if key.startswith(PREFIX)}
        deed, _, rest = form.get("do", "").partition(" ")
        if deed == "remove":
            saved(request, name, made(lambda: edit.remove(draft, step)), f"removed step {step}")
            return RedirectResponse(f"/flows/{name}", 303)
        text = made(lambda: done(edit.change(draft, step, wanted), step, deed, rest))
        here = form.get("to", "").strip() if deed == "rename" else step
        if here != step:
            text = made(lambda: edit.renamed(text, step, here))
        saved(request, name, text, f"step {here}")
        return RedirectResponse(f"/flows/{name}/steps/{here}{anchor(text, here, deed, rest)}", 303)


def made(deed: Any) -> str:
    try:
        text: str = deed()
    except EditError as error:
        raise Refused(422, str(error)) from error
    return text


def done(text: str, step: str, deed: str, rest: str) -> str:
    """What one of the form's buttons asks for, beside saving: "add say", "drop calls 0", "up collect 1"."""
    part, _, index = rest.partition(" ")
    match deed:
        case "add":
            return edit.add(text, step, part)
        case "drop" if index.isdigit():
            return edit.drop(text, step, part, int(index))
        case "up" if index.isdigit():
            return edit.raised(text, step, part, int(index))
        case _:
            return text


def anchor(text: str, step: str, deed: str, rest: str) -> str:
    """Where whoever pressed a button goes on."""
    part, _, index = rest.partition(" ")
    match deed:
        case "add":
            return f"#{part}-{len(edit.steps(text)[step][part]) - 1}"
        case "up" if index.isdigit():
            return f"#{part}-{max(0, int(index) - 1)}"
        case "drop":
            return f"#{part}"
        case _:
            return ""


def seal(text: str) -> str:
    """Says which draft a form was made of."""
    return sha256(text.encode()).hexdigest()[:16]


def formed(text: str, name: str, problems: Sequence[Problem], tools: Iterable[str]) -> Form:
    step = edit.steps(text)[name]
    known = offered(text, tools)
    place: Path = ("steps", name)
    told: set[Problem] = set()

    def fields(shape: str, table: Any, path: str, where: Path) -> tuple[Field, ...]:
        found = []
        for key in TABLES[shape]:
            if key.kind in ("table", "tables"):
                continue
            here = dotted((*where, key.name))
            mine = tuple(p for p in problems if p.where == here or p.where.startswith((f"{here}.", f"{here}[")))
            told.update(mine)
            value = edit.written(key.kind, table.get(key.name) if isinstance(table, dict) else None)
            found.append(Field(f"{path}{key.name}", key, value, mine, choices(known, shape, key, value)))
        return tuple(found)

    own = fields(edit.STEP, step, "", place)
    behaviour = fields("policies", step.get("policies"), "policies.", (*place, "policies"))
    parts = {part: tuple(entries(step.get(part), part, place, fields, problems, told)) for part in edit.PARTS}
    here = dotted(place)
    mine = tuple(p for p in problems if p.where == here or p.where.startswith(f"{here}."))
    rest = tuple(p for p in mine if p not in told)
    return Form(own, behaviour, parts, rest, len(problems) - len(mine))


def entries(
    several: Any, part: str, place: Path, fields: Any, problems: Sequence[Problem], told: set[Problem]
) -> Iterable[Entry]:
    for index, one in enumerate(several if isinstance(several, list) else ()):
        where = (*place, part, index)
        mine = tuple(p for p in problems if p.where == dotted(where))
        told.update(mine)
        name = one.get({"collect": "name", "calls": "tool", "say": "text"}[part]) if isinstance(one, dict) else ""
        yield Entry(
            part, index, name if isinstance(name, str) else "", fields(part, one, f"{part}.{index}.", where), mine
        )


def offered(text: str, tools: Iterable[str]) -> dict[tuple[str, str], tuple[str, ...]]:
    """What can be chosen from, by table and key."""
    flow = edit.whole(text)
    steps, labels = tuple(edit.steps(text)), flow.get("labels")
    targets = flow.get("targets")
    return {
        (edit.STEP, "next"): (*ENDS, *steps),
        (edit.STEP, "correct"): steps,
        (edit.STEP, "hand_over"): tuple(targets) if isinstance(targets, dict) else (),
        (edit.STEP, "label"): tuple(one for one in labels if isinstance(one, str)) if isinstance(labels, list) else (),
        ("collect", "grammar"): GRAMMARS,
        ("calls", "tool"): tuple(sorted(tools)),
        **{("policies", name): values for name, values in POLICIES.items()},
    }


def choices(known: Mapping[tuple[str, str], tuple[str, ...]], shape: str, key: Key, value: str) -> tuple[str, ...]:
    """What is there stays choosable, though it is wrong."""
    found = ("yes", "no") if key.kind == "yes or no" else known.get((shape, key.name), ())
    return (*found, value) if found and value and value not in found else tuple(found)
