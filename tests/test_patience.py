"""How long is too long."""

from callcenter.background.patience import Patience
from callcenter.units import samples
from flows import Silence, Waiting

WAITING = Waiting(after=2.5, every=8, lines=("One moment.", "Still at it."))
SILENCE = Silence(after=8, lines=("Hello?", "Are you there?"))


def at(seconds):
    return samples(seconds)


def test_nothing_is_said_about_a_short_wait():
    patience = Patience(WAITING, SILENCE)
    patience.wait(at(10))
    assert patience.progress(at(12.4), at(10)) == ""
    assert patience.progress(at(12.5), at(10)) == "One moment."


def test_then_it_is_said_seldom_and_the_last_line_stays():
    patience = Patience(WAITING, SILENCE)
    patience.wait(0)
    told = [(second, line) for second in range(40) if (line := patience.progress(at(second), 0))]
    assert told == [
        (3, "One moment."),
        (11, "Still at it."),
        (19, "Still at it."),
        (27, "Still at it."),
        (35, "Still at it."),
    ]


def test_nothing_is_said_right_after_something_was_heard():
    patience = Patience(WAITING, SILENCE)
    patience.wait(0)
    assert patience.progress(at(5), at(4)) == ""


def test_a_wait_that_is_over_is_not_spoken_about():
    patience = Patience(WAITING, SILENCE)
    patience.wait(0)
    patience.done()
    assert patience.progress(at(60), 0) == ""


def test_silence_is_asked_about_in_turn_and_then_it_is_time_to_go():
    patience = Patience(WAITING, SILENCE)
    assert patience.check(at(7.9), 0) is None
    assert patience.check(at(8), 0) == "Hello?"
    assert patience.check(at(17), at(9)) == "Are you there?"
    assert patience.check(at(26), at(18)) == ""


def test_who_asked_to_hold_is_given_time():
    patience = Patience(WAITING, SILENCE)
    patience.hold(0)
    assert patience.check(at(60), 0) is None
    assert patience.check(at(68), 0) == "Hello?"
