"""The kernels: who wants an expert is listed, then each expert multiplies its list, a few rows at a time.

The matrices are the left side of the products (their rows fill the tensor cores, however few the positions) and are
read once for as many positions as a block holds. Blocks are chosen by the matrices' shapes alone.
"""

import torch
import triton
import triton.language as tl
from torch import Tensor


@triton.jit(do_not_specialize=["total", "room"])
def _listed(chosen, lists, counts, total, room, BLOCK: tl.constexpr):
    """For one expert, the choices that fell on it, in their order."""
    expert = tl.program_id(0)
    held = 0
    for start in range(0, total, BLOCK):
        at = start + tl.arange(0, BLOCK)
        mine = (tl.load(chosen + at, mask=at < total, other=-1) == expert).to(tl.int32)
        place = held + tl.cumsum(mine, 0) - 1
        tl.store(lists + expert.to(tl.int64) * room + place, at, mask=mine == 1)
        held += tl.sum(mine, 0)
    tl.store(counts + expert, held)


@triton.jit(do_not_specialize=["room", "most"])
def _up(
    x, up, lists, counts, hidden,
    x_row, room, most, height, width,
    CHOICES: tl.constexpr, LISTED: tl.constexpr, EVEN: tl.constexpr,
    M: tl.constexpr, N: tl.constexpr, K: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """Gate and what it gates, N rows of both matrices times M positions."""
    index = tl.program_id(0).to(tl.int64)
    blocks = tl.cdiv(height, N)
    first = (index % most) * M
    block = index // most % blocks
    expert = index // most // blocks
    held = tl.load(counts + expert) if LISTED else room
    if first < held:
        rows = first + tl.arange(0, M)
        live = rows < held
        slot = tl.load(lists + expert * room + rows, mask=live, other=0).to(tl.int64) if LISTED else rows
        position = slot // CHOICES
        line = block * N + tl.arange(0, N)
        real = line < height
        at = tl.arange(0, K)
        source = x + position[:, None] * x_row + at[None, :]
        gates = up + expert * 2 * height * width + line[:, None] * width + at[None, :]
        gated = gates + height.to(tl.int64) * width
        gate = tl.zeros((N, M), tl.float32)
        lifted = tl.zeros((N, M), tl.float32)
        for start in range(0, width, K):
            inside = at < width - start
            if EVEN:
                given = tl.load(source, mask=live[:, None], other=0.0)
                left = tl.load(gates, mask=real[:, None], other=0.0)
                right = tl.load(gated, mask=real[:, None], other=0.0)
            else:
                given = tl.load(source, mask=live[:, None] & inside[None, :], other=0.0)
                left = tl.load(gates, mask=real[:, None] & inside[None, :], other=0.0)
                right = tl.load(gated, mask=real[:, None] & inside[None, :], other=0.0)
            gate = tl.dot(left, tl.trans(given), gate, input_precision=PRECISION)
            lifted = tl.dot(right, tl.trans(given), lifted, input_precision=PRECISION)
            source += K
            gates += K
            gated += K
        made = tl.trans(gate * tl.sigmoid(gate) * lifted)
        out = hidden + slot[:, None] * height + line[None, :]
        tl.store(out, made.to(hidden.dtype.element_ty), mask=live[:, None] & real[None, :])


@triton.jit(do_not_specialize=["room", "most"])
def _down(
    hidden, down, lists, counts, weights, parts,
    room, most, height, width,
    LISTED: tl.constexpr, EVEN: tl.constexpr,
    M: tl.constexpr, N: tl.constexpr, K: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """Back to the width of the network, weighted: N of `height` numbers of M positions, each a sum of `width`."""
    index = tl.program_id(0).to(tl.int64)
    blocks = tl.cdiv(height, N)
    first = (index % most) * M
    block = index // most % blocks
    expert = index // most // blocks
    held = tl.load(counts + expert) if LISTED else room
    if first < held:
        rows = first + tl.arange(0, M)
        live = rows < held
        slot = tl.load(lists + expert * room + rows, mask=live, other=0).to(tl.int64) if LISTED else rows
        line = block * N + tl.arange(0, N)
        real = line < height
        at = tl.arange(0, K)
        source = hidden + slot[:, None] * width + at[None, :]
        matrix = down + expert * height * width + line[:, None] * width + at[None, :]
        total = tl.zeros((N, M), tl.float32)
        for start in range(0, width, K):
            inside = at < width - start
            if EVEN:
                given = tl.load(source, mask=live[:, None], other=0.0)
                left = tl.load(matrix, mask=real[:, None], other=0.0)
            else:
                given = tl.load(source, mask=live[:, None] & inside[None, :], other=0.0)
                left = tl.load(matrix, mask=real[:, None] & inside[None, :], other=0.0)
            total = tl.dot(left, tl.trans(given), total, input_precision=PRECISION)
            source += K
            matrix += K
        made = tl.trans(total)
        if LISTED:
            made = made * tl.load(weights + slot, mask=live, other=0.0)[:, None]
        out = parts + slot[:, None] * height + line[None, :]
        tl.store(out, made, mask=live[:, None] & real[None, :])


Blocks = tuple[int, int, int, int, int]
"""Positions, rows of the matrix, numbers of a step; warps; stages."""


def shape(experts: int, choices: int) -> tuple[Blocks, Blocks]:
    """Of both products: positions of a block by how many an expert gets when 64 calls ask at once."""
    expected = 160 * choices // experts
    positions = 16 if expected <= 12 else 32 if expected <= 24 else 64
    return (positions, 64, 64, 4, 3), (positions, 64, 64, 4, 4)


def experts(
    x: Tensor,
    up: Tensor,
    down: Tensor,
    chosen: Tensor | None = None,
    weights: Tensor | None = None,
    blocks: tuple[Blocks, Blocks] | None = None,
) -> Tensor:
    count, width = x.shape
    many, height = down.shape[0], down.shape[2]
    choices = chosen.shape[1] if chosen is not None else 1
    first, second = blocks or shape(many, choices)
    lists = counts = weights
    if chosen is not None:
        lists = torch.empty(many, count, dtype=torch.int32, device=x.device)
        counts = torch.empty(many, dtype=torch.int32, device=x.device)
        _listed[(many,)](chosen, lists, counts, chosen.numel(), count, BLOCK=1024, num_warps=4)
    precision = "ieee" if x.dtype == torch.float32 else "tf32"
    hidden = torch.empty(count * choices, height, dtype=x.dtype, device=x.device)
    parts = torch.empty(count, choices, width, dtype=torch.float32, device=x.device)
    m, n, k, warps, stages = first
    most = triton.cdiv(count, m)
    _up[(most * triton.cdiv(height, n) * many,)](
        x, up, lists, counts, hidden, x.stride(0), count, most, height, width,
        CHOICES=choices, LISTED=chosen is not None, EVEN=width % k == 0,
        M=m, N=n, K=k, PRECISION=precision, num_warps=warps, num_stages=stages,
    )  # fmt: skip
    m, n, k, warps, stages = second
    most = triton.cdiv(count, m)
    _down[(most * triton.cdiv(width, n) * many,)](
        hidden, down, lists, counts, weights, parts, count, most, width, height,
        LISTED=chosen is not None, EVEN=height % k == 0,
        M=m, N=n, K=k, PRECISION=precision, num_warps=warps, num_stages=stages,
    )  # fmt: skip
    return parts
