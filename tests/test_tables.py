"""The tables of `bench interaction`."""

from rich.console import Console

from callcenter.bench.tables import events, kinds, table
from callcenter.measures import Interruption, Observed, Span, Timeline, Turn, figures
from callcenter.units import samples


def test_interruptions_are_counted_by_when_they_came():
    def span(start, end):
        return samples(start), samples(end)

    agent = [Span(*span(2.0, 6.5)), Span(*span(10.0, 10.9)), Span(*span(13.0, 13.6))]
    truth = (
        Turn(*span(0.0, 1.8)),
        Interruption(*span(6.0, 8.0), "late"),
        Interruption(*span(10.6, 12.0), "double"),
        Turn(*span(12.2, 12.8)),
        Interruption(*span(13.4, 15.0), "early"),
    )
    found = events(Observed("a", Timeline(samples(20.0), (), tuple(agent)), truth))
    names = {name: count for name, count in found.items() if name.startswith("Interruption,")}
    assert names == {"Interruption, late": 1, "Interruption, double": 1, "Interruption, early": 1}


def test_a_figure_stands_with_its_interval_its_n_and_its_verdict():
    turn = Turn(*(samples(s) for s in (0.0, 1.0)), "hello")
    calls = [Observed("a", Timeline(samples(9.0), agent=(Span(samples(1.3), samples(5.0)),)), (turn,))]
    console = Console(width=200, record=True)
    console.print(table({"somebody": figures(calls)}))
    console.print(kinds({"somebody": calls}))
    text = console.export_text()
    row = next(line for line in text.splitlines() if "R_R" in line)
    assert "1.000" in row
    assert "n=1" in row
    assert "≥ 0.97" in row
    assert any("Turn" in line and " 1 " in line for line in text.splitlines())
