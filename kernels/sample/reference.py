"""The definition: Gumbel's noise from a hash, added to the logits; the best of what is allowed."""

import torch
from torch import Tensor

MASK = 0xFFFFFFFF


def sample(logits: Tensor, allowed: Tensor, heat: Tensor, seeds: Tensor) -> Tensor:
    token = torch.arange(logits.shape[1], device=logits.device)
    even = (hashed(seeds.long()[:, None], token[None]) >> 8).float() * 2.0**-24 + 2.0**-25
    noise = -torch.log(-torch.log(even))
    wanted = (logits.float() + heat[:, None] * noise).masked_fill(~allowed, float("-inf"))
    best = wanted.max(-1, keepdim=True).values
    first = torch.where((wanted == best) & allowed, token, logits.shape[1]).min(-1).values
    return torch.where(allowed.any(-1), first, -1).int()


def hashed(seed: Tensor, token: Tensor) -> Tensor:
    """32 bits of chance, as int64."""
    bits = (seed * 0x9E3779B1 + token * 0x85EBCA77) & MASK
    for shift, times in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        bits = ((bits ^ (bits >> shift)) * times) & MASK
    return bits ^ (bits >> 16)
