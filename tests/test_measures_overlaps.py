"""The labels of the review screen: each meeting of two voices has a name, and it is the measures' own."""

import pytest
from calls_by_hand import call, line

from callcenter.events import Ignored
from callcenter.measures import Acted, Backchannel, Interruption, Observed, Span, Timeline, Turn, overlaps, scene
from callcenter.units import samples


def span(start, end):
    return Span(samples(start), samples(end))


def labels(timeline, truth=None):
    return [(o.kind, o.start / 8_000, o.end / 8_000) for o in overlaps(scene(Observed("call", timeline, truth)))]


def timeline(caller, agent, lines=(), acts=()):
    return Timeline(
        samples(20), tuple(span(*s) for s in caller), tuple(span(*s) for s in agent), tuple(lines), tuple(acts)
    )


def test_two_who_take_turns_are_not_labelled():
    assert labels(timeline([(1, 3), (6, 8)], [(3.5, 5.5), (8.5, 10)])) == []


def test_an_interruption_is_the_callers_whatever_became_of_it():
    found = labels(timeline([(4, 6)], [(1, 5)]), (Interruption(samples(4), samples(6), "wait"),))
    assert found == [("interruption_caller", 4.0, 6.0)]


def test_a_hum_of_the_caller_is_a_backchannel():
    found = labels(timeline([(4, 4.4)], [(1, 8)]), (Backchannel(samples(4), samples(4.4), "mm-hmm"),))
    assert found == [("backchannel_caller", 4.0, 4.4)]


def test_a_hum_of_the_agent_is_a_backchannel():
    hum = line("agent", 4.0, 4.4, "mm-hmm")
    found = labels(timeline([(1, 8)], [(4, 4.4)], [hum]), (Turn(samples(1), samples(8), "a long story"),))
    assert found == [("backchannel_agent", 4.0, 4.4)]


def test_an_agent_that_speaks_into_a_turn_interrupts():
    told = line("agent", 4.0, 7.0, "Let me tell you something else.")
    found = labels(timeline([(1, 8)], [(4, 7)], [told]), (Turn(samples(1), samples(8), "a long story"),))
    assert found == [("interruption_agent", 4.0, 7.0)]


def test_a_caller_who_begins_as_the_agents_sentence_ends_overlaps_smoothly():
    lines = [line("agent", 1, 5, "Your order has left the house."), line("caller", 4.8, 7, "thank you that is good")]
    assert labels(timeline([(4.8, 7)], [(1, 5)], lines)) == [("smooth", 4.8, 5.0)]


def test_a_sound_without_words_beside_the_agents_voice_is_an_echo_suspect():
    words = line("caller", 1.0, 3.0, "yes that is right")
    assert labels(timeline([(1, 3), (6, 6.5)], [(4, 9)], [words])) == [("echo", 6.0, 6.5)]


def test_without_any_words_of_the_caller_nothing_is_suspected():
    assert labels(timeline([(6, 6.5)], [(4, 9)])) == [("smooth", 6.0, 6.5)]


def test_the_duplexs_own_word_makes_an_echo():
    words = line("caller", 6.0, 6.5, "and so on")
    act = Acted(samples(6.7), Ignored("echo"))
    assert labels(timeline([(6, 6.5)], [(5, 9)], [words], [act])) == [("echo", 6.0, 6.5)]


@pytest.mark.parametrize("width", [0.05, 0.09])
def test_a_touch_is_not_labelled(width):
    assert labels(timeline([(1, 3 + width)], [(3, 5)]), (Turn(samples(1), samples(3 + width), "yes"),)) == []


def test_every_meeting_lies_under_a_label():
    observed = call(15, caller=[(1, 4), (5, 9)], agent=[(3.5, 5.5), (8, 12)])
    timeline_ = observed.timeline
    found = overlaps(scene(observed))
    for mine in timeline_.caller:
        for theirs in timeline_.agent:
            if mine.meets(theirs):
                both = Span(max(mine.start, theirs.start), min(mine.end, theirs.end))
                assert any(o.span.meets(both) for o in found)
