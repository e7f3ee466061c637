"""What a run of phones is worth as a whole, and not frame by frame: maximum mutual information without a lattice.

A frame's phone may be told right by a hair and a word still lose to another; and of people nobody knows to the frame
when a phone began. So what was said is weighed as a chain of phones, each of which may begin and end a little earlier
or later than its label, against all that phones may follow each other by: a grammar of three phones, counted from the
labels as they come. The slope is the difference of both occupancies (Povey et al., Interspeech 2016).
"""

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from callcenter.model.config import LATE
from callcenter.model.phones import PHONES, UNKNOWN

COUNT: Final = len(PHONES)
ANYTHING: Final = COUNT
"""What is said where nobody knows the phone."""

PIECE: Final = 98
"""Frames that are weighed in one go: more in a row would only take longer."""

LEEWAY: Final = 3
"""Frames by which a phone may begin before its label or end after it."""

SOUND: Final = 0.6
"""What a frame's logarithm counts, as in the search."""

STAY: Final = 0.8
"""Chance that the next frame is the same phone."""

DEEP: Final = -15.0
"""The least logarithm of a frame beside its best."""

LEAST: Final = 1e-20
"""No way is less likely than this beside the others: processors are slow with smaller numbers."""


@dataclass
class Grammar:
    """How phones follow each other. `triples[b, a, c]`: how often `c` came after `a`, `b`."""

    triples: NDArray[np.float64] = field(default_factory=lambda: np.zeros((COUNT, COUNT, COUNT)))

    def count(self, labels: NDArray[np.integer[Any]]) -> None:
        for row in labels:
            run = row[np.flatnonzero(np.diff(row.astype(np.int64), prepend=-1))]
            a, b, c = run[:-2], run[1:-1], run[2:]
            known = (a != UNKNOWN) & (b != UNKNOWN) & (c != UNKNOWN)
            np.add.at(self.triples, (b[known], a[known], c[known]), 1.0)

    def chances(self) -> tuple[Tensor, Tensor]:
        """Of being in `b` after `a`, [b, a], and of `c` after both, [b, a, c]; rare triples lean on pairs, and those on
        single phones."""
        pairs = self.triples.sum(1)
        single = self.triples.sum((0, 1)) + 1.0
        single /= single.sum()
        after = leaning(pairs, single[None])
        onward = leaning(self.triples, after[:, None])
        begun = self.triples.sum(2) + 0.01
        return torch.from_numpy(begun / begun.sum()).float(), torch.from_numpy(onward).float()


