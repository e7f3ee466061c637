"""Small drawings as SVG text: scales, histograms, strips of quantiles, an interval between its bars.

Colours are classes and variables of the page's style sheet, so that light and dark come for free. Nothing is told by
colour alone: everything drawn carries a word or a `<title>`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10, pow

from callcenter.bench.people import Quantiles
from callcenter.measures import Bar, Figure, Measure
from callcenter.measures.intervals import at_quantile


@dataclass(frozen=True, slots=True)
class Scale:
    """From values to pixels; what lies outside is put at the edge."""

    low: float
    high: float
    left: float
    right: float

    def __call__(self, value: float) -> float:
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return round(self.left + share * (self.right - self.left), 1)


def svg(width: float, height: float, parts: Iterable[str], label: str, name: str = "") -> str:
    return (
        f'<svg class="{name}" viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}" role="img" '
        f'aria-label="{escape(label)}">{"".join(parts)}</svg>'
    )


def rect(x: float, y: float, width: float, height: float, name: str, title: str = "", radius: float = 0) -> str:
    body = f"<title>{escape(title)}</title>" if title else ""
    rounded = f' rx="{radius:g}"' if radius else ""
    size = f'width="{max(width, 0.5):g}" height="{height:g}"{rounded}'
    return f'<rect x="{x:g}" y="{y:g}" {size} class="{name}">{body}</rect>'


def rule(x1: float, y1: float, x2: float, y2: float, name: str) -> str:
    return f'<line x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}" class="{name}"/>'


def text(x: float, y: float, words: str, name: str = "", anchor: str = "start") -> str:
    return f'<text x="{x:g}" y="{y:g}" class="{name}" text-anchor="{anchor}">{escape(words)}</text>'


def ticks(low: float, high: float, about: int = 6) -> list[float]:
    """Round values between two others."""
    rough = (high - low) / about
    power = pow(10, floor(log10(rough)))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
    return [round(n * step, 6) for n in range(ceil(low / step), floor(high / step) + 1)]


# -------------------------------------------------------------------------------------------------- summary table

PLOT = 360
"""The width of a distribution."""

SPANS = {"share": (0.0, 1.0), "median": (0.0, 2.0), "p90": (0.0, 3.0)}


def verdict_strip(figure: Figure) -> str:
    """The value with its interval between the bars of now and the goal, on the scale of its measure."""
    measure = figure.measure
    low, high = SPANS.get(measure.kind) or (0.0, _top(figure))
    across = Scale(low, high, 4, 156)
    parts = [rect(4, 9, 152, 6, "rail", radius=3)]
    if measure.now is not None:
        start, end = across(measure.now.least), across(measure.now.most)
        parts.append(rect(start, 9, end - start, 6, "zone", f"bar now: {measure.now}", radius=3))
    for bar, name in ((measure.now, "now"), (measure.goal, "goal")):
        for edge in () if bar is None else (bar.least, bar.most):
            if low <= edge <= high:
                parts.append(rule(across(edge), 5, across(edge), 19, name))
    if figure.value is not None:
        if figure.interval is not None:
            start, end = (across(edge) for edge in figure.interval)
            parts.append(rect(start, 10.5, end - start, 3, "interval", "95 % interval", radius=1.5))
        parts.append(f'<circle cx="{across(figure.value):g}" cy="12" r="4.5" class="dot"/>')
    return svg(160, 24, parts, f"{measure.title}: {told(figure)}", "strip")


def _top(figure: Figure) -> float:
    bar = figure.measure.now
    edges: list[float] = [0.1, *(figure.interval or ()), figure.value or 0.0]
    if bar is not None and bar.most != float("inf"):
        edges.append(bar.most * 1.5)
    return max(edges) * 1.1


def told(figure: Figure) -> str:
    """The value as people read it."""
    return "not measured" if figure.value is None else number(figure.value, figure.measure.kind, figure.measure.unit)


def barred(measure: Measure, bar: Bar | None) -> str:
    """A bar in the unit in which its measure is read."""
    if bar is None:
        return "–"
    if measure.kind != "share":
        return str(bar) + (" s" if measure.unit == "s" else "")
    return str(Bar(bar.least * 100, bar.most * 100)) + " %"


def number(value: float, kind: str, unit: str = "") -> str:
    if kind == "share":
        return f"{value * 100:.1f} %" if value not in (0, 1) else f"{value * 100:.0f} %"
    return f"{value:.2f} {unit}".strip()


# ------------------------------------------------------------------------------------------------- distributions


Range = tuple[str, float, float]


def histogram(
    values: Sequence[float],
    low: float,
    high: float,
    step: float,
    unit: str,
    mark: float | None = None,
    ranges: Sequence[Range] = (),
) -> str:
    """Shares of values by bins; what lies outside is counted in the outermost bins and said so."""
    width, bottom = PLOT, 130
    across = Scale(low, high, 36, width - 10)
    count = round((high - low) / step)
    bins = [0] * count
    for value in values:
        bins[min(max(floor((value - low) / step), 0), count - 1)] += 1
    top = max([*bins, 1])
    parts = [rule(36, bottom, width - 10, bottom, "axis")]
    for n, many in enumerate(bins):
        if many:
            begin, end = low + n * step, low + (n + 1) * step
            tall = many / top * 106
            tip = f"{many} of {len(values)}: {begin:.1f} to {end:.1f} {unit}"
            wide = across(end) - across(begin) - 1
            parts.append(rect(across(begin) + 0.5, bottom - tall, wide, tall, "column", tip, radius=1.5))
    for tick in ticks(low, high):
        parts.append(rule(across(tick), bottom, across(tick), bottom + 4, "axis"))
        parts.append(text(across(tick), bottom + 17, f"{tick:g}", "tick", "middle"))
    if mark is not None:
        parts += [rule(across(mark), 12, across(mark), bottom, "zero")]
    parts.append(text(30, bottom - 98, f"{top / max(len(values), 1) * 100:.0f} %", "tick", "end"))
    parts.append(text(30, bottom, "0", "tick", "end"))
    if not values:
        parts.append(text(width / 2, 80, "nothing measured", "tick", "middle"))
    for n, (words, start, end) in enumerate(ranges):
        y = bottom + 36 + 26 * n
        parts.append(rect(across(start), y - 8, across(end) - across(start), 8, "box", f"{start} to {end} s", radius=2))
        parts.append(text(across(start) + 4, y + 12, words, "tick"))
    height = bottom + 26 + 26 * len(ranges)
    return svg(width, height, parts, f"histogram of {len(values)} values in {unit}", "plot")


def quantiles_of(name: str, values: Sequence[float]) -> Quantiles | None:
    if not values:
        return None
    p10, p25, p50, p75, p90 = (at_quantile(values, q) for q in (0.1, 0.25, 0.5, 0.75, 0.9))
    return Quantiles(name, p10, p25, p50, p75, p90)


def strips(rows: Sequence[Quantiles | None], low: float, high: float) -> str:
    """Quantiles under each other: a line from p10 to p90, a box over the middle half, the median as a stroke."""
    shown = [row for row in rows if row is not None]
    width, height = PLOT, 34 * len(shown) + 4
    across = Scale(low, high, 36, width - 10)
    parts = [rule(across(0), 0, across(0), height, "zero")]
    for n, row in enumerate(shown):
        y = 34 * n + 24
        parts.append(text(36, y - 11, f"{row.name}: median {row.p50:.2f} s", "tick"))
        parts.append(rule(across(row.p10), y, across(row.p90), y, "whisker"))
        parts += [rule(across(edge), y - 4, across(edge), y + 4, "whisker") for edge in (row.p10, row.p90)]
        if row.p25 is not None and row.p75 is not None:
            parts.append(rect(across(row.p25), y - 4.5, across(row.p75) - across(row.p25), 9, "box", radius=2))
        parts.append(rule(across(row.p50), y - 6.5, across(row.p50), y + 6.5, "median"))
    return svg(width, height, parts, "quantiles", "plot") if shown else ""
