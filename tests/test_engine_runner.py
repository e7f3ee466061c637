"""The torch side of the engine: rows of the network, and words from its phones."""

import numpy as np
from little_model import LITTLE, called, network

from callcenter.engine.runner import Runner, ended
from callcenter.model.checkpoint import even
from callcenter.model.config import LATE
from callcenter.model.phones import LABEL, NUMBER
from callcenter.model.search import Word
from callcenter.model.streaming import Rows, Said
from callcenter.model.vocabulary import Vocabulary
from callcenter.train.feigned import Hearing, heard, lasting


def test_it_answers_what_the_rows_say():
    call = called(1, 8)
    runner, rows = Runner(network(), 2, None, even()), Rows(network(), 2)
    for turn in range(len(call)):
        (answer,) = runner.step([call.heard(turn, 1)])
        assert np.array_equal(answer.said.act, rows.step([call.heard(turn, 1)])[0].act)
        assert (answer.words, answer.partial) == ((), ())


def test_on_a_cpu_nobody_waits_for_the_turns_behind():
    assert Runner(network(LITTLE), 4, None, even()).most == 1


class Dictated(Runner):
    """A runner whose ear hears what it is told."""

    def dictate(self, phones):
        class Rows:
            def reset(self, row):
                pass

            def step(self, turns):
                empty = np.zeros(1, np.float32)
                return [Said(empty, empty, empty, empty, phones[turn.row].pop(0)) for turn in turns]

        self.rows = Rows()


def test_every_row_has_a_search_of_its_own_and_a_new_call_a_new_one():
    vocabulary = Vocabulary.shipped()
    runner = Dictated(network(LITTLE), 2, vocabulary, even())
    chance = np.random.default_rng(5)
    spoken = {0: ["yes", "please"], 1: ["seven", "two", "four"]}
    clear = Hearing(mistaken=0.0, noise=0.3)
    number = vocabulary.number
    sounds = {word: SOUNDS[word] for words in spoken.values() for word in words}
    frames = {
        row: heard(chance, lasting(chance, [sounds[word] for word in words]), clear) for row, words in spoken.items()
    }
    assert set(sounds) <= set(number)
    phones = {row: [told[at : at + 10] for at in range(0, len(told) // 10 * 10, 10)] for row, told in frames.items()}
    runner.dictate(phones)
    found = {0: [], 1: []}
    for row in found:
        runner.reset(row)
    while any(phones.values()):
        going = [row for row in phones if phones[row]]
        for row, answer in zip(going, runner.step([called(1, 1).heard(0, row) for row in going]), strict=True):
            found[row] += [word.text for word in answer.words]
    assert found == spoken
    runner.expect(0, ["seven"])
    runner.reset(0)
    phones[0].append(np.full((10, 40), -5.0, np.float32))
    assert runner.step([called(1, 1).heard(0, 0)])[0].words == ()


SOUNDS = {
    word: tuple(NUMBER[name] for name in phones.split())
    for word, phones in {
        "yes": "Y EH S",
        "please": "P L IY Z",
        "seven": "S EH V AH N",
        "two": "T UW",
        "four": "F AO R",
    }.items()
}


def test_the_sample_in_which_a_word_ended_is_earlier_than_its_frame():
    assert ended(Word("yes", 10, 50, 1.0)) == (50 - LATE) * LABEL
    assert ended(Word("yes", 0, 2, 1.0)) == 0
