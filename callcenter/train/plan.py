"""How much is done at once on which device, where nobody says otherwise."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from callcenter.train.together import Order


@dataclass(frozen=True, slots=True)
class Habits:
    """`spare`: cores that are left to who trains."""

    rows: int
    calls: int
    turns: int
    room: Mapping[str, int]
    spare: int


HABITS: Final = {
    "cpu": Habits(6, 6, 110, {"dense": 4_000, "calls": 1_200}, 1),
    "cuda": Habits(256, 64, 200, {"dense": 160_000, "calls": 20_000}, 3),
}
"""Two cores are enough for the first; the second keeps 24 GB of examples on a GPU with room for them."""


def planned(
    out: Path,
    data: Path,
    minutes: float,
    *,
    device: str,
    cores: int,
    makers: int = 0,
    frozen: bool = False,
    **more: Any,
) -> Order:
    """`makers` of 0: as many as the cores bear. A frozen ear times people once, for it does not get better."""
    habits = HABITS[device.partition(":")[0]]
    return Order(
        out,
        data,
        minutes,
        device=device,
        makers=makers or max(1, cores - habits.spare),
        rows=habits.rows,
        calls=habits.calls,
        turns=habits.turns,
        room=habits.room,
        frozen=frozen,
        timings=(0.0,) if frozen else Order.timings,
        **more,
    )