def leaning(counts: NDArray[np.float64], on: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shares along the last axis, with the weight of five sightings for what is known otherwise."""
    return np.asarray((counts + 5.0 * on) / (counts.sum(-1, keepdims=True) + 5.0))


def sequence_loss(logits: Tensor, wanted: Tensor, grammar: Grammar) -> Tensor:
    """Logits [B, S, 40] at a step are about the sound `LATE` steps before it. How much likelier, a frame, all that
    might have been said is than what was."""
    logs = logits[:, LATE:].float().log_softmax(-1) * SOUND
    target = wanted[:, : logs.shape[1]]
    size = logs.shape[1] // PIECE * PIECE
    pieces = logs[:, :size].reshape(-1, PIECE, COUNT)
    with torch.autocast(logits.device.type, enabled=False):
        labels = target[:, :size].reshape(-1, PIECE)
        told: Tensor = Against.apply(pieces, labels, grammar)  # type: ignore[no-untyped-call]
    return told


class Against(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, logs: Tensor, target: Tensor, grammar: Grammar) -> Tensor:
        said, mine = chained(logs, Chains.of(target.cpu().numpy(), logs.device))
        all_, theirs = anything(logs, grammar)
        ctx.save_for_backward(theirs - mine)
        return (all_ - said).mean() / logs.shape[1]

    @staticmethod
    def backward(ctx: Any, *given: Tensor) -> tuple[Tensor, None, None]:
        (slope,) = ctx.saved_tensors
        return given[0] * slope / (slope.shape[0] * slope.shape[1]), None, None


@dataclass(frozen=True)
class Chains:
    """What was said in each piece, as phones one after the other [R, S], and when each may sound [R, T, S]."""

    phones: Tensor
    open: Tensor

    @classmethod
    def of(cls, labels: NDArray[np.integer[Any]], device: torch.device | str = "cpu") -> "Chains":
        rows, frames = labels.shape
        changes = [np.flatnonzero(np.diff(row.astype(np.int64), prepend=-1)) for row in labels]
        longest = max(map(len, changes))
        phones = np.full((rows, longest), ANYTHING)
        first = np.full((rows, longest), frames)
        last = np.zeros((rows, longest), np.int64)
        for at, (row, begins) in enumerate(zip(labels, changes, strict=True)):
            several = len(begins)
            phones[at, :several] = np.where(row[begins] == UNKNOWN, ANYTHING, row[begins])
            first[at, :several] = begins - LEEWAY
            last[at, :several] = np.append(begins[1:], frames) + LEEWAY
        moment = np.arange(frames)[None, :, None]
        open_ = (moment >= first[:, None]) & (moment < last[:, None])
        return cls(torch.from_numpy(phones).to(device), torch.from_numpy(open_).float().to(device))


def chained(logs: Tensor, chains: Chains) -> tuple[Tensor, Tensor]:
    """How likely each piece is as it was said, and how much of each frame was each phone then [R, T, 40]."""
    top, sounds = likelihoods(logs)
    rows, frames, _ = logs.shape
    whole = torch.cat((sounds, sounds.sum(-1, keepdim=True)), -1)
    places = chains.phones[:, None].expand(-1, frames, -1)
    emitted = whole.gather(2, places) * chains.open
    going = [emitted[:, 0] / emitted[:, 0].sum(-1, keepdim=True)]
    sums = [emitted[:, 0].sum(-1)]
    for at in range(1, frames):
        came = STAY * going[-1]
        came[:, 1:] += (1 - STAY) * going[-1][:, :-1]
        came *= emitted[:, at]
        total = came.sum(-1)
        going.append(came / total[:, None])
        sums.append(total)
    ahead = torch.ones_like(going[-1])
    share = logs.new_zeros(rows, frames, COUNT + 1)
    for at in range(frames - 1, -1, -1):
        here = going[at] * ahead
        here = here / here.sum(-1, keepdim=True)
        share[:, at].scatter_add_(1, chains.phones, here)
        coming = emitted[:, at] * ahead / sums[at][:, None]
        ahead = STAY * coming
        ahead[:, :-1] += (1 - STAY) * coming[:, 1:]
    unknown = share[..., ANYTHING:] * sounds / whole[..., ANYTHING:]
    return torch.stack(sums).log().sum(0) + top, share[..., :ANYTHING] + unknown


def anything(logs: Tensor, grammar: Grammar) -> tuple[Tensor, Tensor]:
    """The same for whatever may be said. States are pairs, [b, R, a]: `b` sounds, `a` did before."""
    top, sounds = likelihoods(logs)
    frames = logs.shape[1]
    begun, onward = (chance.to(logs.device) for chance in grammar.chances())
    onward = (1 - STAY) * onward
    back = onward.transpose(1, 2).contiguous()
    by_phone = sounds.permute(1, 2, 0).contiguous()
    going = [begun[:, None] * by_phone[0][..., None]]
    sums = []
    for at in range(frames):
        if at:
            came = torch.bmm(going[-1], onward).transpose(0, 2)
            going.append((came + STAY * going[-1]).clamp(min=LEAST) * by_phone[at][..., None])
        total = going[-1].sum((0, 2))
        going[-1] = going[-1] / total[None, :, None]
        sums.append(total)
    share = torch.empty_like(by_phone)
    ahead = torch.ones_like(going[-1])
    for at in range(frames - 1, -1, -1):
        here = (going[at] * ahead).sum(2)
        share[at] = here / here.sum(0)
        if at:
            coming = by_phone[at][..., None] * ahead / sums[at][None, :, None]
            ahead = (torch.bmm(coming.transpose(0, 2), back) + STAY * coming).clamp(min=LEAST)
    return torch.stack(sums).log().sum(0) + top, share.permute(2, 0, 1)


def likelihoods(logs: Tensor) -> tuple[Tensor, Tensor]:
    """Without their heights, which are added up apart."""
    top = logs.max(-1, keepdim=True).values
    return top.sum((1, 2)), (logs - top).clamp(min=DEEP).exp()
