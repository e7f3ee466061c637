"""Real people are timed beside the training: processes that each take some of the speakers, with the ear as it is."""

import multiprocessing as mp
import pickle
from pathlib import Path
from typing import Any

from callcenter.appearing import appearing
from callcenter.train.align import part_of, time_people


class People:
    """`data` holds the recordings, `pools` gets what was found: a file a part."""

    def __init__(self, data: Path, pools: Path) -> None:
        self._data = data
        self._pools = pools
        self._processes: list[Any] = []

    def time(self, taught: Path, parts: int) -> None:
        """Begins; what an earlier run found and divided otherwise counts no more."""
        vacate(self._pools, parts)
        context = mp.get_context("spawn")
        self._processes = [
            context.Process(target=time_people, args=(taught, self._data, self._pools, at, parts), daemon=True)
            for at in range(parts)
        ]
        for process in self._processes:
            process.start()

    @property
    def busy(self) -> bool:
        return any(process.is_alive() for process in self._processes)

    @property
    def failed(self) -> int:
        """How many ended without having timed theirs."""
        return sum(bool(process.exitcode) for process in self._processes)

    def close(self) -> None:
        """Whoever is still at it is stopped, which is no failure."""
        for process in self._processes:
            process.kill()
            process.join()
        self._processes = []


def vacate(pools: Path, parts: int) -> None:
    """Pools of parts that there are no more hold nobody: everybody is in a new one, and must not be there twice."""
    ours = {part_of(pools, at).name for at in range(parts)}
    for path in pools.glob("real*.pickle"):
        if path.name not in ours:
            with appearing(path) as file:
                pickle.dump({}, file)
