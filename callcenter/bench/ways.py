"""What `bench kernels` compares: for every op, our kernel and torch's ways to the same sum, at the shapes of our sizes.

A turn is what an average call has: two positions of sound and, every third time, two of text; of 64 calls 171
positions. Rings are full and have turned.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import torch
import torch.nn.functional as F
from torch import Tensor

from callcenter.audio.resample import phases
from callcenter.model.config import SINKS, SIZES
from callcenter.model.streaming import MOST
from callcenter.model.transformer import angles
from callcenter.units import TURN
from kernels.experts import experts
from kernels.linear import linear
from kernels.norm import norm
from kernels.resample import resample
from kernels.ring_attention import ring_attention, span, spans
from kernels.rotary_cache import rotary_cache
from kernels.route import route
from kernels.sample import sample
from kernels.sample.reference import sample as sampled

DTYPE: Final = torch.bfloat16
"""The one in which torch's grouped products run too."""

OTHER: Final = "sdpa, no mask (another sum)"
"""What torch's attention takes where nothing is hidden from any query: not what is asked for, but its fastest."""

GROUPED: Final[Callable[..., Tensor]] = getattr(F, "grouped_mm", None) or torch._grouped_mm

Blocks = tuple[int, int, int, int, int]

RINGED: Final[tuple[tuple[int, int, int], ...]] = (
    (64, 4, 3), (64, 4, 4), (64, 4, 5), (64, 2, 4), (128, 4, 2), (128, 4, 3), (128, 8, 3), (32, 2, 5), (32, 4, 5),
)  # fmt: skip
"""Places of a block of the ring, warps, stages."""

FED: Final[tuple[Blocks, ...]] = (
    (64, 64, 64, 4, 3), (64, 64, 64, 4, 4), (64, 64, 128, 4, 2), (64, 64, 128, 4, 3), (32, 64, 128, 4, 3),
    (32, 64, 64, 4, 4), (16, 64, 128, 4, 3), (64, 128, 64, 8, 3), (64, 32, 64, 4, 4), (32, 32, 128, 4, 3),
    (16, 32, 128, 4, 4), (64, 128, 64, 4, 3),
)  # fmt: skip
"""Positions, rows of a matrix, numbers of a step, warps, stages; of `linear` too."""

LINED: Final[tuple[Blocks, ...]] = (
    (64, 16, 128, 4, 4), (32, 32, 64, 4, 4), (32, 32, 128, 4, 3), (64, 32, 128, 4, 3), (16, 32, 128, 4, 4),
    (64, 64, 64, 4, 4), (32, 16, 128, 2, 4), (64, 16, 64, 2, 5), (32, 64, 128, 4, 3), (32, 32, 128, 2, 4),
)  # fmt: skip

Given = tuple[Any, ...]


@dataclass(frozen=True)
class Way:
    """One of torch's: what it does, what it takes of our inputs, and whether it can be recorded."""

    go: Callable[..., Any]
    given: Callable[[Given], Given] = lambda given: given
    recorded: bool = True


@dataclass(frozen=True)
class Case:
    op: str
    size: str
    calls: int
    moved: int
    make: Callable[[int], Given]
    ours: Callable[..., Any]
    torch: Mapping[str, Way] = field(default_factory=dict)
    compared: Callable[[Any], Tensor] = lambda made: made
    """What of ours is the same as what torch's first way gives."""
    blocks: Mapping[str, Callable[..., Any]] = field(default_factory=dict)
    """Ours with other blocks, to choose them by."""

    def apart(self, given: Given) -> float:
        if not self.torch:
            return float("nan")
        first = next(iter(self.torch.values()))
        own = tuple(
            part.clone() if isinstance(part, Tensor) else part for part in given
        )  # some write what they are given
        wanted = first.go(*first.given(own)).double()
        found = self.compared(self.ours(*given)).double()
        return round(float((found - wanted).norm() / wanted.norm()), 6)


