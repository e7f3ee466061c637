"""The reference duplexes have the scores they must have."""

import asyncio

import pytest
from acting import ESPEAK

from callcenter.callers.oracle import ANSWERS, Oracle, repertoire
from callcenter.callers.rehearsal import Rehearsal
from callcenter.callers.studio import Studio
from callcenter.callers.suite import Deck, compose
from callcenter.duplex.jumpy import Jumpy
from callcenter.duplex.parrot import Parrot
from callcenter.events import Backchannelled, Phrase, Yielded
from callcenter.measures import MEASURES, Observed, figures
from callcenter.voices import Espeak

DECK = Deck(
    8,
    0,
    {"halting": 8, "number": 6, "spelled": 2, "story": 6, "hold": 2, "silent": 1, "correction": 2, "keys": 1},
    {"hum": 12, "early": 5, "late": 5, "double": 3, "tic": 8, "aside": 6, "noise": 6},
)


@pytest.fixture(scope="module")
def suite():
    return compose("small", DECK, 3, Studio(speakers=ESPEAK))


@pytest.fixture(scope="module")
def lines():
    return repertoire()


def observed(suite, make):
    found = []
    for casting in suite.castings:
        person = casting.person()
        call = asyncio.run(Rehearsal(person, make(person, casting), casting.weather).run())
        found.append(Observed(casting.name, call.timeline, person.truth, casting.caller, casting.group))
    return found


def test_the_oracle_passes_every_bar(suite, lines):
    measured = figures(observed(suite, lambda person, casting: Oracle(person, lines, casting.seed)))
    verdicts = {m.name: (measured.passed(m.name), measured[m.name].value, measured[m.name].n) for m in MEASURES}
    assert not {name: told for name, told in verdicts.items() if told[0] is not True}
    assert measured["R_Y"].n >= 8
    assert measured["S_BC"].n >= 8
    assert measured["PAUSE"].n >= 12
    assert measured.wer["espeak"].rate == 0.0


def test_the_jumpy_one_fails_what_it_must_fail(suite):
    engine = Espeak()
    phrases = [Phrase(text, engine.speak(text, "en-us+f3", band=True).audio) for text in ANSWERS[:3]]
    measured = figures(observed(suite, lambda person, casting: Jumpy(phrases)))
    assert {name: measured.passed(name) for name in ("PAUSE", "S_BC", "S_VT", "S_ND", "R_Y")} == {
        "PAUSE": False, "S_BC": False, "S_VT": False, "S_ND": False, "R_Y": True,
    }  # fmt: skip


def test_the_parrot_fails_nearly_everything(suite):
    measured = figures(observed(suite, lambda person, casting: Parrot()))
    assert {measured.passed(name) for name in ("R_R", "R_Y", "I_A", "DEAD")} == {False}


def test_a_rehearsal_is_exactly_repeatable(suite, lines):
    casting = suite.castings[0]
    calls = []
    for _ in range(2):
        person = casting.person()
        calls.append(asyncio.run(Rehearsal(person, Oracle(person, lines, 1), casting.weather).run()))
    assert calls[0].spoken == calls[1].spoken
    assert calls[0].heard == calls[1].heard
    assert calls[0].happened == calls[1].happened


def test_the_oracle_hums_and_yields_by_its_acts(suite, lines):
    acts = [act for call in observed(suite, lambda p, c: Oracle(p, lines, c.seed)) for act in call.timeline.acts]
    assert any(isinstance(acted.act, Backchannelled) for acted in acts)
    assert any(isinstance(acted.act, Yielded) for acted in acts)
