"""What is found by place is what looking at everything finds."""

from hypothesis import given
from hypothesis import strategies as st

from callcenter.measures.places import Marks, Spread

PLACE = st.integers(-20, 60)
STRETCHES = st.lists(st.tuples(PLACE, st.integers(0, 25)).map(lambda drawn: (drawn[0], drawn[0] + drawn[1])))


@given(STRETCHES, PLACE, PLACE)
def test_stretches_that_meet_another_are_found_in_the_order_in_which_they_were_given(things, start, end):
    spread = Spread(things, lambda thing: thing[0], lambda thing: thing[1])
    expected = [thing for thing in things if thing[0] < end and start < thing[1]]
    assert spread.meeting(start, end) == expected
    assert spread.any(start, end) == bool(expected)
    assert spread.holding(start) == any(begin <= start < stop for begin, stop in things)


@given(st.lists(PLACE), PLACE, PLACE)
def test_marks_know_what_lies_in_a_window_and_what_is_nearest(at, start, end):
    marks = Marks(at)
    assert marks.any(start, end) == any(start <= one < end for one in at)
    assert marks.last(start, -99) == max((one for one in at if one <= start), default=-99)
    assert marks.first(start, end) == min((one for one in at if start <= one < end), default=end)
