"""The kernel: a program sums and evens one position."""

import torch
import triton
import triton.language as tl
from torch import Tensor


@triton.jit
def _norm(
    x, parts, weight, summed, evened, x_row, width,
    PARTS: tl.constexpr, WIDE: tl.constexpr,
):  # fmt: skip
    row = tl.program_id(0).to(tl.int64)
    at = tl.arange(0, WIDE)
    inside = at < width
    total = tl.load(x + row * x_row + at, mask=inside, other=0.0).to(tl.float32)
    for part in tl.static_range(PARTS):
        total += tl.load(parts + (row * PARTS + part) * width + at, mask=inside, other=0.0).to(tl.float32)
    tl.store(summed + row * width + at, total, mask=inside)
    mean = tl.sum(total, 0) / width
    apart = tl.where(inside, total - mean, 0.0)
    even = apart * tl.rsqrt(tl.sum(apart * apart, 0) / width + 1e-5)
    scaled = even * tl.load(weight + at, mask=inside, other=0.0).to(tl.float32)
    tl.store(evened + row * width + at, scaled.to(evened.dtype.element_ty), mask=inside)


def norm(x: Tensor, parts: Tensor | None, weight: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    count, width = x.shape
    summed = torch.empty(count, width, dtype=torch.float32, device=x.device)
    evened = torch.empty(count, width, dtype=dtype, device=x.device)
    wide = triton.next_power_of_2(width)
    _norm[(count,)](
        x, parts if parts is not None else x, weight, summed, evened, x.stride(0), width,
        PARTS=parts.shape[1] if parts is not None else 0, WIDE=wide, num_warps=4 if wide <= 2048 else 8,
    )  # fmt: skip
    return summed, evened
