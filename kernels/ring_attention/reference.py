"""The definition: every query against every place of its call's ring, in float32."""

import torch
from torch import Tensor


def ring_attention(
    query: Tensor,
    keys: Tensor,
    values: Tensor,
    turned: Tensor,
    positions: Tensor,
    spans: Tensor,
    window: int,
    sinks: int,
) -> Tensor:
    count, heads, width = query.shape
    near, far = rotated(query, turned[0]), rotated(query, turned[1])
    mixed = torch.zeros(count, heads, width, dtype=query.dtype, device=query.device)
    for row, first, many, last in spans.tolist():
        here = slice(first, first + many)
        held = keys[row].float().repeat_interleave(heads // keys.shape[1], 0)  # [H, C, D]
        said = values[row].float().repeat_interleave(heads // keys.shape[1], 0)
        scores = torch.cat(
            (
                torch.einsum("nhd,hcd->nhc", far[here], held[:, :sinks]),
                torch.einsum("nhd,hcd->nhc", near[here], held[:, sinks:]),
            ),
            -1,
        )
        place = positions_held(last, held.shape[1] - sinks, sinks).to(query.device)
        said = said.masked_fill(place[:, None] < 0, 0.0)
        asked = positions[here, None]
        seen = (place >= 0) & (place <= asked) & ((asked - place < window) | (place < sinks))
        scores = (scores * width**-0.5).masked_fill(~seen[:, None], float("-inf"))
        weights = scores.softmax(-1)
        mixed[here] = torch.einsum("nhc,hcd->nhd", weights, said).to(query.dtype)
    return mixed


def rotated(x: Tensor, turned: Tensor) -> Tensor:
    """[N, H, D] in float32, turned by cosines and sines [2, N, D / 2]."""
    left, right = x.float().chunk(2, -1)
    cos, sin = turned[0][:, None], turned[1][:, None]
    return torch.cat((left * cos - right * sin, left * sin + right * cos), -1)


def positions_held(last: int, ring: int, sinks: int) -> Tensor:
    """Which position stands in each place once `last` is written; -1 where none does."""
    pinned = torch.arange(sinks)
    pinned = torch.where(pinned <= last, pinned, -1)
    place = torch.arange(ring)
    held = last - (last - sinks - place) % ring
    return torch.cat((pinned, torch.where(held >= sinks, held, -1)))
