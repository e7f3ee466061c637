"""`bench policy`: the same callers with every setting, compared as pairs, in the time there is."""

import json
from dataclasses import replace

import pytest
from rich.console import Console

from callcenter.bench.policy import SETTINGS, Order, by_median, by_share, contrasts, run, times
from callcenter.callers.suite import Deck
from callcenter.measures import Figure, Figures, figures
from callcenter.measures.bars import BY_NAME
from callcenter.measures.intervals import Event

DECKS = {"tiny": Deck(2, 0, {"story": 6, "halting": 2}, {})}


def printed(order, **more):
    console = Console(width=200, record=True, force_terminal=False)
    status = run(order, console, DECKS, **more)
    text = console.export_text()
    return status, text, json.loads(text.strip().splitlines()[-1])


@pytest.mark.slow
def test_the_knob_of_the_oracle_turns_its_hums_and_not_its_haste():
    status, text, line = printed(Order("oracle", "tiny"))
    assert status == 0
    assert "without socket or clock" in text
    assert line["path"] == "rehearsal (offline shortcut)"
    assert (line["callers"], line["callers_of_suite"]) == (2, 2)
    rates = [line["settings"][name]["BC_per_min"] for name in ("never", "rare", "normal", "often")]
    assert rates == sorted(rates)
    assert rates[0] == 0 < rates[1]
    compared = line["contrasts"]
    assert compared["never"]["passed"]
    assert compared["often_over_rare"]["value"] == pytest.approx(rates[3] / rates[1], abs=0.01)
    assert compared["often_over_rare"]["ci"] == [None, None], "two callers say nothing about others"
    assert compared["L_R_patient_less_eager"]["value"] == 0
    assert not compared["L_R_patient_less_eager"]["passed"], "a knob that turns nothing passes nothing"
    assert not compared["PAUSE_eager_less_patient"]["passed"]


def test_a_run_that_is_stopped_has_taken_its_callers_through_every_setting():
    passed = iter(range(0, 1_000, 45))
    status, text, line = printed(Order("oracle", "tiny", minutes=1.2), clock=lambda: next(passed))
    assert status == 0
    assert (line["callers"], line["callers_of_suite"]) == (1, 2)
    assert len({line["settings"][name]["n"]["R_R"] for name in SETTINGS}) == 1
    assert "the time is up after 1 of 2 callers" in text


@pytest.mark.parametrize(
    ("order", "why"),
    [(Order("nobody", "tiny"), "no duplex is called 'nobody'"), (Order("oracle", "huge"), "no suite is called 'huge'")],
)
def test_what_cannot_be_run_is_refused(order, why):
    with pytest.raises(ValueError, match=why):
        run(order, Console(quiet=True), DECKS)


def measured(**rates):
    """Figures that are nothing but rates of backchannels."""
    nothing = figures(())

    def with_rate(rate):
        value = Figure(BY_NAME["BC_per_min"], rate, 10, None, {})
        return replace(nothing, figures={**nothing.figures, "BC_per_min": value})

    return {name: with_rate(rates.get(name, 5.0)) for name in SETTINGS}


@pytest.mark.parametrize(
    ("rates", "often", "never"),
    [
        ({"often": 10.0, "rare": 4.0, "never": 0.0}, True, True),
        ({"often": 9.9, "rare": 4.0, "never": 0.1}, False, False),
        ({"often": 0.0, "rare": 0.0, "never": 0.0}, False, True),
        ({"often": 3.0, "rare": 0.0, "never": 0.0}, True, True),
        ({"often": None, "rare": None, "never": None}, None, None),
    ],
)
def test_often_must_hum_to_be_often_and_never_must_not(rates, often, never):
    found = {one.name: one.passed for one in contrasts(measured(**rates))}
    assert (found["often_over_rare"], found["never"]) == (often, never)
    assert found["L_R_patient_less_eager"] is None


def test_comparisons_of_nothing_say_nothing():
    one, none = [Event("a", 2.0), Event("b", 1.0)], [Event("a", 0.0, 1.0)]
    assert (times([], one), by_share(one, []), by_median([], one)) == (None, None, None)
    assert times(one, none) == float("inf")
    assert times(none, none) is None
    assert by_median(one, none) == 1.5
    assert isinstance(figures(()), Figures)
