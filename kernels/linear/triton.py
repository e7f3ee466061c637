"""The kernel: N rows of the matrix times M rows of x, step by step through what they share."""

import torch
import triton
import triton.language as tl
from torch import Tensor


@triton.jit(do_not_specialize=["count"])
def _linear(
    x, weight, bias, made,
    x_row, count, height, width,
    BIAS: tl.constexpr, GELU: tl.constexpr, EVEN: tl.constexpr,
    M: tl.constexpr, N: tl.constexpr, K: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    row = tl.program_id(0).to(tl.int64) * M + tl.arange(0, M)
    line = tl.program_id(1).to(tl.int64) * N + tl.arange(0, N)
    live, real = row < count, line < height
    at = tl.arange(0, K)
    source = x + row[:, None] * x_row + at[None, :]
    matrix = weight + line[:, None] * width + at[None, :]
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
    if BIAS:
        total += tl.load(bias + line, mask=real, other=0.0).to(tl.float32)[:, None]
    if GELU:
        total = 0.5 * total * (1.0 + tl.erf(total * 0.7071067811865476))
    out = tl.trans(total)
    tl.store(
        made + row[:, None] * height + line[None, :], out.to(made.dtype.element_ty), mask=live[:, None] & real[None, :]
    )


def shape(height: int) -> tuple[int, int, int, int, int]:
    """Rows of x, rows of the matrix, numbers of a step; warps; stages: by the matrix alone."""
    return (64, 32, 64, 4, 4) if height < 768 else (64, 64, 128, 4, 3)


def linear(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    gelu: bool = False,
    dtype: torch.dtype | None = None,
    chosen: tuple[int, int, int, int, int] | None = None,
) -> Tensor:
    count, width = x.shape
    height = len(weight)
    m, n, k, warps, stages = chosen or shape(height)
    made = torch.empty(count, height, dtype=dtype or x.dtype, device=x.device)
    _linear[(triton.cdiv(count, m), triton.cdiv(height, n))](
        x, weight, bias if bias is not None else weight, made, x.stride(0), count, height, width,
        BIAS=bias is not None, GELU=gelu, EVEN=width % k == 0, M=m, N=n, K=k,
        PRECISION="ieee" if x.dtype == torch.float32 else "tf32", num_warps=warps, num_stages=stages,
    )  # fmt: skip
    return made
