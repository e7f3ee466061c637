"""A flow as a drawing: SVG with the steps in columns, from the caller's first words to the ways out.

The drawing uses the page's text colour, and every node has a title that a screen reader reads. It carries its own
styles unless the page has `STYLE` in its style sheet (a strict content policy allows no others).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from typing import Final, Literal

from flows.shape import Flow, Step

WIDTH: Final = 208
HEIGHT: Final = 46
GAP_X: Final = 84
GAP_Y: Final = 16
MARGIN: Final = 20

Kind = Literal["start", "step", "change", "end", "target"]

STYLE: Final = """
.flow{font:13px system-ui,sans-serif;color:inherit}
.flow rect{fill:none;stroke:currentColor;stroke-width:1.2;rx:8}
.flow .start rect,.flow .end rect{rx:23;stroke-dasharray:4 3}
.flow .change rect{stroke-width:2.6}
.flow .target rect{stroke-width:1.2;stroke-dasharray:1 3;stroke-linecap:round}
.flow text{fill:currentColor}
.flow .sub{font-size:11px;opacity:.7}
.flow path{fill:none;stroke:currentColor;opacity:.55}
.flow .correct{stroke-dasharray:5 4}
.flow marker path{fill:currentColor;stroke:none;opacity:.8}
""".strip()


@dataclass(frozen=True, slots=True)
class Node:
    id: str
    title: str
    sub: str
    kind: Kind
    column: int
    row: int

    @property
    def x(self) -> int:
        return MARGIN + self.column * (WIDTH + GAP_X)

    @property
    def y(self) -> int:
        return MARGIN + self.row * (HEIGHT + GAP_Y)


@dataclass(frozen=True, slots=True)
class Edge:
    start: str
    end: str
    kind: Literal["next", "correct"] = "next"


def edges(flow: Flow) -> Iterator[Edge]:
    for step in flow.steps.values():
        if step.phrases:
            yield Edge("@start", step.name)
        if step.hand_over:
            yield Edge(step.name, f"@{step.hand_over}")
        elif step.next in flow.steps:
            yield Edge(step.name, step.next)
        else:
            yield Edge(step.name, f"@{step.next}")
        if step.correct and step.correct != step.name:
            yield Edge(step.name, step.correct, "correct")


def nodes(flow: Flow) -> dict[str, Node]:
    """Every node with its place: a step stands one column after the step that leads to it."""
    columns = {step.name: 1 for step in flow.steps.values()}
    for _ in flow.steps:
        for edge in edges(flow):
            if edge.kind == "next" and edge.start in columns and edge.end in columns and edge.start != edge.end:
                columns[edge.end] = min(max(columns[edge.end], columns[edge.start] + 1), len(columns))
    last = max(columns.values(), default=1) + 1
    rows: dict[int, int] = {}
    found = {"@start": Node("@start", "The caller speaks", flow.title, "start", 0, 0)}
    for step in flow.steps.values():
        column = columns[step.name]
        row = rows.get(column, 0)
        rows[column] = row + 1
        kind: Kind = "change" if any(use.confirm for use in step.calls) else "step"
        found[step.name] = Node(step.name, step.name, _sub(step), kind, column, row)
    for row, (name, title, kind) in enumerate(_exits(flow)):
        found[name] = Node(name, title, "", kind, last, row)
    return found


def _exits(flow: Flow) -> Iterator[tuple[str, str, Kind]]:
    ends = {edge.end for edge in edges(flow)}
    if "@more" in ends:
        yield "@more", "Anything else?", "end"
    if "@end" in ends:
        yield "@end", "Goodbye", "end"
    for name in flow.targets:
        if f"@{name}" in ends or name == flow.hand_over.target:
            yield f"@{name}", f"Person: {name}", "target"


def _sub(step: Step) -> str:
    tools = [use.tool for use in step.calls]
    return ", ".join(dict.fromkeys(tools)) or f"{len(step.phrases)} phrases"


def svg(flow: Flow, styled: bool = True) -> str:
    """The drawing."""
    placed = nodes(flow)
    width = max(node.x for node in placed.values()) + WIDTH + MARGIN
    height = max(node.y for node in placed.values()) + HEIGHT + MARGIN
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="flow" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img" aria-label="{escape(flow.title, quote=True)}">'
    )
    arrow = (
        '<defs><marker id="to" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0L8 4L0 8z"/></marker></defs>'
    )
    lines = [_edge(placed[one.start], placed[one.end], one.kind) for one in edges(flow) if one.end in placed]
    boxes = [_node(node) for node in placed.values()]
    style = [f"<style>{STYLE}</style>"] if styled else []
    return "\n".join([head, *style, arrow, *lines, *boxes, "</svg>"])


def _edge(start: Node, end: Node, kind: str) -> str:
    x1, y1 = start.x + WIDTH, start.y + HEIGHT // 2
    x2, y2 = end.x, end.y + HEIGHT // 2
    if end.column <= start.column:
        x1, x2 = start.x + WIDTH // 2, end.x + WIDTH // 2
        y1, y2 = (start.y + HEIGHT, end.y) if end.row > start.row else (start.y, end.y + HEIGHT)
    bend = GAP_X // 2
    return f'<path class="{kind}" d="M{x1} {y1}C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}" marker-end="url(#to)"/>'


def _node(node: Node) -> str:
    title = f"<title>{escape(node.title)}{': ' + escape(node.sub) if node.sub else ''}</title>"
    x, y = node.x + 12, node.y + (20 if node.sub else 28)
    text = f'<text x="{x}" y="{y}">{escape(_short(node.title, 28))}</text>'
    sub = f'<text class="sub" x="{x}" y="{y + 16}">{escape(_short(node.sub, 32))}</text>' if node.sub else ""
    box = f'<rect x="{node.x}" y="{node.y}" width="{WIDTH}" height="{HEIGHT}"/>'
    return f'<g class="{node.kind}" id="step-{escape(node.id, quote=True)}">{title}{box}{text}{sub}</g>'


def _short(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
