"""Whether a sentence sounds finished, by its last words."""

import pytest

from callcenter.duplex.completeness import sounding


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("", "unknown"),
        ("yes", "finished"),
        ("Yes.", "finished"),
        ("I would like to know where it is.", "finished"),
        ("I would like to know where my order is right now", "likely"),
        ("I'd like to come on", "unfinished"),
        ("my name is", "unfinished"),
        ("and then I went to the,", "unfinished"),
        ("my last name is, uh", "unfinished"),
        ("um", "unfinished"),
        ("because", "unfinished"),
        ("it is four five", "unknown"),
        ("v a n", "unknown"),
        ("on the 12", "unknown"),
        ("saturday", "unknown"),
    ],
)
def test_the_last_words_tell(text, verdict):
    assert sounding(text) == verdict
