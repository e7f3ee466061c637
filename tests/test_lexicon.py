"""Words, how they sound, and the tree of their sounds."""

import shutil

import numpy as np
import pytest

from callcenter.model.lexicon import MUTE, PAUSE, START, Lexicon, chosen, tokens, tree
from callcenter.model.phones import NUMBER, PHONES
from callcenter.train.lexicon import build, flite, in_sentences

SENTENCES = [["i", "want", "a", "car"], ["one", "two", "three", "to"], ["i", "want", "water", "to", "go"]]


def sound(text):
    return tuple(NUMBER[name] for name in text.split())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Hello, it's 'me'!", ["hello", "it's", "me"]),
        ("Mm-hmm. uh-huh, MHM", ["mhm", "uhhuh", "mhm"]),
        ("twenty-one o'clock", ["twenty", "one", "o'clock"]),
        ("I\u2019d", ["i'd"]),
        ("42?", []),
    ],
)
def test_texts_become_words(text, words):
    assert tokens(text) == words


def test_silence_is_no_part_of_a_word_and_nothing_is_kept_twice():
    assert chosen([(0, 5, 0), (5,), (0,), (6,), (7,)], most=2) == ((5,), (6,))


def test_a_lexicon_comes_back_from_its_file(tmp_path):
    lexicon = Lexicon(("a", "two"), (((3,), (13,)), ((31, 34),)))
    lexicon.save(tmp_path / "lexicon.npz")
    assert Lexicon.load(tmp_path / "lexicon.npz") == lexicon


def paths(found, node=START, before=()):
    """Every word of a tree with the phones that lead to it."""
    for child in range(found.first[node], found.first[node] + found.children[node]):
        if child != PAUSE:
            way = (*before, int(found.phone[child]))
            yield from ((int(word), way) for word in found.said[found.ends[child] : found.ends[child + 1]])
            yield from paths(found, child, way)


def test_the_tree_holds_every_pronunciation_once():
    sounds = [[sound("T UW"), sound("T AH")], [sound("T UW")], [sound("T UW L")], [sound("AY")]]
    found = tree(sounds)
    assert sorted(paths(found)) == sorted((word, way) for word, several in enumerate(sounds) for way in several)
    assert len(found) == 2 + 5
    assert found.phone[START] == MUTE
    assert PHONES[found.phone[PAUSE]] == "sil"
    assert found.children[START] == found.children[PAUSE] + 1


def test_every_node_knows_the_best_word_below_it():
    sounds = [[sound("T UW")], [sound("T UW L")], [sound("T AH")], [sound("AY")]]
    found = tree(sounds)
    best = found.best_below(np.array([-5, -2, -3, -9], np.float32))
    for node in range(2, len(found)):
        below = [word for word, _ in paths(found, node)] + found.said[found.ends[node] : found.ends[node + 1]].tolist()
        assert best[node] == max((-5, -2, -3, -9)[word] for word in below)
    assert best[START] == best[PAUSE] == -2


def test_the_synthesizer_says_how_words_sound():
    lexicon = build(SENTENCES, ["eleven", "mhm"], least=1)
    number = lexicon.number()
    assert set(lexicon.words) >= {"car", "eleven", "w", "mhm"}
    assert sound("K AA R") in lexicon.sounds[number["car"]]
    assert sound("K AA") in lexicon.sounds[number["car"]]
    assert lexicon.sounds[number["mhm"]][0] == sound("M HH M")
    assert sound("T AH") in lexicon.sounds[number["to"]]
    assert lexicon.sounds[number["w"]][0] == sound("D AH B AH L Y UW")


def test_small_words_are_weak_among_others():
    assert sound("T AH") in in_sentences(["i want to go"] * 3, ["en-us"])["to"]


@pytest.mark.skipif(not shutil.which("flite"), reason="flite is not installed")
def test_flite_tells_many_words_in_one_run():
    said = flite(["seven", "water", "mrs", "b"])
    assert said["seven"] == [sound("S EH V AH N")]
    assert said["b"] == [sound("B IY")]


def test_what_is_shipped_has_the_words_of_every_call():
    shipped = Lexicon.load()
    assert 10_000 <= len(shipped.words) <= 17_000
    assert {"zero", "nine", "monday", "december", "thirtieth", "yes", "stop", "q", "schmidt", "invoice"} <= set(
        shipped.words
    )
    assert all(shipped.sounds)
    assert max(map(len, shipped.sounds)) <= 6
