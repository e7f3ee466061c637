"""The kernel: a program takes sixteen frames of a channel through their spectrum, a few frequencies at a time.

The spectrum is a product with windowed waves, in three passes of tf32, which is as good as float32.
"""

import torch
import triton
import triton.language as tl
from torch import Tensor

from kernels.dmel import Tables


@triton.jit
def _dmel(
    sound, past, expansion, waves, bank, made,
    sound_row, past_row, frames, window, spectrum, channels, hop, faint, step, most,
    FRAMES: tl.constexpr, SAMPLES: tl.constexpr, BINS: tl.constexpr, SPECTRUM: tl.constexpr, CHANNELS: tl.constexpr,
):  # fmt: skip
    channel = tl.program_id(0).to(tl.int64)
    frame = tl.program_id(1) * FRAMES + tl.arange(0, FRAMES)
    before = window - hop
    mel = tl.zeros((FRAMES, CHANNELS), tl.float32)
    out = tl.arange(0, CHANNELS)
    for first in range(0, SPECTRUM, BINS):
        bins = first + tl.arange(0, BINS)
        known = bins < spectrum
        real = tl.zeros((FRAMES, BINS), tl.float32)
        imaginary = tl.zeros((FRAMES, BINS), tl.float32)
        for start in range(0, window, SAMPLES):
            sample = start + tl.arange(0, SAMPLES)
            at = frame[:, None] * hop + sample[None, :]
            inside = (frame < frames)[:, None] & (sample < window)[None, :]
            old = tl.load(past + channel * past_row + at, mask=inside & (at < before), other=0)
            new = tl.load(sound + channel * sound_row + at - before, mask=inside & (at >= before), other=0)
            heard = tl.load(expansion + tl.where(at < before, old, new).to(tl.int32), mask=inside, other=0.0)
            wave = waves + sample[:, None] * spectrum + bins[None, :]
            there = (sample < window)[:, None] & known[None, :]
            real = tl.dot(heard, tl.load(wave, mask=there, other=0.0), real, input_precision="tf32x3")
            turned = tl.load(wave + window * spectrum, mask=there, other=0.0)
            imaginary = tl.dot(heard, turned, imaginary, input_precision="tf32x3")
        weights = bank + bins[:, None] * channels + out[None, :]
        share = tl.load(weights, mask=known[:, None] & (out < channels)[None, :], other=0.0)
        mel = tl.dot(real * real + imaginary * imaginary, share, mel, input_precision="tf32x3")
    loud = 10.0 * 0.30102999566398120 * tl.log2(mel + 1e-10)
    level = tl.floor((loud - faint) * step + 0.5)
    level = tl.minimum(tl.maximum(level, 0.0), most)
    place = made + (channel * frames + frame)[:, None] * channels + out[None, :]
    tl.store(place, level, mask=(frame < frames)[:, None] & (out < channels)[None, :])


def dmel(sound: Tensor, past: Tensor, tables: Tables) -> Tensor:
    _, window, spectrum = tables.waves.shape
    channels = tables.bank.shape[1]
    frames = sound.shape[1] // tables.hop
    made = torch.empty(len(sound), frames, channels, dtype=torch.float32, device=sound.device)
    _dmel[(len(sound), triton.cdiv(frames, 16))](
        sound, past, tables.expansion, tables.waves, tables.bank, made,
        sound.stride(0), past.stride(0), frames, window, spectrum, channels,
        tables.hop, tables.faint, tables.step, tables.levels - 1.0,
        FRAMES=16, SAMPLES=64, BINS=32, SPECTRUM=spectrum,
        CHANNELS=max(16, triton.next_power_of_2(channels)), num_warps=4, num_stages=1,
    )  # fmt: skip
    return made
