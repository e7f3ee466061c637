"""The life of a flow: draft, version, publication, and back."""

import pytest

from flows import FlowError, Problem
from flows.versions import History, difference, edited, published, rolled_back


def no_problems(text):
    return ()


def three_versions():
    history = History("retail")
    for text in ("one", "two", "three"):
        history = published(edited(history, text), f"2026-11-2{len(text)}", "ana", problems=no_problems)
    return history


def test_publishing_makes_a_version_that_callers_get():
    history = published(edited(History("retail"), "one"), "2026-11-21", "ana", "first", no_problems)
    assert (history.live.number, history.live.text, history.live.note) == (1, "one", "first")
    assert not history.changed


def test_a_draft_with_problems_is_not_published():
    problem = Problem(3, "steps", "no step can be reached.", "Give the steps phrases.")
    with pytest.raises(FlowError) as caught:
        published(edited(History("retail"), "bad"), "2026-11-21", "ana", problems=lambda text: (problem,))
    assert caught.value.problems == (problem,)


def test_editing_changes_the_draft_and_no_version():
    history = edited(three_versions(), "four")
    assert history.changed
    assert [version.text for version in history.versions] == ["one", "two", "three"]


def test_going_back_publishes_the_older_version_and_keeps_all_others():
    history = rolled_back(three_versions(), 1, "2026-11-30", "ben")
    assert history.live.text == "one"
    assert history.draft == "one"
    assert [one.number for one in history.publications] == [1, 2, 3, 1]
    assert len(history.versions) == 3


def test_the_same_text_is_the_same_version():
    history = published(edited(three_versions(), "two"), "2026-11-30", "ben", problems=no_problems)
    assert history.live.number == 2
    assert len(history.versions) == 3


def test_publishing_what_is_live_changes_nothing():
    history = three_versions()
    assert published(history, "2026-11-30", "ben", problems=no_problems).publications == history.publications


def test_a_version_that_is_not_there_is_refused_by_name():
    with pytest.raises(LookupError, match="retail has no version 9; there are: 1, 2, 3"):
        rolled_back(three_versions(), 9, "2026-11-30", "ben")


def test_the_difference_of_two_versions_is_a_diff():
    assert "-two" in difference("one\ntwo", "one\n2")
    assert "+2" in difference("one\ntwo", "one\n2")
    assert difference("same", "same") == ""
