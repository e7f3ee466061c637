"""What the ear is asked, and how well it answers: the phone of every 20 ms, `LATE` steps after it sounded."""

from pathlib import Path
from random import Random
from typing import Final

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
from callcenter.train.streams import Stretch, clips_of, customers_of, stretch

NOT_ASKED: Final = -100


def phone_loss(logits: Tensor, wanted: Tensor) -> Tensor:
    """Logits [B, S, 40] at a step are about the sound `LATE` steps before it."""
    target = wanted[:, :-LATE].flatten()
    return mean_loss(logits[:, LATE:].flatten(0, 1), torch.where(target == UNKNOWN, NOT_ASKED, target))


def mean_loss(logits: Tensor, target: Tensor) -> Tensor:
    """Of what is asked; where nothing is, there is nothing to learn (and not a number that spoils every weight)."""
    whole = F.cross_entropy(logits.float(), target, ignore_index=NOT_ASKED, reduction="sum")
    return whole / (target != NOT_ASKED).sum().clamp(min=1)


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
    made = [stretch(chance, person, beds) for person in people[:count]]
    cast.chorus.close()
    return made


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
