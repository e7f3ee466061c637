"""The clock of a call under simulated networks: seeded jitter and drift."""

from itertools import pairwise

import numpy as np
import pytest
from laws import replay_agrees

from callcenter.audio import Anchor

START = 1_000.0


def arrivals(seed, drift_ppm, seconds=60, mean=0.010, worst=0.030):
    """Ends and arrival times of 20 ms frames from a clock that drifts, each late by chance, none overtaking another."""
    chance = np.random.default_rng(seed)
    ends = 160 * np.arange(1, seconds * 50 + 1)
    late = np.minimum(chance.exponential(mean, len(ends)), worst)
    times = np.maximum.accumulate(START + ends / (8_000 * (1 + drift_ppm / 1e6)) + late)
    return [(int(end), float(time)) for end, time in zip(ends, times, strict=True)]


def follow(anchor, frames):
    """What the anchor tells at each frame, just before the next, and the truth."""
    for (end, time), (_, following) in pairwise(frames):
        anchor.saw(end, time)
        yield end, time, anchor.at(time)
        yield end, following, anchor.at(following)


@pytest.mark.parametrize("drift_ppm", [-300, -50, 0, 50, 300])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_after_a_second_the_time_told_is_true_within_two_milliseconds(seed, drift_ppm):
    told = list(follow(Anchor(), arrivals(seed, drift_ppm)))
    errors = [at - (time - START) * 8_000 * (1 + drift_ppm / 1e6) for _, time, at in told if time > START + 1]
    assert max(np.abs(errors)) <= 16


@pytest.mark.parametrize(("mean", "worst"), [(0.01, 0.03), (0.08, 0.5)])
def test_time_never_goes_back_and_is_never_behind_what_was_seen(mean, worst):
    last = 0
    for end, _, at in follow(Anchor(), arrivals(4, 100, mean=mean, worst=worst)):
        assert at >= max(last, end)
        last = at


def test_asked_for_the_past_it_tells_no_less_than_it_has_seen():
    anchor = Anchor()
    for frame in range(100):
        anchor.saw(160 * (frame + 1), START + 0.02 * (frame + 1))
        assert anchor.at(START) == 160 * (frame + 1)


def test_before_the_first_frame_nothing_was_heard():
    assert Anchor().at(START) == 0


def test_time_goes_on_through_a_stall_and_does_not_jump_after_it():
    anchor = Anchor()
    for frame in range(500):
        anchor.saw(160 * (frame + 1), START + 0.02 * (frame + 1))
    assert anchor.at(START + 13) == pytest.approx(13 * 8_000, abs=16)
    for frame in range(500, 700):
        time = max(START + 13, START + 0.02 * (frame + 1))
        anchor.saw(160 * (frame + 1), time)
        assert anchor.at(time) == pytest.approx(8_000 * (time - START), abs=16)


def test_a_first_burst_and_a_longer_path_are_made_up_for_within_some_seconds():
    """Half a second comes at once; later everything takes 50 ms longer."""
    anchor = Anchor()
    errors = []
    for frame in range(4_000):
        time = START + max(0.5, 0.02 * (frame + 1)) + (0.05 if frame > 2_000 else 0)
        anchor.saw(160 * (frame + 1), time)
        errors.append(anchor.at(time) - 160 * (frame + 1))
    assert max(errors[1_000:2_000]) <= 16
    assert max(errors[2_001:]) == pytest.approx(400, abs=8)
    assert max(errors[2_500:]) <= 16


def test_a_burst_that_runs_ahead_slows_the_clock_but_never_stops_it():
    """Two seconds come at once, before their time; then everything is on time."""
    anchor = Anchor()
    told = []
    for frame in range(3_000):
        time = START + (0.02 * (frame + 1) if frame >= 100 else 0)
        anchor.saw(160 * (frame + 1), time)
        told.append(anchor.at(time) - 160 * (frame + 1))
    assert told[100] == pytest.approx(16_000, abs=16)
    assert min(now - before for before, now in pairwise(told[100:])) >= -21  # of 160: an eighth slower at most
    assert max(told[1_500:]) <= 16


def test_the_same_arrivals_tell_the_same_time():
    def receive(anchor, frame):
        anchor.saw(*frame)
        return anchor.at(frame[1])

    replay_agrees(Anchor, receive, arrivals(5, -120, seconds=5))
