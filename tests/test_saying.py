"""What is written is said as people say it: amounts, numbers, hums; and it stays written as it was."""

import shutil
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from callcenter.audio import decode
from callcenter.callers.programs import installed
from callcenter.callers.voice import Voice
from callcenter.model.phones import PHONES
from callcenter.train.speech import Chorus, flite
from callcenter.units import RATE
from callcenter.voices import ESPEAK, SPELLED, Espeak, saying
from callcenter.voices.speech import WRITTEN

HUMS = ("mm-hmm.", "Mhm", "mmhm", "mm-mm", "hmm?", "hm", "mm.", "Mm,")
NONE = ("him", "ham.", "mmm-bop", "rhythm", "m", "hmrc", "h m", "5 mm-hg", "o'mhm", "summ", "mhmx")
"""Words that only look like it; "m" is a letter that somebody spells."""

flite_is_here = pytest.mark.skipif(shutil.which("flite") is None, reason="flite is not installed")


@pytest.mark.parametrize("hum", HUMS)
def test_a_hum_is_found_with_its_punctuation_left(hum):
    word = hum.rstrip(".?,")
    for sounds in (ESPEAK, SPELLED):
        made = saying(f"yes, {hum} right", sounds)
        assert made.hums
        assert made.given.startswith("yes, ")
        assert made.given.endswith(f"{hum[len(word) :]} right")
        assert made.given.split()[1].rstrip(".?,") in sounds.values()


@pytest.mark.parametrize("text", NONE)
def test_what_only_looks_like_a_hum_is_left_alone(text):
    assert saying(text, ESPEAK) == (text, tuple(m.span() for m in WRITTEN.finditer(text)), False)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("It costs $54.20, not $1,250.00.", "It costs 54 dollars and 20 cents, not 1250 dollars."),
        ("$0.90 or $1 or $1.01", "90 cents or 1 dollar or 1 dollar and 1 cent"),
        ("-$5.00", "minus 5 dollars"),
        ("$0", "0 dollars"),
        ("$3 million, $1.5 million", "$3 million, $1.5 million"),
        ("$12.345", "$12.345"),
        ("at 10:00 AM, 3:05 PM or 3:30.", "at 10 AM, 3 oh 5 PM or 3 30."),
        ("99:99", "99:99"),
        ("on 2026-05-03.", "on May 3rd, 2026."),
        ("the 2026-05-11, 2026-01-22", "the May 11th, 2026, January 22nd, 2026"),
        ("2026-13-40", "2 0 2 6, 1 3, 4 0"),
        ("ZIP code 60614, PIN 0417", "zip code 6 0 6 1 4, pin 0 4 1 7"),
        ("in 2024 for 365 days", "in 2024 for 365 days"),
        ("(415) 555-0134", "(4 1 5) 5 5 5, 0 1 3 4"),
        ("+1 415 555 2671", "plus 1 4 1 5, 5 5 5, 2 6 7 1"),
        ("order W7788 or RMA-1234", "order W 7 7 8 8 or R M A., 1 2 3 4"),
        ("COVID-19, MP3, B2B, I-95, iPhone 15", "COVID-19, MP3, B2B, I-95, iPhone 15"),
        ("#4417 and #12", "number 4 4 1 7 and number 12"),
        ("3.5 GB, 5%, 1.25", "3.5 GB, 5%, 1.25"),
        ("jo_smith42@example.co.uk?", "jo underscore smith 4 2 at example dot co dot uk?"),
        ("Apt. 4B, 12 Main Ave.", "apartment 4B, 12 Main avenue."),
        ("open 24/7", "open 24 7"),
        ("say [[hello]] - now", "say [ [hello]] - now"),
        ("", ""),
        (" ... ", " ... "),
    ],
)
def test_what_is_written_is_said_as_people_say_it(written, said):
    assert saying(written, SPELLED).given == said


@example("_")
@example("a __ b")
@given(st.text(st.sampled_from("ab MmhH$.,:-#@0123456789[]()+\u00e9\n"), max_size=40) | st.text(max_size=30))
def test_every_written_word_has_a_place_in_what_is_given_in_order(text):
    made = saying(text, ESPEAK)
    assert len(made.spans) == len(WRITTEN.findall(text))
    ends = [0, *(edge for span in made.spans for edge in span), len(made.given)]
    assert ends == sorted(ends)
    assert all(any(c.isalnum() for c in made.given[first:last]) for first, last in made.spans)


@given(st.integers(0, 10**7), st.sampled_from(["${:.2f}", "${:,.2f}"]))
def test_no_cent_is_lost(cents, how):
    said = saying(how.format(cents / 100), SPELLED).given
    found = dict(reversed(part.split()) for part in said.split(" and "))
    whole = int(found.get("dollars", found.get("dollar", 0))) * 100 + int(found.get("cents", found.get("cent", 0)))
    assert whole == cents


def test_an_amount_is_one_word_with_the_time_of_all_that_is_said_for_it():
    text = "You get $54.20 back by 2026-05-03, on card 4417."
    said = Espeak().speak(text)
    assert [word.text for word in said.words] == text.split()
    assert all(one.end <= other.start for one, other in pairwise(said.words))
    amount = said.words[2]
    assert 1.0 < (amount.end - amount.start) / RATE < 2.2


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
