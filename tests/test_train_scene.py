"""The labels of calls that never happened keep the rules, whatever the caller does and the agent does wrong."""

from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from little_model import said, scene

from callcenter.model.config import ASK, BACKCHANNEL, DOINGS, LISTEN, SPEAK, YIELD
from callcenter.model.phones import SILENCE
from callcenter.train.scene import CLAIMS, MINOR, NOTICE, WAIT, Mistakes, Policy, Sound, rest
from callcenter.units import RATE, TURN, samples

CLUMSY = Mistakes(start_in_pause=0.3, overlook=0.4, flinch=0.2, late=0.5, idle_start=0.05)
AGENTS = {"careful": Mistakes(), "clumsy": CLUMSY, "flinching": Mistakes(flinch=0.3)}


@cache
def scenes(agent="careful", **more):
    return [scene(seed, mistakes=AGENTS[agent], **more) for seed in range(12)]


def turns(made):
    """Every turn's end and what was decided in it."""
    return [((turn + 1) * TURN, one) for turn, one in enumerate(made.decided)]


def sounding(made, at, kinds):
    return [one for one in made.sounds if one.kind in kinds and one.start < at < one.end]


@pytest.mark.parametrize("agent", ["careful", "clumsy"])
def test_a_decision_is_possible_and_has_an_opening_only_where_it_begins_to_speak(agent):
    for made in scenes(agent):
        assert len(made.decided) == 400
        for _, one in turns(made):
            assert one.label in ((SPEAK, YIELD) if one.speaking else (LISTEN, SPEAK, BACKCHANNEL, ASK))
            assert one.done in ((SPEAK, YIELD) if one.speaking else (LISTEN, SPEAK, BACKCHANNEL, ASK))
            assert bool(one.opening) is (one.label == SPEAK and not one.speaking)
            assert one.weight > 0


def test_every_label_and_every_doing_comes_up():
    made = scenes()
    assert {one.label for call in made for one in call.decided} == {LISTEN, SPEAK, BACKCHANNEL, YIELD, ASK}
    assert {DOINGS[one.doing] for call in made for one in call.decided} == set(DOINGS)


@pytest.mark.parametrize("agent", ["careful", "clumsy"])
def test_only_a_claim_to_the_floor_makes_it_right_to_yield(agent):
    """A hum, a cough, side talk, noise alone never does."""
    for made in scenes(agent):
        for at, one in turns(made):
            if one.label == YIELD:
                assert sounding(made, at - 1, CLAIMS), f"yields to {sounding(made, at, MINOR)}"


def test_it_stops_for_small_sounds_only_by_mistake():
    def flinches(made):
        return sum(one.label == SPEAK and one.done == YIELD for call in made for one in call.decided)

    assert flinches(scenes()) == 0
    assert flinches(scenes("flinching")) > 0


@pytest.mark.parametrize(("agent", "same"), [("careful", True), ("clumsy", False)])
def test_without_mistakes_what_is_right_is_done(agent, same):
    assert all(one.done == one.label for call in scenes(agent) for one in call.decided) is same


def hums(**more):
    return sum(one.label == BACKCHANNEL for call in scenes(**more) for one in call.decided)


def test_hums_follow_the_policy():
    never, rare, normal, often = (hums(hums=name) for name in ("never", "rare", "normal", "often"))
    assert never == 0
    assert rare < normal < often
    assert often >= 2.5 * rare > 0


def test_hums_come_at_the_ends_of_phrases_of_a_story():
    for made in scenes(hums="often"):
        for at, one in turns(made):
            if one.label == BACKCHANNEL:
                (story,) = sounding(made, at, ("story",))
                assert any(0 <= at - story.start - end <= 2 * TURN for end in story.said.phrase_ends)


def answers(made):
    """Quiet between the end of what the caller said and the turn in which it is right to answer with what is there."""
    found = []
    for at, one in turns(made):
        if one.label == SPEAK and one.opening in ("<note>", "<wait>", "<bye>") and not one.speaking:
            ended = [sound.end for sound in made.sounds if sound.kind in CLAIMS and sound.end <= at]
            if ended and at - max(ended) < 2 * RATE:
                found.append(at - max(ended))
    return found


def test_who_is_patient_waits_longer_than_who_is_eager():
    quiet = {name: [gap for made in scenes(eagerness=name) for gap in answers(made)] for name in WAIT}
    for name, gaps in quiet.items():
        assert len(gaps) > 30
        assert min(gaps) >= WAIT[name]
    eager, normal, patient = (np.median(quiet[name]) for name in ("eager", "normal", "patient"))
    assert eager < normal < patient
    assert patient - eager > samples(0.3)


