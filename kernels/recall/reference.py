"""The definition."""

import torch
from torch import Tensor


def recall(x: Tensor, past: Tensor, rows: Tensor) -> Tensor:
    stride, count = past.shape[1] // 2, x.shape[1]
    whole = torch.cat((past[rows.long()], x), 1)
    past[rows.long()] = whole[:, -2 * stride :]
    return torch.cat([whole[:, back * stride : back * stride + count] for back in range(3)], -1)
