"""The network on a GPU: the turns of all calls that wait, as one sequence of kernels, recorded once and replayed.

Positions of all calls stand one after the other, however many each has; what is to be done with them is written into
one block of pinned memory, sent, and answered in another. Batches are rounded up to a few sizes, so that each size is
one CUDA graph. Where a call's positions lie in its ring is arithmetic on the CPU; nothing on the GPU is waited for but
the answers. Weights and memory are in half precision, sums and the running sum of the layers in float32.

On a CPU the same steps run on the kernels' references, for tests.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from callcenter.model.config import ACTS, AHEAD, DOINGS, LABELS, SINKS, TURN_POSITIONS, Size
from callcenter.model.ear import BEFORE, REACH, STRIDE, Back
from callcenter.model.frontend import CARRY, CHANNELS, LEVELS, bank, leveled, spectrum
from callcenter.model.moe import Experts
from callcenter.model.network import EACH, Network
from callcenter.model.phones import PHONES
from callcenter.model.streaming import MOST, Heard, Said
from callcenter.model.text import TOKEN
from callcenter.model.transformer import Dense, Layer, angles
from callcenter.units import SILENT_BYTE, TURN
from kernels.experts import experts
from kernels.linear import linear
from kernels.norm import norm
from kernels.ring_attention import ring_attention, span, spans
from kernels.rotary_cache import rotary_cache
from kernels.route import route

CROWDED: Final = (4, 16, 64)
"""Positions of an average turn that batches are rounded up to."""

WORD: Final = 4
"""Bytes of what is sent: everything but sound is an int32."""


@dataclass(frozen=True)
class Room:
    """How large a batch is recorded: rows, and positions of all of them."""

    rows: int
    positions: int

    def spans(self, most: int) -> int:
        return self.rows + self.positions // most


def room(rows: int, positions: int) -> Room:
    """The least room for so many."""
    rounded = 1 << (rows - 1).bit_length()
    return Room(rounded, next(rounded * each for each in CROWDED if positions <= rounded * each))


@dataclass(frozen=True)
class Sent:
    """What the GPU is told of a turn, as views of one block."""

    block: Tensor
    sound: Tensor  # [2, B, 1600] bytes: the caller's, ours
    rows: Tensor  # [B]
    line: Tensor  # [B]
    ends: Tensor  # [B] each row's last position, among all
    tokens: Tensor  # [N] -1 for sound
    sounding: Tensor  # [N] which of the audio positions
    owners: Tensor  # [N] the row
    positions: Tensor  # [N] counted from the call's beginning, -1 for padding
    spans: Tensor  # [S, 4]

    @classmethod
    def of(cls, block: Tensor, room: Room, most: int) -> "Sent":
        rows, many = room.rows, room.positions
        sizes = [2 * rows * TURN // WORD, rows, rows, rows, many, many, many, many, room.spans(most) * 4]
        sound, owner, line, ends, tokens, sounding, owners, positions, found = block.split_with_sizes(sizes)
        heard = sound.view(torch.uint8).view(2, rows, TURN)
        return cls(block, heard, owner, line, ends, tokens, sounding, owners, positions, found.view(-1, 4))

    @classmethod
    def fresh(cls, room: Room, most: int, device: torch.device, pinned: bool) -> "Sent":
        size = 2 * room.rows * TURN // WORD + 3 * room.rows + 4 * room.positions + room.spans(most) * 4
        return cls.of(torch.zeros(size, dtype=torch.int32, device=device, pin_memory=pinned), room, most)


@dataclass(frozen=True)
class Weights:
    """One layer's, as the kernels take them."""

    before: Tensor
    read: Tensor
    write: Tensor
    between: Tensor
    router: Tensor | None
    up: Tensor  # [E, 2 H, D]
    down: Tensor
    active: int
    shared: int

    @classmethod
    def of(cls, layer: Layer, dtype: torch.dtype, device: torch.device) -> "Weights":
        def cast(part: Tensor) -> Tensor:
            return part.detach().to(device, dtype).contiguous()

        attention, feed = layer.attention, layer.feed
        lined = cast(layer.before.weight), cast(attention.read.weight), cast(attention.write.weight)
        if isinstance(feed, Experts):
            shared = [one for one in feed.shared if isinstance(one, Dense)]
            up = torch.cat([cast(feed.up), *(cast(one.up.weight)[None] for one in shared)])
            down = torch.cat([cast(feed.down), *(cast(one.down.weight)[None] for one in shared)])
            return cls(*lined, cast(layer.between.weight), cast(feed.router.weight), up, down, feed.active, len(shared))
        assert isinstance(feed, Dense)
        up, down = cast(feed.up.weight)[None], cast(feed.down.weight)[None]
        return cls(*lined, cast(layer.between.weight), None, up, down, 0, 0)


