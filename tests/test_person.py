"""Callers who react: turns, gaps, interruptions, holds, patience; and the truth about all of it."""

import pytest
from acting import Clocked, Polite, hum, of, person, play, said

from callcenter import measures
from callcenter.audio import level_db
from callcenter.callers.channel import Echo
from callcenter.callers.mouth import HangUp, Press
from callcenter.callers.scenario import (
    Aside,
    Cut,
    Hold,
    Hum,
    Keys,
    Leave,
    Noise,
    Over,
    Round,
    Say,
    Silent,
    Tell,
    Temper,
    Tic,
)
from callcenter.units import RATE, samples


def seconds(span):
    return (round(span.start / RATE, 2), round(span.end / RATE, 2))


def rich():
    return person(
        Round(Say(said(1.0, 0.7, 1.0)), (Over(0.8, Hum(hum())), Over(0.6, Tic(hum("cough"))))),
        Round(Tell(said(1.5, 0.4, 1.5, 0.4, 1.0, phrase=True)), (Over(0.5, Cut(said(1.2, text="stop"))),)),
        Round(Hold(said(0.8), 4.0, said(0.9), ((1.0, Aside(said(1.0))),)), (Over(0.8, Noise(said(1.0))),)),
        seed=7,
        echo=Echo(-20.0, 0.2),
    )


def test_the_same_seed_and_the_same_agent_give_the_same_call_byte_for_byte():
    one, other = rich(), rich()
    heard_one, heard_other = play(one, Polite(one)), play(other, Polite(other))
    assert heard_one == heard_other
    assert one.truth == other.truth
    kinds = {type(h) for h in one.truth}
    expected = {"Turn", "Pause", "LongStory", "Interruption", "Backchannel", "Tic", "SideTalk", "Background", "Quiet"}
    assert {kind.__name__ for kind in kinds} >= expected | {"Echo", "HangUp"}


def test_another_seed_gives_another_call():
    one = rich()
    other = person(*one.scenario.rounds, seed=8)
    assert play(one, Polite(one))[0] != play(other, Polite(other))[0]


def test_the_truth_is_where_the_sound_is():
    who = person(Round(Say(said(1.0, 0.7, 1.0))))
    spoken, _ = play(who, Polite(who))
    turn, pause = of(who, measures.Turn)[0], of(who, measures.Pause)[0]
    assert seconds(pause) == (round(turn.start / RATE + 1.0, 2), round(turn.start / RATE + 1.7, 2))
    assert turn.end - turn.start == samples(2.7)
    assert level_db(spoken[turn.start : turn.start + samples(1.0)]) > -25
    for silent in (spoken[pause.start : pause.end], spoken[turn.end : turn.end + samples(0.2)]):
        assert -75 < level_db(silent) < -45, "never digital silence, never sound"


def test_it_waits_until_the_agent_has_finished():
    who = person(Round(Say(said(1.0))))
    play(who, Clocked((0.5, 3.0)), 10.0)
    assert 3.0 <= of(who, measures.Turn)[0].start / RATE <= 4.5


def test_a_short_break_of_the_agent_is_no_invitation():
    who = person(Round(Say(said(1.0))))
    play(who, Clocked((0.5, 2.0), (2.2, 3.5)), 10.0)
    assert of(who, measures.Turn)[0].start > samples(3.5)


def test_gaps_are_as_long_as_those_of_people():
    gaps = []
    for seed in range(40):
        who = person(Round(Say(said(1.0))), seed=seed, temper=Temper(pace=1.0))
        play(who, Clocked((0.5, 3.5)), 8.0)
        gaps.append(of(who, measures.Turn)[0].start / RATE - 3.5)
    gaps.sort()
    assert 0.2 <= gaps[20] <= 0.6
    assert 0.5 <= gaps[30] <= 1.2
    assert 0.9 <= gaps[36] <= 1.8
    assert max(gaps) < 2.0


def test_it_asks_whether_anybody_is_there_and_hangs_up_in_the_end():
    who = person(Round(Say(said(1.0))), temper=Temper(patience=3.0))
    _, deeds = play(who, Clocked(), 40.0)
    turns = of(who, measures.Turn)
    assert [turn.text for turn in turns] == ["hello?"] * 3
    assert seconds(turns[0])[0] == 3.0
    assert deeds == [HangUp()]


def test_a_mere_sound_of_the_agent_is_not_yet_an_answer():
    who = person(Round(Say(said(1.0))), Round(Say(said(1.0))))
    play(who, Clocked((0.5, 2.0), (4.4, 4.8)), 12.0)
    second = of(who, measures.Turn)[1]
    assert second.start - samples(4.8) > samples(1.2)


def test_it_hums_while_the_agent_speaks_and_does_not_take_the_floor():
    who = person(Round(Say(said(1.0)), (Over(1.0, Hum(hum())),)))
    play(who, Polite(who, 4.0))
    (hummed,) = of(who, measures.Backchannel)
    answer = of(who, measures.Turn)[0].end + samples(0.3)
    assert 1.0 <= (hummed.start - answer) / RATE <= 1.1
    assert len(of(who, measures.Turn)) == 2, "the sentence and the farewell, nothing else"


