"""The kernel: a program walks through one row and keeps the best."""

import torch
import triton
import triton.language as tl
from torch import Tensor


@triton.jit
def _sample(logits, allowed, heat, seeds, made, logits_row, allowed_row, count, BLOCK: tl.constexpr):
    row = tl.program_id(0).to(tl.int64)
    warm = tl.load(heat + row)
    seed = tl.load(seeds + row).to(tl.uint32) * 0x9E3779B1
    best = tl.full((BLOCK,), float("-inf"), tl.float32)
    first = tl.full((BLOCK,), 2147483647, tl.int32)
    for start in range(0, count, BLOCK):
        token = start + tl.arange(0, BLOCK)
        may = tl.load(allowed + row * allowed_row + token, mask=token < count, other=0) != 0
        wanted = tl.load(logits + row * logits_row + token, mask=may, other=float("-inf")).to(tl.float32)
        bits = seed + token.to(tl.uint32) * 0x85EBCA77
        bits = (bits ^ (bits >> 16)) * 0x7FEB352D
        bits = (bits ^ (bits >> 15)) * 0x846CA68B
        bits = bits ^ (bits >> 16)
        even = (bits >> 9).to(tl.float32) * (1.0 / 8388608.0) + (1.0 / 16777216.0)
        wanted = tl.where(may, wanted - warm * tl.log(-tl.log(even)), float("-inf"))
        better = may & ((wanted > best) | (first == 2147483647))
        best = tl.where(better, wanted, best)
        first = tl.where(better, token, first)
    top = tl.max(best, 0)
    chosen = tl.min(tl.where(best == top, first, 2147483647), 0)
    tl.store(made + row, tl.where(chosen == 2147483647, -1, chosen))


def sample(logits: Tensor, allowed: Tensor, heat: Tensor, seeds: Tensor) -> Tensor:
    rows, count = logits.shape
    made = torch.empty(rows, dtype=torch.int32, device=logits.device)
    block = min(4096, triton.next_power_of_2(count))
    _sample[(rows,)](
        logits, allowed, heat, seeds, made, logits.stride(0), allowed.stride(0), count, BLOCK=block, num_warps=8
    )
    return made
