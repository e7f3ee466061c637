import pytest
from calls_by_hand import at, call, gone, line

from callcenter.audio import encode
from callcenter.events import Backchannelled, Fault, Floor, Spoken, Ticked, TookFloor, Utter, Yielded
from callcenter.measures import (
    BY_NAME,
    MEASURES,
    Backchannel,
    Background,
    Echo,
    Interruption,
    LongStory,
    Outcome,
    Pause,
    Quiet,
    SideTalk,
    Span,
    Tic,
    Turn,
    figures,
    floor_states,
    from_turns,
    joined,
    judge,
    last_line,
    normal,
    played,
    recorded,
    spans,
    surmise,
    timing,
    utterances,
    word_errors,
)
from callcenter.measures.intervals import Event, at_quantile, byar, contrast, quantile, rate, ratio, share, wilson
from callcenter.measures.saved import as_data, from_data
from callcenter.units import RATE, samples

WHOLE = "I found your order, it left the warehouse this morning and"
DONE = "It left the warehouse this morning."


def outcomes(observed, measure) -> list[Outcome]:
    return [o for o in judge(observed).outcomes if o.measure == measure]


def only(observed, measure) -> Outcome:
    (outcome,) = outcomes(observed, measure)
    return outcome


def verdict(observed, measure) -> tuple[bool | None, str]:
    outcome = only(observed, measure)
    return outcome.ok, outcome.why


# ------------------------------------------------------------------------------------------------------- timelines


def test_a_mask_becomes_spans_of_samples():
    assert spans("0110000001") == (Span(160, 480), Span(1440, 1600))


def test_journal_turns_become_a_timeline_and_a_missing_turn_is_silence():
    timeline = from_turns(
        [
            {"turn": 0, "caller": "1111111111", "agent": "0000000000"},
            {"turn": 2, "caller": "1000000000", "agent": "0000011111"},
        ]
    )
    assert timeline.length == 4800
    assert timeline.caller == (Span(0, 1600), Span(3200, 3360))
    assert timeline.agent == (Span(4000, 4800),)


@pytest.mark.parametrize("mask", ["111", "11111111112", "x000000000"])
def test_a_mask_that_is_not_one_is_refused(mask):
    with pytest.raises(ValueError, match="mask"):
        from_turns([{"turn": 0, "caller": mask, "agent": "0000000000"}])


def test_the_floor_states_cover_the_call_without_gaps():
    observed = call(6, agent=[(2, 4)], truth=[at(Turn, 0, 1), at(Interruption, 3, 5)])
    states = floor_states(observed.timeline)
    assert [(s.seconds, state) for s, state in states] == [
        (1.0, "caller"),
        (1.0, "nobody"),
        (1.0, "agent"),
        (1.0, "both"),
        (1.0, "caller"),
        (1.0, "nobody"),
    ]


def test_a_recording_becomes_a_timeline_whose_sounds_end_where_they_ended():
    import numpy as np

    chance = np.random.default_rng(0)

    def channel(noise, *bursts):
        pcm = chance.normal(0, noise, 6 * RATE)
        for start, end in bursts:
            pcm[samples(start) : samples(end)] += chance.normal(0, 3000, samples(end) - samples(start))
        return encode(pcm.astype(np.int16))

    happened = [
        (4800, Spoken(2, acts=(TookFloor(),), floor=Floor(p_speak=0.9)), [Utter("agent", 16000, 24000, "It is here.")]),
        (4960, Ticked(), [Fault("late")]),
    ]
    timeline = recorded(channel(60, (1, 1.8), (4, 4.3)), channel(0, (2, 3)), happened)
    frame = samples(0.02)
    for heard, meant in zip((*timeline.caller, *timeline.agent), ((1, 1.8), (4, 4.3), (2, 3)), strict=True):
        assert abs(heard.start - samples(meant[0])) <= frame
        assert abs(heard.end - samples(meant[1])) <= frame
    assert [line.text for line in timeline.lines] == ["It is here."]
    assert (timeline.acts[0].at, timeline.leanings[0].floor.p_speak, timeline.faults[0].kind) == (4800, 0.9, "late")