def test_it_is_never_right_to_begin_while_the_caller_claims_the_floor():
    """Nor in a pause in the middle: a claim lasts to its last word."""
    for made in scenes("clumsy"):
        for at, one in turns(made):
            if not one.speaking and one.label in (SPEAK, ASK):
                assert not sounding(made, at, CLAIMS)


def test_listening_at_a_comma_weighs_as_much_as_listening_in_a_pause():
    """A bare "okay" is an end that is dear; were the same "okay" before a comma cheap, every comma would be an end."""
    phones = np.full(20, 5, np.uint8)
    phones[8:12] = SILENCE
    rested = replace(said("okay can you help me", 1.6), starts=np.arange(20) * 640, phones=phones)
    ((start, end),) = rested.gaps

    def weight(at):
        made = scene(1)
        claim = Sound("turn", rested, 0, len(rested))
        return made._right_listening(at, claim)[2]

    assert weight((start + end) // 2) == weight(end) > 4 * weight(start - 800) == 4 * weight(end + 800)


def test_pauses_weigh_more_than_other_listening():
    weights = {True: [], False: []}
    for made in scenes():
        for at, one in turns(made):
            for sound in sounding(made, at, ("turn",)):
                if one.label == LISTEN and not one.speaking:
                    paused = any(start < at - sound.start < end for start, end in sound.said.pauses)
                    weights[paused].append(one.weight)
    assert min(weights[True]) > np.mean(weights[False])


def noticed(**more):
    """How long the caller talks over the agent until it is right to yield."""
    found = []
    for made in scenes(**more):
        for turn, (at, one) in enumerate(turns(made)):
            if one.label == YIELD and not (turn and made.decided[turn - 1].label == YIELD):
                found.append(at - max(sound.start for sound in sounding(made, at - 1, CLAIMS)))
    return found


def test_who_is_firm_yields_later_than_who_is_quick():
    quick, firm = noticed(yielding="quick"), noticed(yielding="firm")
    assert min(len(quick), len(firm)) > 10
    assert np.median(firm) > np.median(quick) + samples(0.2)
    assert min(firm) >= NOTICE["firm"]
    assert max(quick) <= NOTICE["quick"] + 2 * TURN


def test_a_stop_is_heard_soon_after_it_is_right():
    """Without mistakes the agent's sound ends within a turn and the lag of the line."""
    for made in scenes(yielding="quick"):
        for at, one in turns(made):
            if one.done == YIELD:
                cut = [speech for speech in made.speeches if speech.start < at + made.lag and speech.opening != "<hum>"]
                assert cut[-1].end <= at + made.lag


def test_a_later_policy_holds_from_its_turn_on():
    made = scene(3, hums="often", turns=600, later=(100, Policy("never", "patient", "firm")))
    told = [(turn, note) for turn, one in enumerate(made.decided) for note in one.notes if note[0] == "<be>"]
    assert told == [(100, ("<be>", "never patient firm"))]
    assert not any(one.label == BACKCHANNEL for one in made.decided[100:])


def test_the_same_seed_is_the_same_call_and_another_is_another():
    again, first, other = scene(5, mistakes=CLUMSY), scene(5, mistakes=CLUMSY), scene(6, mistakes=CLUMSY)
    assert again.decided == first.decided
    assert [(one.kind, one.start, one.end) for one in again.sounds] == [
        (one.kind, one.start, one.end) for one in first.sounds
    ]
    assert again.decided != other.decided


def test_every_opening_but_the_greeting_is_taught_and_a_note_is_there_when_it_is_opened():
    for made in scenes("clumsy"):
        there = 0
        for _, one in turns(made):
            there = there + 1 if any(kind == "<say>" for kind, _ in one.notes) else there
            if one.done == SPEAK and not one.speaking and one.done_opening == "<note>":
                assert there > 0
    openings = {one.opening for made in (*scenes(), *scenes("clumsy")) for one in made.decided if one.opening}
    assert {"<note>", "<check>", "<wait>", "<bye>", "<hello>"} <= openings
    assert "<greet>" not in openings


def test_what_is_left_of_a_note_begins_with_the_first_word_that_was_not_begun():
    made = next(call for call in scenes() if any(one.opening == "<note>" for one in call.speeches))
    speech = next(one for one in made.speeches if one.opening == "<note>")
    third = speech.said.words[2]
    left = rest(speech, speech.start + third.start)
    assert left.text.split() == speech.said.text.split()[2:]
    assert len(left) == len(speech.said) - third.start
    assert left.words[0].start == 0
    assert rest(replace(speech, opening="<check>"), 0) is None
    assert rest(speech, speech.start + len(speech.said)) is None


def test_the_lines_own_greeting_is_listened_through_whoever_talks_over_it():
    """It is not the model's to stop or to go on with; it sounds to its end."""
    greeted = [scene(seed, mistakes=CLUMSY, yielding="quick", turns=60) for seed in range(40)]
    greeted = [made for made in greeted if made.speeches and made.speeches[0].opening == "<greet>"]
    over = 0
    for made in greeted:
        greeting = made.speeches[0]
        assert greeting.end - greeting.start == len(greeting.said)
        for at, one in turns(made):
            if at + made.lag < greeting.end:
                assert (one.label, one.done, one.speaking, one.over) == (LISTEN, LISTEN, False, False)
                over += len(sounding(made, at, CLAIMS))
    assert len(greeted) > 5
    assert over > 10


HESITANT = Mistakes(late=0.8)


def test_what_is_right_does_not_depend_on_what_is_done():
    """The same caller and the same chance, to the first turn in which one agent is late and the other is not."""
    late = 0
    for seed in range(30):
        careful, hesitant = scene(seed), scene(seed, mistakes=HESITANT)
        for one, other in zip(careful.decided, hesitant.decided, strict=True):
            assert (one.label, one.opening, one.weight) == (other.label, other.opening, other.weight)
            if one.done != other.done:
                assert (other.label, other.done) in ((SPEAK, LISTEN), (ASK, LISTEN), (BACKCHANNEL, LISTEN))
                late += 1
                break
    assert late == 30


def test_what_was_right_and_not_done_stays_right_while_nothing_happens():
    """So whoever has not spoken yet learns nothing from that."""
    same = 0
    for seed in range(12):
        made = scene(seed, mistakes=HESITANT)
        for turn, (one, after) in enumerate(pairwise(made.decided)):
            begins = sounding(made, (turn + 2) * TURN, CLAIMS)
            if one.label in (SPEAK, ASK) and not one.speaking and one.done == LISTEN and not begins and not after.notes:
                assert (after.label, after.opening) == (one.label, one.opening)
                same += 1
    assert same > 200


def test_what_sounds_behind_a_caller_goes_on_and_no_decision_follows_it(monkeypatch):
    """A television that is on is heard all the while; who yields, hums or keeps silent for it is never right."""
    monkeypatch.setattr("callcenter.train.scene.BEHIND", 1.0)
    for seed in range(6):
        made = scene(seed)
        behind = [one for one in made.sounds if one.kind == "noise"]
        assert sum(one.end - one.start for one in behind) > 0.3 * len(made.decided) * TURN
        assert (
            max(after.start - before.end for before, after in pairwise(sorted(behind, key=lambda o: o.end))) < 5 * RATE
        )
        answered = [at for at, one in turns(made) if one.label == SPEAK and not one.speaking]
        assert any(sounding(made, at, ("noise",)) for at in answered)
        for at, one in turns(made):
            if one.label == YIELD:
                assert sounding(made, at - 1, CLAIMS)


def test_a_note_at_the_beginning_of_a_call_is_said_at_once_whatever_sounds_behind(monkeypatch):
    monkeypatch.setattr("callcenter.train.scene.BEHIND", 1.0)
    found = 0
    for seed in range(20):
        made = scene(seed)
        if not any(kind == "<say>" for kind, _ in made.decided[0].notes) or made.speeches[0].start < TURN:
            continue
        found += 1
        assert made.decided[0].label == SPEAK
    assert found


def test_now_and_then_something_sounds_just_behind_an_end_and_the_answer_comes_all_the_same(monkeypatch):
    monkeypatch.setattr("callcenter.train.scene.AFTERWARDS", 1.0)
    monkeypatch.setattr("callcenter.train.scene.BEHIND", 0.0)
    made = [scene(seed) for seed in range(6)]
    over = [
        (at, one)
        for call in made
        for at, one in turns(call)
        if one.label == SPEAK and not one.speaking and sounding(call, at, ("noise", "tic"))
    ]
    assert len(over) > 5
