"""Weights are found by trying, and written utterances come back."""

from dataclasses import replace

import numpy as np

from callcenter.model.lexicon import Lexicon
from callcenter.model.phones import PHONES
from callcenter.model.vocabulary import Vocabulary, Weights
from callcenter.train.feigned import by_lexicon, heard, lasting
from callcenter.train.tune_ears import Utterance, main, read, sensible, tried, tune, write

PRIORS = np.full(len(PHONES), 1 / len(PHONES), np.float32)


def utterances(*texts):
    chance, lexicon = np.random.default_rng(3), Lexicon.load()
    return [
        Utterance(heard(chance, lasting(chance, by_lexicon(chance, lexicon, text.split()))), text) for text in texts
    ]


def test_utterances_come_back_from_their_file(tmp_path):
    said = utterances("yes please", "no")
    write(tmp_path / "said.npz", said, PRIORS)
    again, priors = read(tmp_path / "said.npz")
    assert [one.text for one in again] == ["yes please", "no"]
    assert [len(one.logs) for one in again] == [len(one.logs) for one in said]
    assert np.allclose(again[1].logs, said[1].logs, atol=0.02)
    assert np.allclose(priors, PRIORS)


def test_bad_weights_become_better():
    said = utterances("my number is four two seven")
    deaf = Vocabulary.shipped(replace(Weights(), acoustic=0.05))
    assert tried(deaf, said, PRIORS).wrong.rate > 0.3
    best = tune(deaf, said, PRIORS, rounds=1)
    assert best.wrong.rate < 0.3
    assert best.weights.acoustic > 0.05


def test_weights_without_sense_are_not_tried():
    assert sensible(Weights())
    assert not sensible(replace(Weights(), beam=0.0))
    assert not sensible(replace(Weights(), late=5))


def test_without_a_file_it_says_what_it_wants(capsys):
    assert main([]) == 2
    assert "FILE.npz" in capsys.readouterr().out
