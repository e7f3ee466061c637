"""A mixture of experts: each position goes to its best few, and to some that all share.

The router's weights are normalised over the chosen. `balance` (how often an expert is chosen times how much it is
wanted, summed) is what training adds to the loss so that none starves. The experts' matrices are stacked, so that a
grouped kernel can take them as they lie; here each expert takes its own positions, one expert after the other.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from callcenter.model.config import Size


class Experts(nn.Module):
    def __init__(self, size: Size, make: Callable[[int, int], nn.Module]) -> None:
        super().__init__()
        self.active = size.active
        self.router = nn.Linear(size.width, size.experts, bias=False)
        self.up = nn.Parameter(torch.empty(size.experts, 2 * size.hidden, size.width))
        self.down = nn.Parameter(torch.empty(size.experts, size.width, size.hidden))
        self.shared = nn.ModuleList(make(size.width, size.hidden) for _ in range(size.shared))
        self.balance = torch.zeros(())
        nn.init.normal_(self.up, std=0.8 * size.width**-0.5)
        nn.init.normal_(self.down, std=0.8 * size.hidden**-0.5)

    def forward(self, x: Tensor) -> Tensor:
        flat = x.reshape(-1, x.shape[-1])
        wanted = self.router(flat).float().softmax(-1)
        weights, chosen = wanted.topk(self.active, -1)
        weights = (weights / weights.sum(-1, keepdim=True)).to(x.dtype)
        if self.training:
            share = torch.zeros_like(wanted).scatter_(-1, chosen, 1.0).mean(0)
            self.balance = len(self.up) * (share * wanted.mean(0)).sum() / self.active
        mixed = sum((expert(flat) for expert in self.shared), torch.zeros_like(flat))
        for index in range(len(self.up)):
            rows, rank = (chosen == index).nonzero(as_tuple=True)
            if len(rows):
                mixed = mixed.index_add(0, rows, self.expert(index, flat[rows]) * weights[rows, rank, None])
        return mixed.reshape(x.shape)

    def expert(self, index: int, x: Tensor) -> Tensor:
        gate, lifted = (x @ self.up[index].T).chunk(2, -1)
        return (F.silu(gate) * lifted) @ self.down[index].T
