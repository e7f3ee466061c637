"""The network turn by turn: what every call remembers, in buffers that never move, and the step that takes a turn.

A row is a call's place. `reset` empties a row, `step` gives some rows a turn. Nothing grows: the ear keeps its last
second, the cache is a ring with the prefix pinned, so a turn costs the same in the first minute and in the last hour.
What a row answers depends on nothing in another row; on a CPU each row is computed by itself, so to the last bit.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from callcenter.model.config import SINKS, TURN_POSITIONS
from callcenter.model.frontend import CARRY, levels
from callcenter.model.network import Answers, Network
from callcenter.model.packed import packed
from callcenter.model.text import TOKEN
from callcenter.model.transformer import Layer, Step, angles, seen
from callcenter.units import SILENT_BYTE, TURN

MOST = 48
"""Text positions that a turn may hold; of more, the first are left out, but not the policy that a call begins with."""


@dataclass(frozen=True)
class Heard:
    """A row's turn: mu-law of both channels, and the tokens that stand before them."""

    row: int
    caller: bytes
    played: bytes
    tokens: Sequence[int] = ()
    line: int = 0
    """1 where a note waits to be said, plus 2 where we are speaking."""


@dataclass(frozen=True)
class Said:
    """A row's answers, as logits: acts, openings, what the caller does, whether it will speak; phones of 20 ms."""

    act: NDArray[np.float32]
    opening: NDArray[np.float32]
    doing: NDArray[np.float32]
    ahead: NDArray[np.float32]
    phones: NDArray[np.float32]


class Rows:
    """Places for calls. `together`: step all rows at once (a GPU) or one after the other (a CPU)."""

    def __init__(self, network: Network, rows: int, device: str = "cpu") -> None:
        self.device = torch.device(device)
        self.together = self.device.type != "cpu"
        network = network.to(device).eval()
        self.network = network if self.together else packed(network)
        size = network.size
        self._ring = size.window + MOST + TURN_POSITIONS
        slots = SINKS + self._ring + 1
        shape = (size.layers, rows + 1, size.kv_heads, slots, size.head)
        self._keys = torch.zeros(shape, device=device)
        self._values = torch.zeros(shape, device=device)
        self._slots = torch.full((rows + 1, slots), -1, dtype=torch.long, device=device)
        self._next = torch.zeros(rows + 1, dtype=torch.long, device=device)
        self._past = network.ear.silence(rows + 1, device)
        self._carry = torch.full((2, rows + 1, CARRY), SILENT_BYTE, dtype=torch.uint8, device=device)

    @property
    def bytes_per_row(self) -> int:
        held = (self._keys, self._values, self._slots, *self._past, self._carry)
        return sum(part.numel() * part.element_size() for part in held) // self._next.numel()

    def reset(self, row: int) -> None:
        """A call begins in this row."""
        self._slots[row] = -1
        self._next[row] = 0
        self._carry[:, row] = SILENT_BYTE
        for part in self._past:
            part[row] = 0

    @torch.inference_mode()
    def step(self, turns: Sequence[Heard]) -> list[Said]:
        groups = [list(turns)] if self.together else [[turn] for turn in turns]
        return [said for group in groups if group for said in self._step(group)]

    def _step(self, turns: list[Heard]) -> list[Said]:
        rows = torch.tensor([turn.row for turn in turns], device=self.device)
        states = self._hear(turns, rows if self.together else slice(turns[0].row, turns[0].row + 1))
        longest = max(min(len(turn.tokens), MOST) for turn in turns) + TURN_POSITIONS
        tokens, real = self._tokens(turns, longest)
        line = torch.tensor([[turn.line] for turn in turns], device=self.device)
        embedded = self.network.embed(tokens, self.network.audio(states, self._own, line))
        hidden = self._trunk(embedded, rows, real)
        answers = self.network.answers(hidden[:, -1])
        phones = self.network.ear.phones(states).log_softmax(-1)
        return said(answers, phones)

    def _hear(self, turns: list[Heard], rows: Tensor | slice) -> Tensor:
        """Both channels through the front end, the caller's through the ear: states [B, 10, E]. One row is read where
        it lies."""
        sounds = [b"".join(turn.caller for turn in turns), b"".join(turn.played for turn in turns)]
        audio = torch.frombuffer(bytearray(b"".join(sounds)), dtype=torch.uint8).to(self.device)
        audio = audio.view(2, len(turns), TURN)
        heard = levels(audio.flatten(0, 1), self._carry[:, rows].flatten(0, 1))
        heard = heard.view(2, len(turns), *heard.shape[1:])
        self._carry[:, rows] = audio[:, :, -CARRY:]
        self._own = heard[1]
        states: Tensor
        states, past = self.network.ear(heard[0], [part[rows] for part in self._past])
        for part, kept in zip(self._past, past, strict=True):
            part[rows] = kept
        return states

    def _tokens(self, turns: list[Heard], longest: int) -> tuple[Tensor, Tensor]:
        """Tokens [B, T], padded in front, -1 for sound; and which are real."""
        tokens = torch.full((len(turns), longest), TOKEN["<pad>"], dtype=torch.long)
        real = torch.zeros(len(turns), longest, dtype=torch.bool)
        for at, turn in enumerate(turns):
            kept = [*self._fitting(turn), *[-1] * TURN_POSITIONS]
            tokens[at, longest - len(kept) :] = torch.tensor(kept)
            real[at, longest - len(kept) :] = True
        return tokens.to(self.device), real.to(self.device)

    def _fitting(self, turn: Heard) -> Sequence[int]:
        """At most `MOST` tokens; a call's first keep the prefix, which is seen for as long as the call lasts."""
        if len(turn.tokens) > MOST and not self._next[turn.row]:
            return [*turn.tokens[:SINKS], *turn.tokens[SINKS - MOST :]]
        return turn.tokens[-MOST:]

    def _trunk(self, x: Tensor, rows: Tensor, real: Tensor) -> Tensor:
        window = self.network.size.window
        positions = self._next[rows, None] + real.cumsum(1) - 1
        ringed = SINKS + (positions - SINKS) % self._ring
        places = torch.where(positions < SINKS, positions, ringed)
        places = torch.where(real, places, SINKS + self._ring)
        self._slots[rows[:, None], places] = torch.where(real, positions, -1)
        self._next[rows] += real.sum(1)
        mask = seen(positions[:, :, None], self._slots[rows][:, None, :], window)
        mask |= ~real[:, :, None]
        head = self.network.size.head
        turned = angles(positions.clamp(min=0), head)
        clamped = angles(positions.clamp(0, window), head)
        step = Step(rows, places, turned, clamped, mask[:, None], None if self.together else int(rows))
        for index, layer in enumerate(self.network.layers):
            assert isinstance(layer, Layer)
            x = layer.step(x, self._keys[index], self._values[index], step)
        hidden: Tensor = self.network.norm(x)
        return hidden


def said(answers: Answers, phones: Tensor) -> list[Said]:
    parts = [
        part.float().cpu().numpy() for part in (answers.act, answers.opening, answers.doing, answers.ahead, phones)
    ]
    return [Said(*(part[row] for part in parts)) for row in range(len(parts[0]))]
