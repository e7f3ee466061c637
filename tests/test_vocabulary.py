"""What searches share, and what a step expects."""

from dataclasses import replace

import numpy as np
import pytest

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
