"""Words out of phones: the right ones, at their time, however the frames come, and for ever."""

import itertools
import time

import numpy as np
import pytest
from laws import chunking_does_not_matter

from callcenter.measures.words import word_errors
from callcenter.model.language import Language
from callcenter.model.lexicon import Lexicon
from callcenter.model.phones import NUMBER, PHONES, SILENCE
from callcenter.model.search import COMPACT, EXPECTED, LOOK, Search, Words
from callcenter.model.vocabulary import Vocabulary, Weights
from callcenter.train.feigned import Hearing, by_lexicon, heard, lasting
from callcenter.train.language import build

LEXICON = Lexicon.load()
PRIORS = np.full(len(PHONES), 1 / len(PHONES), np.float32)
TEXTS = (
    "hello i'd like to change the address on my account please",
    "my account number is four two seven nine zero one three",
    "yes it was on the twenty third of september",
    "no",
    "could you send somebody on thursday",
    "that would be forty five dollars and fifteen cents",
    "i want to cancel my subscription",
    "my name is maria garcia",
)
CLEAR = Hearing(mistaken=0.0, noise=0.8)
FAIR = Hearing(mistaken=0.08, noise=1.2)


@pytest.fixture(scope="module")
def vocabulary():
    return Vocabulary.shipped()


def frames(text, hearing=CLEAR, seed=1):
    chance = np.random.default_rng([seed, *text.encode()])
    return heard(chance, lasting(chance, by_lexicon(chance, LEXICON, text.split())), hearing)


def words(search, logs):
    found = [word for at in range(0, len(logs), LOOK) for word in search.push(logs[at : at + LOOK]).certain]
    return [*found, *search.close().certain]


def said(found):
    return " ".join(word.text for word in found)


def still(count, silent=0.99):
    """Frames of silence."""
    logs = np.full((count, len(PHONES)), np.log((1 - silent) / (len(PHONES) - 1)), np.float32)
    logs[:, SILENCE] = np.log(silent)
    return logs


@pytest.mark.parametrize("text", TEXTS)
def test_clear_phones_are_the_right_words(vocabulary, text):
    assert word_errors(text, said(words(Search(vocabulary, PRIORS), frames(text)))).count == 0


def test_unclear_phones_are_mostly_the_right_words(vocabulary):
    wrong = total = 0
    for seed in range(2):
        for text in TEXTS:
            errors = word_errors(text, said(words(Search(vocabulary, PRIORS), frames(text, FAIR, seed))))
            wrong, total = wrong + errors.count, total + errors.words
    assert wrong / total < 0.12


def test_noise_is_not_the_right_words(vocabulary):
    """The tests above bite: frames of another sentence are not this one."""
    assert word_errors(TEXTS[0], said(words(Search(vocabulary, PRIORS), frames(TEXTS[4])))).rate > 0.5


def test_words_have_their_times(vocabulary):
    chance = np.random.default_rng(5)
    sounds = by_lexicon(chance, LEXICON, TEXTS[1].split())
    there = lasting(chance, sounds)
    found = words(Search(vocabulary, PRIORS), heard(chance, there, CLEAR))
    voiced = np.flatnonzero(there != SILENCE)
    assert abs(found[0].start - voiced[0]) <= 3
    assert abs(found[-1].end - 1 - voiced[-1]) <= 3
    assert all(a.end <= b.start for a, b in itertools.pairwise(found))
    assert all(word.start < word.end and 0 < word.sure <= 1 for word in found)


def test_any_chunking_gives_the_same_words(vocabulary):
    logs = np.concatenate([frames(text, FAIR) for text in TEXTS[:3]])
    assert len(Search(vocabulary, PRIORS).push(logs).certain) > 12
    chunking_does_not_matter(
        lambda: Search(vocabulary, PRIORS),
        lambda search, piece: list(search.push(piece).certain),
        logs,
        [1],
        [7, 0, 23],
        [LOOK],
        [3, 50, 1, 11],
    )


