"""Another throat moves resonances, another voice its harmonics; neither moves the other, time, or the line's band."""

import pytest
import torch

from callcenter.audio import encode
from callcenter.model.frontend import CARRY, SIZE, levels, spectrum
from callcenter.train.throats import drawn_out, heard_otherwise, revoiced
from callcenter.units import RATE, SILENT_BYTE

HERTZ = torch.arange(SIZE // 2 + 1) * (RATE / SIZE)


@pytest.fixture(autouse=True)
def seeded():
    with torch.random.fork_rng():
        torch.manual_seed(4)
        yield


def vowel(rows=1, pitch=200.0, formant=1_200.0, seconds=0.6):
    """A buzz through one resonance, with a little noise, as mu-law."""
    at = torch.arange(round(seconds * RATE)) / RATE
    tones = torch.arange(1, int(3_400 / pitch)) * pitch
    heights = torch.exp(-(((tones - formant) / 400) ** 2)) + 0.02
    sound = (heights[:, None] * torch.cos(2 * torch.pi * tones[:, None] * at)).sum(0)
    sound = 6_000 * sound / sound.abs().max() + 20 * torch.randn(len(at))
    return torch.frombuffer(bytearray(encode(sound.short().numpy())), dtype=torch.uint8).expand(rows, -1)


def power(audio):
    return spectrum(audio, torch.full((len(audio), CARRY), SILENT_BYTE, dtype=torch.uint8))[:, 4:-4]


def resonance(spectra):
    """Where the middle of the energy lies."""
    return ((spectra * HERTZ).sum(-1) / spectra.sum(-1)).mean(1)


def height(spectra):
    """The distance of the harmonics, by the strongest period of the logarithm."""
    told = (spectra + 1e-10).log().mean(1)
    periods = torch.fft.irfft(told, SIZE)[:, 24:90]
    return RATE / (periods.argmax(1) + 24)


def made(audio, throat, voice):
    rows = len(audio)
    return revoiced(power(audio), torch.full((rows,), throat), torch.full((rows,), voice))


def test_nothing_changed_is_the_same():
    audio = vowel()
    assert torch.allclose(made(audio, 1.0, 1.0), power(audio), rtol=1e-2, atol=1e-9)


@pytest.mark.parametrize("factor", [0.88, 1.12])
def test_a_throat_moves_the_resonance_and_leaves_the_voice(factor):
    before, after = power(vowel()), made(vowel(), factor, 1.0)
    assert float(resonance(after) / resonance(before)) == pytest.approx(factor, abs=0.05)
    assert float(height(after)) == pytest.approx(float(height(before)), rel=0.06)


@pytest.mark.parametrize("factor", [0.75, 1.4])
def test_a_voice_is_higher_or_lower_and_its_resonance_stays(factor):
    before, after = power(vowel()), made(vowel(), 1.0, factor)
    assert float(height(after)) == pytest.approx(200 * factor, rel=0.08)
    assert float(resonance(after)) == pytest.approx(float(resonance(before)), rel=0.1)


def test_what_lies_outside_the_band_is_the_lines():
    spectra = torch.randn(3, 5, SIZE // 2 + 1)
    after = drawn_out(spectra, torch.tensor([0.7, 1.0, 1.5]))
    outside = (HERTZ <= 300) | (HERTZ >= 3_300)
    assert torch.equal(after[..., outside], spectra[..., outside])
    assert torch.equal(after[1], spectra[1])
    assert not torch.equal(after[0], spectra[0])


def test_some_rows_are_somebody_else_some_are_not_and_silence_is_nobody():
    audio = vowel(40)
    plain, other = levels(audio), heard_otherwise(audio)
    assert other.shape == plain.shape
    assert torch.equal(other, other.round())
    assert other.min() >= 0
    assert other.max() <= 15
    changed = (other != plain).flatten(1).any(1)
    assert 20 <= changed.sum() <= 38
    assert not torch.equal(other[changed][0], other[changed][1])
    silent = torch.full((6, 1_600), SILENT_BYTE, dtype=torch.uint8)
    assert torch.equal(heard_otherwise(silent), levels(silent))
