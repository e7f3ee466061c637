"""Examples, kept on the device that trains and drawn again and again; the oldest make room for new ones."""

import threading
from collections.abc import Mapping

import torch
from numpy.typing import NDArray
from torch import Tensor


class Shelf:
    """`room`: examples that fit. One thread may add while another draws."""

    def __init__(self, room: int, device: str) -> None:
        self._room = room
        self._device = device
        self._held: dict[str, Tensor] = {}
        self._added = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return min(self._added, self._room)

    @property
    def added(self) -> int:
        return self._added

    def add(self, arrays: Mapping[str, NDArray]) -> None:  # type: ignore[type-arg]
        count = len(next(iter(arrays.values())))
        fresh = {name: torch.from_numpy(part).to(self._device) for name, part in arrays.items()}
        with self._lock:
            if not self._held:
                self._held = {
                    name: torch.empty((self._room, *part.shape[1:]), dtype=part.dtype, device=self._device)
                    for name, part in fresh.items()
                }
            places = (torch.arange(count, device=self._device) + self._added) % self._room
            for name, part in fresh.items():
                self._held[name][places] = part
            self._added += count

    def draw(self, count: int) -> dict[str, Tensor]:
        """Any of them, as likely each."""
        with self._lock:
            places = torch.randint(0, len(self), (count,), device=self._device)
            return {name: part[places] for name, part in self._held.items()}
