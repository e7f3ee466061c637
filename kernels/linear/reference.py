"""The definition: in float32."""

import torch
import torch.nn.functional as F
from torch import Tensor


def linear(
    x: Tensor, weight: Tensor, bias: Tensor | None = None, gelu: bool = False, dtype: torch.dtype | None = None
) -> Tensor:
    made = F.linear(x.float(), weight.float(), None if bias is None else bias.float())
    return (F.gelu(made) if gelu else made).to(dtype or x.dtype)
