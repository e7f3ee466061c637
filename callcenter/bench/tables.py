"""What a run of `bench interaction` prints for people: the figures, and how often each event came about."""

from collections import Counter
from collections.abc import Mapping, Sequence

from rich.table import Table

from callcenter.measures import MEASURES, Figures, Interruption, Observed, Scene, scene
from callcenter.units import samples

EARLY = samples(1.0)


def table(measured: Mapping[str, Figures]) -> Table:
    told = Table(title="interaction: value [95 % interval] of n; + passes the bar, - does not")
    told.add_column("measure")
    told.add_column("bar")
    for name in measured:
        told.add_column(name, justify="right")
    for measure in MEASURES:
        cells = [cell(found, measure.name) for found in measured.values()]
        told.add_row(measure.name, str(measure.now or ""), *cells)
    return told


def cell(found: Figures, name: str) -> str:
    figure = found[name]
    if figure.value is None:
        return "[dim]-[/dim]"
    low, high = figure.interval or (figure.value, figure.value)
    mark = {True: "[green]+[/green]", False: "[red]-[/red]", None: " "}[found.passed(name)]
    return f"{figure.value:.3f} [dim]\\[{low:.3f} {high:.3f}] n={figure.n}[/dim] {mark}"


def kinds(calls: Mapping[str, Sequence[Observed]]) -> Table:
    """How many of each event the callers made; interruptions by when they came."""
    counts = {name: sum((events(call) for call in made), Counter[str]()) for name, made in calls.items()}
    told = Table(title="events")
    told.add_column("kind")
    for name in counts:
        told.add_column(name, justify="right")
    for kind in sorted({kind for found in counts.values() for kind in found}):
        told.add_row(kind, *(str(found[kind]) for found in counts.values()))
    return told


def events(observed: Observed) -> Counter[str]:
    found = Counter(type(happening).__name__ for happening in observed.truth or ())
    seen = scene(observed)
    before: Interruption | None = None
    for due in seen.turns:
        cut = next((h for h in seen.truth if isinstance(h, Interruption) and h.start == due.span.start), None)
        if cut is not None:
            found[interruption(seen, cut, before)] += 1
        before = cut
    return found


def interruption(seen: Scene, cut: Interruption, before: Interruption | None) -> str:
    """Into the first second of the agent's words, later, or the second one in a row."""
    if before is not None:
        return "Interruption, double"
    talking = seen.speaking(cut.start)
    if talking is None:
        return "Interruption, of nobody"
    return "Interruption, early" if cut.start - talking.start < EARLY else "Interruption, late"
