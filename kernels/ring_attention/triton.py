"""The kernel: a program answers one span and one group of heads over one part of the ring; a second one adds the parts.

Parts are cut by the ring's length alone. Keys are read once for all queries of a span and all heads that share them.
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


@triton.jit(do_not_specialize=["count"])
def _part(
    query, keys, values, turned, positions, spans, parts, bests, totals,
    query_row, query_head, cache_row, cache_head, cache_place,
    count, ring, part, window, scale,
    HEADS: tl.constexpr, GROUP: tl.constexpr, SINKS: tl.constexpr, PARTS: tl.constexpr,
    ROWS: tl.constexpr, WIDTH: tl.constexpr, HALF: tl.constexpr, BLOCK: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    index = tl.program_id(0).to(tl.int64)
    group = tl.program_id(1).to(tl.int64)
    piece = tl.program_id(2).to(tl.int64)
    row = tl.load(spans + index * 4).to(tl.int64)
    first = tl.load(spans + index * 4 + 1).to(tl.int64)
    many = tl.load(spans + index * 4 + 2)
    last = tl.load(spans + index * 4 + 3)
    if many > 0:
        rows = tl.arange(0, ROWS)
        live = rows // GROUP < many
        asked = first + rows // GROUP
        head = group * GROUP + rows % GROUP
        place = tl.load(positions + asked, mask=live, other=-1)
        at = tl.arange(0, WIDTH)
        width: tl.constexpr = 2 * HALF
        wide = at < width
        angles = turned + asked * HALF
        best = tl.full((ROWS,), float("-inf"), tl.float32)
        total = tl.zeros((ROWS,), tl.float32)
        mixed = tl.zeros((ROWS, WIDTH), tl.float32)
        key = keys + row * cache_row + group * cache_head
        value = values + row * cache_row + group * cache_head
        begin = piece * part
        until = tl.minimum(tl.minimum(begin + part, ring), last - SINKS + 1)
        asking = query + asked * query_row + head * query_head
        if piece == 0:
            pinned = tl.arange(0, 16)
            there = (pinned < SINKS) & (pinned <= last)
            met = _rotated(asking, angles + 2 * count * HALF, angles + 3 * count * HALF, at, live, HALF)
            there_wide = there[:, None] & wide[None, :]
            held = tl.load(key + pinned[:, None] * cache_place + at[None, :], mask=there_wide, other=0.0)
            said = tl.load(value + pinned[:, None] * cache_place + at[None, :], mask=there_wide, other=0.0)
            scores = tl.dot((met * scale).to(held.dtype), tl.trans(held), input_precision=PRECISION)
            seen = live[:, None] & there[None, :] & (pinned[None, :] <= place[:, None])
            best, total, mixed = _met(scores, seen, best, total, mixed, said, PRECISION)
        met = _rotated(asking, angles, angles + count * HALF, at, live, HALF)
        met = (met * scale).to(keys.dtype.element_ty)
        newest = (last - SINKS) % ring
        for start in range(begin, until, BLOCK):
            ringed = start + tl.arange(0, BLOCK)
            there = ringed < until
            there_wide = there[:, None] & wide[None, :]
            held = tl.load(key + (SINKS + ringed)[:, None] * cache_place + at[None, :], mask=there_wide, other=0.0)
            said = tl.load(value + (SINKS + ringed)[:, None] * cache_place + at[None, :], mask=there_wide, other=0.0)
            scores = tl.dot(met, tl.trans(held), input_precision=PRECISION)
            age = newest - ringed
            found = last - tl.where(age < 0, age + ring, age)
            back = place[:, None] - found[None, :]
            seen = live[:, None] & there[None, :] & (found >= SINKS)[None, :] & (back >= 0) & (back < window)
            best, total, mixed = _met(scores, seen, best, total, mixed, said, PRECISION)
        out = (asked * HEADS + head) * PARTS + piece
        tl.store(bests + out, best, mask=live)
        tl.store(totals + out, total, mask=live)
        tl.store(parts + out[:, None] * width + at[None, :], mixed, mask=live[:, None] & wide[None, :])


@triton.jit
def _whole(
    parts, bests, totals, positions, mixed,
    HEADS: tl.constexpr, HEADS_WIDE: tl.constexpr, PARTS: tl.constexpr, WIDTH: tl.constexpr, width: tl.constexpr,
):  # fmt: skip
    asked = tl.program_id(0).to(tl.int64)
    heads = tl.arange(0, HEADS_WIDE)
    at = tl.arange(0, WIDTH)
    there = (heads < HEADS)[:, None] & (at < width)[None, :]
    real = tl.load(positions + asked) >= 0
    best = tl.full((HEADS_WIDE,), float("-inf"), tl.float32)
    total = tl.zeros((HEADS_WIDE,), tl.float32)
    whole = tl.zeros((HEADS_WIDE, WIDTH), tl.float32)
    if real:
        for piece in tl.static_range(PARTS):
            place = (asked * HEADS + heads) * PARTS + piece
            top = tl.load(bests + place, mask=heads < HEADS, other=float("-inf"))
            some = tl.load(totals + place, mask=heads < HEADS, other=0.0)
            part = tl.load(parts + place[:, None] * width + at[None, :], mask=there, other=0.0)
            better = tl.maximum(best, top)
            safe = tl.where(better == float("-inf"), 0.0, better)
            old, new = tl.exp2(best - safe), tl.exp2(top - safe)
            whole = whole * old[:, None] + part * new[:, None]
            total = total * old + some * new
            best = better
        whole = whole / tl.where(total > 0, total, 1.0)[:, None]
    out = mixed + (asked * HEADS + heads)[:, None] * width + at[None, :]
    tl.store(out, whole.to(mixed.dtype.element_ty), mask=there)


def shape(ring: int) -> tuple[int, int, int, int, int]:
    """Parts, places of a part, places of a block, warps, stages: by the ring alone."""
    block = 64
    parts = max(1, min(4, triton.cdiv(ring, 384)))
    return parts, triton.cdiv(triton.cdiv(ring, parts), block) * block, block, 4, 3


def ring_attention(
    query: Tensor,
    keys: Tensor,
    values: Tensor,
    turned: Tensor,
    positions: Tensor,
    spans: Tensor,
    window: int,
    sinks: int,
    chosen: tuple[int, int, int, int, int] | None = None,
) -> Tensor:
    count, heads, width = query.shape
    group = heads // keys.shape[1]
    ring = keys.shape[2] - sinks
    pieces, part, block, warps, stages = chosen or shape(ring)
    rows = triton.next_power_of_2(span(group) * group)
    wide = max(16, triton.next_power_of_2(width))
    parts = torch.empty(count, heads, pieces, width, dtype=torch.float32, device=query.device)
    bests, totals = torch.empty(2, count, heads, pieces, dtype=torch.float32, device=query.device).unbind()
    mixed = torch.empty(count, heads, width, dtype=query.dtype, device=query.device)
    precision = "ieee" if keys.dtype == torch.float32 else "tf32"
    _part[(len(spans), keys.shape[1], pieces)](
        query, keys, values, turned, positions, spans, parts, bests, totals,
        query.stride(0), query.stride(1), keys.stride(0), keys.stride(1), keys.stride(2),
        count, ring, part, window, width**-0.5 * 1.4426950408889634,
        HEADS=heads, GROUP=group, SINKS=sinks, PARTS=pieces, ROWS=rows, WIDTH=wide, HALF=width // 2,
        BLOCK=block, PRECISION=precision, num_warps=warps, num_stages=stages,
    )  # fmt: skip
    _whole[(count,)](
        parts, bests, totals, positions, mixed,
        HEADS=heads, HEADS_WIDE=triton.next_power_of_2(heads), PARTS=pieces, WIDTH=wide, width=width, num_warps=4,
    )  # fmt: skip
    return mixed
