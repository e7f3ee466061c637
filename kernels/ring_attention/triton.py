"""The kernel: a program answers one span and one group of heads over the whole ring, and wipes a share of the padding.

Keys are read once for all queries of a span and all heads that share them. The pinned ones are asked for first and met
last, so that nothing waits for them; whole blocks of the ring need no mask.
"""

import torch
import triton
import triton.language as tl
from torch import Tensor

from kernels.ring_attention import span


@triton.jit
def _rotated(x, cos, sin, at, live, half: tl.constexpr):
    """Rows of D numbers, turned: x points to each row's beginning, cos and sin to its angles."""
    near = tl.load(x[:, None] + at[None, :], mask=live[:, None] & (at < 2 * half)[None, :], other=0.0).to(tl.float32)
    other = tl.where(at < half, at + half, at - half)
    far = tl.load(x[:, None] + other[None, :], mask=live[:, None] & (at < 2 * half)[None, :], other=0.0).to(tl.float32)
    angle = tl.where(at < half, at, at - half)
    there = live[:, None] & (at < 2 * half)[None, :]
    c = tl.load(cos[:, None] + angle[None, :], mask=there, other=0.0)
    s = tl.load(sin[:, None] + angle[None, :], mask=there, other=0.0)
    return near * c + tl.where(at < half, -1.0, 1.0)[None, :] * far * s


@triton.jit
def _met(scores, seen, best, total, mixed, said, precision: tl.constexpr):
    """Keys' scores and values added to what was seen so far."""
    scores = tl.where(seen, scores, float("-inf"))
    better = tl.maximum(best, tl.max(scores, 1))
    safe = tl.where(better == float("-inf"), 0.0, better)
    weights = tl.exp2(scores - safe[:, None])
    fade = tl.exp2(best - safe)
    total = total * fade + tl.sum(weights, 1)
    mixed = tl.dot(weights.to(said.dtype), said, mixed * fade[:, None], input_precision=precision)
    return better, total, mixed


@triton.jit
def _ringed(met, key, value, ringed, there, at, wide, cache_place, precision: tl.constexpr, ALL: tl.constexpr):
    """Scores of a block of keys, and their values; `ALL`: none of them is missing."""
    place = ringed[:, None] * cache_place + at[None, :]
    if ALL:
        held = tl.load(key + place)
        said = tl.load(value + place)
    else:
        inside = there[:, None] & wide[None, :]
        held = tl.load(key + place, mask=inside, other=0.0)
        said = tl.load(value + place, mask=inside, other=0.0)
    return tl.dot(met, tl.trans(held), input_precision=precision), said


@triton.jit
def _seen(live, place, at, last, ring, window, SINKS: tl.constexpr):
    """Which places of the ring each query sees."""
    age = (last - SINKS) % ring - at
    found = last - tl.where(age < 0, age + ring, age)
    back = place[:, None] - found[None, :]
    return live[:, None] & (found >= SINKS)[None, :] & (back >= 0) & (back < window)


