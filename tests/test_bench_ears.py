"""`bench ears`: what is said, how it comes over the line, and how errors are counted by group."""

import json
from io import StringIO
from random import Random

import numpy as np
import pytest
from rich.console import Console

from callcenter.audio import decode, encode
from callcenter.bench.ears import GROUPS, Order, Spoken, judged, last_line, run, sentences, telephoned, utterances
from callcenter.bench.listeners import Knowing, Streamed
from callcenter.callers.heldout import held_out
from callcenter.callers.studio import Studio
from callcenter.callers.suite import Beds
from callcenter.model.lexicon import Lexicon
from callcenter.model.phones import PHONES
from callcenter.model.vocabulary import Vocabulary
from callcenter.train.accents import LANGUAGES, UNTAUGHT
from callcenter.train.feigned import Hearing, by_lexicon, heard, lasting
from callcenter.train.wordings import SMALL
from callcenter.units import TURN
from callcenter.voices import Espeak

PRIORS = np.full(len(PHONES), 1 / len(PHONES), np.float32)
ALONE = {"espeak": Espeak()}


@pytest.fixture(scope="module")
def studio():
    return Studio(speakers=ALONE)


@pytest.fixture(scope="module")
def vocabulary():
    return Vocabulary.shipped()


class Exact:
    """A network that knows the phones of the call: it looks up what the first sample of a turn says."""

    def __init__(self, logs):
        self.logs, self.at = logs, 0

    def turn(self, pcm):
        assert pcm.shape == (TURN,)
        found = self.logs[self.at : self.at + 10]
        self.at += 10
        silent = np.full((10 - len(found), len(PHONES)), -9.0, np.float32)
        silent[:, 0] = -0.01
        return np.concatenate((found, silent))


def test_a_network_is_streamed_turn_by_turn(vocabulary):
    chance, text = np.random.default_rng(1), "my account number is four two seven"
    logs = heard(chance, lasting(chance, by_lexicon(chance, Lexicon.load(), text.split())), Hearing(0.0, 0.8))
    audio = encode(np.zeros(len(logs) * 160, np.int16))
    assert Streamed(lambda: Exact(logs), vocabulary, PRIORS).hear(audio) == text
    late = np.concatenate((np.full((7, len(PHONES)), np.log(1 / 40), np.float32), logs))
    assert Streamed(lambda: Exact(late), vocabulary, PRIORS, late=7).hear(audio) == text


def test_sentences_are_held_out_and_of_their_kind(studio):
    entities = sentences(studio, Random(1), "synthetic_entities", 80)
    long = [text for text in entities if " " in text and text not in SMALL]
    assert all(held_out("sentence", text) for text in long)
    assert len(long) > 40
    assert len(set(entities)) > 50


def test_the_line_puts_noise_before_under_and_after(studio):
    pcm = np.full(8_000, 3_000, np.int16)
    heard_ = decode(telephoned(pcm, Random(2), Beds(studio, 1))).astype(float)
    assert len(heard_) >= len(pcm) + 0.6 * 8_000
    assert len(heard_) % 160 == 0
    assert (heard_[:2_000] != 0).mean() > 0.5
    assert (heard_[-2_000:] != 0).mean() > 0.5
    assert abs(heard_[:2_000]).mean() < 0.3 * abs(heard_).max()


def test_the_same_seed_says_the_same(studio):
    order = Order(groups=("synthetic_entities",), share=0.02)
    first, again = (list(utterances(studio, order)) for _ in range(2))
    assert first == again
    assert [one.audio for one in first] == [one.audio for one in again]
    assert all(held_out("voice", one.voice.partition("+")[2]) for one in first)


def test_accents_that_are_measured_are_untaught_and_leave_the_others_as_they_were(studio):
    groups = ("synthetic_entities", "other_accents", "synthetic_open")
    said = {one.group: one for one in utterances(studio, Order(groups=groups, share=0.007))}
    alone = {one.group: one for one in utterances(studio, Order(groups=groups[:1] + groups[2:], share=0.007))}
    assert {group: said[group].audio for group in alone} == {group: one.audio for group, one in alone.items()}
    _, _, name = said["other_accents"].voice.partition(" ")
    language, _, person = name.partition("+")
    assert language in UNTAUGHT
    assert language not in LANGUAGES
    assert held_out("voice", person)


def test_errors_are_counted_by_group():
    spoken = [
        Spoken("real_digits", "a", "four two"),
        Spoken("real_digits", "b", "nine"),
        Spoken("real_read", "c", "one"),
    ]
    line = last_line([judged(spoken[0], "4 2"), judged(spoken[1], "five"), judged(spoken[2], "one")])
    assert list(line) == list(GROUPS)
    assert (line["real_digits"]["wer"], line["real_digits"]["words"]) == (0.3333, 3)
    assert line["real_digits"]["ci"][0] < 0.3333 < line["real_digits"]["ci"][1]
    assert line["real_read"]["wer"] == 0
    assert line["synthetic_open"] == {"wer": None, "words": 0, "utterances": 0, "ci": None}


def test_the_last_line_is_json_and_a_known_text_is_heard(vocabulary):
    told = StringIO()
    order = Order(groups=("synthetic_entities",), share=0.05)
    console = Console(file=told, width=200)
    assert run(order, lambda spoken: Knowing(spoken, vocabulary), console) == 0
    line = json.loads(told.getvalue().splitlines()[-1])
    assert line["synthetic_entities"]["words"] > 10
    assert line["synthetic_entities"]["wer"] < 0.4
    with pytest.raises(ValueError, match="no group is called 'opera'"):
        run(Order(groups=("opera",)), lambda spoken: Knowing(spoken, vocabulary), console)


def test_ears_that_hear_nothing_miss_every_word():
    class Deaf:
        def hear(self, audio, expects=frozenset()):
            return ""

    told = StringIO()
    order = Order(groups=("synthetic_entities",), share=0.02)
    assert run(order, lambda spoken: Deaf(), Console(file=told, width=200)) == 0
    assert json.loads(told.getvalue().splitlines()[-1])["synthetic_entities"]["wer"] == 1