def turns(calls: int) -> list[int]:
    return [4 if at % 3 == 0 else 2 for at in range(calls)]


def randn(*shape: int, scale: float = 1.0, dtype: torch.dtype = DTYPE) -> Tensor:
    return (torch.randn(*shape, device="cuda", dtype=torch.float32) * scale).to(dtype)


def half(*shape: int, scale: float = 1.0) -> Tensor:
    """As `randn`, without ever holding it in float32: for the largest."""
    return torch.randn(*shape, device="cuda", dtype=DTYPE).mul_(scale)


def both(name: str, go: Callable[..., Any], given: Callable[[Given], Given] = lambda given: given) -> dict[str, Way]:
    """As written, and through `torch.compile`."""
    return {name: Way(go, given), "compiled": Way(torch.compile(go, dynamic=False), given)}


# ---------------------------------------------------------------------------------------------------- attention


def attention(name: str, calls: int) -> Case:
    size = SIZES[name]
    counts = turns(calls)
    many, longest, group = sum(counts), max(counts), size.heads // size.kv_heads
    last = 5 * size.window
    ring = size.window + MOST + 2
    rows = torch.arange(calls, device="cuda")
    positions = torch.cat([torch.arange(last + 1 - count, last + 1) for count in counts]).int().cuda()
    near = torch.stack(angles(positions, size.head))
    turned = torch.stack((near, near))  # torch turns its queries once, so the prefix is met with the same angles
    told = torch.from_numpy(spans(range(calls), counts, [last] * calls, span(group))).cuda()
    seen = sum(size.window + SINKS + count - 1 for count in counts)
    moved = 2 * size.kv_heads * size.head * 2 * seen + 2 * many * size.heads * size.head * 2
    # torch has its queries side by side, the first of a row where it has fewer
    owner = torch.repeat_interleave(rows, torch.tensor(counts, device="cuda"))
    place = torch.cat([torch.arange(longest - count, longest) for count in counts]).cuda()
    newest = (last - SINKS) % ring
    age = (newest - torch.arange(ring, device="cuda")) % ring
    held = torch.cat((torch.arange(SINKS, device="cuda"), last - age))
    asked = last - longest + 1 + torch.arange(longest, device="cuda")
    back = asked[:, None] - held[None, :]
    mask = ((back >= 0) & ((back < size.window) | (held < SINKS)))[None, None].expand(calls, 1, -1, -1).contiguous()

    def make(seed: int) -> Given:
        keys, values = (half(calls, size.kv_heads, SINKS + ring, size.head) for _ in range(2))
        asked = half(many, size.heads + 2 * size.kv_heads, size.head)
        return asked[:, : size.heads], keys, values, turned, positions, told, size.window, SINKS

    def beside(given: Given) -> Given:
        query = given[0].float()
        left, right = query.chunk(2, -1)
        cos, sin = turned[0, 0][:, None], turned[0, 1][:, None]
        rotated = torch.cat((left * cos - right * sin, left * sin + right * cos), -1).to(DTYPE)
        padded = torch.zeros(calls, longest, size.heads, size.head, dtype=DTYPE, device="cuda")
        padded[owner, place] = rotated
        return padded.transpose(1, 2).contiguous(), given[1], given[2]

    def written(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        shared = query.view(calls, size.kv_heads, group * longest, size.head)  # heads that share keys, side by side
        scores = (shared @ key.transpose(-1, -2)).view(calls, size.kv_heads, group, longest, -1) * size.head**-0.5
        weights = scores.masked_fill(~mask[:, :, None], float("-inf")).softmax(-1, dtype=torch.float32).to(DTYPE)
        mixed = (weights.view(calls, size.kv_heads, group * longest, -1) @ value).view(calls, size.heads, longest, -1)
        told: Tensor = mixed.transpose(1, 2)[owner, place]
        return told

    # heads that share keys are given as more queries of one head, which every kernel of torch can take
    grouped_mask = mask.repeat(1, 1, group, 1)

    def masked(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        shared = query.view(calls, size.kv_heads, group * longest, size.head)
        return F.scaled_dot_product_attention(shared, key, value, attn_mask=grouped_mask)

    def unmasked(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        shared = query.view(calls, size.kv_heads, group * longest, size.head)
        return F.scaled_dot_product_attention(shared, key, value)

    torch_ways = {**both("eager", written, beside), "sdpa": Way(masked, beside), OTHER: Way(unmasked, beside)}
    blocks: dict[str, Callable[..., Any]] = {}
    for block, warps, stages in RINGED:
        blocks[f"block {block}, {warps} warps, {stages} stages"] = partial(ring_attention_on, (block, warps, stages))
    return Case("ring_attention", name, calls, moved, make, ring_attention, torch_ways, blocks=blocks)


def ring_attention_on(chosen: tuple[int, int, int], *given: Any) -> Tensor:
    from kernels.ring_attention.triton import ring_attention as compiled

    go: Callable[..., Tensor] = compiled
    return go(*given, chosen)


# ------------------------------------------------------------------------------------------------------ experts


def mixture(name: str, calls: int) -> Case | None:
    """Experts, and those that all share."""
    size = SIZES[name]
    if not size.experts:
        return None
    count, many, each = sum(turns(calls)), size.experts + size.shared, size.active + size.shared
    hidden, width = size.hidden, size.width

    def chosen(seed: int) -> tuple[Tensor, Tensor]:
        chance = torch.Generator(device="cuda").manual_seed(seed)
        wanted = torch.randn(count, size.experts, generator=chance, device="cuda").softmax(-1)
        weights, which = wanted.topk(size.active, -1)
        everybody = torch.arange(size.experts, many, device="cuda").expand(count, -1)
        ones = torch.ones(count, size.shared, device="cuda")
        return torch.cat((which, everybody), -1).int(), torch.cat((weights / weights.sum(-1, keepdim=True), ones), -1)

    def make(seed: int) -> Given:
        up = half(many, 2 * hidden, width, scale=width**-0.5)
        return half(count, width), up, half(many, width, hidden, scale=hidden**-0.5), *chosen(seed)

    def ours(x: Tensor, up: Tensor, down: Tensor, which: Tensor, weights: Tensor) -> Tensor:
        return experts(x, up, down, which, weights)

    def loop(x: Tensor, up: Tensor, down: Tensor, which: Tensor, weights: Tensor) -> Tensor:
        parts = x.new_zeros(count, each, width)
        for index in range(many):
            rows, rank = (which == index).nonzero(as_tuple=True)
            gate, lifted = (x[rows] @ up[index].T).chunk(2, -1)
            parts[rows, rank] = (F.silu(gate) * lifted) @ down[index].T * weights[rows, rank, None].to(x.dtype)
        return parts

    def grouped(x: Tensor, up: Tensor, down: Tensor, which: Tensor, weights: Tensor) -> Tensor:
        order = which.flatten().argsort(stable=True)
        ends = counted(which, many)
        gate, lifted = GROUPED(x[order // each], up.transpose(1, 2), offs=ends).chunk(2, -1)
        made = GROUPED((F.silu(gate) * lifted).contiguous(), down.transpose(1, 2), offs=ends)
        parts = torch.empty_like(made)
        parts[order] = made * weights.flatten()[order, None].to(x.dtype)
        return parts.view(count, each, width)

    touched = len(set(chosen(0)[0].flatten().tolist()))
    moved = touched * 3 * hidden * width * 2 + count * width * 2 + count * each * width * 4
    torch_ways = {
        "loop": Way(loop, recorded=False),
        **{f"{name} grouped": way for name, way in both("eager", grouped).items()},
    }
    return Case("experts", name, calls, moved, make, ours, torch_ways, blocks=fed_blocks())


def fed_blocks() -> dict[str, Callable[..., Any]]:
    return {
        f"{m} x {n}, {k} a step, {warps} warps, {stages} stages": partial(experts_on, (m, n, k, warps, stages))
        for m, n, k, warps, stages in FED
    }


def experts_on(blocks: Blocks, x: Tensor, up: Tensor, down: Tensor, *chosen: Tensor) -> Tensor:
    """With the same blocks in both products."""
    from kernels.experts.triton import experts as compiled

    which, weights = chosen or (None, None)
    return compiled(x, up, down, which, weights, (blocks, blocks))


def counted(which: Tensor, many: int) -> Tensor:
    """Where each expert's positions end, without waiting for the GPU."""
    return (which.flatten()[:, None] == torch.arange(many, device=which.device)).sum(0).cumsum(0).int()


def dense(name: str, calls: int) -> Case | None:
    size = SIZES[name]
    if size.experts:
        return None
    count = sum(turns(calls))

    def make(seed: int) -> Given:
        return (
            half(count, size.width),
            half(1, 2 * size.hidden, size.width, scale=size.width**-0.5),
            half(1, size.width, size.hidden, scale=size.hidden**-0.5),
        )

    def written(x: Tensor, up: Tensor, down: Tensor) -> Tensor:
        gate, lifted = F.linear(x, up[0]).chunk(2, -1)
        return F.linear(F.silu(gate) * lifted, down[0])[:, None]

    moved = 3 * size.hidden * size.width * 2 + count * size.width * 6
    return Case("experts, one for all", name, calls, moved, make, experts, both("eager", written), blocks=fed_blocks())


def router(name: str, calls: int) -> Case | None:
    size = SIZES[name]
    if not size.experts:
        return None
    count = sum(turns(calls))
    positions = torch.zeros(count, dtype=torch.int32, device="cuda")

    def make(seed: int) -> Given:
        given = half(count, size.width), half(size.experts, size.width, scale=size.width**-0.5)
        return *given, positions, size.active, size.shared

    def written(x: Tensor, weight: Tensor) -> Tensor:
        wanted = F.linear(x, weight).float().softmax(-1)
        weights, chosen = wanted.topk(size.active, -1)
        del chosen
        return weights / weights.sum(-1, keepdim=True)

    moved = size.experts * size.width * 2 + count * (size.width * 2 + 8 * (size.active + size.shared))
    return Case(
        "route", name, calls, moved, make, route, both("eager", written, lambda given: given[:2]),
        lambda made: made[1][:, : size.active],
    )  # fmt: skip


# ---------------------------------------------------------------------------------------------------- the rest


def read(name: str, calls: int) -> Case:
    """Queries, keys and values."""
    size = SIZES[name]
    count, height = sum(turns(calls)), (size.heads + 2 * size.kv_heads) * size.head

    def make(seed: int) -> Given:
        return half(count, size.width), half(height, size.width, scale=size.width**-0.5)

    moved = 2 * (height * size.width + count * (height + size.width))

    def written(x: Tensor, weight: Tensor) -> Tensor:
        return F.linear(x, weight)

    blocks: dict[str, Callable[..., Any]] = {
        f"{m} x {n}, {k} a step, {warps} warps, {stages} stages": partial(linear_on, (m, n, k, warps, stages))
        for m, n, k, warps, stages in LINED
    }
    return Case("linear", name, calls, moved, make, linear, both("eager", written), blocks=blocks)


def linear_on(chosen: Blocks, x: Tensor, weight: Tensor) -> Tensor:
    from kernels.linear.triton import linear as compiled

    return compiled(x, weight, chosen=chosen)


def even(name: str, calls: int) -> Case:
    size = SIZES[name]
    count, parts = sum(turns(calls)), max(1, size.active + size.shared)

    def make(seed: int) -> Given:
        return (
            randn(count, size.width, dtype=torch.float32), randn(count, parts, size.width, dtype=torch.float32),
            half(size.width), DTYPE,
        )  # fmt: skip

    def written(x: Tensor, added: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
        summed = x + added.sum(1)
        return summed, F.layer_norm(summed, weight.shape, weight.float()).to(DTYPE)

    def second(x: Tensor, added: Tensor, weight: Tensor) -> Tensor:
        return written(x, added, weight)[1]

    moved = count * size.width * (4 * (2 + parts) + 2)
    ways = {
        "eager": Way(second, lambda given: given[:3]),
        "compiled": Way(torch.compile(written, dynamic=False), lambda given: given[:3]),
    }
    return Case("norm", name, calls, moved, make, norm, ways, lambda made: made[1])


def remembered(name: str, calls: int) -> Case:
    size = SIZES[name]
    counts = turns(calls)
    count, ring = sum(counts), size.window + MOST + 2
    positions = torch.cat([torch.arange(5_000, 5_000 + many) for many in counts]).int().cuda()
    rows = torch.repeat_interleave(torch.arange(calls), torch.tensor(counts)).int().cuda()
    turned = torch.stack(angles(positions, size.head))

    def make(seed: int) -> Given:
        asked = half(count, size.heads + 2 * size.kv_heads, size.head)
        key, value = asked[:, size.heads : -size.kv_heads], asked[:, -size.kv_heads :]
        keys, values = (half(calls, size.kv_heads, SINKS + ring, size.head) for _ in range(2))
        return key, value, turned, rows, positions, keys, values, SINKS

    def written(
        key: Tensor,
        value: Tensor,
        turned: Tensor,
        rows: Tensor,
        positions: Tensor,
        keys: Tensor,
        values: Tensor,
        sinks: int,
    ) -> Tensor:
        left, right = key.float().chunk(2, -1)
        cos, sin = turned[0][:, None], turned[1][:, None]
        rotated = torch.cat((left * cos - right * sin, left * sin + right * cos), -1).to(keys.dtype)
        places = torch.where(positions < sinks, positions, sinks + (positions - sinks) % ring).long()
        keys[rows.long(), :, places] = rotated
        values[rows.long(), :, places] = value
        return keys

    def ours(*given: Any) -> Tensor:
        rotary_cache(*given)
        keys: Tensor = given[5]
        return keys

    moved = count * size.kv_heads * size.head * 2 * 4
    return Case("rotary_cache", name, calls, moved, make, ours, both("eager", written))


def resampled(name: str, calls: int) -> Case | None:
    """A voice at 24 kHz for the telephone: the same for every size."""
    if name != "base":
        return None
    taps = torch.from_numpy(phases(24_000, 8_000).copy()).cuda()
    step = 3

    def make(seed: int) -> Given:
        past, pcm = (
            torch.randint(-9_000, 9_000, (calls, count), dtype=torch.int16, device="cuda")
            for count in (len(taps) - step, step * TURN)
        )
        return pcm, past, taps, step

    def written(pcm: Tensor, past: Tensor) -> Tensor:
        windows = torch.cat((past, pcm), 1).double().unfold(1, len(taps), step)
        return (windows @ taps).round().clamp(-32_768, 32_767).to(torch.int16).flatten(1)

    moved = calls * 2 * (step * TURN + len(taps) + TURN)
    return Case("resample", name, calls, moved, make, resample, both("eager", written, lambda given: given[:2]))


def drawn(name: str, calls: int) -> Case:
    size = SIZES[name]

    def make(seed: int) -> Given:
        allowed = torch.rand(calls, size.vocabulary, device="cuda") < 0.5
        seeds = torch.arange(calls, dtype=torch.int32, device="cuda")
        return randn(calls, size.vocabulary, dtype=torch.float32), allowed, torch.ones(calls, device="cuda"), seeds

    moved = calls * size.vocabulary * 5
    return Case("sample", name, calls, moved, make, sample, both("eager", sampled))


OPS: Final[Mapping[str, Callable[[str, int], Case | None]]] = {
    "ring_attention": attention,
    "experts": mixture,
    "experts, one for all": dense,
    "linear": read,
    "norm": even,
    "rotary_cache": remembered,
    "route": router,
    "resample": resampled,
    "sample": drawn,
}
