"""Teaches the whole model to take part in calls: what is right at the end of every turn, mistakes included.

The ear was taught first (`callcenter.train.ear`) and may stay as it is: then only the trunk is trained, which is most
of what a CPU has time for. Thawed, the ear goes on learning phones from the same calls. The rate follows the time that
is left; a run that was interrupted goes on from its file.
"""

import time
from dataclasses import dataclass, field
from math import cos, pi
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from callcenter.model.config import ACTS, ASK, BACKCHANNEL, LISTEN, SIZES, SPEAK, TURN_POSITIONS, YIELD
from callcenter.model.frontend import levels
from callcenter.model.network import Network
from callcenter.model.text import TOKEN
from callcenter.train.calls import AUDIO, Example, work
from callcenter.train.ear import Told, phone_loss
from callcenter.train.streams import Makers

PARTS = {"act": 1.0, "opening": 0.3, "doing": 0.3, "ahead": 0.3}
TURNS = 130
"""26 s."""


@dataclass(frozen=True)
class Order:
    out: Path
    ear: Path | None
    """The file of a taught ear; None: it is in `out` already, or is taught here."""
    data: Path
    pools: Path | None
    minutes: float
    size: str = "nano"
    rate: float = 1.5e-3
    last: float = 3e-5
    batch: int = 16
    makers: int = 1
    share: float = 0.3
    real: float = 0.5
    thaw: bool = False
    seed: int = 1
    turns: int = TURNS
    told: Told = field(default=print)


@dataclass(frozen=True)
class Batch:
    caller: Tensor
    own: Tensor
    tokens: Tensor
    act: Tensor
    opening: Tensor
    weight: Tensor
    speaking: Tensor
    line: Tensor
    doing: Tensor
    ahead: Tensor
    phones: Tensor


def collate(examples: list[Example]) -> Batch:
    longest = max(len(one.tokens) for one in examples)
    tokens = np.full((len(examples), longest), TOKEN["<pad>"], np.int64)
    for row, one in enumerate(examples):
        tokens[row, : len(one.tokens)] = one.tokens

    def all_of(name: str) -> Tensor:
        return torch.from_numpy(np.stack([getattr(one, name) for one in examples]))

    return Batch(
        levels(all_of("caller")),
        levels(all_of("played")),
        torch.from_numpy(tokens),
        all_of("act").long(),
        all_of("opening").long(),
        all_of("weight"),
        all_of("speaking"),
        all_of("line").long(),
        all_of("doing").long(),
        all_of("ahead"),
        all_of("phones").long(),
    )


def decisions(tokens: Tensor, turns: int) -> Tensor:
    """Where turns are decided: every second audio position, [B, T]."""
    places = (tokens == AUDIO).nonzero()[:, 1].view(len(tokens), turns * TURN_POSITIONS)
    return places[:, TURN_POSITIONS - 1 :: TURN_POSITIONS]


def possible(speaking: Tensor) -> Tensor:
    """Which acts there are: who speaks goes on or yields; who does not may do anything else. [..., 5]"""
    allowed = torch.zeros(*speaking.shape, len(ACTS), dtype=torch.bool, device=speaking.device)
    allowed[..., SPEAK] = True
    allowed[..., YIELD] = speaking
    for act in (LISTEN, BACKCHANNEL, ASK):
        allowed[..., act] = ~speaking
    return allowed


def losses(network: Network, states: Tensor, batch: Batch) -> dict[str, Tensor]:
    hidden = network.trunk(network.embed(batch.tokens, network.audio(states, batch.own, batch.line).float()))
    places = decisions(batch.tokens, batch.act.shape[1])
    decided = hidden.gather(1, places[..., None].expand(-1, -1, hidden.shape[-1]))
    said = network.answers(decided)
    acts = said.act.float().masked_fill(~possible(batch.speaking), -1e4)
    act = F.cross_entropy(acts.flatten(0, 1), batch.act.flatten(), reduction="none")
    weight = batch.weight.flatten()
    return {
        "act": (act * weight).sum() / weight.sum(),
        "opening": F.cross_entropy(said.opening.flatten(0, 1).float(), batch.opening.flatten(), ignore_index=-100),
        "doing": F.cross_entropy(said.doing.flatten(0, 1).float(), batch.doing.flatten()),
        "ahead": F.binary_cross_entropy_with_logits(said.ahead.float(), batch.ahead),
    }


def train(order: Order) -> Network:
    network = Network(SIZES[order.size]).begin()
    hours = 0.0
    if order.out.is_file():
        saved = torch.load(order.out, weights_only=True)
        network.load_state_dict(saved["network"], strict=False)
        hours = saved["hours"]
    if order.ear is not None:
        network.ear.load_state_dict(torch.load(order.ear, weights_only=True)["ear"])
    seed = order.seed + 7 + round(hours * 1_000)
    makers = Makers(work, order.makers, seed, order.data, order.pools, order.turns, order.share, order.real)
    try:
        learn(network, order, makers, hours)
    finally:
        makers.close()
    return network


def learn(network: Network, order: Order, makers: Makers, hours: float) -> None:
    taught = [p for name, p in network.named_parameters() if order.thaw or not name.startswith("ear.")]
    optimizer = torch.optim.AdamW(taught, order.rate, betas=(0.9, 0.98), weight_decay=0.03)
    began = shown = kept = time.monotonic()
    sums: list[dict[str, float]] = []
    for step, examples in enumerate(makers.batches(order.batch)):
        passed = (time.monotonic() - began) / (60 * order.minutes)
        if passed >= 1:
            break
        for group in optimizer.param_groups:
            slow = order.last + (order.rate - order.last) * (1 + cos(pi * passed)) / 2
            group["lr"] = min(1.0, (step + 1) / 60) * slow
        batch = collate(examples)
        parts = step_parts(network, batch, order.thaw)
        loss = sum(PARTS.get(name, 1.0) * part for name, part in parts.items())
        assert isinstance(loss, Tensor)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(taught, 1.0)
        optimizer.step()
        sums.append({name: float(part.detach()) for name, part in parts.items()})
        hours += order.batch * order.turns * 0.2 / 3_600
        now = time.monotonic()
        if now - shown > 30:
            means = {name: float(np.nanmean([one[name] for one in sums])) for name in sums[0]}
            told = " ".join(f"{name} {mean:.3f}" for name, mean in means.items())
            order.told(f"{(now - began) / 60:.1f} min, {hours:.2f} h, {told}")
            sums, shown = [], now
        if now - kept > 120:
            save(network, order, hours)
            kept = now
    save(network, order, hours)


def save(network: Network, order: Order, hours: float) -> None:
    fresh = order.out.with_suffix(".new")
    torch.save({"network": network.state_dict(), "size": order.size, "hours": hours}, fresh)
    fresh.rename(order.out)


def step_parts(network: Network, batch: Batch, thaw: bool) -> dict[str, Any]:
    past = network.ear.silence(len(batch.caller))
    if not thaw:
        with torch.no_grad():
            states, _ = network.ear(batch.caller, past)
        return losses(network, states, batch)
    states, _ = network.ear(batch.caller, past)
    return {**losses(network, states, batch), "phones": phone_loss(network.ear.phones(states), batch.phones)}