class Recorded:
    """A room's turn: where its input and its output lie, and the graph, once there is one."""

    def __init__(self, room: Room, most: int, device: torch.device) -> None:
        pinned = device.type == "cuda"
        self.room = room
        self.written = Sent.fresh(room, most, torch.device("cpu"), pinned)
        self.sent = Sent.fresh(room, most, device, False) if pinned else self.written
        self.answer: tuple[Tensor, Tensor] | None = None
        self.graph: torch.cuda.CUDAGraph | None = None


class Together:
    """Places for calls, stepped together. What `streaming.Rows` is for a CPU."""

    def __init__(
        self, network: Network, rows: int, device: str = "cuda", dtype: torch.dtype = torch.float16, graphs: bool = True
    ) -> None:
        self.device, self.dtype = torch.device(device), dtype
        self.graphs = graphs and self.device.type == "cuda"
        self._size: Size = network.size
        size = network.size
        self._ring = size.window + MOST + TURN_POSITIONS
        self._most = span(size.heads // size.kv_heads)
        self._scratch = rows
        with torch.no_grad():
            self._take(network)
        shape = (size.layers, rows + 1, size.kv_heads, SINKS + self._ring, size.head)
        self._keys = torch.zeros(shape, dtype=dtype, device=self.device)
        self._values = torch.zeros(shape, dtype=dtype, device=self.device)
        self._past = [part.to(dtype) for part in network.ear.silence(rows + 1, self.device)]
        self._carry = torch.full((2, rows + 1, CARRY), SILENT_BYTE, dtype=torch.uint8, device=self.device)
        self._next = np.zeros(rows + 1, np.int64)
        self._recorded: dict[Room, Recorded] = {}
        self._pool: Any = None

    def _take(self, network: Network) -> None:
        """The weights, in the order and the precision in which they are used."""

        def cast(part: Tensor) -> Tensor:
            return part.detach().to(self.device, self.dtype).contiguous()

        self._layers = [
            Weights.of(layer, self.dtype, self.device) for layer in network.layers if isinstance(layer, Layer)
        ]
        self._norm = cast(network.norm.weight)
        self._token = cast(network.token.weight)
        heads: list[nn.Linear] = [network.act, network.doing, network.ahead]
        bias = [*(head.bias for head in heads), torch.zeros(len(network.token.weight), device=network.act.bias.device)]
        self._heads = cast(torch.cat([*(head.weight for head in heads), network.token.weight]))
        self._bias = cast(torch.cat(bias))
        ear = network.ear
        self._first = cast(ear.first.weight), cast(ear.first.bias)
        backs = [layer for layer in ear.layers if isinstance(layer, Back)]
        self._ear = [(layer.step, cast(layer.norm), cast(layer.mix.weight), cast(layer.mix.bias)) for layer in backs]
        self._ear_norm = cast(ear.norm)
        self._phones = cast(ear.phones.weight), cast(ear.phones.bias)
        self._heard = cast(network.heard.weight), cast(network.heard.bias)
        self._near = cast(network.own.near.weight), cast(network.own.near.bias)
        self._whole = cast(network.own.whole.weight), cast(network.own.whole.bias)
        self._bank = bank().to(self.device).T.contiguous()
        self._slot = network.slot.weight.detach().to(self.device).float()
        self._own_state = network.own_state.weight.detach().to(self.device).float()

    @property
    def bytes_per_row(self) -> int:
        held = (self._keys, self._values, *self._past, self._carry)
        return sum(part.numel() * part.element_size() for part in held) // len(self._next)

    def reset(self, row: int) -> None:
        """A call begins in this row. What its ring holds is not met any more, for its positions begin anew."""
        self._next[row] = 0
        self._carry[:, row] = SILENT_BYTE
        for part in self._past:
            part[row] = 0

    def ready(self, most: int) -> None:
        """Record every room that batches of up to so many calls can need, so that no turn waits for it."""
        rows = 1
        while rows < 2 * most:
            for each in CROWDED:
                self._record(Room(rows, rows * each))
            rows *= 2

    @torch.inference_mode()
    def step(self, turns: Sequence[Heard]) -> list[Said]:
        if not turns:
            return []
        told = [self._fitting(turn) for turn in turns]
        positions = sum(map(len, told)) + TURN_POSITIONS * len(turns)
        recorded = self._record(room(len(turns), positions))
        self._write(recorded.written, turns, told)
        answers, phones = self._run(recorded)
        return said(answers[: len(turns)], phones[: len(turns)], self._size.vocabulary)

    def _fitting(self, turn: Heard) -> list[int]:
        """At most `MOST` tokens; a call's first keep the prefix, which is seen for as long as the call lasts."""
        if len(turn.tokens) > MOST and not self._next[turn.row]:
            return [*turn.tokens[:SINKS], *turn.tokens[SINKS - MOST :]]
        return list(turn.tokens[-MOST:])

    def _write(self, sent: Sent, turns: Sequence[Heard], told: Sequence[Sequence[int]]) -> None:
        """What waits, into the block; places that nobody needs belong to a row of their own, or are padding."""
        count = len(turns)
        sound = sent.sound.numpy()
        for channel, heard in enumerate(([turn.caller for turn in turns], [turn.played for turn in turns])):
            sound[channel, :count] = np.frombuffer(b"".join(heard), np.uint8).reshape(count, TURN)
        rows = np.array([turn.row for turn in turns])
        lengths = np.array([len(tokens) + TURN_POSITIONS for tokens in told])
        ends = lengths.cumsum()
        many = int(ends[-1])
        owner = np.repeat(np.arange(count), lengths)
        within = np.arange(many) - np.repeat(ends - lengths, lengths)
        firsts = self._next[rows]
        tokens = [token for tokens in told for token in (*tokens, *[-1] * TURN_POSITIONS)]
        sounding = within - (lengths - TURN_POSITIONS)[owner]
        filled(sent.rows, rows, self._scratch)
        filled(sent.line, [turn.line for turn in turns], 0)
        filled(sent.ends, ends - 1, 0)
        filled(sent.tokens, tokens, TOKEN["<pad>"])
        filled(sent.sounding, owner * TURN_POSITIONS + sounding.clip(0), 0)
        filled(sent.owners, rows[owner], self._scratch)
        filled(sent.positions, firsts[owner] + within, -1)
        found = spans(rows.tolist(), lengths.tolist(), (firsts + lengths - 1).tolist(), self._most)
        filled(sent.spans.view(-1), found.ravel(), 0)
        self._next[rows] += lengths

    # ------------------------------------------------------------------------------------------------ on the device

    def _record(self, room: Room) -> Recorded:
        """A room's buffers; on a GPU its graph too, recorded over a turn in which nobody speaks."""
        if room in self._recorded:
            return self._recorded[room]
        made = Recorded(room, self._most, self.device)
        filled(made.written.rows, [], self._scratch)
        filled(made.written.owners, [], self._scratch)
        filled(made.written.positions, [], -1)
        if self.graphs:
            self._capture(made)
        self._recorded[room] = made
        return made

    @torch.inference_mode()
    def _capture(self, made: Recorded) -> None:
        side = torch.cuda.Stream(self.device)  # type: ignore[no-untyped-call]
        side.wait_stream(torch.cuda.current_stream(self.device))
        with torch.cuda.stream(side):
            self._sent_and_answered(made)
        torch.cuda.current_stream(self.device).wait_stream(side)
        torch.cuda.synchronize(self.device)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph, pool=self._pool, capture_error_mode="thread_local"):
            self._sent_and_answered(made)
        self._pool = graph.pool()
        made.graph = graph

    def _run(self, recorded: Recorded) -> tuple[Tensor, Tensor]:
        if recorded.graph is not None:
            recorded.graph.replay()
        else:
            self._sent_and_answered(recorded)
        if self.device.type == "cuda":
            torch.cuda.current_stream(self.device).synchronize()
        assert recorded.answer is not None
        return recorded.answer

    def _sent_and_answered(self, recorded: Recorded) -> None:
        if recorded.sent is not recorded.written:
            recorded.sent.block.copy_(recorded.written.block, non_blocking=True)
        made = self._turn(recorded.sent)
        if self.device.type != "cuda":
            recorded.answer = made
            return
        if recorded.answer is None:
            first, second = (torch.empty(part.shape, dtype=part.dtype, pin_memory=True) for part in made)
            recorded.answer = first, second
        for kept, part in zip(recorded.answer, made, strict=True):
            kept.copy_(part, non_blocking=True)

    def _turn(self, sent: Sent) -> tuple[Tensor, Tensor]:
        """Answers [B, heads] and log-probabilities of phones [B, 10, 40]."""
        rows = sent.rows.long()
        states, own = self._hear(sent, rows)
        x, y = norm(self._embed(sent, self._audio(sent, states, own)), None, self._layers[0].before, self.dtype)
        met = torch.stack((sent.positions.clamp(min=0), sent.positions.clamp(0, self._size.window)))
        turned = torch.stack(angles(met, self._size.head), 1)  # [2, 2, N, head / 2]
        afters = [*(layer.before for layer in self._layers[1:]), self._norm]
        for index, (layer, after) in enumerate(zip(self._layers, afters, strict=True)):
            mixed = self._attend(layer, index, y, turned, sent)
            x, y = norm(x, mixed[:, None], layer.between, self.dtype)
            x, y = norm(x, self._feed(layer, y, sent.positions), after, self.dtype)
        answers = linear(y[sent.ends.long()], self._heads, self._bias, dtype=torch.float32)
        phones = linear(states, *self._phones, dtype=torch.float32).log_softmax(-1)
        return answers, phones.view(len(rows), LABELS, len(PHONES))

    def _hear(self, sent: Sent, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Both channels through the front end, the caller's through the ear: states [B x 10, E], own levels."""
        count = len(rows)
        sound = sent.sound
        power = spectrum(sound.flatten(0, 1), self._carry[:, rows].flatten(0, 1))
        heard = leveled(linear(power.flatten(0, 1), self._bank)).to(self.dtype)
        self._carry[:, rows] = sound[:, :, -CARRY:]
        caller, own = heard.view(2, count, -1, CHANNELS)
        whole = torch.cat((self._past[0][rows], caller), 1)
        self._past[0][rows] = whole[:, -BEFORE:]
        framed = centred(whole).unfold(1, REACH, STRIDE).reshape(count * LABELS, -1)
        x = linear(framed, *self._first, gelu=True, dtype=torch.float32)
        added: Tensor | None = None
        for at, (step, weight, mix, bias) in enumerate(self._ear, 1):
            x, eased = norm(x, added, weight, self.dtype)
            whole = torch.cat((self._past[at][rows], eased.view(count, LABELS, -1)), 1)
            self._past[at][rows] = whole[:, -2 * step :]
            seen = torch.cat([whole[:, back * step : back * step + LABELS] for back in range(3)], -1)
            added = linear(seen.view(count * LABELS, -1), mix, bias, gelu=True, dtype=torch.float32)[:, None]
        return norm(x, added, self._ear_norm, self.dtype)[1], centred(own)

    def _audio(self, sent: Sent, states: Tensor, own: Tensor) -> Tensor:
        """Audio positions [B x 2, D]."""
        heard = linear(states.view(-1, EACH * states.shape[-1]), *self._heard, dtype=torch.float32)
        near = linear(own.reshape(-1, 2 * CHANNELS), *self._near, gelu=True)
        said = linear(near.view(len(heard), -1), *self._whole, dtype=torch.float32)
        summed = (heard + said).view(-1, TURN_POSITIONS, heard.shape[-1])
        return (summed + self._slot + self._own_state[sent.line.long()][:, None]).flatten(0, 1)

    def _embed(self, sent: Sent, audio: Tensor) -> Tensor:
        written = F.embedding(sent.tokens.clamp(min=0), self._token).float()
        return torch.where(sent.tokens[:, None] < 0, audio[sent.sounding.long()], written)

    def _attend(self, layer: Weights, index: int, y: Tensor, turned: Tensor, sent: Sent) -> Tensor:
        size = self._size
        asked = linear(y, layer.read).view(len(y), -1, size.head)
        query, key, value = asked.split_with_sizes((size.heads, size.kv_heads, size.kv_heads), 1)
        keys, values = self._keys[index], self._values[index]
        rotary_cache(key, value, turned[0], sent.owners, sent.positions, keys, values, SINKS)
        mixed = ring_attention(query, keys, values, turned, sent.positions, sent.spans, size.window, SINKS)
        return linear(mixed.flatten(1), layer.write, dtype=torch.float32)

    def _feed(self, layer: Weights, y: Tensor, positions: Tensor) -> Tensor:
        if layer.router is None:
            return experts(y, layer.up, layer.down)
        chosen, weights = route(y, layer.router, positions, layer.active, layer.shared)
        return experts(y, layer.up, layer.down, chosen, weights)


def centred(heard: Tensor) -> Tensor:
    return heard * (2.0 / (LEVELS - 1)) - 1.0


def filled(place: Tensor, values: "NDArray[np.int64] | NDArray[np.int32] | Sequence[int]", rest: int) -> None:
    """Values to the beginning of a view of pinned memory; what is left of it holds `rest`."""
    view = place.numpy()
    view[: len(values)] = values
    view[len(values) :] = rest


def said(answers: Tensor, phones: Tensor, vocabulary: int) -> list[Said]:
    """Copies, for the memory they stand in is written again in the next turn."""
    told, heard = answers.numpy().copy(), phones.numpy().copy()
    cuts = np.cumsum([len(ACTS), len(DOINGS), len(AHEAD)])
    return [
        Said(row[: cuts[0]], row[cuts[2] : cuts[2] + vocabulary], row[cuts[0] : cuts[1]], row[cuts[1] : cuts[2]], one)
        for row, one in zip(told, heard, strict=True)
    ]
