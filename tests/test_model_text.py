"""Words to pieces and back."""

from collections import Counter

import pytest
from laws import round_trip

from callcenter.model.config import SIZES
from callcenter.model.own import PHRASES
from callcenter.model.text import LETTERS, OPENINGS, SPECIALS, TOKEN, Pieces, learn, shipped

SENTENCES = [
    "i would like to change my order please",
    "it's four two one seven oh nine",
    "that's 42 dollars and 50 cents on 3 march 2024",
    "zyzzyva qqq '",
    "don't",
    "",
]


def test_text_comes_back_as_it_went():
    round_trip(shipped().encode, shipped().decode, SENTENCES)


def test_case_and_stops_are_not_kept():
    assert shipped().decode(shipped().encode("Hello, World! $42.50")) == "hello world 42 50"


def test_a_word_is_the_same_pieces_wherever_it_stands():
    pieces = shipped()
    words = ["i", "would", "like", "to", "change", "my", "order", "number", "4217"]
    assert pieces.encode(" ".join(words)) == [piece for word in words for piece in pieces.encode(word)]


def test_no_word_is_unknown_and_no_word_is_a_special_token():
    for text in [*SENTENCES, *LETTERS, LETTERS]:
        assert all(number >= len(SPECIALS) for number in shipped().encode(text))


def test_pieces_fit_the_smallest_vocabulary_and_frequent_words_are_whole():
    assert len(shipped()) <= SIZES["nano"].vocabulary
    assert len(set(shipped().names)) == len(shipped())
    for word in ("the", "my", "to", "you"):
        assert len(shipped().encode(word)) == 1


def test_merges_are_learnt_by_how_often_they_are_seen():
    size = len(SPECIALS) + 2 * len(LETTERS)
    merges = learn(Counter({"hello": 9, "help": 8, "yellow": 1}), size + 3)
    assert merges == [("e", "l"), ("h", "el"), ("l", "o_")]
    pieces = Pieces(merges)
    assert [pieces.names[number] for number in pieces.encode("hello help")] == ["hel", "lo_", "hel", "p_"]
    assert len(pieces) == size + 3


def test_learning_ends_when_nothing_is_left_to_merge():
    assert learn(Counter({"ab": 1}), 10_000) == [("a", "b_")]


@pytest.mark.parametrize("opening", OPENINGS)
def test_openings_are_tokens(opening):
    assert TOKEN[opening] > 0


def test_what_is_our_own_to_say_has_an_opening():
    assert set(PHRASES) <= set(OPENINGS)
