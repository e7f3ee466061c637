"""The network: one sequence in which the caller's sound, our own, and text follow each other; answers at every turn.

A turn is `[what we did last: act, said][notes][words heard][2 audio positions]`; at its last audio position the network
answers what the line does next. Text positions hold a token, audio positions 100 ms of both sounds, summed. Besides the
act it says with which words we would begin, what the caller's side is doing, and whether the caller will speak soon.
Phones come from the ear, before anything else is known.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from callcenter.model.config import ACTS, AHEAD, DOINGS, LABELS, TURN_POSITIONS, Size
from callcenter.model.ear import Ear, Past
from callcenter.model.frontend import CHANNELS, LEVELS
from callcenter.model.transformer import Layer, Norm, angles

EACH = LABELS // TURN_POSITIONS
"""Steps of the ear in an audio position."""

OWN = 64
"""Width of what is kept of 20 ms of our own voice."""


class OwnVoice(nn.Module):
    """Our own sound as the caller heard it: needed to know echo from speech and what was said to its end."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.near = nn.Linear(2 * CHANNELS, OWN)
        self.whole = nn.Linear(EACH * OWN, width)

    def forward(self, levels: Tensor) -> Tensor:
        """Levels [B, F, 40] to [B, F / 10, D]."""
        centred = levels * (2.0 / (LEVELS - 1)) - 1.0
        near = F.gelu(self.near(centred.reshape(len(levels), -1, 2 * CHANNELS)))
        whole: Tensor = self.whole(near.reshape(len(levels), -1, EACH * OWN))
        return whole


@dataclass(frozen=True)
class Answers:
    """At the last audio position of turns: act [..., 5], opening [..., V], doing [..., 8], ahead [..., 4]."""

    act: Tensor
    opening: Tensor
    doing: Tensor
    ahead: Tensor


class Network(nn.Module):
    def __init__(self, size: Size) -> None:
        super().__init__()
        self.size = size
        self.ear = Ear(size.ear)
        self.heard = nn.Linear(EACH * size.ear, size.width)
        self.own = OwnVoice(size.width)
        self.slot = nn.Embedding(TURN_POSITIONS, size.width)
        self.own_state = nn.Embedding(4, size.width)
        nn.init.zeros_(self.own_state.weight)
        self.token = nn.Embedding(size.vocabulary, size.width)
        self.layers = nn.ModuleList(Layer(size) for _ in range(size.layers))
        self.norm = Norm(size.width)
        self.act = nn.Linear(size.width, len(ACTS))
        self.doing = nn.Linear(size.width, len(DOINGS))
        self.ahead = nn.Linear(size.width, len(AHEAD))

    def begin(self) -> "Network":
        """Weights to start from: small, and smaller where a layer adds to the sum of all."""
        for name, parameter in self.named_parameters():
            if parameter.dim() > 1 and name.startswith(("layers.", "token.", "slot.")):
                scale = (
                    (2 * self.size.layers) ** -0.5
                    if name.endswith(("write.weight", "down.weight", "feed.down"))
                    else 1.0
                )
                nn.init.normal_(
                    parameter, std=scale * 0.8 * parameter.shape[-1] ** -0.5 if "token" not in name else 0.05
                )
        return self

    def audio(self, states: Tensor, own: Tensor, line: Tensor | None = None) -> Tensor:
        """The ear's states [B, S, E] and our own levels [B, F, 40] to audio positions [B, S / 5, D].

        `line` [B, turns] is what we know of ourselves: 1 where a note waits to be said, plus 2 where we are speaking.
        """
        summed: Tensor = self.heard(states.reshape(len(states), -1, EACH * states.shape[-1])) + self.own(own)
        slots = torch.arange(summed.shape[1], device=summed.device) % TURN_POSITIONS
        placed: Tensor = summed + self.slot(slots)
        if line is None:
            return placed
        known: Tensor = self.own_state(line).repeat_interleave(TURN_POSITIONS, 1)
        return placed + known

    def embed(self, tokens: Tensor, audio: Tensor) -> Tensor:
        """Tokens [B, L], -1 where an audio position stands, filled in order with audio [B, A, D]."""
        sounding = tokens < 0
        order = (sounding.cumsum(1) - 1).clamp(0, audio.shape[1] - 1)
        heard = audio.gather(1, order[..., None].expand(-1, -1, audio.shape[-1]))
        return torch.where(sounding[..., None], heard, self.token(tokens.clamp(min=0)).to(heard.dtype))

    def forward(
        self, tokens: Tensor, caller: Tensor, own: Tensor, past: Past | None = None, line: Tensor | None = None
    ) -> Tensor:
        """Whole calls from their beginning: hidden states [B, L, D]."""
        states, _ = self.ear(caller, past or self.ear.silence(len(caller), caller.device))
        return self.trunk(self.embed(tokens, self.audio(states, own, line)))

    def trunk(self, x: Tensor) -> Tensor:
        turned = angles(torch.arange(x.shape[1], device=x.device)[None], self.size.head)
        for layer in self.layers:
            x = layer(x, turned)
        hidden: Tensor = self.norm(x)
        return hidden

    def answers(self, hidden: Tensor) -> Answers:
        return Answers(self.act(hidden), hidden @ self.token.weight.T, self.doing(hidden), self.ahead(hidden))
