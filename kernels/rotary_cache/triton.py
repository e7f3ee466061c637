"""The kernel: a program writes one position, all its heads."""

import triton
import triton.language as tl
from torch import Tensor


@triton.jit(do_not_specialize=["count"])
def _rotary_cache(
    key, value, turned, rows, positions, keys, values,
    key_row, value_row, cache_row, cache_head, cache_place, count, ring, width,
    HEADS: tl.constexpr, SINKS: tl.constexpr, HEADS_WIDE: tl.constexpr, WIDE: tl.constexpr,
):  # fmt: skip
    index = tl.program_id(0).to(tl.int64)
    position = tl.load(positions + index)
    if position >= 0:
        half = width // 2
        head = tl.arange(0, HEADS_WIDE).to(tl.int64)
        at = tl.arange(0, WIDE)
        there = (head < HEADS)[:, None] & (at < width)[None, :]
        other = tl.where(at < half, at + half, at - half)
        angle = tl.where(at < half, at, at - half)
        cos = tl.load(turned + index * half + angle, mask=at < width, other=0.0)
        sin = tl.load(turned + (count + index) * half + angle, mask=at < width, other=0.0)
        near = tl.load(key + index * key_row + head[:, None] * width + at[None, :], mask=there, other=0.0).to(
            tl.float32
        )
        far = tl.load(key + index * key_row + head[:, None] * width + other[None, :], mask=there, other=0.0)
        rotated = near * cos[None, :] + tl.where(at < half, -1.0, 1.0)[None, :] * far.to(tl.float32) * sin[None, :]
        said = tl.load(value + index * value_row + head[:, None] * width + at[None, :], mask=there, other=0.0)
        place = tl.where(position < SINKS, position, SINKS + (position - SINKS) % ring)
        row = tl.load(rows + index).to(tl.int64)
        out = row * cache_row + head[:, None] * cache_head + place * cache_place + at[None, :]
        tl.store(keys + out, rotated.to(keys.dtype.element_ty), mask=there)
        tl.store(values + out, said.to(values.dtype.element_ty), mask=there)


def rotary_cache(
    key: Tensor,
    value: Tensor,
    turned: Tensor,
    rows: Tensor,
    positions: Tensor,
    keys: Tensor,
    values: Tensor,
    sinks: int,
) -> None:
    count, heads, width = key.shape
    _rotary_cache[(count,)](
        key, value, turned, rows, positions, keys, values,
        key.stride(0), value.stride(0), keys.stride(0), keys.stride(1), keys.stride(2),
        count, keys.shape[2] - sinks, width,
        HEADS=heads, SINKS=sinks, HEADS_WIDE=triton.next_power_of_2(heads), WIDE=triton.next_power_of_2(width),
        num_warps=4,
    )  # fmt: skip
