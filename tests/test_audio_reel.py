"""Frames lost, late, twice, out of order, overlapping and of any size, all legal; nonsense is the carrier's fault."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from laws import replay_agrees, streaming_equals_offline

from callcenter.audio import CarrierError, Media, Reel, silence
from callcenter.events import TurnHeard
from callcenter.units import FRAME, TURN

VOICE = bytes(np.random.default_rng(0).integers(0, 255, 20 * TURN, dtype=np.uint8))  # never 0xFF: what is, was lost


def frames(audio=VOICE, size=FRAME, start=0):
    return [Media(start + at, audio[at : at + size]) for at in range(0, len(audio), size)]


def push_all(reel, media):
    return [turn for one in media for turn in reel.push(one)]


def sound(turns):
    return b"".join(turn.audio for turn in turns)


def offline(audio):
    """The definition: audio cut into turns."""
    whole = len(audio) // TURN
    return [TurnHeard(turn, audio[turn * TURN : (turn + 1) * TURN]) for turn in range(whole)]


def placed(pieces):
    ends = np.cumsum([0, *map(len, pieces)])
    return [Media(int(at), piece) for at, piece in zip(ends, pieces, strict=False)]


@pytest.mark.parametrize("start", [0, 160, 12_345, 1 << 40])
def test_the_clock_starts_at_the_first_sample_that_arrives(start):
    reel = Reel()
    assert push_all(reel, frames(start=start)) == offline(VOICE)
    assert (reel.position, reel.reach, reel.lost, reel.dropped) == (len(VOICE), len(VOICE), 0, 0)


def test_a_second_stream_of_the_call_goes_on_counting():
    reel = Reel(turn=7)
    assert [turn.turn for turn in push_all(reel, frames(VOICE[: 2 * TURN], start=99))] == [7, 8]
    assert reel.position == 9 * TURN


def test_a_turn_is_out_with_the_frame_that_completes_it():
    reel = Reel()
    out = [len(reel.push(media)) for media in frames(VOICE[: 3 * TURN])]
    assert out == 3 * [0, 0, 0, 0, 0, 0, 0, 0, 0, 1]


@given(st.lists(st.integers(1, 5_000), min_size=1, max_size=30))
@settings(derandomize=True, max_examples=100, deadline=None)
def test_the_size_of_frames_does_not_matter(cut):
    streaming_equals_offline(lambda pieces: push_all(Reel(), placed(list(pieces))), offline, VOICE, cut)


@given(st.randoms(use_true_random=False), st.sampled_from([80, 160, 161, 240]))
@settings(derandomize=True, max_examples=100, deadline=None)
def test_frames_that_swap_places_or_come_twice_change_nothing(chance, size):
    media = frames(size=size)
    arrivals = [media[0], *(one for one in media[1:] for _ in range(chance.choice([1, 1, 1, 2])))]
    for at in range(2, len(arrivals) - 1, 3):
        if chance.random() < 0.5:
            arrivals[at : at + 2] = reversed(arrivals[at : at + 2])
    reel = Reel()
    assert push_all(reel, arrivals) + reel.rest() == offline(VOICE)
    assert reel.lost == 0
    assert reel.dropped == len(arrivals) - len(media)


@pytest.mark.parametrize("size", [1, 3, 8, 15])
def test_the_doubles_of_tiny_frames_are_not_taken_for_their_successors(size):
    reel = Reel()
    media = frames(VOICE[:TURN], size)
    assert push_all(reel, [one for one in media for _ in range(2)]) + reel.rest() == offline(VOICE[:TURN])
    assert reel.dropped == len(media)


@given(st.sets(st.integers(1, 198)), st.randoms(use_true_random=False))
@settings(derandomize=True, max_examples=100, deadline=None)
def test_lost_frames_become_silence_in_their_place_and_are_counted(missing, chance):
    media = frames()
    reel = Reel()
    turns = push_all(reel, [one for place, one in enumerate(media) if place not in missing]) + reel.rest()
    expected = b"".join(silence(FRAME) if place in missing else one.audio for place, one in enumerate(media))
    assert sound(turns) == expected
    assert [turn.lost for turn in turns] == [turn.audio.count(0xFF) for turn in turns]
    assert reel.lost == FRAME * len(missing) == sum(turn.lost for turn in turns)


@given(st.lists(st.tuples(st.integers(0, 750), st.integers(0, 16)), max_size=60))
@settings(derandomize=True, max_examples=200, deadline=None)
def test_whatever_overlaps_whichever_way_every_sample_is_in_its_place_or_silent(cuts):
    """Any pieces of the stream in any order; on a grid of 40 samples, which is more than is taken for rounding."""
    reel = Reel()
    media = [Media(0, VOICE[:FRAME]), *(Media(40 * at, VOICE[40 * at : 40 * (at + size)]) for at, size in cuts)]
    turns = push_all(reel, media)
    heard = reel.reach
    turns += reel.rest()
    assert [turn.turn for turn in turns] == list(range(len(turns)))
    assert {len(turn.audio) for turn in turns} <= {TURN}
    got = sound(turns)[:heard]
    assert all(mine in (0xFF, theirs) for mine, theirs in zip(got, VOICE, strict=False))
    assert reel.lost == got.count(0xFF) == sum(turn.lost for turn in turns)


def test_a_gap_waits_sixty_milliseconds_for_a_straggler_and_no_longer():
    media = frames(VOICE[: 2 * TURN])
    in_time, too_late = Reel(), Reel()
    assert push_all(in_time, [*media[:8], *media[9:11], media[8], *media[11:]]) == offline(VOICE[: 2 * TURN])
    turns = push_all(too_late, [*media[:8], *media[9:12], media[8], *media[12:]])
    assert [turn.lost for turn in turns] == [FRAME, 0]
    assert (too_late.lost, too_late.dropped) == (FRAME, 1)


def test_while_a_gap_waits_the_reach_runs_ahead_of_the_position():
    reel = Reel()
    media = frames()
    push_all(reel, [*media[:3], media[4]])
    assert (reel.position, reel.reach) == (3 * FRAME, 5 * FRAME)


def test_a_long_gap_is_whole_turns_of_silence():
    reel = Reel()
    turns = push_all(reel, [Media(0, VOICE[:FRAME]), *frames(VOICE[:640], start=FRAME + 5 * TURN)])
    assert [turn.lost for turn in turns] == [TURN - FRAME, TURN, TURN, TURN, TURN]
    assert reel.position == 5 * TURN + FRAME + 640


@pytest.mark.parametrize("seed", range(5))
def test_positions_from_rounded_milliseconds_leave_neither_gap_nor_overlap(seed):
    chance = random.Random(seed)
    wobbly = [Media(max(0, one.position + chance.randint(-8, 8)), one.audio) for one in frames()]
    reel = Reel()
    assert push_all(reel, wobbly) == offline(VOICE)
    assert (reel.lost, reel.dropped) == (0, 0)


@pytest.mark.parametrize("seed", range(5))
def test_positions_from_rounded_milliseconds_lose_whole_frames_only(seed):
    chance = random.Random(seed)
    wobbly = [Media(one.position + 8 + chance.randint(-8, 8), one.audio) for one in frames()]
    kept = [one for place, one in enumerate(wobbly) if place % 13 != 5]
    reel = Reel()
    turns = push_all(reel, kept) + reel.rest()
    assert len(sound(turns)) == len(VOICE)
    assert reel.lost == FRAME * (len(wobbly) - len(kept))


@pytest.mark.parametrize("ppm", [-400, 400])
def test_a_carrier_that_counts_by_another_clock_than_its_samples_loses_nothing(ppm):
    reel = Reel()
    turns = push_all(
        reel, [Media(round(one.position * (1 + ppm / 1e6)) + 100, one.audio) for one in frames(VOICE * 20)]
    )
    assert turns == offline(VOICE * 20)
    assert reel.lost == 0


def test_a_frame_that_says_more_of_what_is_known_gives_what_is_new():
    reel = Reel()
    media = [
        Media(0, VOICE[:1_000]),
        Media(500, VOICE[500:1_300]),
        Media(200, VOICE[200:900]),
        Media(1_100, VOICE[1_100:TURN]),
    ]
    assert push_all(reel, media) == offline(VOICE[:TURN])
    assert (reel.lost, reel.dropped) == (0, 1)


def test_of_two_held_frames_at_one_place_the_longer_is_kept():
    reel = Reel()
    push_all(reel, [Media(0, VOICE[:160]), Media(320, VOICE[320:400]), Media(320, VOICE[320:480])])
    turns = push_all(reel, [Media(160, VOICE[160:320]), Media(480, VOICE[480:TURN])])
    assert turns == offline(VOICE[:TURN])
    assert (reel.lost, reel.dropped) == (0, 1)


def test_what_is_left_at_the_end_is_filled_up_with_silence_that_nobody_lost():
    reel = Reel()
    push_all(reel, [Media(0, VOICE[:160]), Media(320, VOICE[320:480])])
    assert reel.rest() == [TurnHeard(0, VOICE[:160] + silence(160) + VOICE[320:480] + silence(TURN - 480), 160)]
    assert reel.rest() == []


@pytest.mark.parametrize(
    ("position", "size", "kind"),
    [
        (-1, 160, "bad_position"),
        (1 << 62, 160, "bad_position"),
        (100_000 + 80_161, 160, "position_jump"),
        (100_000 - 80_000, 160, "position_jump"),
        (100_160, 80_001, "long_frame"),
    ],
)
def test_nonsense_is_the_carriers_fault_and_leaves_the_reel_as_it_was(position, size, kind):
    reel = Reel()
    reel.push(Media(100_000, VOICE[:160]))
    with pytest.raises(CarrierError) as fault:
        reel.push(Media(position, bytes(size)))
    assert fault.value.kind == kind
    assert (reel.position, reel.reach) == (160, 160)
    assert push_all(reel, frames(VOICE[160:], start=100_160)) == offline(VOICE)


def test_the_longest_legal_jump_is_taken_and_the_next_counts_from_there():
    reel = Reel()
    push_all(reel, [Media(0, VOICE[:160]), Media(80_160, VOICE[:160]), Media(160_320, VOICE[:160])])
    assert (reel.position, reel.reach) == (80_320, 160_480)


def test_frames_without_audio_mean_nothing():
    reel = Reel()
    push_all(reel, [Media(5_000, b""), Media(0, VOICE[:160]), Media(900, b"")])
    assert (reel.position, reel.lost, reel.dropped) == (160, 0, 0)


def test_a_flood_of_tiny_frames_behind_a_gap_is_held_in_bounds():
    reel = Reel()
    reel.push(Media(0, VOICE[:160]))
    for at in range(40_000, 0, -1):
        reel.push(Media(at, VOICE[at : at + 1]))
        assert len(reel._held) <= 480


def test_the_same_frames_give_the_same_turns():
    media = [one for place, one in enumerate(frames()) if place % 7]
    replay_agrees(Reel, Reel.push, media)
