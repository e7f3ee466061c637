"""What is asked of a whole call: what is right at the end of every turn, mistakes of the agent included."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from callcenter.model.config import ACTS, ASK, BACKCHANNEL, LISTEN, SPEAK, TURN_POSITIONS, YIELD
from callcenter.model.frontend import levels
from callcenter.model.network import Network
from callcenter.model.text import TOKEN
from callcenter.train.calls import AUDIO
from callcenter.train.ear import mean_loss

PARTS: Final = {"act": 1.0, "opening": 0.3, "doing": 0.3, "ahead": 0.3}
"""How much the parts of what is asked count; what is not named here counts whole."""


@dataclass(frozen=True)
class Batch:
    """Calls by row: levels of both channels [B, F, 40], tokens [B, L], the rest by turn, phones by 20 ms."""

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

    @classmethod
    def of(cls, drawn: Mapping[str, Tensor], hear: Callable[[Tensor], Tensor] = levels) -> "Batch":
        """Examples as they are kept: sound as mu-law, numbers as small as they may be. `hear`: the caller's sound."""
        return cls(
            hear(drawn["caller"]),
            levels(drawn["played"]),
            drawn["tokens"].long(),
            drawn["act"].long(),
            drawn["opening"].long(),
            drawn["weight"],
            drawn["speaking"],
            drawn["line"].long(),
            drawn["doing"].long(),
            drawn["ahead"],
            drawn["phones"].long(),
        )


def shortened(batch: Batch) -> Batch:
    """Without the places behind the longest call, where nothing is asked: an eighth of a step on a CPU."""
    longest = int((batch.tokens != TOKEN["<pad>"]).any(0).nonzero().max()) + 1
    return replace(batch, tokens=batch.tokens[:, :longest])


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
        "opening": mean_loss(said.opening.flatten(0, 1), batch.opening.flatten()),
        "doing": F.cross_entropy(said.doing.flatten(0, 1).float(), batch.doing.flatten()),
        "ahead": F.binary_cross_entropy_with_logits(said.ahead.float(), batch.ahead),
    }
