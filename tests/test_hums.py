"""A hum is hummed, not spelled, whoever speaks; and it stays written as it was."""

import shutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from callcenter.audio import decode
from callcenter.callers.programs import installed
from callcenter.callers.voice import Voice
from callcenter.model.phones import PHONES
from callcenter.train.speech import Chorus, flite
from callcenter.units import RATE
from callcenter.voices import ESPEAK, SPELLED, Espeak, hummed

HUMS = ("mm-hmm.", "Mhm", "mmhm", "mm-mm", "hmm?", "hm", "mm.", "Mm,")
NONE = ("him", "ham.", "mmm-bop", "rhythm", "m", "hmrc", "h m", "5 mm-hg", "o'mhm", "summ", "mhmx")
"""Words that only look like it; "m" is a letter that somebody spells."""

flite_is_here = pytest.mark.skipif(shutil.which("flite") is None, reason="flite is not installed")


@pytest.mark.parametrize("hum", HUMS)
def test_a_hum_is_found_with_its_punctuation_left(hum):
    word = hum.rstrip(".?,")
    for sounds in (ESPEAK, SPELLED):
        made = hummed(f"yes, {hum} right", sounds)
        assert made.startswith("yes, ")
        assert made.endswith(f"{hum[len(word) :]} right")
        assert made.split()[1].rstrip(".?,") in sounds.values()


@pytest.mark.parametrize("text", NONE)
def test_what_only_looks_like_a_hum_is_left_alone(text):
    assert hummed(text, ESPEAK) == text


@given(st.lists(st.sampled_from([*HUMS, "so", "I", "see.", "42"]), max_size=8))
def test_as_many_words_as_before_and_none_is_a_hum_any_more(words):
    text = " ".join(words)
    for sounds in (ESPEAK, SPELLED):
        made = hummed(text, sounds)
        assert len(made.split()) == len(words)
        assert hummed(made, sounds) == made


@pytest.mark.parametrize("voice", ["en-us", "en-gb-scotland+f2", "en-029+m8"])
def test_espeak_hums_with_closed_lips(voice):
    chorus = Chorus()
    try:
        for text, most in (("mm-hmm.", 0.6), ("mhm", 0.6), ("hmm", 0.5), ("mm", 0.5)):
            said = chorus.sentence(Voice(voice), text)
            assert {PHONES[phone] for phone in said.phones} <= {"sil", "M", "HH", "AH"}, text
            assert 0.15 < len(said) / RATE < most, text
    finally:
        chorus.close()


def test_the_agents_hum_is_short_and_keeps_its_name_and_its_time():
    hum = Espeak().speak("mm-hmm.")
    assert [word.text for word in hum.words] == ["mm-hmm."]
    assert 0.2 < len(hum.audio) / RATE < 0.6
    within = Espeak().speak("I see, mm-hmm, go on.")
    assert [word.text for word in within.words] == ["I", "see,", "mm-hmm,", "go", "on."]
    sound = decode(within.audio).astype(np.float64)
    assert all(np.abs(sound[word.start : word.end]).max() > 300 for word in within.words)


def test_brackets_in_a_text_are_no_phonemes_of_ours():
    """What a note says is spoken as it is written, whatever is in it."""
    assert Espeak().speak("see [[m]] now").audio != Espeak().speak("mm").audio
    plain = Espeak().speak("the code is a b").audio
    assert len(Espeak().speak("the code is [[@]] a b").audio) >= len(plain)


@flite_is_here
@pytest.mark.parametrize("voice", ["slt", "awb"])
def test_flite_hums_too(voice):
    said = flite(voice, "mm-hmm.")
    assert [PHONES[phone] for phone in said.phones if PHONES[phone] != "sil"] == ["AH", "M", "HH", "AH", "M"]
    caller = installed()["flite"].speak("mm-hmm.", voice, band=True)
    spelled = installed()["flite"].speak("em em aitch em em.", voice, band=True)
    assert len(caller.audio) < 0.8 * len(spelled.audio)
