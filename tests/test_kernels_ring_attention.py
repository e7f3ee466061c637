"""Attention over the ring: the kernel is its reference, and a call's answer is its own."""

from dataclasses import dataclass, replace

import pytest
import torch
from compiled import DEVICE, DTYPES, NEAR, apart, ints, poisoned, random, same
from laws import neighbours_do_not_matter
from torch import Tensor

from callcenter.model.transformer import angles
from kernels.ring_attention import reference, span, spans
from kernels.ring_attention.triton import ring_attention

SINKS = 4
GROUPS = [(4, 4, 48), (8, 4, 64), (16, 4, 64), (4, 2, 8), (16, 2, 32)]
"""Heads, heads that are kept, width of one; as nano, small, base and others have them."""


@dataclass(frozen=True)
class Turn:
    """One call's: its row, how far it was, and how many positions it has now."""

    row: int
    before: int
    count: int


@dataclass(frozen=True)
class Case:
    heads: int
    kept: int
    width: int
    window: int
    ring: int
    dtype: torch.dtype = torch.float32

    def memory(self, rows: int) -> tuple[Tensor, Tensor]:
        """Rings, every row's its own whatever the number of rows."""
        places = SINKS + self.ring
        each = [
            [random(self.kept, places, self.width, seed=100 * row + which, dtype=self.dtype) for row in range(rows)]
            for which in (1, 2)
        ]
        return torch.stack(each[0]), torch.stack(each[1])

    def asked(self, turns: list[Turn], padding: int = 0) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Queries, angles, positions and spans of these turns, standing one after the other."""
        query = torch.cat(
            [random(turn.count, self.heads, self.width, seed=turn.row, dtype=self.dtype) for turn in turns]
            + [torch.full((padding, self.heads, self.width), float("nan"), dtype=self.dtype, device=DEVICE)]
        )
        positions = [at for turn in turns for at in range(turn.before, turn.before + turn.count)] + [-1] * padding
        place = ints(positions)
        near, far = place.clamp(min=0), place.clamp(0, self.window)
        turned = torch.stack([torch.stack(angles(at, self.width)) for at in (near, far)])
        lasts = [turn.before + turn.count - 1 for turn in turns]
        found = spans(
            [turn.row for turn in turns],
            [turn.count for turn in turns],
            lasts,
            span(self.heads // self.kept),
        )
        return query, turned, place, torch.cat((ints(found), ints([[0, 0, 0, 0]] * padding).reshape(-1, 4)))

    def answer(self, function, turns: list[Turn], memory: tuple[Tensor, Tensor], padding: int = 0) -> Tensor:
        query, turned, place, found = self.asked(turns, padding)
        return function(query, *memory, turned, place, found, self.window, SINKS)


TURNS = [Turn(0, 0, 6), Turn(1, 3, 1), Turn(2, 63, 3), Turn(3, 200, 2), Turn(4, 5_000, 9)]
"""A call that begins, one within the prefix, calls before and after the ring has turned, one of many queries."""


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("heads", "kept", "width"), GROUPS)
def test_it_is_its_reference(heads, kept, width, dtype):
    case = Case(heads, kept, width, window=100, ring=130, dtype=dtype)
    memory = case.memory(5)
    found = case.answer(ring_attention, TURNS, memory)
    assert apart(found, case.answer(reference, TURNS, memory)) < NEAR[dtype]


@pytest.mark.parametrize("ring", [63, 130, 200, 450])
@pytest.mark.parametrize("window", [1, 40, 63])
def test_rings_and_windows_of_any_length(ring, window):
    case = Case(4, 2, 16, window=window, ring=ring)
    memory = case.memory(5)
    assert apart(case.answer(ring_attention, TURNS, memory), case.answer(reference, TURNS, memory)) < 2e-5


def test_a_long_ring_of_many_blocks_and_of_calls_that_have_not_filled_it():
    case = Case(4, 2, 16, window=700, ring=760)
    turns = [Turn(0, 100, 3), Turn(1, 500, 2), Turn(2, 9_000, 4)]
    memory = case.memory(3)
    assert apart(case.answer(ring_attention, turns, memory), case.answer(reference, turns, memory)) < 2e-5


def test_a_call_does_not_depend_on_its_neighbours():
    case = Case(8, 4, 32, window=100, ring=130, dtype=torch.float16)
    memory = case.memory(5)

    def together(turns):
        answered = case.answer(ring_attention, list(turns), memory, padding=3)
        return answered[: sum(turn.count for turn in turns)].split([turn.count for turn in turns])

    neighbours_do_not_matter(together, TURNS, same)


def test_nothing_is_read_that_was_not_written_and_nothing_left_unwritten():
    """Places that nobody wrote hold no number, nor does fresh memory."""
    case = Case(4, 2, 16, window=100, ring=130)
    turns = [Turn(0, 0, 1), Turn(1, 0, 7), Turn(2, 60, 3)]
    keys, values = case.memory(3)
    for turn in turns:
        keys[turn.row, :, turn.before + turn.count :] = float("nan")
        values[turn.row, :, turn.before + turn.count :] = float("nan")
    with poisoned():
        found = case.answer(ring_attention, turns, (keys, values), padding=2)
    assert apart(found, case.answer(reference, turns, (keys, values), padding=2)) < 2e-5
    assert not found[-2:].any()


def test_the_prefix_is_met_as_from_a_window_away():
    """After a window, how long the call has lasted does not matter: the same ring gives the same answer."""
    case = Case(4, 2, 16, window=60, ring=100, dtype=torch.float32)
    keys, values = case.memory(1)
    turns = [Turn(0, 300, 1)]
    later = [replace(turns[0], before=300 + 100 * 50)]
    keys[:, :, SINKS:] = 0.0
    first, second = (case.answer(ring_attention, one, (keys, values)) for one in (turns, later))
    assert apart(first, second) < 1e-5


def test_spans_hold_every_query_once():
    found = spans([3, 1], [5, 2], [104, 7], 4)
    assert found.tolist() == [[3, 0, 4, 104], [3, 4, 1, 104], [1, 5, 2, 7]]
    assert spans([], [], [], 4).shape == (0, 4)
    assert [span(group) for group in (1, 2, 4, 8)] == [16, 8, 4, 4]
