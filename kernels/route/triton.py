"""The kernel: a program routes sixteen positions; the best is taken again and again, the first of equals."""

import torch
import triton
import triton.language as tl
from torch import Tensor


@triton.jit(do_not_specialize=["count"])
def _route(
    x, router, positions, chosen, weights,
    x_row, count, width, experts,
    ACTIVE: tl.constexpr, SHARED: tl.constexpr, WIDE: tl.constexpr, E: tl.constexpr,
    M: tl.constexpr, K: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    row = tl.program_id(0).to(tl.int64) * M + tl.arange(0, M)
    live = row < count
    real = tl.load(positions + row, mask=live, other=-1) >= 0
    expert = tl.arange(0, E)
    known = expert < experts
    at = tl.arange(0, K)
    logits = tl.zeros((E, M), tl.float32)
    for start in range(0, width, K):
        inside = start + at < width
        given = tl.load(x + row[:, None] * x_row + start + at[None, :], mask=live[:, None] & inside[None, :], other=0.0)
        left = tl.load(
            router + expert[:, None] * width + start + at[None, :], mask=known[:, None] & inside[None, :], other=0.0
        )
        logits = tl.dot(left, tl.trans(given), logits, input_precision=PRECISION)
    logits = tl.where(known[:, None] & real[None, :], logits, float("-inf"))
    top = tl.max(logits, 0)
    top = tl.where(real, top, 0.0)
    place = tl.arange(0, WIDE)
    taken = tl.full((WIDE, M), -1, tl.int32)
    wanted = tl.zeros((WIDE, M), tl.float32)
    for turn in tl.static_range(ACTIVE):
        best = tl.max(logits, 0)
        which = tl.min(tl.where(logits == best[None, :], expert[:, None], E), 0)
        here = (place == turn)[:, None] & real[None, :]
        taken = tl.where(here, which[None, :], taken)
        wanted = tl.where(here, tl.exp(best - top)[None, :], wanted)
        logits = tl.where(expert[:, None] == which[None, :], float("-inf"), logits)
    total = tl.sum(wanted, 0)
    wanted = wanted / tl.where(total > 0, total, 1.0)[None, :]
    everybody = (place >= ACTIVE)[:, None] & real[None, :]
    taken = tl.where(everybody, experts + place[:, None] - ACTIVE, taken)
    wanted = tl.where(everybody, 1.0, wanted)
    out = row[None, :] * (ACTIVE + SHARED) + place[:, None]
    there = live[None, :] & (place < ACTIVE + SHARED)[:, None]
    tl.store(chosen + out, taken, mask=there)
    tl.store(weights + out, wanted, mask=there)


def route(x: Tensor, router: Tensor, positions: Tensor, active: int, shared: int) -> tuple[Tensor, Tensor]:
    count, width = x.shape
    chosen = torch.empty(count, active + shared, dtype=torch.int32, device=x.device)
    weights = torch.empty(count, active + shared, dtype=torch.float32, device=x.device)
    _route[(triton.cdiv(count, 16),)](
        x, router, positions, chosen, weights, x.stride(0), count, width, len(router),
        ACTIVE=active, SHARED=shared, WIDE=triton.next_power_of_2(active + shared),
        E=max(16, triton.next_power_of_2(len(router))), M=16, K=128 if len(router) <= 64 else 64,
        PRECISION="ieee" if x.dtype == torch.float32 else "tf32", num_warps=4, num_stages=3,
    )  # fmt: skip
    return chosen, weights
