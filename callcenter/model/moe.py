"""A mixture of experts: each position goes to its best few and to one that all share.

The router's logits are normalised over the chosen. `balance` (the product of how often an expert is chosen and how
much it is wanted, summed) is what training adds to the loss so that none starves.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from callcenter.model.config import Size


class Experts(nn.Module):
    def __init__(self, size: Size, make: Callable[[int, int], nn.Module]) -> None:
        super().__init__()
        self.active = size.active
        self.router = nn.Linear(size.width, size.experts, bias=False)
        self.experts = nn.ModuleList(make(size.width, size.hidden) for _ in range(size.experts))
        self.shared = nn.ModuleList(make(size.width, size.hidden) for _ in range(size.shared))
        self.balance = torch.zeros(())

    def forward(self, x: Tensor) -> Tensor:
        flat = x.reshape(-1, x.shape[-1])
        wanted = self.router(flat).float().softmax(-1)
        weights, chosen = wanted.topk(self.active, -1)
        weights = (weights / weights.sum(-1, keepdim=True)).to(x.dtype)
        if self.training:
            share = torch.zeros_like(wanted).scatter_(-1, chosen, 1.0).mean(0)
            self.balance = len(self.experts) * (share * wanted.mean(0)).sum() / self.active
        mixed = sum((expert(flat) for expert in self.shared), torch.zeros_like(flat))
        for index, expert in enumerate(self.experts):
            rows, rank = (chosen == index).nonzero(as_tuple=True)
            if len(rows):
                mixed = mixed.index_add(0, rows, expert(flat[rows]) * weights[rows, rank, None])
        return mixed.reshape(x.shape)