@pytest.mark.parametrize("after", [0.5, 2.0])
def test_it_interrupts_after_so_many_seconds_of_the_agents_speech(after):
    who = person(Round(Say(said(1.0)), (Over(after, Cut(said(1.5, text="no wait"))),)))
    play(who, Polite(who, 5.0, stops=True))
    (cut,) = of(who, measures.Interruption)
    assert (cut.start - of(who, measures.Turn)[0].end - samples(0.3)) / RATE == pytest.approx(after, abs=0.05)
    assert cut.text == "no wait"


def test_an_interruption_waits_for_an_agent_that_says_too_little():
    who = person(Round(Say(said(1.0)), (Over(2.0, Cut(said(1.5))),)))
    play(who, Polite(who, 1.2))
    assert not of(who, measures.Interruption)


def test_talked_over_for_long_it_stops_after_a_word_and_says_it_again():
    who = person(Round(Say(said(1.0, 0.3, 1.0, 0.3, 1.0, 0.3, 1.0))), temper=Temper(tolerance=1.5))
    play(who, Clocked((0.5, 2.0), (3.6, 8.0)), 20.0)
    broken, again = of(who, measures.Turn)[:2]
    assert not broken.complete
    assert broken.end - broken.start < samples(4.0)
    assert again.complete
    assert again.text == "words words words words"


def test_an_agent_that_hums_is_not_talking_over_anybody():
    who = person(Round(Tell(said(3.0, 0.4, 3.0, phrase=True))))
    play(who, Clocked((0.5, 2.0), (5.2, 5.7)), 20.0)
    (story,) = of(who, measures.LongStory)
    assert story.end - story.start == samples(6.4)
    assert story.phrase_ends == (story.start + samples(3.0),)


def test_it_holds_and_comes_back():
    who = person(Round(Hold(said(0.8, text="hold on"), 4.0, said(0.9, text="i'm back"), ((1.0, Aside(said(0.7))),))))
    play(who, Polite(who))
    first, back = of(who, measures.Turn)[:2]
    (quiet,) = of(who, measures.Quiet)
    (aside,) = of(who, measures.SideTalk)
    assert (first.complete, back.complete) == (False, True)
    assert quiet.start == first.end
    assert quiet.end == back.start
    assert 4.0 <= quiet.seconds < 4.5
    assert aside.start - quiet.start == pytest.approx(samples(1.0), abs=samples(0.05))


def test_it_says_nothing_although_it_is_its_turn():
    who = person(Round(Silent(5.0, said(0.9, text="still here"))))
    play(who, Clocked((0.5, 2.0)), 15.0)
    (quiet,) = of(who, measures.Quiet)
    assert 5.0 <= quiet.seconds <= 5.1
    assert of(who, measures.Turn)[0].start == quiet.end


def test_it_presses_keys():
    who = person(Round(Keys("42#")))
    _, deeds = play(who, Polite(who))
    assert deeds[:3] == [Press("4"), Press("2"), Press("#")]
    assert 0.9 < of(who, measures.Quiet)[0].seconds < 1.1


def test_it_says_goodbye_waits_for_the_agents_and_hangs_up():
    who = person()
    _, deeds = play(who, Polite(who, 1.5))
    (bye,) = of(who, measures.Turn)
    (gone,) = of(who, measures.HangUp)
    assert bye.text == "bye"
    assert deeds == [HangUp()]
    assert 2.0 < (gone.start - bye.end) / RATE < 3.5


def test_it_hangs_up_in_the_middle_of_the_agents_words():
    who = person(Round(Say(said(1.0)), (Over(1.5, Leave()),)))
    _, deeds = play(who, Polite(who, 6.0))
    answer = of(who, measures.Turn)[0].end + samples(0.3)
    assert deeds == [HangUp()]
    assert of(who, measures.HangUp)[0].start - answer == pytest.approx(samples(1.5), abs=samples(0.05))


def test_it_has_enough_after_a_while():
    who = person(*(Round(Say(said(1.0))) for _ in range(30)), limit=20.0)
    _, deeds = play(who, Polite(who))
    assert deeds == [HangUp()]
    assert 20.0 <= of(who, measures.HangUp)[0].start / RATE < 24.0


def test_an_echo_is_an_event_while_nothing_else_sounds():
    who = person(Round(Say(said(1.0)), (Over(1.0, Hum(hum())),)), echo=Echo(-20.0, 0.3))
    play(who, Polite(who, 6.0))
    echoes = of(who, measures.Echo)
    assert echoes
    others = [h for h in who.truth if isinstance(h, measures.Turn | measures.Backchannel)]
    assert not [e for e in echoes if any(e.meets(other) for other in others)]


def test_the_plan_tells_when_a_turn_will_end():
    who = person(Round(Say(said(1.0, 0.7, 1.0))))
    agent = Polite(who)
    plans = set()
    for at in range(0, samples(10.0), 160):
        who.frame(agent.frame(at, b""))
        if who.plan.doing == "turn":
            plans.add((who.plan.start, who.plan.end))
    assert (of(who, measures.Turn)[0].start, of(who, measures.Turn)[0].end) in plans


def test_what_was_said_is_known_word_by_word():
    who = person(Round(Say(said(1.0, 0.7, 1.0, text="word"))))
    play(who, Polite(who), 6.0)
    turn = of(who, measures.Turn)[0]
    assert who.said(turn.start, turn.start + samples(1.5)) == "word"
    assert who.said(turn.start, turn.end) == "word word"
    assert who.said(turn.end, turn.end + RATE) == ""
