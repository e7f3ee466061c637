"""What a size costs is counted on the meta device, and what is derived says so."""

import pytest

from callcenter.model.config import SIZES
from callcenter.model.describe import CARDS, describe, held, lines, measured, scaled


def test_the_largest_size_has_the_parameters_it_is_named_for():
    told = describe(SIZES["tml-small"])
    assert 270e9 < told.parameters < 282e9
    assert 11e9 < told.active < 13e9


def test_a_dense_size_has_no_idle_parameters():
    told = describe(SIZES["nano"])
    assert told.active == told.parameters
    assert told.weights == 2 * told.parameters


@pytest.mark.parametrize("name", sorted(SIZES))
def test_a_call_costs_more_on_a_larger_size_and_figures_are_marked(name):
    text = "\n".join(lines(SIZES[name]))
    assert text.startswith(f"{name}: ")
    assert text.count("(derived") + text.count("(measured") == len(CARDS)


def test_what_was_measured_on_a_card_goes_before_what_is_derived():
    row = {"calls_held": 500, "calls_tried": 1_000}
    told = {"card": "NVIDIA H200", "date": "2026-11-26", "engine": {"base": row}}
    found = measured(SIZES["base"], CARDS["H200"], told)
    assert found is not None
    assert (found.calls, found.cards) == (500, 1)
    assert found.dollars_a_minute == pytest.approx(CARDS["H200"].price / 60 / 500)
    assert found.source == "measured 2026-11-26 on NVIDIA H200"
    assert measured(SIZES["base"], CARDS["H100"], told) is None
    assert measured(SIZES["large"], CARDS["H200"], told) is None
    assert measured(SIZES["base"], CARDS["H200"], {}) is None


def test_another_card_holds_no_more_than_its_memory_allows_of_what_was_measured():
    row = {"calls_held": 480, "calls_tried": 960}
    told = {"card": "NVIDIA H200", "date": "2026-11-26", "engine": {"base": row}}
    found = scaled(SIZES["base"], CARDS["L4"], told)
    assert found is not None
    assert found.calls == 30
    assert found.source.startswith("derived")
    assert scaled(SIZES["base"], CARDS["H200"], told) is None
    assert scaled(SIZES["large"], CARDS["L4"], told) is None


def test_what_does_not_fit_on_one_card_takes_several():
    told, size = describe(SIZES["tml-small"]), SIZES["tml-small"]
    assert held(told, size, CARDS["H100"]).cards > held(told, size, CARDS["H200"]).cards > 1


def test_costs_grow_with_size():
    costs = [
        held(describe(SIZES[name]), SIZES[name], CARDS["H100"]).dollars_a_minute for name in ("nano", "base", "large")
    ]
    assert costs == sorted(costs)
