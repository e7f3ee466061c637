"""The deliberately bad duplex."""

import asyncio

import numpy as np
from acting import tone

from callcenter.audio import encode
from callcenter.duplex.jumpy import Jumpy
from callcenter.events import Heard, Phrase, Policy, TookFloor, Yielded
from callcenter.units import TURN

NOISE = np.random.default_rng(0)
LINE = Phrase("a b c d", encode(tone(2.0)))


def turns(*loud):
    """What Jumpy does in turns of sound (True) and silence."""

    async def run():
        jumpy = Jumpy([LINE])
        jumpy.open(Policy(), ())
        done = []
        for number, sounds in enumerate(loud):
            pcm = NOISE.normal(0, 20, TURN) + (tone(0.2) if sounds else 0)
            done.append(await jumpy.turn(Heard(number, encode(pcm.astype(np.int16)))))
        jumpy.close()
        return done

    return asyncio.run(run())


def test_it_talks_after_300_ms_of_silence():
    spoken = turns(True, True, False, False, False)
    assert [s.audio is not None for s in spoken] == [False, False, False, True, False]
    assert spoken[3].acts == (TookFloor(),)
    assert spoken[3].said_text == "a b c d"


def test_it_stops_at_any_sound():
    spoken = turns(True, False, False, False, True, False)
    assert [s.acts for s in spoken if s.acts] == [(TookFloor(),), (Yielded(),)]


def test_it_goes_on_by_itself_after_a_rest():
    starts = [n for n, s in enumerate(turns(True, *[False] * 20)) if s.audio]
    assert starts == [2, 2 + 10 + 5 - 1]
