"""The kernel: a program moves a stretch of one row's numbers; it has read all of them before it writes any."""

import torch
import triton
import triton.language as tl
from torch import Tensor


@triton.jit
def _whole(x, past, step, at, count, kept, width, there):
    """Steps of past and present, numbered from the oldest kept."""
    old = tl.load(past + step[:, None] * width + at[None, :], mask=there & (step < kept)[:, None], other=0.0)
    here = there & (step >= kept)[:, None] & (step < kept + count)[:, None]
    new = tl.load(x + (step - kept)[:, None] * width + at[None, :], mask=here, other=0.0)
    return tl.where((step < kept)[:, None], old, new)


@triton.jit
def _recall(x, past, rows, seen, count, kept, width, STEPS: tl.constexpr, KEPT: tl.constexpr, BLOCK: tl.constexpr):
    index = tl.program_id(0).to(tl.int64)
    at = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    inside = (at < width)[None, :]
    row = tl.load(rows + index).to(tl.int64)
    given = x + index * count * width
    memory = past + row * kept * width
    step = tl.arange(0, STEPS)
    live = (step < count)[:, None] & inside
    stride = kept // 2
    out = seen + index * count * 3 * width + step[:, None] * 3 * width + at[None, :]
    tl.store(out, _whole(given, memory, step, at, count, kept, width, live), mask=live)
    tl.store(out + width, _whole(given, memory, step + stride, at, count, kept, width, live), mask=live)
    tl.store(out + 2 * width, _whole(given, memory, step + kept, at, count, kept, width, live), mask=live)
    later = tl.arange(0, KEPT)
    stays = (later < kept)[:, None] & inside
    left = _whole(given, memory, later + count, at, count, kept, width, stays)
    tl.debug_barrier()
    tl.store(memory + later[:, None] * width + at[None, :], left, mask=stays)


def recall(x: Tensor, past: Tensor, rows: Tensor) -> Tensor:
    many, count, width = x.shape
    kept = past.shape[1]
    seen = torch.empty(many, count, 3 * width, dtype=x.dtype, device=x.device)
    block = min(128, triton.next_power_of_2(width))
    _recall[(many, triton.cdiv(width, block))](
        x, past, rows, seen, count, kept, width,
        STEPS=triton.next_power_of_2(count), KEPT=triton.next_power_of_2(kept), BLOCK=block, num_warps=4,
    )  # fmt: skip
    return seen
