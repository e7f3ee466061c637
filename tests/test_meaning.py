"""What a sound of the caller's end means."""

import pytest
from acting import hum, said

from callcenter import measures
from callcenter.callers.meaning import happenings, sounding_plan
from callcenter.callers.scenario import Aside, Cut, Hum, Noise, Say, Tell, Tic
from callcenter.callers.stage import Sounding
from callcenter.units import samples

S = samples


def sounding(does, start=1_000):
    return Sounding(does, does.take, start, start + len(does.take))


@pytest.mark.parametrize(
    ("does", "kind"),
    [
        (Hum(hum()), measures.Backchannel),
        (Tic(hum("cough")), measures.Tic),
        (Aside(hum("not now")), measures.SideTalk),
        (Noise(hum("the news")), measures.Background),
        (Cut(hum("stop")), measures.Interruption),
    ],
)
def test_every_sound_is_told_as_what_it_is(does, kind):
    one = sounding(does)
    assert happenings(one, one.end, True) == [kind(one.start, one.end, does.take.text)]


def test_a_sentence_is_a_turn_with_its_pauses():
    one = sounding(Say(said(1.0, 0.5, 1.0, text="word")))
    turn, pause = happenings(one, one.end, True)
    assert turn == measures.Turn(1_000, 1_000 + S(2.5), "word word", True)
    assert pause == measures.Pause(1_000 + S(1.0), 1_000 + S(1.5))


def test_a_sentence_that_wants_no_answer_is_no_complete_turn():
    one = sounding(Say(said(1.0), answer=False))
    assert happenings(one, one.end, True)[0].complete is False


def test_a_sentence_cut_in_its_pause_has_neither_the_pause_nor_the_words_after_it():
    one = sounding(Say(said(1.0, 0.5, 1.0, text="word")))
    (turn,) = happenings(one, one.start + S(1.2), False)
    assert turn == measures.Turn(1_000, 1_000 + S(1.2), "word", False)


def test_a_story_that_was_cut_is_not_complete():
    one = sounding(Tell(said(1.0, 0.4, 1.0, phrase=True)))
    whole = happenings(one, one.end, True)
    assert [type(h) for h in whole] == [measures.LongStory]
    story, turn = happenings(one, one.start + S(1.5), False)
    assert story.phrase_ends == (1_000 + S(1.0),)
    assert turn.complete is False


def test_the_plan_is_in_samples_of_the_call():
    plan = sounding_plan(sounding(Say(said(1.0, 0.5, 1.0))), 2_000, owed=False, leaving=False)
    assert (plan.doing, plan.start, plan.end, plan.answer) == ("turn", 1_000, 1_000 + S(2.5), True)
    assert plan.pauses == (measures.Span(1_000 + S(1.0), 1_000 + S(1.5)),)
