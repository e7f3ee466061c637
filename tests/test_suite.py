"""Suites: the same calls for the same seed, and enough of every kind of event."""

from collections import Counter
from random import Random

import pytest
from acting import ESPEAK

from callcenter.callers.scenario import Cut, Hum, Say, Tell
from callcenter.callers.studio import Studio
from callcenter.callers.suite import DECKS, Deck, compose, dealt
from callcenter.units import SILENT_FRAME

SMALL = Deck(
    4, 2, {"halting": 4, "number": 3, "story": 3, "hold": 2, "keys": 1}, {"hum": 6, "early": 3, "double": 3, "tic": 4}
)


@pytest.fixture(scope="module")
def studio():
    return Studio(speakers=ESPEAK)


@pytest.fixture(scope="module")
def suite(studio):
    return compose("small", SMALL, 1, studio)


def acts(suite):
    return [over.act for casting in suite.castings for r in casting.scenario.rounds for over in r.over]


def test_every_event_of_the_deck_is_dealt(suite):
    counts = Counter(type(act).__name__ for act in acts(suite))
    assert counts["Hum"] == 6
    assert counts["Cut"] == 3 + 2 * 3
    moves = [r.move for casting in suite.castings for r in casting.scenario.rounds]
    assert sum(isinstance(move, Tell) for move in moves) == 3
    assert sum(len(move.take.pauses) > 0 for move in moves if isinstance(move, Say)) >= 7


def test_two_interruptions_in_a_row_are_in_the_same_round(suite):
    rounds = [r for casting in suite.castings for r in casting.scenario.rounds]
    assert sum(sum(isinstance(over.act, Cut) for over in r.over) >= 2 for r in rounds) >= 3


def test_the_same_seed_composes_the_same_calls_byte_for_byte(suite):
    again = compose("small", SMALL, 1, Studio(speakers=ESPEAK))
    for one, other in zip(suite.castings, again.castings, strict=True):
        assert one.scenario == other.scenario
        assert (one.conditions, one.weather, one.voice) == (other.conditions, other.weather, other.voice)
        person, twin = one.person(), other.person()
        spoken = [person.frame(SILENT_FRAME) for _ in range(500)]
        assert spoken == [twin.frame(SILENT_FRAME) for _ in range(500)]
        assert len(set(spoken)) > 400
        assert person.truth == twin.truth


def test_another_seed_composes_other_calls(suite, studio):
    other = compose("small", SMALL, 2, studio)
    assert [c.scenario for c in other.castings] != [c.scenario for c in suite.castings]


def test_voices_are_held_out_and_listed(suite, studio):
    kept = suite.held_out["espeak"]
    used = {casting.voice.removeprefix("espeak ").partition("+")[2] for casting in suite.castings}
    assert used <= set(kept)
    assert not set(kept) & set(Studio(evaluation=False).voices())
    assert any("real speakers" in missing for missing in suite.missing)


def test_callers_have_numbers_of_their_own(suite):
    assert suite.name == "small"
    assert len({casting.caller for casting in suite.castings}) == len(suite.castings)


def test_interruptions_last_and_acknowledgements_do_not(suite):
    assert all(len(act.take) > 5_000 for act in acts(suite) if isinstance(act, Cut))
    assert all(len(act.take) < 8_000 for act in acts(suite) if isinstance(act, Hum))


@pytest.mark.parametrize("name", DECKS)
def test_a_deck_holds_what_it_promises(name):
    deck = DECKS[name]
    hands = dealt(Random(1), deck.overs, deck.calls)
    assert Counter(card for hand in hands for card in hand) == Counter(deck.overs)
    assert max(map(len, hands)) - min(map(len, hands)) <= 1
    if name == "full":
        assert deck.calls >= 150
        assert all(deck.overs[kind] >= 60 for kind in ("hum", "early", "late", "double", "tic", "aside", "noise"))
        assert deck.moves["halting"] + deck.moves["number"] >= 60
        assert deck.moves["story"] >= 60
