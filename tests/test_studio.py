"""Voices to cast from, and takes that are recorded once."""

from random import Random

from callcenter.callers.studio import Singer, Studio
from callcenter.callers.takes import plain
from callcenter.callers.voice import Voice


def test_what_was_recorded_is_kept():
    studio = Studio()
    singer = Singer("espeak", Voice("en-us+m4"))
    one = studio.take(singer, plain("hello there."))
    assert studio.take(singer, plain("hello there.")) is one
    other = studio.take(Singer("espeak", Voice("en-us+m4", rate=200)), plain("hello there."))
    assert len(other) < len(one)


def test_singers_are_drawn_from_one_side():
    evaluation, training = Studio(evaluation=True), Studio(evaluation=False)
    names = [{s.singer(Random(n)).voice.name.partition("+")[2] for n in range(60)} for s in (evaluation, training)]
    assert names[0] <= set(evaluation.voices())
    assert not names[0] & names[1]


def test_what_is_not_installed_is_missing():
    studio = Studio(speakers={"espeak": Studio().speakers["espeak"]})
    assert "flite voices (not installed)" in studio.missing
