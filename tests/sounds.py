"""Voices and noises made by formula and seed, at 8 kHz as floats."""

import numpy as np

from callcenter.units import RATE


def loud(shape, level_db):
    return shape * 32_768 * 10 ** (level_db / 20) / np.sqrt((shape**2).mean())


def syllables(seed, seconds):
    """Harmonics of a gliding pitch under two formants, swelling and fading four times a second."""
    chance = np.random.default_rng(seed)
    time = np.arange(int(seconds * RATE)) / RATE
    pitch = chance.uniform(90, 240) * (1 + 0.1 * np.sin(2 * np.pi * 0.7 * time))
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    first, second = chance.uniform(400, 800), chance.uniform(1_200, 2_200)
    voice = np.zeros(len(time))
    for harmonic in range(1, 16):
        hertz = harmonic * pitch.mean()
        weight = np.exp(-(((hertz - first) / 250) ** 2)) + 0.4 * np.exp(-(((hertz - second) / 300) ** 2)) + 0.05
        voice += weight * np.sin(harmonic * phase) * (hertz < 3_800)
    return voice * (0.15 + np.abs(np.sin(2 * np.pi * 2 * time + 0.6)))


def noise(kind, seed, samples):
    white = np.random.default_rng(seed).standard_normal(samples)
    if kind == "white":
        return white
    if kind == "hum":
        time = np.arange(samples) / RATE
        return sum(np.sin(2 * np.pi * 50 * k * time) / k for k in range(1, 9)) + 0.05 * white
    bins = np.arange(samples // 2 + 1)
    return np.fft.irfft(np.fft.rfft(white) / np.sqrt(np.maximum(bins, samples / 80)), samples)
