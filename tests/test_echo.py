"""Our own voice coming back is known from the caller's."""

import numpy as np
import pytest

from callcenter.audio import decode, encode
from callcenter.duplex.echo import Echo
from callcenter.units import SILENT_TURN, TURN, samples
from callcenter.voices import Espeak

AGENT = Espeak().speak("Thank you, I have found it. It left our warehouse on Monday.", "en-us+f3", band=True).audio
CALLER = Espeak().speak("No, wait a moment, that is not what I meant at all.", "en-us+m3", band=True).audio
NOISE = np.random.default_rng(1)


def mixed(db, delay, caller=b""):
    """What the microphone hears while the agent speaks, turn by turn with what is played."""
    played = decode(AGENT).astype(float)
    heard = np.zeros(len(played))
    heard[samples(delay) :] = played[: len(played) - samples(delay)] * 10 ** (db / 20)
    heard += NOISE.normal(0, 30, len(heard))
    voice = decode(caller).astype(float)[: len(heard)]
    heard[: len(voice)] += voice
    pcm = encode(np.clip(heard, -32000, 32000).astype(np.int16))
    return [(pcm[at : at + TURN], AGENT[at : at + TURN]) for at in range(0, len(pcm) - TURN, TURN)]


def shares(turns):
    echo = Echo()
    return [echo.push(heard, played) for heard, played in turns][3:]


@pytest.mark.parametrize(("db", "delay"), [(-20, 0.12), (-20, 0.4), (-30, 0.12), (-30, 0.4)])
def test_an_echo_is_ours(db, delay):
    assert np.mean(shares(mixed(db, delay))) > 0.8


@pytest.mark.parametrize("voice", ["en-us+m3", "en-us+f3", "en-gb-x-rp+m7"])
def test_a_caller_over_our_voice_is_not(voice):
    caller = Espeak().speak("No, wait a moment, that is not what I meant at all.", voice, band=True).audio
    assert np.mean(shares(mixed(-25, 0.2, caller))[: len(caller) // TURN - 4]) <= 0.15


def test_where_nothing_was_played_nothing_echoes():
    echo = Echo()
    assert not any(echo.push(CALLER[at : at + TURN], SILENT_TURN) for at in range(0, len(CALLER) - TURN, TURN))
