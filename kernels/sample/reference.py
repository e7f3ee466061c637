"""The definition: Gumbel's noise from a hash, added to the logits; the best of what is allowed."""

import torch
from torch import Tensor

MASK = 0xFFFFFFFF


def sample(logits: Tensor, allowed: Tensor, heat: Tensor, seeds: Tensor) -> Tensor:
    token = torch.arange(logits.shape[1], device=logits.device)
    noise = -torch.log(-torch.log(even(hashed(seeds.long()[:, None], token[None]))))
    wanted = (logits.float() + heat[:, None] * noise).masked_fill(~allowed, float("-inf"))
    best = wanted.max(-1, keepdim=True).values
    first = torch.where((wanted == best) & allowed, token, logits.shape[1]).min(-1).values
    return torch.where(allowed.any(-1), first, -1).int()


def even(bits: Tensor) -> Tensor:
    """Between 0 and 1 and never either: of 24 bits the last step would be rounded to 1, whose noise is infinite."""
    return (bits >> 9).float() * 2.0**-23 + 2.0**-24


def hashed(seed: Tensor, token: Tensor) -> Tensor:
    """32 bits of chance, as int64."""
    bits = (seed * 0x9E3779B1 + token * 0x85EBCA77) & MASK
    for shift, times in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        bits = ((bits ^ (bits >> shift)) * times) & MASK
    return bits ^ (bits >> 16)
