"""Task calls that are heard: the whole way through voices, line and reel, with ears of several kinds."""

import json
from functools import cache

import numpy as np
import pytest
from rich.console import Console

from callcenter.bench.earcall import Booth, EarCall
from callcenter.bench.judge import judge
from callcenter.bench.listeners import own
from callcenter.bench.task import Heard, Part, Score, aloud, listen
from callcenter.callers.heldout import held_out
from callcenter.callers.studio import Studio
from callcenter.callers.tasks import load
from callcenter.measures import WordErrors
from callcenter.units import RATE, TURN
from callcenter.voices import Espeak
from flows import shipped

SCENARIOS = {scenario.name: scenario for scenario in load()}
FLOWS = shipped()
GRINDER = "the only order needs no asking"
CANCEL = "cancel an order that is still here"


class Cued:
    """Ears that are handed what was said as soon as they hear it end: they understand everything they notice."""

    def __init__(self):
        self.call = None
        self.told = 0
        self.quiet = 9
        self.turns = []
        self.expected = []

    def turn(self, pcm):
        self.turns.append(pcm)
        loud = np.sqrt(np.mean(pcm.astype(float) ** 2)) > 700
        self.quiet = 0 if loud else self.quiet + 1
        if self.quiet != 3:
            return ()
        fresh, self.told = self.call.said[self.told :], len(self.call.said)
        return tuple(word for text in fresh for word in text.split())

    def settle(self):
        return ()

    def expect(self, words):
        self.expected.append(words)


class Deaf:
    def turn(self, pcm):
        return ()

    def settle(self):
        return ()

    def expect(self, words):
        pass


@cache
def studio():
    return Studio(speakers={"espeak": Espeak()})


class Mishearing(Cued):
    """The same, but one word is always heard as another."""

    def __init__(self, said, heard):
        super().__init__()
        self.instead = {said: heard}

    def turn(self, pcm):
        return tuple(self.instead.get(word, word) for word in super().turn(pcm))


def heard(name, luck=0, ears=None):
    ears = ears or Cued()
    scenario = SCENARIOS[name]
    call = EarCall(Booth(studio(), lambda: ears), scenario, FLOWS[scenario.flow], luck)
    ears.call = call
    return call.run(), ears


@pytest.mark.parametrize("name", [GRINDER, CANCEL, "somebody who is not a customer"])
def test_ears_that_understand_solve_the_call(name):
    call, ears = heard(name)
    verdict = judge(call)
    assert (verdict.failures, verdict.wrong, verdict.unsourced) == ((), (), ())
    assert call.understood == " ".join(call.said).split()
    assert len(ears.turns) == pytest.approx(call.at / TURN, abs=3)
    assert {len(turn) for turn in ears.turns} == {TURN}


def test_what_was_misheard_and_is_read_back_has_no_source_and_is_not_invented():
    verdict = judge(heard("a new address", ears=Mishearing("oh", "two"))[0])
    assert verdict.wrong == ()
    assert any("1 2 1 8 2" in one for one in verdict.unsourced)
    assert verdict.invented == ()


def test_the_line_is_a_telephone_and_never_digitally_silent():
    call, ears = heard(GRINDER)
    levels = [np.sqrt(np.mean(turn.astype(float) ** 2)) for turn in ears.turns]
    assert max(levels) > 1_000
    lost = sum(level == 0 for level in levels)
    assert lost < len(levels) / 10
    spectrum = np.abs(np.fft.rfft(np.concatenate(ears.turns).astype(float))) ** 2
    hertz = np.fft.rfftfreq(len(ears.turns) * TURN, 1 / RATE)
    assert spectrum[hertz > 3_600].sum() < spectrum.sum() / 50
    name = call._telephone.singer.voice.name.partition("+")[2]
    assert held_out("voice", name)


def test_the_same_call_sounds_the_same():
    first, second = heard(CANCEL, 1)[1], heard(CANCEL, 1)[1]
    assert all((a == b).all() for a, b in zip(first.turns, second.turns, strict=True))
    assert len(heard(CANCEL, 2)[1].turns) != len(first.turns) or any(
        (a != b).any() for a, b in zip(first.turns, heard(CANCEL, 2)[1].turns, strict=False)
    )


def test_a_pause_in_a_sentence_is_as_long_as_it_is_written():
    telephone = Booth(studio(), Deaf).telephone(SCENARIOS[GRINDER], 0)
    whole = telephone.say("lan nguyen n g u y e n", 0)
    assert telephone.say("lan nguyen [2.0] n g u y e n", 0) > whole + 1.5 * RATE


def test_deaf_ears_solve_nothing_and_do_nothing_wrong():
    scenario = SCENARIOS[CANCEL]
    score = listen([(scenario, 0)], FLOWS, Booth(studio(), Deaf))
    (verdict,) = score.verdicts
    assert not verdict.solved
    assert verdict.wrong == ()
    line = json.loads(score.line())
    assert (line["ears"], line["solved"], line["wer"], line["solved_with_ideal_ears"]) == ("own", 0.0, 1.0, 1.0)
    assert line["solved_ci"][0] == 0.0
    assert line["wrong_actions"] == line["unsourced"] == 0


@pytest.mark.slow
def test_the_models_own_ears_are_measured():
    """One short call with the shipped weights: words come out of it, and the figures that belong to them."""
    console = Console(width=200, record=True)
    booth = Booth(studio(), own().listening)
    passed = iter(range(0, 1_000, 40))
    score = aloud("wants a person", 1, console, booth, Part(minutes=1.1), clock=lambda: next(passed))
    line = json.loads(score.line())
    assert line["calls"] == 1
    assert 0 <= line["wer"] < 0.9
    assert "own ears" in console.export_text()


# ------------------------------------------------------------------------------------------------------------- parts


def test_parts_are_all_calls_and_each_of_them_once():
    jobs = [(scenario, luck) for scenario in SCENARIOS.values() for luck in range(4)]
    parts = [Part(number, 4).chosen(jobs) for number in range(1, 5)]
    assert sorted((s.name, luck) for part in parts for s, luck in part) == sorted((s.name, luck) for s, luck in jobs)
    assert max(map(len, parts)) - min(map(len, parts)) <= 1
    early = {scenario.flow for scenario, _ in Part().chosen(jobs)[:40]}
    assert early == set(FLOWS), "whatever was made first is a fair sample"


@pytest.mark.parametrize("text", ["0/4", "5/4", "4", "a/b", "1/0"])
def test_a_part_that_is_none_is_refused(text):
    with pytest.raises(ValueError, match="say 1/4"):
        Part.read(text, 0)


def test_a_run_ends_when_its_time_is_up_and_says_of_how_many_it_tells():
    passed = iter(range(0, 1_000, 40))
    console = Console(width=200, record=True)
    score = aloud("", 4, console, Booth(studio(), Deaf), Part(minutes=1.1), clock=lambda: next(passed))
    line = json.loads(score.line())
    assert (line["calls"], line["calls_planned"]) == (1, 332)
    assert "the time is up after 1 of 332 calls" in console.export_text()


def test_a_run_of_nothing_has_no_figures():
    line = json.loads(Score("embedded", (), heard=Heard(3, WordErrors(0), ())).line())
    assert (line["calls"], line["solved"], line["solved_ci"], line["wer"]) == (0, None, None, 0.0)


def test_the_ears_are_told_what_each_question_expects():
    _, ears = heard(CANCEL)
    assert any("surname" in words for words in ears.expected)
    assert any("digit" in words and "surname" not in words for words in ears.expected)
    assert any("yes" in words for words in ears.expected)
