"""What is likely to be said next."""

from math import exp, log

import numpy as np
import pytest

from callcenter.callers.lines import DIGITS
from callcenter.model import language as shipped
from callcenter.model.language import Language, Past
from callcenter.model.lexicon import SHIPPED as LEXICON
from callcenter.model.lexicon import Lexicon
from callcenter.train.language import build

WORDS = ["account", "is", "my", "number", "one", "seven", "two", "unheard"]
SENTENCES = [
    *[["my", "account", "number", "is", "one", "two"]] * 3,
    *[["my", "number", "is", "two"]] * 2,
    ["is", "my", "account", "strange", "number", "one"],
    ["one", "two", "one", "one"],
    ["is", "number", "one", "my", "number"],
]
DIGITS_HERE = {"digit": ("one", "two", "seven")}


@pytest.fixture(scope="module")
def language():
    return build(WORDS, SENTENCES, 1, 1, DIGITS_HERE)


def after(language, words, known=WORDS):
    past = Past(*(np.array([value]) for value in language.start))
    for word in words:
        _, past = language.score(past, np.array([known.index(word)]))
    return past


def every(language, past):
    size = len(language.of)
    logs, _ = language.score(Past(past.last.repeat(size), past.pair.repeat(size)), np.arange(size))
    return logs


@pytest.mark.parametrize("before", [[], ["my"], ["my", "number"], ["number", "is"], ["unheard"], ["seven", "one"]])
def test_all_that_may_follow_sums_to_one(language, before):
    past = after(language, before)
    total = np.exp(every(language, past)).sum() + exp(language.end(past)[0])
    assert total == pytest.approx(1, abs=0.05)


def test_the_usual_comes_first(language):
    likely = every(language, after(language, ["my", "account"]))
    assert WORDS[int(np.argmax(likely))] == "number"
    assert likely[WORDS.index("number")] > likely[WORDS.index("unheard")] + log(10)


def test_a_digit_that_was_never_heard_there_is_a_digit_all_the_same(language):
    likely = every(language, after(language, ["number", "is"]))
    assert likely[WORDS.index("seven")] > likely[WORDS.index("account")] + log(4)


@pytest.mark.parametrize("before", [[], ["my"], ["my", "number"], ["number", "is"], ["seven", "one"]])
def test_words_of_ones_own_are_likely_anywhere_and_change_nothing_else(language, before):
    both, known = language.besides(2), [*WORDS, "vortexa", "quillon"]
    likely = every(both, after(both, before, known))
    assert likely[: len(WORDS)] == pytest.approx(every(language, after(language, before)))
    assert both.end(after(both, before, known)) == pytest.approx(language.end(after(language, before)))
    assert -16 < likely[-1] == likely[-2] < -4
    assert both.members[shipped.OWN] == (len(WORDS), len(WORDS) + 1)
    followed = every(both, after(both, [*before, "quillon"], known))
    assert int(np.argmax(followed)) < len(WORDS)


def test_many_words_of_ones_own_share_what_they_get(language):
    many = language.besides(1_000)
    assert np.exp(many.alone[len(WORDS) :]).sum() == pytest.approx(exp(shipped.OWN_ALL), rel=0.05)


def test_a_language_comes_back_from_its_file(language, tmp_path):
    language.save(tmp_path / "language.npz")
    again = Language.load(tmp_path / "language.npz")
    for before in ([], ["my"], ["my", "number"], ["unheard", "is"]):
        assert np.array_equal(every(again, after(again, before)), every(language, after(language, before)))
    assert dict(again.members) == {name: tuple(words) for name, words in language.members.items()}


def test_what_is_shipped_is_small_and_knows_every_string_of_digits():
    assert shipped.SHIPPED.stat().st_size + LEXICON.stat().st_size < 4 << 20
    known, words = Language.load(), list(Lexicon.load().words)
    digits = [words.index(digit) for digit in DIGITS]
    for before in (["my", "account", "number", "is"], ["seven", "three"], ["yes"]):
        likely = every(known, after(known, before, words))[digits]
        assert likely.max() - likely.min() < log(4)
        assert np.exp(likely).sum() > (0.5 if len(before) > 1 else 0.001)
