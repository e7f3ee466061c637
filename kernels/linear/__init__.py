"""A matrix times rows, each row's sum in an order that does not depend on how many rows there are.

The libraries' products choose their order by the number of rows, so that a call's answer would change with its company.
"""

import torch
from torch import Tensor

from kernels.linear.reference import linear as reference


def linear(
    x: Tensor, weight: Tensor, bias: Tensor | None = None, gelu: bool = False, dtype: torch.dtype | None = None
) -> Tensor:
    """x [N, K] times `weight` [O, K], with `bias` [O], bent by a GELU where asked: [N, O] in `dtype` or as x is."""
    if x.is_cuda:
        from kernels.linear.triton import linear as compiled

        return compiled(x, weight, bias, gelu, dtype)
    return reference(x, weight, bias, gelu, dtype)
