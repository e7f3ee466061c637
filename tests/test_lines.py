"""What customers say."""

import gzip
import re
from random import Random

import pytest

from callcenter.callers.heldout import held_out
from callcenter.callers.lines import DIGITS, NEEDY, Lines, customers, filled, halt, number, one_sentence, whole_words

KINDS = ("request", "reply", "halting", "correction", "address", "number", "spelled", "story", "stop", "mind")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("hi, i a m here", "hi, i am here"),
        ("i forgot my pin and a m blocked now", "i forgot my pin and am blocked now"),
        ("when a m i free?", "when am i free?"),
        ("a m i there", "am i there"),
        ("at ten a m, i a m there", "at ten a m, i am there"),
        ("nine thirty a m and eight o'clock a m", "nine thirty a m and eight o'clock a m"),
    ],
)
def test_who_is_somewhere_names_no_time_of_day(written, said):
    assert whole_words(written) == said


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("evaluation", [True, False])
def test_every_kind_of_line_is_drawn_from_its_own_side_and_can_be_spoken(kind, evaluation):
    lines = Lines(Random(1), evaluation)
    drawn = [getattr(lines, kind)() for _ in range(30)]
    assert len({wording.text for wording in drawn}) > 5
    for wording in drawn:
        assert "{" not in wording.text
        assert re.fullmatch(r"[a-z ,.?'-]+", wording.text), wording.text
        assert all(chunk.text for chunk in wording.chunks)
        assert all(chunk.pause > 0 for chunk in wording.chunks[:-1])
        assert wording.chunks[-1].pause == 0
    right = sum(held_out("sentence", wording.text) == evaluation for wording in drawn)
    assert right >= 28


def test_the_same_seed_draws_the_same_lines():
    one, other = Lines(Random(5)), Lines(Random(5))
    assert [one.story(), one.number(), one.stop()] == [other.story(), other.number(), other.stop()]


@pytest.mark.parametrize("kind", ["halting", "correction", "address", "number", "spelled"])
def test_a_pause_stands_where_a_sentence_cannot_be_over(kind):
    lines = Lines(Random(2), False)
    for _ in range(100):
        for chunk in getattr(lines, kind)().chunks[:-1]:
            last = chunk.text.rstrip(",").split()[-1]
            whole = last in NEEDY or last in ("um", "uh", "sorry", "wait", "mean", "rather", "need", "either")
            group = last in DIGITS or len(last) == 1
            house = chunk.text.startswith("number ")
            assert whole or group or house or chunk.text.endswith(("number is", "it's", "would be", "reference is")), (
                chunk.text
            )


def test_a_long_story_has_phrases_and_no_pauses():
    for _ in range(20):
        story = Lines(Random(3)).story(6)
        assert len(story.chunks) == 6
        assert all(chunk.phrase for chunk in story.chunks[:-1])


def test_real_lines_are_halted_after_a_word_that_needs_another():
    wording = halt(Random(1), "i need to change the date of my booking")
    assert wording.chunks[0].text.removesuffix(", um").removesuffix(", uh").split()[-1] in NEEDY
    assert wording.text.replace(", um", "").replace(", uh", "") == "i need to change the date of my booking"
    assert halt(Random(1), "yes thank you very much indeed") is None


def test_customers_come_from_the_data_by_side(tmp_path):
    (tmp_path / "text").mkdir()
    every = [f"i want {word} of them please" for word in DIGITS] + ["SHOUTING", "costs 5$"]
    with gzip.open(tmp_path / "text" / "callers.txt.gz", "wt") as out:
        out.write("\n".join(every))
    kept, rest = customers(tmp_path, True), customers(tmp_path, False)
    assert sorted(kept + rest) == sorted(every[:10])
    assert customers(tmp_path / "nowhere", True) == ()


def test_sentences_of_real_customers_run_together():
    assert one_sentence("yes please. how much? thank you.") == "yes please, how much, thank you."


def test_numbers_and_blanks_become_words():
    assert {number(Random(seed), 2) for seed in range(300)} >= {"seven", "fifteen", "forty", "ninety nine"}
    assert filled(Random(1), "no blanks") == "no blanks"
