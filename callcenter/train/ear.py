"""Teaches the ear which phones were said: cross-entropy on every 20 ms, 80 ms late, on dense speech.

The rate of learning follows the time that is left, not steps, for a limit of minutes is what there is. A run that is
interrupted goes on from its file; a run that is given more time warms up again.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from math import cos, pi
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from callcenter.callers.heldout import kept
from callcenter.callers.voice import ACCENTS, PEOPLE, Voice
from callcenter.model.config import LATE
from callcenter.model.ear import Ear
from callcenter.model.frontend import levels
from callcenter.model.phones import SILENCE, UNKNOWN
from callcenter.train.augment import Beds
from callcenter.train.cast import Cast, Synthetic
from callcenter.train.streams import SECONDS, Makers, Stretch, clips_of, customers_of, stretch, work

Told = Callable[[str], None]


@dataclass(frozen=True)
class Order:
    """What to train, on what, for how long. `share` of the people come from pools, `real` of those are real."""

    out: Path
    data: Path
    pools: Path | None
    minutes: float
    rate: float = 2e-3
    last: float = 5e-5
    batch: int = 16
    makers: int = 1
    share: float = 0.3
    real: float = 0.5
    width: int = 256
    seed: int = 1
    compiled: bool = True
    told: Told = field(default=print)


def train(order: Order) -> Ear:
    ear = Ear(order.width)
    hours = 0.0
    if order.out.is_file():
        saved = torch.load(order.out, weights_only=True)
        ear.load_state_dict(saved["ear"])
        hours = saved["hours"]
    makers = Makers(
        work, order.makers, order.seed + round(hours * 1_000), order.data, order.pools, order.share, order.real
    )
    proof = unseen(order.data)
    try:
        learn(ear, order, makers, hours, proof)
    finally:
        makers.close()
    return ear


def learn(ear: Ear, order: Order, makers: Makers, hours: float, proof: list[Stretch]) -> None:
    optimizer = torch.optim.AdamW(ear.parameters(), order.rate, betas=(0.9, 0.98), weight_decay=0.02)
    forward: Any = torch.compile(ear, dynamic=False) if order.compiled else ear
    generator = torch.Generator().manual_seed(order.seed)
    began = shown = proved = time.monotonic()
    sums: list[float] = []
    for step, batch in enumerate(makers.batches(order.batch)):
        passed = (time.monotonic() - began) / (60 * order.minutes)
        if passed >= 1:
            break
        for group in optimizer.param_groups:
            group["lr"] = rate_at(passed, step, order)
        loss = step_loss(ear, forward, batch, generator)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(ear.parameters(), 1.0)
        optimizer.step()
        sums.append(loss.item())
        hours += order.batch * SECONDS / 3_600
        now = time.monotonic()
        if now - shown > 30:
            order.told(f"{(now - began) / 60:.1f} min, {hours:.2f} h, loss {np.mean(sums):.3f}")
            sums, shown = [], now
        if now - proved > 180:
            order.told(f"unseen voices: {accuracy(ear, proof):.3f} of frames right")
            torch.save({"ear": ear.state_dict(), "hours": hours}, order.out)
            proved = now
    torch.save({"ear": ear.state_dict(), "hours": hours}, order.out)
    order.told(f"unseen voices: {accuracy(ear, proof):.3f} of frames right after {hours:.2f} h")


def rate_at(passed: float, step: int, order: Order) -> float:
    return min(1.0, (step + 1) / 100) * (order.last + (order.rate - order.last) * (1 + cos(pi * passed)) / 2)


def step_loss(ear: Ear, forward: Any, batch: list[Stretch], generator: torch.Generator) -> Tensor:
    audio = torch.from_numpy(np.stack([sound for sound, _ in batch]))
    wanted = torch.from_numpy(np.stack([labels for _, labels in batch])).long()
    states, _ = forward(masked(levels(audio), generator), ear.silence(len(batch)))
    return phone_loss(ear.phones(states), wanted)


def phone_loss(logits: Tensor, wanted: Tensor) -> Tensor:
    """Logits [B, S, 40] at a step are about the sound `LATE` steps before it."""
    target = wanted[:, :-LATE].flatten()
    target = torch.where(target == UNKNOWN, -100, target)
    return F.cross_entropy(logits[:, LATE:].flatten(0, 1).float(), target, ignore_index=-100)


def masked(mel: Tensor, generator: torch.Generator) -> Tensor:
    """Two bands and three moments of each row are taken away: what is left must do."""
    rows, frames, channels = mel.shape
    mel = mel.clone()
    for row in range(rows):
        for _ in range(2):
            wide, low = (int(torch.randint(0, most, (), generator=generator)) for most in (6, channels - 6))
            mel[row, :, low : low + wide] = 0
        for _ in range(3):
            wide, first = (int(torch.randint(0, most, (), generator=generator)) for most in (12, max(1, frames - 12)))
            mel[row, first : first + wide] = 0
    return mel


def unseen(data: Path, count: int = 48) -> list[Stretch]:
    """Stretches of voices that are held out, to see how far the ear is; nothing is chosen by them."""
    chance = Random("unseen")
    cast = Cast(customers_of(data), None)
    beds = Beds(99, clips_of(data), [])
    names = kept("voice", PEOPLE, True)
    people = [
        Synthetic(cast.chorus, Voice(f"{chance.choice(ACCENTS)}+{name}"), cast.speaking)
        for name in (*names, *names, *names, *names, *names)
    ]
    return [stretch(chance, person, beds) for person in people[:count]]


@torch.no_grad()
def accuracy(ear: Ear, proof: list[Stretch]) -> float:
    """The share of frames that are not silence and were heard right."""
    device = ear.norm.device
    audio = torch.from_numpy(np.stack([sound for sound, _ in proof])).to(device)
    wanted = torch.from_numpy(np.stack([labels for _, labels in proof])).long()[:, :-LATE].to(device)
    states, _ = ear(levels(audio), ear.silence(len(proof), device))
    said = ear.phones(states)[:, LATE:].argmax(-1)
    spoken = (wanted != SILENCE) & (wanted != UNKNOWN)
    return float((said == wanted)[spoken].float().mean())