def test_a_clean_channel_is_heard_to_its_last_audible_frame():
    import numpy as np

    fading = np.concatenate([np.full(RATE // 2, 3000.0), np.geomspace(3000, 3, RATE)])
    pcm = np.concatenate([np.zeros(RATE), fading * np.sin(np.arange(len(fading)))]).astype(np.int16)
    (heard,) = played(encode(pcm))
    assert heard.start == RATE
    assert heard.seconds == pytest.approx(0.5 + np.log(3000 / 260) / np.log(1000), abs=0.03)
    assert played(b"") == ()


def test_a_truth_survives_being_written_as_plain_data():
    import json

    truth = (at(Turn, 0, 1, "hi", complete=False), at(LongStory, 2, 9, "so", phrase_ends=(4, 6)), gone(10))
    assert from_data(json.loads(json.dumps(as_data(truth)))) == truth
    with pytest.raises(ValueError, match="Sneeze"):
        from_data([{"is": "Sneeze", "start": 0, "end": 1}])


# ------------------------------------------------------------------------------------------- what a sound claims


@pytest.mark.parametrize(
    ("agent", "lines", "acts", "kinds"),
    [
        ([(1, 1.5)], [line("agent", 1, 1.5, "Mm-hmm.")], [], ["acknowledgement"]),
        ([(1, 1.5)], [line("agent", 1, 1.5, "Your account")], [(0.9, Backchannelled())], ["speech"]),
        ([(1, 1.5)], [line("agent", 1, 1.5, "", "okay")], [], ["speech"]),
        ([(1, 1.8)], [line("agent", 1, 1.8, "All right, I")], [(0.9, Backchannelled())], ["speech"]),
        ([(1, 1.8)], [line("agent", 1, 1.8, "All right, okay.")], [], ["acknowledgement"]),
        ([(1, 1.5)], [], [], ["doubtful"]),
        ([(1, 1.5)], [], [(0.8, Backchannelled())], ["acknowledgement"]),
        ([(1, 2.2)], [line("agent", 1, 2.2, "Mm-hmm.")], [(0.8, Backchannelled())], ["speech"]),
        ([(1, 1.5), (1.8, 4)], [line("agent", 1, 4, "Okay. I see it here.")], [], ["speech"]),
        ([(1, 1.4), (2.2, 4)], [line("agent", 1, 1.4, "Okay."), line("agent", 2.2, 4, "It is here.")], [],
         ["acknowledgement", "speech"]),
        ([(1, 3), (3.3, 3.7)], [line("agent", 1, 3, "It is here."), line("agent", 3.3, 3.7, "Okay.")], [],
         ["speech", "acknowledgement"]),
        ([(1, 1.02)], [], [], []),
    ],
    ids=[
        "a listener's word",
        "other words, whatever the duplex claims",
        "a word that was cut off",
        "the start of more",
        "two of a listener's words",
        "nothing known",
        "announced, no words known",
        "too long, whatever it says",
        "runs into speech",
        "stands alone",
        "follows speech",
        "a click",
    ],
)  # fmt: skip
def test_audio_and_words_decide_what_a_sound_of_the_agent_claims(agent, lines, acts, kinds):
    observed = call(6, agent=agent, lines=lines, acts=acts, truth=[])
    assert [u.kind for u in utterances(observed.timeline)] == kinds


def test_a_listeners_word_before_the_end_is_not_the_start_of_the_answer():
    observed = call(
        8,
        agent=[(2.6, 2.9), (3.2, 5)],
        lines=[line("agent", 2.6, 2.9, "mm-hmm"), line("agent", 3.2, 5, "It is on its way.")],
        truth=[at(Turn, 1, 3), gone(5.5)],
    )
    assert only(observed, "L_R").value == pytest.approx(0.2)
    assert only(observed, "I_A").ok


# --------------------------------------------------------------------------------------------------------- answering


@pytest.mark.parametrize(
    ("agent", "latency"),
    [([(3.3, 5)], 0.3), ([(2.95, 5)], 0.0), ([(2.5, 5)], None), ([], None), ([(3.1, 3.4), (4.5, 6)], 1.5)],
    ids=["after the end", "within the slack", "too early", "never", "a sound nobody can tell, then an answer"],
)
def test_l_r_runs_from_the_end_of_a_turn_to_the_first_sound_of_an_answer(agent, latency):
    observed = call(9, agent=agent, truth=[at(Turn, 1, 3), gone(8)])
    assert [o.value for o in outcomes(observed, "L_R")] == ([] if latency is None else [pytest.approx(latency)])


@pytest.mark.parametrize(
    ("agent", "truth", "expected"),
    [
        ([(3.2, 5)], [at(Turn, 1, 3), gone(8)], (True, "")),
        ([], [at(Turn, 1, 3), gone(8)], (False, "no answer")),
        ([], [at(Turn, 1, 3), gone(4.5)], (None, "the call ended within 2 s")),
        ([(2, 5)], [at(Turn, 1, 3), gone(8)], (False, "the agent was already talking when the turn ended")),
        ([(6, 8)], [at(Turn, 1, 3), at(Turn, 5, 5.5, complete=False)], (False, "no answer")),
        ([(3.2, 3.6)], [at(Turn, 1, 3), gone(8)], (False, "no answer")),
    ],
    ids=["answered", "not answered", "hung up at once", "talked over the end", "spoke again first", "only a blip"],
)
def test_r_r_asks_whether_each_turn_was_answered_before_the_caller_spoke_again(agent, truth, expected):
    assert verdict(call(9, agent=agent, truth=truth), "R_R") == expected


def test_a_short_answer_in_words_is_an_answer_and_a_mere_acknowledgement_is_not():
    def said(text):
        return call(9, [(3.2, 3.7)], [at(Turn, 1, 3), gone(8)], lines=[line("agent", 3.2, 3.7, text)])

    assert only(said("Yes, nine."), "R_R").ok is True
    assert only(said("Mm-hmm."), "R_R").ok is False


def test_an_answer_that_the_caller_cut_off_at_its_first_word_is_not_judged():
    truth = [at(Turn, 1, 3), at(Interruption, 3.7, 5), gone(8)]
    observed = call(
        9, [(3.2, 3.9), (5.2, 7)], truth, lines=[line("agent", 3.2, 3.9, "I see,"), line("agent", 5.2, 7, DONE)]
    )
    assert [(o.ok, o.why) for o in outcomes(observed, "R_R")] == [
        (None, "the caller cut off whatever was beginning"),
        (True, ""),
    ]
    hummed = call(9, [(3.2, 3.45)], truth, lines=[line("agent", 3.2, 3.45, "I see,")])
    assert outcomes(hummed, "R_R")[0].ok is False


def test_a_turn_that_wants_no_answer_is_not_judged():
    assert outcomes(call(9, [], [at(Turn, 1, 3, complete=False)]), "R_R") == []


PAUSED = [at(Turn, 1, 6), at(Pause, 3, 4), gone(11)]


@pytest.mark.parametrize(
    ("agent", "truth", "expected"),
    [
        ([(6.3, 8)], PAUSED, (True, "")),
        ([(3.4, 5), (6.3, 8)], PAUSED, (False, "took the floor")),
        ([(3.4, 3.9), (6.3, 8)], PAUSED, (False, "took the floor")),
        ([(4.1, 5), (6.3, 8)], PAUSED, (False, "took the floor")),
        ([], PAUSED, (None, "the agent did not answer this turn at all")),
        ([(0.2, 8)], PAUSED, (None, "the agent was already talking")),
        ([(6.3, 8)], [at(Turn, 1, 6), at(Pause, 3, 3.3), gone(9)], (None, "not between 0.4 and 2.0 s")),
        ([(6.3, 8)], [at(Turn, 1, 3, complete=False), at(Pause, 3, 4), at(Turn, 4, 6), gone(11)], (True, "")),
    ],
    ids=[
        "waited",
        "took the floor",
        "started and broke off",
        "just too late to stop itself",
        "silence is no merit",
        "talked already",
        "too short to judge",
        "between two parts of a turn",
    ],
)
def test_pause_asks_whether_the_agent_takes_the_floor_in_mid_sentence(agent, truth, expected):
    assert verdict(call(11, agent, truth), "PAUSE") == expected


def test_an_acknowledgement_in_a_pause_takes_no_floor():
    lines = [line("agent", 3.3, 3.7, "uh-huh")]
    assert only(call(11, [(3.3, 3.7), (6.3, 8)], PAUSED, lines=lines), "PAUSE").ok is True


@pytest.mark.parametrize(
    ("agent", "count"),
    [
        ([(6.2, 8)], 0),
        ([(2.5, 4), (6.2, 8)], 1),
        ([(2.0, 2.3), (3.5, 3.8), (6.2, 8)], 2),
        ([(5.8, 8)], 1),
        ([(5.92, 8)], 0),
        ([(1.1, 3), (6.2, 8)], 0),
        ([(0.5, 5), (6.2, 8)], 1),
    ],
    ids=["waits", "breaks in", "twice", "too early", "at the very end", "both at once", "never lets the caller begin"],
)
def test_i_a_counts_how_often_the_agent_breaks_into_a_turn(agent, count):
    assert only(call(9, agent, [at(Turn, 1, 6)]), "I_A").value == count


def test_an_agent_that_never_spoke_gets_no_credit_for_not_interrupting():
    assert verdict(call(9, [], [at(Turn, 1, 6)]), "I_A") == (None, "the agent never spoke")


def test_taking_the_floor_after_a_finished_phrase_of_a_story_is_no_interruption_but_inside_a_phrase_it_is():
    story = at(LongStory, 1, 12, phrase_ends=(5.0,))
    voice = [(1, 5), (6, 12)]
    assert only(call(14, [(5.3, 7)], [story], caller=voice), "I_A").value == 0
    assert only(call(14, [(4.5, 6)], [story], caller=voice), "I_A").value == 1


# --------------------------------------------------------------------------------------------------------- dead air


@pytest.mark.parametrize(
    ("agent", "extra", "count"),
    [
        ([(0.5, 1), (4, 6), (6.5, 8)], [], 0),
        ([(0.5, 1), (6, 8)], [], 1),
        ([(0.5, 1), (6, 8)], [at(Quiet, 3, 6)], 0),
        ([(0.5, 1), (6, 8)], [at(Quiet, 3, 3.5)], 1),
        ([(4, 6)], [gone(6.5)], 0),
        ([(4, 6)], [], 1),
        ([(0.5, 1), (4, 4.3), (5.8, 6.2), (7, 8)], [], 1),
    ],
    ids=["none", "after a turn", "on hold", "a hold that is over", "hung up", "till the end", "blips break no silence"],
)
def test_dead_counts_silences_that_nobody_was_expected_to_keep(agent, extra, count):
    observed = call(9, agent, [at(Turn, 1, 3), *extra])
    assert sum(o.value for o in outcomes(observed, "DEAD")) == count
    assert figures([observed])["DEAD"].value == count


def test_noise_on_the_callers_channel_does_not_hide_dead_air():
    observed = call(9, [(7, 9)], [at(Turn, 0, 3), at(Background, 3, 9)], caller=[(0, 9)])
    assert figures([observed])["DEAD"].value == 1


# ----------------------------------------------------------------------------------------------- yielding, keeping

CUT_IN = [at(Turn, 0.2, 1), at(Interruption, 4, 6), gone(12)]


@pytest.mark.parametrize(
    ("agent", "lines", "more", "expected"),
    [
        ([(1.3, 4.5), (6.3, 8)], [line("agent", 1.3, 4.5, "I found", "your order")], {}, (True, "")),
        ([(1.3, 4.5), (6.3, 8)], [], {"planned": [(1.3, 9)]}, (True, "")),
        ([(1.3, 4.5), (6.3, 8)], [], {"planned": [(1.3, 4.6)]}, (None, "its sentence ended anyway")),
        ([(1.3, 4.5), (6.3, 8)], [line("agent", 1.3, 4.5, DONE)], {}, (None, "its sentence ended anyway")),
        ([(1.3, 4.5), (6.3, 8)], [line("agent", 1.3, 4.5, WHOLE), line("agent", 6.3, 8, DONE)], {}, (True, "")),
        ([(1.3, 4.5), (6.3, 8)], [], {}, (None, "nobody can tell whether it stopped or was finished")),
        ([(1.3, 4.5), (6.3, 8)], [], {"acts": [(4.4, Yielded())]},
         (None, "nobody can tell whether it stopped or was finished")),
        ([(1.3, 6.5)], [line("agent", 1.3, 6.5, WHOLE, "more")], {}, (False, "went on talking")),
        ([(1.3, 4.4), (5.0, 8)], [], {"planned": [(1.3, 9)]}, (False, "stopped, then talked over the caller")),
        ([(1.3, 3.5)], [], {}, (None, "the agent was not speaking")),
        ([(3.9, 5)], [], {}, (None, "both started at once")),
    ],
    ids=[
        "words were left",
        "the plan went on",
        "the plan was done",
        "a full sentence",
        "half a sentence",
        "nothing known",
        "a claim is no evidence",
        "never stops",
        "stutters",
        "precondition",
        "collision",
    ],
)  # fmt: skip
def test_r_y_counts_only_interruptions_that_stopped_the_agent(agent, lines, more, expected):
    assert verdict(call(12, agent, CUT_IN, lines=lines, **more), "R_Y") == expected


def test_l_y_runs_from_the_interruption_to_the_agents_silence():
    observed = call(12, [(1.3, 4.5), (6.3, 8)], CUT_IN, planned=[(1.3, 9)])
    assert only(observed, "L_Y").value == pytest.approx(0.5)
    assert [o.value for o in outcomes(observed, "L_R")] == [pytest.approx(0.3), pytest.approx(0.3)]


KINDS = [
    ("S_BC", at(Backchannel, 4, 4.5, "mm-hmm")),
    ("S_VT", at(Tic, 4, 4.5, "cough")),
    ("S_ND", at(SideTalk, 4, 5)),
    ("S_ND", at(Background, 4, 20)),
    ("ECHO", at(Echo, 4, 4.6)),
]
KEEPING = [
    ([(1.3, 9)], [], {}, (True, "")),
    ([(1.3, 4.7)], [], {}, (False, "stopped talking")),
    ([(1.3, 4.7), (6, 9)], [], {}, (False, "stopped talking")),
    ([(1.3, 4.7)], [line("agent", 1.3, 4.7, DONE)], {}, (None, "its sentence ended anyway")),
    ([(1.3, 4.7)], [line("agent", 1.3, 4.7, DONE)], {"acts": [(4.4, Yielded())]}, (False, "stopped talking")),
    ([(1.3, 4.7)], [line("agent", 1.3, 4.7, DONE, "And")], {}, (False, "stopped talking")),
    ([(1.3, 4.7)], [], {"planned": [(1.3, 4.8)]}, (None, "its sentence ended anyway")),
    ([(1.3, 4.7), (5.4, 9)], [], {"planned": [(1.3, 9)]}, (False, "stopped talking")),
    ([(1.3, 4.3), (4.6, 9)], [], {}, (True, "")),
]


@pytest.mark.parametrize(("measure", "event"), KINDS, ids=["S_BC", "S_VT", "side talk", "background", "ECHO"])
@pytest.mark.parametrize(
    ("agent", "lines", "more", "expected"),
    KEEPING,
    ids=[
        "goes on",
        "stops",
        "stops and resumes",
        "was done",
        "was done but admits it yielded",
        "words were left",
        "the plan was done",
        "hesitates too long",
        "only a breath",
    ],
)
def test_the_agent_must_go_on_over_sounds_that_claim_nothing(measure, event, agent, lines, more, expected):
    observed = call(12, agent, [at(Turn, 0.2, 1), event, gone(12)], lines=lines, **more)
    assert verdict(observed, measure) == expected


@pytest.mark.parametrize(("measure", "event"), KINDS[:4], ids=["S_BC", "S_VT", "side talk", "background"])
def test_two_who_start_at_once_prove_nothing(measure, event):
    observed = call(12, [(3.9, 4.7)], [at(Turn, 0.2, 1), event, gone(12)])
    assert verdict(observed, measure) == (None, "both started at once")


def test_a_sentence_that_went_on_for_two_seconds_over_a_sound_and_then_ended_was_kept():
    observed = call(12, [(1.3, 6.5)], [at(Turn, 0.2, 1), at(Echo, 1.5, 6.8)], lines=[line("agent", 1.3, 6.5, DONE)])
    assert verdict(observed, "ECHO") == (True, "")


def test_an_echo_that_comes_back_at_once_is_judged_from_the_first_word_on():
    lines = [line("agent", 1.3, 2, "It", "left on Monday")]
    observed = call(12, [(1.3, 2)], [at(Turn, 0.2, 1), at(Echo, 1.42, 2.12)], lines=lines)
    assert verdict(observed, "ECHO") == (False, "stopped talking")


def test_a_stop_is_blamed_on_the_last_sound_before_it():
    truth = [at(Turn, 0.2, 1), at(Echo, 1.5, 6), at(Backchannel, 5, 5.4)]
    observed = call(12, [(1.3, 5.6)], truth, lines=[line("agent", 1.3, 5.6, WHOLE, "more")])
    assert verdict(observed, "ECHO") == (True, "")
    assert verdict(observed, "S_BC") == (False, "stopped talking")


def test_where_an_agents_lines_never_end_like_sentences_no_missing_full_stop_is_evidence():
    plain = [line("agent", 0.1, 0.9, "hello this is the shop"), line("agent", 1.3, 4.5, "it left on monday")]
    observed = call(12, [(0.1, 0.9), (1.3, 4.5)], CUT_IN, lines=plain)
    assert verdict(observed, "R_Y") == (None, "nobody can tell whether it stopped or was finished")


def test_a_yield_to_the_turn_that_follows_is_no_yield_to_the_sound_before():
    truth = [at(Turn, 0.2, 1), at(Echo, 4, 5), at(Interruption, 6.1, 8)]
    acts = [(6.2, Yielded())]
    observed = call(12, [(1.3, 6)], truth, lines=[line("agent", 1.3, 6, DONE)], acts=acts)
    assert verdict(observed, "ECHO") == (True, "")


def test_a_sound_while_the_caller_already_speaks_to_the_agent_is_not_judged():
    truth = [at(Turn, 0.2, 1), at(Turn, 3.9, 6), at(Background, 4, 4.5)]
    observed = call(12, [(1.3, 4.3)], truth, lines=[line("agent", 1.3, 4.3, WHOLE, "more")])
    assert verdict(observed, "S_ND") == (None, "the caller was speaking to the agent already")


def test_a_breath_before_the_callers_next_turn_is_no_stop():
    truth = [at(Turn, 0.2, 1), at(Backchannel, 4, 4.3), at(Turn, 5, 7)]
    played_on = [line("agent", 1.3, 5.1, "It left on Monday. The", "carrier")]
    stopped = [line("agent", 1.3, 4.7, "It left on Monday. The", "carrier")]
    assert verdict(call(12, [(1.3, 4.7)], truth, lines=played_on), "S_BC") == (True, "")
    assert verdict(call(12, [(1.3, 4.7)], truth, lines=stopped), "S_BC") == (False, "stopped talking")


def test_half_sentences_are_evidence_even_in_a_call_in_which_most_were_cut():
    truth = [at(Turn, 0.2, 1), *(at(Interruption, n, n + 1) for n in (4, 8, 12, 16))]
    agent = [(1.3, 4.3), (5.3, 8.3), (9.3, 12.3), (13.3, 16.3), (17.3, 19)]
    lines = [line("agent", *span, "it left on") for span in agent[:4]] + [line("agent", 17.3, 19, DONE)]
    found = outcomes(call(22, agent, truth, lines=lines), "R_Y")
    assert [o.ok for o in found] == [True] * 4


def test_a_backchannel_while_the_agent_is_silent_is_not_judged():
    observed = call(12, [(1.3, 3)], [at(Turn, 0.2, 1), at(Backchannel, 4, 4.5)])
    assert verdict(observed, "S_BC") == (None, "the agent was not speaking")


@pytest.mark.parametrize(
    ("agent", "truth", "expected"),
    [
        ([(1.3, 3)], [at(Turn, 0.2, 1), at(Tic, 4.5, 5)], (True, "")),
        ([(1.3, 3), (5.4, 7)], [at(Turn, 0.2, 1), at(Tic, 4.5, 5)], (False, "took the floor")),
        ([(1.3, 3)], [at(Turn, 0.2, 1), at(Tic, 3.5, 4)], (None, "the agent may only have paused")),
        ([(3, 5)], [at(Turn, 0.2, 1), at(Tic, 1.5, 2)], (None, "an answer was due")),
        ([(1.3, 3)], [at(Turn, 0.2, 1), at(Tic, 8, 8.5)], (None, "the agent may check in after a long silence")),
        ([(5, 7)], [at(Tic, 1.5, 2)], (None, "the call had only begun")),
        ([(1.3, 3)], [at(Turn, 0.2, 1), at(Tic, 4.5, 4.7), at(Turn, 4.8, 6)], (None, "the caller spoke on at once")),
        ([(6.3, 8)], [at(Turn, 1, 6), at(Tic, 3, 3.4)], (True, "")),
        ([(3.6, 5), (6.3, 8)], [at(Turn, 1, 6), at(Tic, 3, 3.4)], (False, "took the floor")),
        ([], [at(Turn, 1, 6), at(Tic, 3, 3.4)], (None, "the agent did not answer this turn at all")),
    ],
    ids=[
        "stays silent",
        "answers a cough",
        "may have paused",
        "had to answer anyway",
        "may check in",
        "has not begun",
        "too short",
        "inside a turn",
        "inside a turn, taken for its end",
        "silence is no merit",
    ],
)
def test_a_silent_agent_must_not_answer_a_cough(agent, truth, expected):
    assert verdict(call(10, agent, truth), "S_VT") == expected


# -------------------------------------------------------------------------------------------------------- listening


def test_backchannels_are_counted_per_minute_of_caller_speech_and_placed_at_phrase_ends():
    story = at(LongStory, 0, 30, phrase_ends=(10, 20))
    said = [(10.2, 10.6), (15, 15.4), (19.8, 20.2)]
    lines = [line("agent", *span, "mm-hmm") for span in said]
    measured = figures([call(33, [*said, (30.3, 32)], [story], lines=lines)])
    assert measured["BC_per_min"].value == pytest.approx(6.0)
    assert measured["BC_at_phrase_end"].value == pytest.approx(2 / 3)
    assert measured["BC_at_phrase_end"].n == 3
    assert measured["I_A"].value == 0


def test_sounds_outside_long_turns_are_no_listening():
    observed = call(33, [(31, 31.4)], [at(LongStory, 0, 30)], lines=[line("agent", 31, 31.4, "mm-hmm")])
    assert figures([observed])["BC_per_min"].value == 0


# ------------------------------------------------------------------------------------------------------------ words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("It's 25 %, isn't it?", "its twenty five percent isnt it"),
        ("Number 00451 — uh, O.K.", "number zero zero four five one okay"),
        ("on the 3rd of May, 1,250 dollars", "on the third of may one thousand two hundred fifty dollars"),
        ("Mm-hmm, yeah, uh-huh", "yes"),
        ("3.5", "three point five"),
        ("oh seven", "zero seven"),
    ],
)
def test_texts_are_compared_in_one_form(text, words):
    assert " ".join(normal(text)) == words


def test_word_errors_count_substitutions_deletions_and_insertions():
    errors = word_errors("my order number is four two", "my older number four two please")
    assert (errors.words, errors.substituted, errors.deleted, errors.inserted) == (6, 1, 1, 1)
    assert errors.rate == 0.5


def test_wer_is_by_group_of_voices_and_leaves_out_what_others_said():
    truth = [at(Turn, 0, 2, "cancel my order"), at(SideTalk, 3, 4, "not now honey")]
    lines = [line("caller", 0, 2, "cancel my odor"), line("caller", 3, 4, "not now honey")]
    measured = figures([call(6, [], truth, lines=lines, group="real"), call(6, [], truth, group="unwritten")])
    assert set(measured.wer) == {"real"}
    assert measured.wer["real"].rate == pytest.approx(1 / 3)


# ------------------------------------------------------------------------------------------------------- live calls


def test_a_live_call_yields_turns_clear_interruptions_and_clear_backchannels_and_nothing_else():
    caller = [(1, 2), (2.5, 3), (6, 6.4), (7, 8.5), (12, 12.6), (15, 15.2)]
    lines = [line("caller", 6, 6.4, "okay"), line("caller", 7, 8.5, "no wait the other one")]
    observed = call(17, [(3.3, 7.5), (9, 11), (12.1, 14)], lines=lines, caller=caller)
    assert surmise(observed.timeline) == (
        at(Turn, 1, 3),
        at(Backchannel, 6, 6.4, "okay"),
        at(Interruption, 7, 8.5, "no wait the other one"),
        at(Turn, 12, 12.6),
    )
    measured = figures([observed])
    assert measured["PAUSE"].n == measured["S_VT"].n == measured["S_ND"].n == measured["ECHO"].n == 0
    assert measured["S_BC"].value == 1.0


def test_on_a_live_call_a_caller_may_think_about_a_question():
    def silence_after(text):
        return call(12, [(2.3, 4)], lines=[line("agent", 2.3, 4, text)], caller=[(0, 2), (9, 12)])

    assert figures([silence_after("Which one is it?")])["DEAD"].value == 0
    assert figures([silence_after("One moment.")])["DEAD"].value == 1


# ----------------------------------------------------------------------------------------------------- flatterers

SCRIPT = [
    at(Turn, 2, 5, "where is my order"),
    at(Pause, 3, 3.8),
    at(Backchannel, 7, 7.4, "mm-hmm"),
    at(Tic, 9, 9.4, "cough"),
    at(SideTalk, 11, 12),
    at(Echo, 13.2, 13.5),
    at(Interruption, 16, 18, "wait the other one"),
    at(LongStory, 26, 38, phrase_ends=(30, 34)),
    gone(44),
]
VOICE = [(2, 3), (3.8, 5), (7, 7.4), (9, 9.4), (11, 12), (16, 18), (26, 30), (30.7, 34), (34.7, 38)]


def told(*parts):
    """Agent spans with their lines: (start, end, text[, unheard])."""
    return [(start, end) for start, end, *_ in parts], [line("agent", *part) for part in parts]


GOOD = told(
    (0.3, 1.8, "Good morning."),
    (5.2, 16.4, "I found it, it left on Monday and", "will arrive soon."),
    (18.3, 25.9, "The other one is still here."),
    (34.1, 34.5, "I see"),
    (38.3, 42, "I will send it today."),
)
SILENT = told()
ALWAYS = told((0, 44, "And another thing and another thing and so on."))
EARLY = told(
    (0.3, 1.8, "Good morning."),
    (4.2, 16.4, "I found it, it left on Monday and", "will arrive soon."),
    (17.2, 25.9, "The other one is still here."),
    (37, 42, "I will send it today."),
)
NEVER_STOPS = told(
    (0.3, 1.8, "Good morning."),
    (5.2, 22, "I found it, it left on Monday and will arrive soon."),
    (23, 25.9, "The other one."),
    (38.3, 42, "I will send it today."),
)
STOPS_AT_ANYTHING = told(
    (0.3, 1.8, "Good morning."),
    (3.3, 3.9, "I", "found it"),
    (5.3, 7.2, "I found it, it", "left on Monday"),
    (7.8, 9.2, "I found it, it", "left on Monday"),
    (9.8, 11.2, "I found it, it", "left on Monday"),
    (12.4, 13.4, "I found it, it", "left on Monday"),
    (14, 16.2, "I found it, it", "left on Monday"),
    (18.3, 25.9, "The other one is still here."),
    (30.3, 30.9, "I", "will send it"),
    (34.3, 34.9, "I", "will send it"),
    (38.3, 42, "I will send it today."),
)
HUMS = told(*((second, second + 0.4, "mm-hmm") for second in range(1, 43)))


def measured_of(agent):
    spoken, lines = agent
    return figures([call(44, spoken, SCRIPT, lines=lines, caller=VOICE)])


@pytest.mark.parametrize(
    ("agent", "fails", "unmeasured"),
    [
        (GOOD, set(), set()),
        (SILENT, {"R_R", "DEAD", "BC_per_min"},
         {"L_R", "PAUSE", "L_Y", "R_Y", "S_BC", "S_VT", "S_ND", "I_A", "ECHO", "BC_at_phrase_end"}),
        (ALWAYS, {"R_R", "R_Y", "I_A"}, {"L_R", "PAUSE", "L_Y", "BC_at_phrase_end"}),
        (EARLY, {"R_R", "R_Y", "I_A"}, {"L_R", "PAUSE", "L_Y", "BC_at_phrase_end"}),
        (NEVER_STOPS, {"R_Y", "L_R_p90"}, {"L_Y", "BC_at_phrase_end"}),
        (STOPS_AT_ANYTHING, {"PAUSE", "S_BC", "S_VT", "S_ND", "ECHO", "L_R"}, {"BC_at_phrase_end"}),
        (HUMS, {"R_R", "BC_per_min"}, {"L_R", "PAUSE", "R_Y", "L_Y", "S_BC", "S_VT", "S_ND", "I_A", "ECHO"}),
    ],
    ids=["good", "silent", "always talks", "early", "never stops", "stops at anything", "only hums"],
)  # fmt: skip
def test_no_way_of_cheating_passes(agent, fails, unmeasured):
    measured = measured_of(agent)
    verdicts = {m.name: measured.passed(m.name) for m in MEASURES}
    wrong = {name for name, passed in verdicts.items() if passed is False}
    assert {name for name, passed in verdicts.items() if passed is None} - {"L_R_p90"} == unmeasured
    assert fails <= wrong
    if not fails:
        assert wrong == set()


def test_speed_is_not_believed_of_an_agent_that_does_not_wait():
    hasty = measured_of(STOPS_AT_ANYTHING)
    assert hasty["L_R"].value < BY_NAME["L_R"].now.most
    assert hasty.passed("L_R") is False
    assert hasty.passed("R_Y") is True


# -------------------------------------------------------------------------------------------------------- intervals


def test_an_interval_is_never_of_zero_width_and_there_is_none_of_nothing():
    alike = [Event(str(n), 1.0) for n in range(60)]
    low, high = share(alike)
    assert 0.9 < low < 1.0 == high
    assert share([]) is None
    assert quantile([Event("a", 0.2)] * 5, 0.5) is None
    low, high = quantile([Event(str(n), 0.2) for n in range(40)], 0.5)
    assert (low, high) == (pytest.approx(0.19), pytest.approx(0.21))
    low, high = rate([Event(str(n), 0.0) for n in range(50)])
    assert low == 0.0
    assert 0.05 < high < 0.1


def test_events_of_one_caller_count_less_than_events_of_many():
    many = share([Event(str(n), 1.0) for n in range(40)])
    few = share([Event(str(n % 4), 1.0) for n in range(40)])
    assert few[0] < many[0]


def test_the_bootstrap_holds_the_truth_about_as_often_as_it_says():
    import numpy as np

    chance = np.random.default_rng(1)
    held = 0
    for _ in range(200):
        callers = chance.beta(4, 2, size=40)
        events = [Event(str(c), float(chance.random() < p)) for c, p in enumerate(callers) for _ in range(4)]
        low, high = share(events)
        held += low <= 4 / 6 <= high
    assert 180 <= held <= 200


def test_the_same_seed_gives_the_same_interval():
    events = [Event(str(n % 20), float(n * n % 20 % 7)) for n in range(90)]
    assert rate(events, seed=3) == rate(events, seed=3)
    assert rate(events, seed=3) != rate(events, seed=4)


def test_wilson_and_byar_agree_with_published_values():
    assert wilson(0.9, 10) == (pytest.approx(0.596, abs=1e-3), pytest.approx(0.982, abs=1e-3))
    assert byar(10, 1, 1) == (pytest.approx(4.80, abs=0.02), pytest.approx(18.39, abs=0.02))


def test_quantiles_are_values_that_occurred_but_for_the_median_of_an_even_number():
    assert at_quantile([4, 1, 3, 2], 0.5) == 2.5
    assert at_quantile([1, 2, 3], 0.5) == 2
    assert at_quantile(list(range(1, 11)), 0.9) == 9


# ---------------------------------------------------------------------------------------------------------- figures


def test_figures_over_calls_show_n_and_what_was_left_out():
    calls = [
        call(9, [(3.2, 5)], [at(Turn, 1, 3), gone(8)], name="a"),
        call(9, [], [at(Turn, 1, 3), gone(8)], name="b"),
        call(9, [], [at(Turn, 1, 3), gone(4)], name="c"),
    ]
    found = figures(calls)["R_R"]
    assert (found.value, found.n, dict(found.excluded)) == (0.5, 2, {"the call ended within 2 s": 1})


def test_the_last_line_has_the_stable_keys_and_nulls_where_nothing_was_measured():
    said = last_line("quick", 7, True, {"oracle": measured_of(GOOD), "silent": measured_of(SILENT)})
    assert set(said) == {"suite", "seed", "realtime", "duplex"}
    keys = {
        "L_R", "L_R_p90", "R_R", "PAUSE", "L_Y", "R_Y", "S_BC", "S_VT", "S_ND", "I_A", "BC_per_min",
        "BC_at_phrase_end", "DEAD", "ECHO", "calls", "n", "ci",
    }  # fmt: skip
    assert keys <= set(said["duplex"]["oracle"])
    silent = said["duplex"]["silent"]
    assert silent["L_R"] is None
    assert silent["ci"]["L_R"] == [None, None]
    assert silent["n"]["R_R"] == 3
    assert silent["R_R"] == 0.0


def test_timing_tells_gaps_overlaps_pauses_and_who_speaks_how_much():
    observed = call(12, [(3.5, 6), (7.8, 10)], [at(Turn, 1, 3), at(Backchannel, 5, 5.3), at(Turn, 6.4, 8)])
    found = timing(observed)
    assert found.gaps == (pytest.approx(0.5), pytest.approx(0.4), pytest.approx(-0.2))
    assert found.overlaps == (pytest.approx(0.3), pytest.approx(0.2))
    assert (found.segments, found.short, found.inside) == (5, 1, 1)
    assert found.talk_ratio == pytest.approx(4.7 / (4.7 + 3.9))


def test_a_silence_in_which_the_other_side_speaks_is_no_pause():
    observed = call(12, [(3.3, 4.5)], [at(Turn, 1, 3), at(Turn, 5, 7), at(Pause, 5.5, 6.2)])
    assert timing(observed).pauses == (pytest.approx(0.7),)


def test_nothing_after_the_caller_hung_up_is_judged():
    observed = call(20, [(3.2, 5)], [at(Turn, 1, 3), gone(5.2), at(Turn, 8, 9)])
    assert [o.start for o in outcomes(observed, "R_R")] == [samples(1)]
    assert figures([observed])["DEAD"].value == 0


@pytest.mark.parametrize(
    ("hangs_up", "told"), [(7.5, (True, "")), (6.3, (None, "the call ended")), (20.0, (False, "stopped talking"))]
)
def test_an_agent_that_spoke_until_the_caller_hung_up_was_not_stopped(hangs_up, told):
    observed = call(
        25,
        [(3.2, 7.5)],
        [at(Turn, 1, 3), at(Echo, 6, 7), gone(hangs_up)],
        [line("agent", 3.2, 7.5, "I have", "found it")],
    )
    assert verdict(observed, "ECHO") == told


def test_joined_merges_what_touches_and_drops_what_is_too_short():
    assert joined([Span(0, 5), Span(5, 8), Span(20, 22)], least=3) == (Span(0, 8),)
    assert RATE == 8000


def paired(gap, callers=30, seed=3):
    """The same callers in two conditions: they differ much among themselves and by `gap` between the two."""
    import numpy as np

    chance = np.random.default_rng(seed)
    own = chance.normal(0, 5, callers)
    return tuple(
        [Event(f"c{n}", float(own[n] + side * gap + chance.normal(0, 0.1))) for n in range(callers) for _ in range(4)]
        for side in (1, 0)
    )


def less(one, other):
    return ratio(one) - ratio(other)


def test_a_difference_of_the_same_callers_is_seen_though_callers_differ_more():
    one, other = paired(0.5)
    low, high = contrast(one, other, less)
    assert 0.4 < low < 0.5 < high < 0.6
    low, high = contrast(*paired(0.0), less)
    assert low < 0 < high


def test_few_callers_and_comparisons_that_mostly_fail_say_nothing():
    one, other = paired(0.5, callers=9)
    assert contrast(one, other, less) is None
    assert contrast(*paired(0.5), lambda *_: None) is None
    assert contrast([], [], less) is None


def test_a_comparison_may_be_infinite():
    one = [Event(f"c{n}", 1.0) for n in range(12)]
    none = [Event(f"c{n}", 0.0) for n in range(12)]
    assert contrast(one, none, lambda a, b: ratio(a) / ratio(b) if ratio(b) else float("inf")) == (
        float("inf"),
        float("inf"),
    )
