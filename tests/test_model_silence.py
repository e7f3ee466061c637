"""How long nobody has spoken, and how long not the caller; what breaks a silence, however the frames are cut."""

import numpy as np
import pytest

from callcenter.model.config import LATE
from callcenter.model.phones import LABEL, PHONES, SILENCE
from callcenter.model.silence import FAR, Silence


def frames(pattern: str) -> np.ndarray:
    """A dot is a silent frame, anything else one that holds a phone."""
    logs = np.full((len(pattern), len(PHONES)), -9.0, np.float32)
    for at, sign in enumerate(pattern):
        logs[at, SILENCE if sign == "." else 5] = -0.01
    return logs


LOUD = {".": 10, "|": 3_000, "-": round(3_000 * 10 ** (-(FAR + 4) / 20)), "+": round(3_000 * 10 ** (-(FAR - 4) / 20))}
"""How loud a frame is: the caller, somebody who is far behind, the caller with a lower voice."""


def sound(pattern: str) -> np.ndarray:
    return np.repeat([LOUD[sign] for sign in pattern], LABEL).astype(np.int16)


def pushed(silence: Silence, pattern: str, each: int = 10) -> tuple[int, int]:
    """The ear hears what is heard, late: silence first, and the last frames not yet."""
    heard = "." * LATE + pattern
    found = (0, 0)
    for at in range(0, len(pattern), each):
        found = silence.push(frames(heard[at : at + each]), sound(pattern[at : at + each]))
    return found


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
    assert Silence().push(frames(pattern), sound(pattern))[0] == silent


def test_the_count_does_not_depend_on_how_the_frames_come():
    chance = np.random.default_rng(3)
    for _ in range(40):
        pattern = "".join(chance.choice(("." * 9, "||||", "----", ".|.", "|")) for _ in range(20))
        pattern = pattern[: len(pattern) // 10 * 10]
        assert pushed(Silence(), pattern, 10) == pushed(Silence(), pattern, 5)


def test_a_faint_voice_behind_the_caller_is_somebody_and_not_the_caller():
    silence = Silence()
    assert pushed(silence, "|" * 50 + "." * (10 + LATE))[0] > 0
    anybody, caller = pushed(silence, ("-" * 20 + ".....") * 4)
    assert anybody < 20
    assert caller > 80


def test_a_caller_with_a_lower_voice_is_still_the_caller():
    silence = Silence()
    pushed(silence, "|" * 50)
    assert pushed(silence, "+" * 60)[1] < 5


def test_a_caller_who_moves_away_for_good_is_soon_the_caller_again():
    silence = Silence()
    pushed(silence, "|" * 50)
    pushed(silence, "-" * 400)
    assert pushed(silence, "-" * 50)[1] < 5


def test_the_first_who_is_heard_is_the_caller_however_faint():
    assert pushed(Silence(), "." * 30 + "-" * 60)[1] < 5
