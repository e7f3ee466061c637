"""What sounds now: takes on exact samples, mixed into frames."""

import numpy as np
from acting import said, tone

from callcenter.callers.scenario import Noise, Say
from callcenter.callers.stage import Stage
from callcenter.callers.takes import Take
from callcenter.units import FRAME


def played(stage, frames, start=0):
    out, ended = [], []
    for at in range(start, start + frames * FRAME, FRAME):
        sound, over = stage.frame(at)
        out.append(sound)
        ended += over
    return np.concatenate(out), ended


def test_a_take_sounds_from_its_first_sample_to_its_last():
    take, stage = Take(tone(0.1), "x"), Stage()
    sounding = stage.play(Say(take), take, 77)
    out, ended = played(stage, 8)
    assert (out[77 : 77 + 800] == take.pcm).all()
    assert not out[:77].any()
    assert not out[877:].any()
    assert ended == [sounding]


def test_two_takes_are_mixed_each_with_its_gain():
    one, other, stage = Take(tone(0.1, 300), "x"), Take(tone(0.1, 500), "y"), Stage()
    stage.play(Say(one), one, 0)
    stage.play(Noise(other), other, 0, 0.5)
    out, _ = played(stage, 5)
    assert np.allclose(out, one.pcm + 0.5 * other.pcm)


def test_a_take_that_is_cut_fades_out_and_is_over():
    take, stage = said(1.0), Stage()
    sounding = stage.play(Say(take), take, 0)
    stage.cut(sounding, 500)
    out, ended = played(stage, 6)
    assert ended[0].cut
    assert ended[0].end == 500
    assert not out[500:].any()
    assert abs(out[499]) < 200
    assert np.abs(out[480:500]).max() < np.abs(out[:400]).max() / 2


def test_the_noise_of_a_recording_goes_out_behind_its_end():
    take, stage = Take(tone(0.1), "x", tail=320), Stage()
    stage.play(Say(take), take, 0)
    out, ended = played(stage, 3)
    assert ended[0].end == 480
    out, _ = played(stage, 3, 480)
    assert (out[:320] == take.pcm[480:]).all()
    assert not out[320:].any()


def test_cutting_behind_the_end_changes_nothing():
    take, stage = said(0.1), Stage()
    sounding = stage.play(Say(take), take, 0)
    stage.cut(sounding, 10_000)
    assert not sounding.cut
