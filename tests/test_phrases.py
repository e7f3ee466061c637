"""Which step does the caller want? Learned from the flow's phrases, the same every time."""

import pytest

from callcenter.background.phrases import BYE, COMMON, DROP, HOLD, PERSON, REPEAT, content, learn
from callcenter.background.thesaurus import GROUPS, groups
from flows import shipped

FLOWS = shipped()
LEARNED = {name: learn({step.name: step.phrases for step in flow.steps.values()}) for name, flow in FLOWS.items()}


@pytest.mark.parametrize("name", FLOWS)
def test_its_own_phrases_are_understood(name):
    steps = FLOWS[name].steps.values()
    asked = [(step.name, phrase) for step in steps for phrase in step.phrases]
    right = sum(LEARNED[name].scores(phrase)[0][0] == step for step, phrase in asked)
    assert right >= 0.97 * len(asked)


@pytest.mark.parametrize("name", FLOWS)
def test_phrases_that_were_left_out_are_mostly_understood(name):
    right = whole = 0
    for fold in range(5):
        kept = {step.name: step.phrases for step in FLOWS[name].steps.values()}
        taken = {key: [one for at, one in enumerate(texts) if at % 5 == fold] for key, texts in kept.items()}
        model = learn({key: [one for one in texts if one not in taken[key]] for key, texts in kept.items()})
        for key, texts in taken.items():
            whole += len(texts)
            right += sum(model.scores(text)[0][0] == key for text in texts)
    assert right >= 0.72 * whole


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("i would like to speak to a human being", PERSON),
        ("that's all i needed goodbye", BYE),
        ("hold on a moment let me look", HOLD),
        ("could you repeat what you said", REPEAT),
        ("never mind forget about it", DROP),
    ],
)
def test_what_every_caller_says_is_understood_in_every_flow(text, wanted):
    assert {model.scores(text)[0][0] for model in LEARNED.values()} == {wanted}


def test_probabilities_are_probabilities():
    shares = [share for _, share in LEARNED["retail"].scores("where is my order")]
    assert sum(shares) == pytest.approx(1.0)
    assert shares == sorted(shares, reverse=True)


def test_learning_twice_gives_the_same():
    again = learn({step.name: step.phrases for step in FLOWS["retail"].steps.values()})
    assert again.scores("when does it get here") == LEARNED["retail"].scores("when does it get here")


def test_nothing_said_is_nothing_in_particular():
    assert max(share for _, share in LEARNED["retail"].scores("")) < 0.2


def test_numbers_and_days_are_alike():
    assert content("order four two one seven on friday") == content("order nine nine on tomorrow")


def test_groups_are_found_in_turns_of_phrase():
    assert {"arrive", "status"} <= set(groups(("has", "not", "come", "when", "does", "it", "get", "here", "already")))
    assert set(groups(("zebra",))) == set()


def test_no_group_is_empty():
    assert all(texts.split() for texts in GROUPS.values())
    assert set(COMMON) == {PERSON, BYE, HOLD, REPEAT, DROP, "@nothing"}


@pytest.mark.parametrize(
    ("heard", "meant"),
    [
        ("order for two one seven", "order four two one seven"),
        ("order forty to seventeen", "order forty two seventeen"),
        ("is it one to eight", "is it one two eight"),
    ],
)
def test_a_digit_that_is_heard_as_a_small_word_is_one_among_digits(heard, meant):
    assert content(heard) == content(meant)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("a table for two people", "for"),
        ("i want to cancel", "to"),
        ("from one to the other", "to"),
        ("too much", "too"),
    ],
)
def test_a_small_word_is_no_digit_by_itself(said, kept):
    assert kept in content(said)