@triton.jit(do_not_specialize=["count", "share"])
def _answered(
    query, keys, values, turned, positions, spans, mixed,
    query_row, query_head, cache_row, cache_head, cache_place,
    count, share, ring, window, scale,
    HEADS: tl.constexpr, GROUP: tl.constexpr, SINKS: tl.constexpr,
    ROWS: tl.constexpr, WIDTH: tl.constexpr, HALF: tl.constexpr, BLOCK: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    group = tl.program_id(0).to(tl.int64)
    index = tl.program_id(1).to(tl.int64)
    row = tl.load(spans + index * 4).to(tl.int64)
    first = tl.load(spans + index * 4 + 1).to(tl.int64)
    many = tl.load(spans + index * 4 + 2)
    last = tl.load(spans + index * 4 + 3)
    rows = tl.arange(0, ROWS)
    at = tl.arange(0, WIDTH)
    width: tl.constexpr = 2 * HALF
    wide = at < width
    head = group * GROUP + rows % GROUP
    for start in range(0, share, ROWS // GROUP):
        spare = index * share + start + rows // GROUP
        ours = (start + rows // GROUP < share) & (spare < count)
        ours = ours & (tl.load(positions + spare, mask=ours, other=0) < 0)
        out = mixed + (spare * HEADS + head)[:, None] * width + at[None, :]
        tl.store(out, tl.zeros((ROWS, WIDTH), mixed.dtype.element_ty), mask=ours[:, None] & wide[None, :])
    if many > 0:
        live = rows // GROUP < many
        asked = first + rows // GROUP
        place = tl.load(positions + asked, mask=live, other=-1)
        angles = turned + asked * HALF
        key = keys + row * cache_row + group * cache_head
        value = values + row * cache_row + group * cache_head
        asking = query + asked * query_row + head * query_head
        pinned = tl.arange(0, 16)
        there = (pinned < SINKS) & (pinned <= last)
        far = _rotated(asking, angles + 2 * count * HALF, angles + 3 * count * HALF, at, live, HALF)
        far = (far * scale).to(keys.dtype.element_ty)
        scores, kept = _ringed(far, key, value, pinned, there, at, wide, cache_place, PRECISION, False)
        sinks = tl.where(live[:, None] & there[None, :] & (pinned[None, :] <= place[:, None]), scores, float("-inf"))
        met = _rotated(asking, angles, angles + count * HALF, at, live, HALF)
        met = (met * scale).to(keys.dtype.element_ty)
        best = tl.full((ROWS,), float("-inf"), tl.float32)
        total = tl.zeros((ROWS,), tl.float32)
        whole = tl.zeros((ROWS, WIDTH), tl.float32)
        until = tl.minimum(ring, last - SINKS + 1)
        even = (tl.maximum(until, 0) // BLOCK) * BLOCK
        for start in range(0, even, BLOCK):
            ringed = start + tl.arange(0, BLOCK)
            scores, said = _ringed(
                met, key, value, SINKS + ringed, ringed < until, at, wide, cache_place, PRECISION, width == WIDTH
            )
            seen = _seen(live, place, ringed, last, ring, window, SINKS)
            best, total, whole = _met(scores, seen, best, total, whole, said, PRECISION)
        if even < until:
            ringed = even + tl.arange(0, BLOCK)
            scores, said = _ringed(
                met, key, value, SINKS + ringed, ringed < until, at, wide, cache_place, PRECISION, False
            )
            seen = _seen(live, place, ringed, last, ring, window, SINKS) & (ringed < until)[None, :]
            best, total, whole = _met(scores, seen, best, total, whole, said, PRECISION)
        best, total, whole = _met(sinks, sinks > float("-inf"), best, total, whole, kept, PRECISION)
        whole = whole / tl.where(total > 0, total, 1.0)[:, None]
        out = mixed + (asked * HEADS + head)[:, None] * width + at[None, :]
        tl.store(out, whole.to(mixed.dtype.element_ty), mask=live[:, None] & wide[None, :])


Blocks = tuple[int, int, int]
"""Places of a block; warps; stages."""

USUAL: Blocks = (128, 4, 3)


def ring_attention(
    query: Tensor,
    keys: Tensor,
    values: Tensor,
    turned: Tensor,
    positions: Tensor,
    spans: Tensor,
    window: int,
    sinks: int,
    chosen: Blocks = USUAL,
) -> Tensor:
    count, heads, width = query.shape
    kept = keys.shape[1]
    group = heads // kept
    block, warps, stages = chosen
    mixed = torch.empty(count, heads, width, dtype=query.dtype, device=query.device)
    _answered[(kept, len(spans))](
        query, keys, values, turned, positions, spans, mixed,
        query.stride(0), query.stride(1), keys.stride(0), keys.stride(1), keys.stride(2),
        count, triton.cdiv(count, max(1, len(spans))), keys.shape[2] - sinks, window, width**-0.5 * 1.4426950408889634,
        HEADS=heads, GROUP=group, SINKS=sinks, ROWS=triton.next_power_of_2(span(group) * group),
        WIDTH=max(16, triton.next_power_of_2(width)), HALF=width // 2, BLOCK=block,
        PRECISION="ieee" if keys.dtype == torch.float32 else "tf32", num_warps=warps, num_stages=stages,
    )  # fmt: skip
    return mixed
