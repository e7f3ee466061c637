"""What may be said without a note holds nothing that could be true or false."""

import re

import pytest

from callcenter.model.conduct import EVERY, OPENED
from callcenter.model.own import HUMS, PHRASES


@pytest.mark.parametrize("text", [*HUMS, *(text for texts in PHRASES.values() for text in texts)])
def test_no_number_no_amount_no_day(text):
    assert not re.search(r"\d|\b(one|two|three|today|tomorrow|monday)\b(?! moment)", text.lower())
    assert text[-1] in ".?!"


def test_everything_that_is_opened_has_words_and_a_time_between():
    assert set(OPENED) == set(EVERY)
    assert set(OPENED) <= set(PHRASES)
