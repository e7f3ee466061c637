"""English in other people's sounds: every phone has one in every language, and its label stays what was meant."""

from random import Random

import numpy as np
import pytest

from callcenter.callers.takes import plain
from callcenter.callers.voice import Voice
from callcenter.model.phones import NUMBER, PHONES, SILENCE, UNKNOWN
from callcenter.train.accents import LANGUAGES, TABLES, UNTAUGHT, Meant, at_home, foreign, labelled, of
from callcenter.train.cast import FOREIGN, caller
from callcenter.train.speech import Chorus, trimmed
from callcenter.voices import ESPEAK, saying

IPA = {"three": "θ|ɹ|ˈiː", "cabs": "k|ˈæ|b|z", "hi": "h|ˈaɪ", "o": "ˈoʊ", "clock": "k|l|ˈɑː|k"}


def names(meant: Meant) -> list[str]:
    return [PHONES[phone] for phone in meant.phones]


def manners(language: str, text: str) -> set[str]:
    """What some speakers of a language make of a text."""
    people = (Voice(f"{language}+m1", 165, pitch) for pitch in range(40))
    return {foreign(one, saying(text, ESPEAK), IPA.__getitem__).given for one in people}


@pytest.mark.parametrize("language", TABLES)
def test_every_phone_has_a_sound_in_every_language(language):
    assert set(TABLES[language]) == set(NUMBER) - {"sil"}
    silent = {phone for phone, ways in TABLES[language].items() if not all(ways)}
    assert silent <= {"HH"}


def test_people_have_different_habits_but_keep_theirs():
    assert manners("fr", "three.") == {"[[s|r|'i]].", "[[t|r|'i]].", "[[f|r|'i]]."}
    one = Voice("fr+m1", 165, 7)
    assert foreign(one, saying("three", ESPEAK), IPA.__getitem__) == foreign(
        one, saying("three", ESPEAK), IPA.__getitem__
    )


def test_a_phone_of_two_sounds_keeps_its_name_for_both_and_one_nobody_says_has_none():
    said = foreign(Voice("ro+m1"), saying("three hi", ESPEAK), IPA.__getitem__)
    assert names(said)[-2:] == ["HH", "AY"]
    assert {len(names(foreign(Voice("it+m1", 165, p), saying("hi", ESPEAK), IPA.__getitem__))) for p in range(20)} == {
        1,
        2,
    }
    assert names(foreign(Voice("pl+m1"), saying("hi", ESPEAK), IPA.__getitem__)) == ["HH", "AY", "AY"]


def test_where_the_language_has_no_voice_at_a_words_end_the_label_is_still_what_was_meant():
    hardened = [made for made in manners("pl", "cabs") if made.endswith("s]]")]
    assert hardened
    said = foreign(Voice("pl+m1"), saying("cabs", ESPEAK), IPA.__getitem__)
    assert names(said) == ["K", "AE", "B", "Z"]


def test_punctuation_and_the_places_of_words_are_kept():
    said = foreign(Voice("de+m1"), saying("hi, three.", ESPEAK), IPA.__getitem__)
    first, second = (said.given[a:b] for a, b in said.spans)
    assert first == "[[h|'aI]],"
    assert second[:2] + second[-3:] == "[[]]."


def test_sounds_that_were_not_asked_for_have_no_labels():
    asked = [NUMBER["T"], NUMBER["IY"]]
    assert labelled([(0, "_:"), (10, "s"), (30, "ˈi"), (50, "")], asked) == [
        (0, (SILENCE,)),
        (10, (NUMBER["T"],)),
        (30, (NUMBER["IY"],)),
        (50, (SILENCE,)),
    ]
    assert labelled([(10, "s"), (20, "ə"), (30, "ˈi")], asked) is None


def test_who_is_at_home_speaks_the_english_of_the_same_person():
    assert at_home(Voice("fr+f2", 170, 30)) == Voice("en-us+f2", 170, 30)
    assert at_home(Voice("en-029+f2")) == Voice("en-029+f2")
    assert (of(Voice("fr+f2")), of(Voice("en-us+f2")), of(Voice("en"))) == ("fr", "", "")


@pytest.mark.parametrize("language", TABLES)
def test_what_is_said_has_the_labels_of_the_english_words_and_the_times_of_each(language):
    chorus = Chorus()
    text = "yes, my number is five two nine."
    try:
        said = trimmed(chorus.sentence(Voice(f"{language}+f2"), text))
        hummed = chorus.sentence(Voice(f"{language}+f2"), "mm-hmm")
        plainly = chorus.sentence(Voice("en-us+f2"), "mm-hmm")
    finally:
        chorus.close()
    told = [PHONES[phone] for phone in said.phones if phone != SILENCE]
    for word in (["EH", "S"], ["F", "AY"], ["N", "AY"]):
        assert any(told[at : at + 2] == word for at in range(len(told)))
    assert [word.text for word in said.words] == text.split()
    assert all(a.end <= b.start + 1 for a, b in zip(said.words, said.words[1:], strict=False))
    assert np.all(said.labels(0, len(said) // 160) != UNKNOWN)
    assert len(hummed) == pytest.approx(len(plainly), rel=0.1)


def test_some_callers_have_another_first_language():
    chance = Random(1)
    share = sum(bool(of(caller(chance))) for _ in range(400)) / 400
    assert share == pytest.approx(FOREIGN, abs=0.08)
    assert {of(caller(chance)) for _ in range(800)} == {"", *LANGUAGES}
    assert not set(UNTAUGHT) & set(LANGUAGES)


def test_a_wording_in_several_breaths_is_cut_where_it_pauses():
    chorus = Chorus()
    try:
        whole = chorus.say(Voice("ru+m2"), plain("five, nine."))
    finally:
        chorus.close()
    assert [word.text for word in whole.words] == ["five,", "nine."]
