"""The definition: softmax in float32, its best few, made to add up to one."""

import torch
from torch import Tensor


def route(x: Tensor, router: Tensor, positions: Tensor, active: int, shared: int) -> tuple[Tensor, Tensor]:
    wanted = (x.float() @ router.float().T).softmax(-1)
    weights, chosen = wanted.topk(active, -1)
    weights = weights / weights.sum(-1, keepdim=True)
    everybody = torch.arange(len(router), len(router) + shared, device=x.device).expand(len(x), -1)
    chosen = torch.cat((chosen, everybody), -1).int()
    weights = torch.cat((weights, torch.ones(len(x), shared, device=x.device)), -1)
    real = (positions >= 0)[:, None]
    return chosen.where(real, -1), weights.where(real, 0.0)
