"""The resampler by what it does to sines: delay, ripple, aliases and images; and by the laws."""

from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from laws import chunking_does_not_matter, streaming_equals_offline

from callcenter.audio import Resampler
from callcenter.audio.resample import RATES, lowpass, phases

PAIRS = list(permutations(RATES, 2))
NOISE = np.random.default_rng(0).integers(-20_000, 20_000, 9_600).astype(np.int16)


def sine(hertz, rate, seconds=1.0, amplitude=16_000):
    return np.rint(amplitude * np.sin(2 * np.pi * hertz * np.arange(int(rate * seconds)) / rate)).astype(np.int16)


def spectrum(pcm, rate):
    """Amplitude at every hertz, of the second half-second, in samples."""
    steady = pcm[rate // 2 : rate].astype(float)
    window = np.blackman(len(steady))
    return 2 * np.abs(np.fft.rfft(steady * window)) / window.sum()


def strength(pcm, hertz, rate):
    return spectrum(pcm, rate)[round(hertz / 2)]


def db(ratio):
    return 20 * np.log10(ratio)


@pytest.mark.parametrize(("rate_in", "rate_out"), list(product(RATES, RATES)))
def test_twenty_milliseconds_in_are_twenty_milliseconds_out_every_time(rate_in, rate_out):
    resampler = Resampler(rate_in, rate_out)
    assert {len(resampler.push(NOISE[: rate_in // 50])) for _ in range(10)} == {rate_out // 50}


@given(st.lists(st.integers(1, 700), min_size=1, max_size=20), st.sampled_from(PAIRS))
@settings(derandomize=True, max_examples=60, deadline=None)
def test_chunking_does_not_matter_to_a_single_bit(cut, pair):
    chunking_does_not_matter(lambda: Resampler(*pair), Resampler.push, NOISE, cut, equal=np.array_equal)


@pytest.mark.parametrize("pair", PAIRS)
def test_the_stream_is_the_textbooks_convolution(pair):
    """Zeros stuffed in, one long filter, every M-th sample kept."""
    rate_in, rate_out = pair
    common = int(np.lcm(rate_in, rate_out))
    up, down = common // rate_in, common // rate_out

    def offline(pcm):
        stuffed = np.zeros(len(pcm) * up)
        stuffed[::up] = pcm
        taps = np.rint(up * lowpass(common, min(pair)) * 2**20) / 2**20
        return np.rint(np.convolve(stuffed, taps)[: len(stuffed) : down]).clip(-32_768, 32_767).astype(np.int16)

    def stream(chunks):
        resampler = Resampler(*pair)
        return np.concatenate([resampler.push(chunk) for chunk in chunks])

    streaming_equals_offline(stream, offline, NOISE, [rate_in // 50], equal=np.array_equal)


@pytest.mark.parametrize("pair", PAIRS)
def test_the_delay_is_as_stated_and_at_most_three_milliseconds(pair):
    rate_in, rate_out = pair
    resampler = Resampler(*pair)
    pulse = np.zeros(rate_in // 10, np.int16)
    pulse[rate_in // 50] = 30_000
    assert np.argmax(resampler.push(pulse)) == rate_out // 50 + resampler.delay
    assert resampler.delay_ms == 1_000 * resampler.delay / rate_out <= 3


@pytest.mark.parametrize("pair", PAIRS)
def test_the_telephone_band_passes_flat(pair):
    rate_in, rate_out = pair
    for hertz in [*range(200, 3_400, 400), 3_400]:
        out = Resampler(*pair).push(sine(hertz, rate_in))
        assert abs(db(strength(out, hertz, rate_out) / 16_000)) < 0.1, hertz


@pytest.mark.parametrize("pair", PAIRS)
def test_aliases_and_images_lie_fifty_decibels_below(pair):
    """Up: whatever is in the band leaves nothing above it. Down: whatever is above it leaves nothing in it."""
    rate_in, rate_out = pair
    lower = min(pair) // 2
    for hertz in (300, 1_100, int(0.85 * lower)) if rate_in < rate_out else range(lower + 8, rate_in // 2, 500):
        seen = spectrum(Resampler(*pair).push(sine(hertz, rate_in)), rate_out)
        if rate_in < rate_out:
            seen[max(0, hertz // 2 - 20) : hertz // 2 + 21] = 0
        assert db(seen.max() / 16_000) < -50, hertz


def test_what_is_too_loud_is_clipped_and_does_not_wrap():
    square = np.where(sine(300, 8_000) > 0, 32_767, -32_768).astype(np.int16)
    out = Resampler(8_000, 24_000).push(square).astype(int)
    assert out.max() == 32_767
    assert out.min() == -32_768
    assert np.abs(np.diff(out)).max() < 30_000


def test_at_one_rate_nothing_changes():
    assert np.array_equal(Resampler(16_000, 16_000).push(NOISE), NOISE)


@pytest.mark.parametrize("pair", [(8_000, 11_025), (48_000, 8_000), (0, 8_000)])
def test_other_rates_are_refused(pair):
    with pytest.raises(ValueError, match="no resampling"):
        Resampler(*pair)


def test_two_resamplers_share_their_taps_and_nothing_else():
    first, second = Resampler(8_000, 24_000), Resampler(8_000, 24_000)
    first.push(NOISE)
    assert np.array_equal(second.push(NOISE), Resampler(8_000, 24_000).push(NOISE))
    with pytest.raises(ValueError, match="read-only"):
        phases(8_000, 24_000)[0] = 1
