"""From the mouth to the wire: level, noise, echo, mu-law."""

import numpy as np
import pytest
from acting import BED, speech

from callcenter.audio import decode, encode, level_db
from callcenter.callers import noises
from callcenter.callers.channel import Channel, Conditions, Echo
from callcenter.units import FRAME, RATE, SILENT_FRAME, samples

QUIET = np.zeros(FRAME, np.float32)


def carried(conditions, frames=100, sound=QUIET, heard=lambda at: SILENT_FRAME, bed=BED):
    channel = Channel(conditions, bed)
    return b"".join(channel.carry(sound, heard(at * FRAME)) for at in range(frames))


def test_there_is_noise_in_every_frame():
    audio = carried(Conditions(snr_db=60.0), 1000)
    frames = [audio[at : at + FRAME] for at in range(0, len(audio), FRAME)]
    assert SILENT_FRAME not in frames
    assert len(set(frames[:800])) == 800, "within a loop of the noise nothing repeats"
    assert -68 < level_db(audio) < -58


@pytest.mark.parametrize("snr", [15.0, 25.0])
@pytest.mark.parametrize("level", [-6.0, 0.0, 6.0])
def test_the_noise_lies_so_far_below_the_voice(snr, level):
    audio = carried(Conditions(level_db=level, snr_db=snr), 800)
    assert level_db(audio) == pytest.approx(-20.8 + level - snr, abs=0.5)


def test_the_level_is_the_callers():
    sound = (np.sin(2 * np.pi * 440 * np.arange(FRAME) / RATE) * 3000).astype(np.float32)
    loud, soft = (carried(Conditions(level_db=db, snr_db=60), sound=sound) for db in (0.0, -6.0))
    assert level_db(loud) - level_db(soft) == pytest.approx(6.0, abs=0.1)


@pytest.mark.parametrize("db", [-20.0, -30.0])
@pytest.mark.parametrize("late", [0.12, 0.4])
def test_the_agents_voice_comes_back_so_late_and_so_weak(db, late):
    voice = np.random.default_rng(1).normal(0, 3_000, 200 * FRAME).astype(np.int16)
    heard = encode(voice)
    with_echo, without = (
        decode(carried(Conditions(snr_db=60, echo=echo), 200, heard=lambda at: heard[at : at + FRAME])).astype(float)
        for echo in (Echo(db, late), None)
    )
    echo = with_echo - without
    lags = np.fft.irfft(np.fft.rfft(echo, 2 * len(echo)) * np.conj(np.fft.rfft(voice, 2 * len(voice))))
    assert 0 <= int(np.argmax(np.abs(lags[: samples(0.6)]))) - samples(late) < 40
    settled = slice(samples(1.0), None)
    level = 20 * np.log10(np.std(echo[settled]) / np.std(voice[settled]))
    assert level == pytest.approx(db, abs=1.0)


def test_an_echo_is_nothing_before_its_time():
    echoed = carried(Conditions(echo=Echo(-20.0, 0.4)), 19, heard=speech)
    assert echoed == carried(Conditions(), 19, heard=speech)


def test_loud_is_cut_off_and_never_wraps_round():
    sound = np.full(FRAME, 60_000, np.float32)
    assert decode(carried(Conditions(), 1, sound=sound)).min() > 30_000


def test_it_is_mu_law():
    audio = carried(Conditions(), 10)
    assert encode(decode(audio)) == audio


@pytest.mark.parametrize("make", [noises.hiss, noises.hum], ids=["hiss", "hum"])
def test_a_bed_fits_onto_itself_and_stays_in_the_band(make):
    bed = make(np.random.default_rng(3))
    assert len(bed) == noises.BED
    assert np.std(bed) == pytest.approx(1.0, abs=0.02)
    assert abs(bed[0] - bed[-1]) < 6 * np.std(np.diff(bed)), "no step where it begins again"
    power = np.abs(np.fft.rfft(bed)) ** 2
    hertz = np.fft.rfftfreq(len(bed), 1 / RATE)
    assert power[(hertz < 150) | (hertz > 3600)].sum() < 1e-3 * power.sum()
