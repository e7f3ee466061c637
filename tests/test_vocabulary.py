"""What searches share, and what a step expects."""

from dataclasses import replace

import numpy as np
import pytest

from callcenter.model.expectations import read
from callcenter.model.lexicon import Lexicon, tree
from callcenter.model.vocabulary import REMEMBERED, Vocabulary


@pytest.fixture(scope="module")
def vocabulary():
    return Vocabulary.shipped()


def test_lexicon_and_language_must_belong_together(vocabulary):
    lexicon = Lexicon(("a",), (((3,),),))
    with pytest.raises(ValueError, match="built apart"):
        Vocabulary(lexicon, vocabulary.language)
    assert len(tree(lexicon.sounds)) == 3


def test_other_weights_share_the_words(vocabulary):
    other = vocabulary.weighing(replace(vocabulary.weights, language=2.0))
    assert other.tree is vocabulary.tree
    assert other.plain.counted[7] == pytest.approx(
        2 * vocabulary.plain.counted[7] / vocabulary.weights.language, rel=1e-5
    )


def test_expected_words_and_the_words_of_expected_classes_gain(vocabulary):
    ahead = vocabulary.ahead({"digit", "water", "no such word"}, 2.0)
    gained = {vocabulary.words[i] for i in np.flatnonzero(ahead.bonus)}
    assert gained == {"water", "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"}
    assert (ahead.counted >= vocabulary.plain.counted).all()
    assert vocabulary.ahead({"water", "digit", "no such word"}, 2.0) is ahead


def test_only_so_many_expectations_are_remembered(vocabulary):
    first = vocabulary.ahead({"may"}, 1.0)
    for weight in range(REMEMBERED):
        vocabulary.ahead({"may"}, 2.0 + weight)
    assert vocabulary.ahead({"may"}, 1.0) is not first


def test_names_that_are_other_words_too_are_expected_as_names(vocabulary):
    """James, Grace and Young are in no class of names, for they mean something else as well."""
    ahead = vocabulary.ahead(read("<name>"), 2.0)
    by = {word: float(ahead.bonus[vocabulary.number[word]]) for word in ("james", "grace", "young", "carter", "maria")}
    assert all(bonus > 2.0 * vocabulary.weights.language for bonus in by.values()), by
    assert ahead.bonus[vocabulary.number["order"]] == 0
    assert not {"james", "young"} & {vocabulary.words[at] for at in vocabulary.language.members["name"]}
