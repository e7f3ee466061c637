"""Ears that know no words."""

import asyncio

from callcenter.duplex.ears import Deaf, Hearing, Sound
from callcenter.units import SILENT_TURN


def test_the_deaf_do_not_get_on():
    ears = Deaf()
    assert asyncio.run(ears.hear(Sound(50, SILENT_TURN, voice=True))) == Hearing(upto=0)
    assert ears.settle() == ()
    ears.close()
