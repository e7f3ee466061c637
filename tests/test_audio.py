"""G.711 against the standard library's, levels, mixing, framing."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from laws import chunking_does_not_matter, neighbours_do_not_matter, round_trip

from callcenter.audio import QUIET, Framer, decode, decode_a, encode, encode_a, level_db, mix, silence

EVERY_SAMPLE = np.arange(-32_768, 32_768).astype(np.int16)
EVERY_CODE = bytes(range(256))


@pytest.fixture(scope="module")
def audioop():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return pytest.importorskip("audioop")


def sine(hertz, amplitude, samples=8_000):
    return encode(np.rint(amplitude * np.sin(2 * np.pi * hertz * np.arange(samples) / 8_000)).astype(np.int16))


def test_mu_law_is_the_standard_librarys_for_every_sample_and_code(audioop):
    assert encode(EVERY_SAMPLE) == audioop.lin2ulaw(EVERY_SAMPLE.tobytes(), 2)
    assert decode(EVERY_CODE).tobytes() == audioop.ulaw2lin(EVERY_CODE, 2)


def test_a_law_is_the_standard_librarys_for_every_sample_and_code(audioop):
    assert encode_a(EVERY_SAMPLE) == audioop.lin2alaw(EVERY_SAMPLE.tobytes(), 2)
    assert decode_a(EVERY_CODE).tobytes() == audioop.alaw2lin(EVERY_CODE, 2)


def test_silence_is_zero_both_ways():
    assert silence(3) == b"\xff\xff\xff" == encode(np.zeros(3, np.int16))
    assert not decode(silence(3)).any()


@pytest.mark.parametrize(("there", "back"), [(encode, decode), (encode_a, decode_a)])
def test_what_a_code_means_encodes_to_what_means_the_same(there, back):
    round_trip(lambda pcm: there(pcm), lambda code: back(code), [back(EVERY_CODE)], equal=np.array_equal)


@pytest.mark.parametrize(("there", "back", "worst"), [(encode, decode, 644), (encode_a, decode_a, 512)])
def test_a_sample_comes_back_within_half_a_step(there, back, worst):
    error = np.abs(back(there(EVERY_SAMPLE)).astype(int) - EVERY_SAMPLE)
    assert error.max() == worst
    assert (error <= np.abs(EVERY_SAMPLE.astype(int)) / 32 + 12).all()


def test_samples_do_not_matter_to_each_other():
    neighbours_do_not_matter(
        lambda rows: np.split(np.frombuffer(encode(np.concatenate(rows)), np.uint8), len(rows)),
        list(EVERY_SAMPLE[::4_096].reshape(-1, 2)),
        equal=np.array_equal,
    )


def test_views_of_longer_arrays_encode_like_copies():
    assert encode(EVERY_SAMPLE[::7]) == encode(EVERY_SAMPLE[::7].copy())


@pytest.mark.parametrize(
    ("audio", "level"),
    [
        (b"", QUIET),
        (silence(160), QUIET),
        (encode(np.full(160, 32_124, np.int16)), -0.17),
        (sine(1_000, 32_124), -3.18),
        (sine(1_000, 3_212), -23.18),
        (sine(440, 1_000), -33.32),
    ],
)
def test_levels_are_decibels_of_a_full_square(audio, level):
    assert level_db(audio) == pytest.approx(level, abs=0.1)


@given(st.binary(max_size=400))
@settings(derandomize=True, max_examples=50, deadline=None)
def test_mixing_with_silence_changes_no_sample(audio):
    assert np.array_equal(decode(mix(audio, silence(len(audio) // 2))), decode(audio))


@given(st.binary(max_size=300), st.binary(max_size=300))
@settings(derandomize=True, max_examples=50, deadline=None)
def test_mixing_is_the_same_both_ways_and_as_long_as_the_longer(a, b):
    assert mix(a, b) == mix(b, a)
    assert len(mix(a, b)) == max(len(a), len(b))


def test_two_loud_voices_saturate_and_do_not_wrap():
    loud = encode(np.array([30_000, -30_000], np.int16))
    assert decode(mix(loud, loud)).tolist() == [32_124, -32_124]


@given(st.binary(max_size=700), st.lists(st.integers(1, 400), max_size=5), st.integers(1, 200))
@settings(derandomize=True, max_examples=50, deadline=None)
def test_frames_have_one_size_however_the_audio_comes(audio, cut, size):
    chunking_does_not_matter(lambda: Framer(size), Framer.push, audio, cut)
    framer = Framer(size)
    frames = framer.push(audio)
    assert {len(frame) for frame in frames} <= {size}
    assert b"".join(frames) + framer.rest() == audio
    assert framer.rest() == b""
