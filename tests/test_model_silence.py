"""How long nobody has spoken: what breaks a silence and what does not, however the frames are cut."""

import numpy as np
import pytest

from callcenter.model.phones import PHONES, SILENCE
from callcenter.model.silence import Silence


def frames(pattern: str) -> np.ndarray:
    """A dot is a silent frame, a bar one that holds a phone."""
    logs = np.full((len(pattern), len(PHONES)), -9.0, np.float32)
    for at, sign in enumerate(pattern):
        logs[at, SILENCE if sign == "." else 5] = -0.01
    return logs


@pytest.mark.parametrize(
    ("pattern", "silent"),
    [
        ("....................", 20),
        ("|||||...............", 13),
        ("||||||||||||||||||||", 0),
        ("|||||..|.....|......", 12),
        ("|||||......||.|.....", 4),
        (".....||.............", 20),
    ],
)
def test_frames_of_silence_are_counted_from_the_last_voice(pattern, silent):
    assert Silence().push(frames(pattern)) == silent


def test_the_count_does_not_depend_on_how_the_frames_come():
    chance = np.random.default_rng(3)
    for _ in range(40):
        pattern = "".join(chance.choice(("." * 9, "||||", ".|.", "|")) for _ in range(20))
        told = frames(pattern)
        whole = Silence()
        whole.push(told)
        parted = Silence()
        for at in range(0, len(told), 5):
            parted.push(told[at : at + 5])
        assert parted.frames == whole.frames
