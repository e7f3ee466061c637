"""The trunk: layers of attention over what is remembered, and a feed-forward part that may be a mixture of experts.

A position sees the prefix (the sinks) and the last `window` positions, itself included. Distance to the prefix is
counted up to a window and no further, so that a call of any length looks like one of the length that was learnt. Up to
a window this is plain causal attention, which is what training computes; `Cache` computes the same turn by turn.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from callcenter.model.config import SINKS, Size
from callcenter.model.moe import Experts

BASE = 10_000.0


class Norm(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        return F.layer_norm(x, self.weight.shape, self.weight.to(x.dtype))


def angles(positions: Tensor, head: int) -> tuple[Tensor, Tensor]:
    """Cosines and sines [..., head / 2] of positions [...]; in float64, for positions grow with the call."""
    frequency = BASE ** (-torch.arange(0, head, 2, dtype=torch.float64, device=positions.device) / head)
    turned = positions.double()[..., None] * frequency
    return turned.cos().float(), turned.sin().float()


def rotated(x: Tensor, turned: tuple[Tensor, Tensor]) -> Tensor:
    """x [B, H, T, head] rotated by angles [B or 1, T, head / 2]."""
    cos, sin = (part[:, None].to(x.dtype) for part in turned)
    left, right = x.chunk(2, -1)
    return torch.cat((left * cos - right * sin, left * sin + right * cos), -1)


class Attention(nn.Module):
    def __init__(self, size: Size) -> None:
        super().__init__()
        self.size = size
        self.read = nn.Linear(size.width, (size.heads + 2 * size.kv_heads) * size.head, bias=False)
        self.write = nn.Linear(size.width, size.width, bias=False)

    def parts(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Queries [B, H, T, head], keys and values [B, KV, T, head]."""
        size = self.size
        split = self.read(x).view(*x.shape[:2], -1, size.head).transpose(1, 2)
        query, key, value = split.split((size.heads, size.kv_heads, size.kv_heads), 1)
        return query, key, value

    def forward(self, x: Tensor, turned: tuple[Tensor, Tensor]) -> Tensor:
        """A whole call, x [B, T, D]."""
        query, key, value = self.parts(x)
        key = self.shared(rotated(key, turned))
        value = self.shared(value)
        mixed = self._all(query, key, value, turned, x.shape[1])
        return self.out(mixed)

    def _all(self, query: Tensor, key: Tensor, value: Tensor, turned: tuple[Tensor, Tensor], count: int) -> Tensor:
        """`attend` in one product: half of every key is nothing, so that each query meets it with the right angles."""
        if count <= self.size.window:
            return F.scaled_dot_product_attention(rotated(query, turned), key, value, is_causal=True)
        place = torch.arange(count, device=query.device)
        near = seen(place[:, None], place[None, :], self.size.window)
        far = tuple(part[:, : self.size.window + 1] for part in turned)
        clamped = tuple(part[:, place.clamp(max=self.size.window)] for part in far)
        met = torch.cat((rotated(query, turned), rotated(query, (clamped[0], clamped[1]))), -1)
        pinned = (place < SINKS)[:, None]
        keys = torch.cat((key.masked_fill(pinned, 0.0), key.masked_fill(~pinned, 0.0)), -1)
        return F.scaled_dot_product_attention(met, keys, value, near, scale=self.size.head**-0.5)

    def shared(self, x: Tensor) -> Tensor:
        """Keys or values for every head that shares them."""
        return x if self.size.heads == self.size.kv_heads else x.repeat_interleave(self.size.heads // x.shape[1], 1)

    def out(self, mixed: Tensor) -> Tensor:
        written: Tensor = self.write(mixed.transpose(1, 2).flatten(2))
        return written


def seen(query: Tensor, key: Tensor, window: int) -> Tensor:
    """Which keys a query sees, by their positions; an empty place has a negative one."""
    return (key >= 0) & (key <= query) & ((query - key < window) | (key < SINKS))


def attend(
    query: Tensor,
    turned: tuple[Tensor, Tensor],
    clamped: tuple[Tensor, Tensor],
    key: Tensor,
    value: Tensor,
    mask: Tensor,
) -> Tensor:
    """The definition: the first `SINKS` keys are met with the clamped angles, all others with the true ones."""
    scale = query.shape[-1] ** -0.5
    sinks = rotated(query, clamped) @ key[:, :, :SINKS].transpose(-1, -2)
    others = rotated(query, turned) @ key[:, :, SINKS:].transpose(-1, -2)
    scores = torch.cat((sinks, others), -1) * scale
    weights = scores.masked_fill(~mask, float("-inf")).softmax(-1, dtype=torch.float32)
    mixed: Tensor = weights.to(value.dtype) @ value
    return mixed


class Dense(nn.Module):
    """SwiGLU."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.up = nn.Linear(width, 2 * hidden, bias=False)
        self.down = nn.Linear(hidden, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        gate, lifted = self.up(x).chunk(2, -1)
        lowered: Tensor = self.down(F.silu(gate) * lifted)
        return lowered


class Layer(nn.Module):
    def __init__(self, size: Size) -> None:
        super().__init__()
        self.before = Norm(size.width)
        self.attention = Attention(size)
        self.between = Norm(size.width)
        self.feed: nn.Module = Experts(size, Dense) if size.experts else Dense(size.width, size.hidden)

    def forward(self, x: Tensor, turned: tuple[Tensor, Tensor]) -> Tensor:
        x = x + self.attention(self.before(x), turned)
        fed: Tensor = x + self.feed(self.between(x))
        return fed

    def step(self, x: Tensor, keys: Tensor, values: Tensor, step: "Step") -> Tensor:
        """A turn, x [B, T, D]; `keys` and `values` are this layer's ring, which is written."""
        query, key, value = self.attention.parts(self.before(x))
        key = rotated(key, step.turned)
        held = self.attention.shared(step.kept(keys, key).to(query.dtype))
        said = self.attention.shared(step.kept(values, value).to(query.dtype))
        mixed = attend(query, step.turned, step.clamped, held, said, step.mask)
        x = x + self.attention.out(mixed)
        fed: Tensor = x + self.feed(self.between(x))
        return fed


@dataclass(frozen=True)
class Step:
    """Where the positions of one turn go, and what they see."""

    rows: Tensor
    places: Tensor  # [B, T] slots of the ring that are written; the last slot takes what is padding
    turned: tuple[Tensor, Tensor]
    clamped: tuple[Tensor, Tensor]
    mask: Tensor  # [B, 1, T, slots]
    alone: int | None = None
    """The row, where it is the only one: its ring is read where it lies."""

    def kept(self, ring: Tensor, new: Tensor) -> Tensor:
        """These rows of a ring [rows, KV, slots, head] with this turn's [B, KV, T, head] written into it."""
        if self.alone is None:
            ring[self.rows[:, None], :, self.places] = new.transpose(1, 2).to(ring.dtype)
            return ring[self.rows]
        own = ring[self.alone]
        own.index_copy_(1, self.places[0], new[0].to(ring.dtype))
        return own[None]
