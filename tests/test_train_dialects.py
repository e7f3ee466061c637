"""Dialects in flite's voices: what is said changes, what was meant and when does not get lost."""

import shutil
from random import Random

import pytest

from callcenter.model.phones import NUMBER, PHONES, SILENCE, of_letters
from callcenter.train.dialects import TABLES, VOWELS, Dialect, begun
from callcenter.train.speech import flite

FOUR = ["pau", "f", "ao", "r", "aa", "r", "ax", "pau"]


def every(where: str) -> list[Dialect]:
    return [Dialect.of(where, Random(seed)) for seed in range(40)]


@pytest.mark.parametrize("where", TABLES)
def test_everything_in_a_table_is_a_phone_that_flite_has(where: str) -> None:
    for dialect in every(where):
        for phone, ways in dialect.ways.items():
            for name in (phone, *ways):
                assert name in VOWELS or of_letters(name) != (SILENCE,), name


@pytest.mark.parametrize("where", TABLES)
def test_speakers_of_a_dialect_differ_and_one_is_always_the_same(where: str) -> None:
    assert len({tuple(sorted(one.ways.items())) for one in every(where)}) > 1
    assert Dialect.of(where, Random(3)) == Dialect.of(where, Random(3))


def test_an_r_is_dropped_where_no_vowel_follows() -> None:
    said = dict(enumerate(Dialect({}, dropped=True).spoken(FOUR)))
    assert said[3] == ("r", ("r",)), "a vowel follows"
    assert Dialect({}, dropped=True).spoken(["ao", "r", "pau"])[1] == ("r", ())
    assert Dialect({}, dropped=False).spoken(["ao", "r", "pau"])[1] == ("r", ("r",))


def test_what_was_meant_begins_where_the_first_of_its_sounds_does() -> None:
    said = Dialect({"ay": ("ah", "ih")}, dropped=True).spoken(["pau", "f", "ay", "r", "pau"])
    assert begun(said, [0.1, 0.2, 0.3, 0.4, 0.5]) == [("pau", 0.0), ("f", 0.1), ("ay", 0.2), ("pau", 0.4)]


def test_nobody_knows_when_where_not_everything_was_said() -> None:
    assert begun(Dialect({}, dropped=False).spoken(FOUR), [0.1, 0.2]) == []


@pytest.mark.skipif(shutil.which("flite") is None, reason="flite is not installed")
def test_flite_says_other_sounds_for_the_same_phones() -> None:
    text = "five of the orders are late"
    at_home = flite("slt", text)
    scot = flite("slt", text, dialect=Dialect({"ay": ("ah", "ih"), "r": ("dx",)}, dropped=False))
    assert [PHONES[p] for p in scot.phones if p != SILENCE] == [PHONES[p] for p in at_home.phones if p != SILENCE]
    assert NUMBER["AY"] in scot.phones
    assert (scot.starts[1:] >= scot.starts[:-1]).all()
    assert len(scot.pcm) != len(at_home.pcm) or (scot.pcm != at_home.pcm).any()