def test_words_are_certain_soon_and_partly_known_before(vocabulary):
    search, logs = Search(vocabulary, PRIORS), frames(TEXTS[1])
    known, partly = [], []
    for at in range(0, len(logs), LOOK):
        pushed = search.push(logs[at : at + LOOK])
        known += [(word, search.frames) for word in pushed.certain]
        partly.append(len(pushed.partial))
    delays = sorted(at - word.end for word, at in known)
    assert len(known) == len(TEXTS[1].split())
    assert delays[len(delays) // 2] <= 35
    assert delays[-1] <= 45
    assert max(partly) >= 1
    assert not search.close().certain


@pytest.mark.parametrize("every", [10, 30, 70])
def test_what_is_settled_is_told_once_and_stays(vocabulary, every):
    """Whoever acts on the words tells them: nothing is left out, altered or told again, whenever that is."""
    wrong = total = 0
    for text in TEXTS:
        search, found = Search(vocabulary, PRIORS), []
        logs = np.concatenate([frames(text), still(40)])
        for at in range(0, len(logs), LOOK):
            pushed = search.push(logs[at : at + LOOK])
            found += pushed.certain
            if search.frames % every == 0:
                settled = search.settle()
                assert settled == Words(pushed.ending)
                assert search.settle() == Words()
                found += settled.certain
        found += search.close().certain
        assert all(a.end <= b.start for a, b in itertools.pairwise(found))
        errors = word_errors(text, said(found))
        wrong, total = wrong + errors.count, total + errors.words
    assert wrong / total < 0.25


def test_at_the_end_of_a_sentence_settling_tells_all_of_it(vocabulary):
    """A third of a second into the silence, when an answer begins."""
    for text in TEXTS:
        search, logs = Search(vocabulary, PRIORS), np.concatenate([frames(text), still(60)])
        last = np.flatnonzero(logs.argmax(1) != SILENCE)[-1]
        upto = int(-(-(last + 15) // LOOK) * LOOK)
        found = [word for at in range(0, upto, LOOK) for word in search.push(logs[at : at + LOOK]).certain]
        assert said([*found, *search.settle().certain]) == text
        assert not words(search, logs[upto:])


def test_any_chunking_gives_the_same_words_however_often_they_are_settled(vocabulary):
    logs = np.concatenate([frames(text, FAIR) for text in TEXTS[:3]])

    def push(search, piece):
        found = []
        for frame in piece:
            found += search.push(frame[None]).certain
            if search.frames % 60 == 0:
                found += search.settle().certain
        return found

    chunking_does_not_matter(lambda: Search(vocabulary, PRIORS), push, logs, [7, 0, 23], [LOOK])


def test_what_was_unsure_says_so(vocabulary):
    clear, unclear = (
        np.mean([word.sure for text in TEXTS for word in words(Search(vocabulary, PRIORS), frames(text, hearing))])
        for hearing in (CLEAR, Hearing(mistaken=0.3, noise=2.0))
    )
    assert unclear < clear - 0.1


def test_expected_words_are_heard_where_others_would_be(vocabulary):
    """A step that collects a number makes "two" of what would be "to"; one that waits for "to" does the opposite."""
    number = "my number is to", {"digit"}, EXPECTED, "my number is two"
    for text, expected, weight, found in (number, ("two", {"to"}, 8.0, "to")):
        free, expecting = Search(vocabulary, PRIORS), Search(vocabulary, PRIORS)
        expecting.expect(expected, weight)
        assert said(words(free, frames(text))) == text
        assert said(words(expecting, frames(text))) == found


def test_expectations_may_come_and_go_within_a_word(vocabulary):
    logs, search = frames(TEXTS[5]), Search(vocabulary, PRIORS)
    found = list(search.push(logs[:33]).certain)
    search.expect({"digit", "month"}, 3.0)
    found += search.push(logs[33:64]).certain
    search.expect((), 0.0)
    found += words(search, logs[64:])
    assert said(found) == TEXTS[5]
    assert vocabulary.plain.counted[5] == vocabulary.ahead((), 0.0).counted[5]


def test_silence_says_nothing_and_costs_next_to_nothing(vocabulary):
    search = Search(vocabulary, PRIORS)
    spent = -time.thread_time()
    assert not search.push(still(5_000)).certain
    spent += time.thread_time()
    assert spent < 0.5
    assert not search.close().certain


@pytest.mark.parametrize("text", TEXTS)
def test_last_words_are_told_in_a_silence_so_sure_that_nothing_else_is_left(vocabulary, text):
    """The last hypothesis may be the only one before anybody looked: its words are told all the same."""
    search = Search(vocabulary.weighing(Weights(beam=8.0)), PRIORS)
    logs = np.concatenate([frames(text, Hearing(mistaken=0.0, noise=0.0)), still(60, 1 - 1e-7)])
    found = [word for at in range(0, len(logs), LOOK) for word in search.push(logs[at : at + LOOK]).certain]
    assert said(found) == text
    assert not search.close().certain


def test_after_a_silence_another_sentence_is_heard_as_well(vocabulary):
    search = Search(vocabulary, PRIORS)
    found = words(search, np.concatenate([frames(TEXTS[2]), still(200), frames(TEXTS[4]), still(60)]))
    assert said(found) == f"{TEXTS[2]} {TEXTS[4]}"
    assert found[-1].start > 300


def test_a_turn_costs_a_few_milliseconds(vocabulary):
    """Five are allowed on an idle core; here, whatever else goes on, four times that in the middle."""
    logs, spent = np.concatenate([frames(text, FAIR) for text in TEXTS]), []
    search = Search(vocabulary, PRIORS)
    for at in range(0, len(logs), LOOK):
        spent.append(-time.thread_time())
        search.push(logs[at : at + LOOK])
        spent[-1] += time.thread_time()
    assert np.median(spent) < 0.020


def test_a_call_of_any_length_takes_the_same_room():
    """10,000 turns: the first 800 without one pause that would let it forget, then one in twenty."""
    small, chance, largest = tiny(), np.random.default_rng(2), []
    search = Search(small, PRIORS)
    sounds = [sound for several in SMALL.values() for sound in several]
    while search.frames < 100_000:
        picked = [sounds[int(n)] for n in chance.integers(len(sounds), size=40)]
        busy = heard(chance, np.concatenate([np.repeat(sound, 3) for sound in picked])[:100], CLEAR)
        search.push(busy)
        largest.append(search.held)
        if search.frames > 8_000:
            search.push(still(1_900))
    assert max(largest[:50]) <= max(largest) <= COMPACT + 100 * small.weights.most_ends
    assert max(largest[-40:]) <= max(largest[:80])


SMALL = {
    word: [tuple(NUMBER[name] for name in sound.split())]
    for word, sound in {"two": "T UW", "go": "G OW", "tea": "T IY", "seen": "S IY N", "oat": "OW T"}.items()
}


def tiny():
    names = sorted(SMALL)
    language: Language = build(names, [["two", "go"], ["tea", "seen", "oat"], names], 1, 1, {})
    return Vocabulary(Lexicon(tuple(names), tuple(tuple(SMALL[name]) for name in names)), language, Weights(most=60))
