"""Opening hours."""

import pytest

from flows.hours import open_at, opening

NIGHT, MORNING, NOON, EVENING = 60, 9 * 60, 12 * 60, 18 * 60


@pytest.mark.parametrize(
    ("hours", "weekday", "minute", "is_open"),
    [
        (["mon-fri 08:00-18:00"], 0, MORNING, True),
        (["mon-fri 08:00-18:00"], 0, EVENING, False),
        (["mon-fri 08:00-18:00"], 0, EVENING - 1, True),
        (["mon-fri 08:00-18:00"], 5, NOON, False),
        (["mon-fri 08:00-18:00", "sat 09:00-13:00"], 5, NOON, True),
        (["fri-mon 08:00-18:00"], 6, NOON, True),
        (["fri-mon 08:00-18:00"], 2, NOON, False),
        (["sun 00:00-24:00"], 6, NIGHT, True),
        ([], 6, NIGHT, True),
    ],
)
def test_somebody_is_there_or_not(hours, weekday, minute, is_open):
    assert open_at(hours, weekday, minute) is is_open


@pytest.mark.parametrize("text", ["weekdays 8-18", "mon-fri 18:00-08:00", "mon 8:00-18:00", "xyz 08:00-18:00", ""])
def test_what_is_no_time_is_none(text):
    assert opening(text) is None
