"""From nothing to a whole model in one run: first the ear alone, then ear and trunk together, on whatever there is.

Examples are made beside the training and kept (`packs`, `shelf`), so that the device never waits for them: it sees each
some times, disguised anew. Real people join as soon as the ear can tell when they say what, and are timed once more
when it is better. Everything follows the share of the time that has passed, so that the same command is seven minutes
on a GPU or a night on two cores; a run that is given more time goes on from its files.
"""

import multiprocessing as mp
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from math import cos, pi
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor

from callcenter.model.config import SIZES
from callcenter.model.ear import Back, Ear
from callcenter.model.frontend import levels
from callcenter.model.network import Network
from callcenter.train.align import time_people
from callcenter.train.disguise import disguised
from callcenter.train.ear import accuracy, phone_loss, unseen
from callcenter.train.learn import PARTS, TURNS, Batch, losses
from callcenter.train.packs import Bakery, Wanted
from callcenter.train.pools import say_on
from callcenter.train.shelf import Shelf
from callcenter.train.streams import Stretch

EAR, TRUNK = "ear.pt", "trunk.pt"
PLENTY: Final = 600
"""Examples beyond twice what was drawn: then makers may rest, for they share a processor with who trains."""

STANDSTILL: Final = 10.0
"""Seconds that a step may count for: whoever stops the run for a while takes nothing of its time."""

LEAST: Final = {"dense": 64, "calls": 64}
"""Examples that must lie on a shelf before it is drawn from."""


@dataclass(frozen=True)
class Order:
    """`out`: a folder. `hearing`: the share of the time that the ear learns alone. `timings`: when people are timed.
    `rows` of speech and `calls` make a step."""

    out: Path
    data: Path
    minutes: float
    size: str = "nano"
    device: str = "cpu"
    makers: int = 1
    flite: int = 0
    hearing: float = 0.4
    timings: tuple[float, ...] = (0.14, 0.36)
    rate: float = 2e-3
    last: float = 2e-5
    drop: float = 0.0
    warm: int = 200
    """Steps until the rate is whole."""
    frozen: bool = False
    """The ear stays as it is: only the trunk learns, from calls alone."""
    speech: float = 0.12
    """Of what is made once ear and trunk learn together, the share that is for the ear alone."""
    rows: int = 6
    calls: int = 6
    share: float = 0.45
    real: float = 0.7
    turns: int = TURNS
    room: Mapping[str, int] = field(default_factory=lambda: {"dense": 4_000, "calls": 1_200})
    seed: int = 1
    told: Callable[[str], None] = field(default=print)

    @property
    def pools(self) -> Path:
        return self.out / "pools"


def train(order: Order) -> Network:
    order.pools.mkdir(parents=True, exist_ok=True)
    network, hours = begun(order)
    seed = order.seed + round(1_000 * hours)
    bakery = Bakery(order.makers, Wanted(order.data, order.pools, order.share, order.real, order.turns), seed)
    voices = [
        mp.get_context("spawn").Process(target=say_on, args=(order.data, order.pools, at, seed + at), daemon=True)
        for at in range(order.flite)
    ]
    for process in voices:
        process.start()
    try:
        Run(order, network, bakery, hours).all()
    finally:
        bakery.close()
        for process in voices:
            process.kill()
    return network


def begun(order: Order) -> tuple[Network, float]:
    """A network as an earlier run left it, or one that knows nothing."""
    network, hours = Network(SIZES[order.size]).begin(), 0.0
    if (order.out / EAR).is_file():
        saved = torch.load(order.out / EAR, weights_only=True)
        network.ear.load_state_dict({name: part.float() for name, part in saved["ear"].items()})
    if (order.out / TRUNK).is_file():
        saved = torch.load(order.out / TRUNK, weights_only=True)
        network.load_state_dict({name: part.float() for name, part in saved["trunk"].items()}, strict=False)
        hours = saved["hours"]
    return network.to(order.device), hours


class Run:
    def __init__(self, order: Order, network: Network, bakery: Bakery, hours: float) -> None:
        self.order = order
        self.network = network
        self.bakery = bakery
        self.hours = hours
        self.shelves = {name: Shelf(room, order.device) for name, room in order.room.items()}
        trunk = [part for name, part in network.named_parameters() if not name.startswith("ear.")]
        fused = order.device != "cpu"
        self._ear = torch.optim.AdamW(
            network.ear.parameters(), order.rate, betas=(0.9, 0.98), weight_decay=0.02, fused=fused
        )
        self._trunk = torch.optim.AdamW(trunk, order.rate, betas=(0.9, 0.98), weight_decay=0.03, fused=fused)
        self._sums: dict[str, list[Tensor]] = {}
        self._over = threading.Event()
        self._timers: list[Any] = []
        self._timed = 0
        self._needed = ("calls",) if order.frozen else ("dense", "calls")

    def all(self) -> None:
        order = self.order
        proof = unseen(order.data)
        intake = threading.Thread(target=self._take_in, daemon=True)
        intake.start()
        last = shown = kept = time.monotonic()
        spent = 0.0
        steps = {"dense": 0, "calls": 0}
        for layer in self.network.ear.modules():
            if isinstance(layer, Back):
                layer.drop = order.drop
        try:
            while (passed := spent / (60 * order.minutes)) < 1:
                now = time.monotonic()
                spent, last = spent + min(now - last, STANDSTILL), now
                self._look_around(passed)
                together = passed >= order.hearing and len(self.shelves["calls"]) >= LEAST["calls"]
                if len(self.shelves["calls" if order.frozen else "dense"]) < LEAST["dense"]:
                    time.sleep(0.05)
                    if not self.bakery.alive:
                        raise RuntimeError("nobody makes examples")
                    continue
                self._step(passed, steps, together)
                if now - shown > 20:
                    self._tell(spent / 60, steps)
                    shown = now
                if now - kept > 60:
                    self._prove(proof)
                    self.save()
                    kept = now
        finally:
            self._over.set()
            intake.join(10)
            for timer in self._timers:
                timer.kill()
        self.save()
        self._tell(order.minutes, steps)
        self._prove(proof)

    def _prove(self, proof: list[Stretch]) -> None:
        self.network.eval()
        self.order.told(f"unseen voices: {accuracy(self.network.ear, proof):.3f} of frames right")
        self.network.train()

    def _take_in(self) -> None:
        while not self._over.is_set():
            if all(one.added > 2 * one.drawn + PLENTY for name, one in self.shelves.items() if name in self._needed):
                time.sleep(0.5)
                continue
            for sort, arrays in self.bakery.taken():
                self.shelves[sort].add(arrays)
            time.sleep(0.02)

    def _look_around(self, passed: float) -> None:
        """What falls due beside the steps: people are timed, and makers turn to calls."""
        speech = 0.0 if self.order.frozen else self.order.speech
        self.bakery.lean(0.75 if passed < 0.75 * self.order.hearing else speech)
        if self._timed < len(self.order.timings) and passed >= self.order.timings[self._timed]:
            self._timed += 1
            self.save()
            count = self.order.makers
            context = mp.get_context("spawn")
            parts = [
                context.Process(
                    target=time_people, args=(self.order.out / EAR, self.order.data, self.order.pools, at, count)
                )
                for at in range(count)
            ]
            for process in parts:
                process.daemon = True
                process.start()
            self._timers += parts

    def _step(self, passed: float, steps: dict[str, int], together: bool) -> None:
        order, network = self.order, self.network
        warm = min(1.0, (steps["dense"] + 1) / order.warm)
        set_rate(self._ear, warm * eased(passed, order.rate, order.last))
        self._ear.zero_grad()
        part = order.rows // 2 if together else order.rows
        loss = {} if order.frozen else {"dense": self._dense(max(1, part))}
        if together:
            loss |= self._calls(order.calls)
        whole = sum((PARTS.get(name, 1.0) * one for name, one in loss.items()), torch.zeros((), device=order.device))
        if together:
            alone = (passed - order.hearing) / max(1e-6, 1 - order.hearing)
            set_rate(self._trunk, min(1.0, (steps["calls"] + 1) / order.warm) * eased(alone, order.rate, order.last))
            self._trunk.zero_grad()
        whole.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        if not order.frozen:
            self._ear.step()
            steps["dense"] += 1
        if together:
            self._trunk.step()
            steps["calls"] += 1
        for name, one in loss.items():
            self._sums.setdefault(name, []).append(one.detach())

    def _dense(self, rows: int) -> Tensor:
        drawn = self.shelves["dense"].draw(rows)
        mel = disguised(levels(drawn["sound"]))
        with autocast(self.order.device):
            states, _ = self.network.ear(mel, self.network.ear.silence(rows, mel.device))
            return phone_loss(self.network.ear.phones(states), drawn["labels"].long())

    def _calls(self, rows: int) -> dict[str, Tensor]:
        drawn = self.shelves["calls"].draw(rows)
        batch = on_device(drawn)
        batch = replace(batch, caller=disguised(batch.caller, gaps=False))
        with autocast(self.order.device):
            with torch.set_grad_enabled(not self.order.frozen):
                states, _ = self.network.ear(batch.caller, self.network.ear.silence(rows, batch.caller.device))
            if self.order.frozen:
                return losses(self.network, states, batch)
            heard = phone_loss(self.network.ear.phones(states), batch.phones)
            return {**losses(self.network, states, batch), "phones": heard}

    def _tell(self, minutes: float, steps: Mapping[str, int]) -> None:
        means = {name: float(torch.stack(parts).float().mean()) for name, parts in self._sums.items()}
        self._sums.clear()
        told = " ".join(f"{name} {mean:.3f}" for name, mean in means.items())
        shelves = " ".join(f"{name} {len(shelf)} ({shelf.added})" for name, shelf in self.shelves.items())
        self.order.told(f"{minutes:.1f} min, steps {dict(steps)}, kept {shelves}: {told}")

    def save(self) -> None:
        """Two files in half precision, each small enough to be carried; a run goes on from them."""
        hours = self.hours + self.shelves["calls"].added * self.order.turns * 0.2 / 3_600
        speech = self.shelves["dense"].added * 8 / 3_600
        state = {name: part.detach().half().cpu() for name, part in self.network.state_dict().items()}
        ear = {name.removeprefix("ear."): part for name, part in state.items() if name.startswith("ear.")}
        trunk = {name: part for name, part in state.items() if not name.startswith("ear.")}
        keep(self.order.out / EAR, {"ear": ear, "hours": speech, "width": self.network.size.ear})
        keep(self.order.out / TRUNK, {"trunk": trunk, "size": self.order.size, "hours": hours})


def on_device(drawn: Mapping[str, Tensor]) -> Batch:
    return Batch(
        levels(drawn["caller"]),
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


def keep(path: Path, what: Any) -> None:
    torch.save(what, path.with_suffix(".new"))
    path.with_suffix(".new").rename(path)


def eased(passed: float, rate: float, last: float) -> float:
    return last + (rate - last) * (1 + cos(pi * min(1.0, max(0.0, passed)))) / 2


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = rate


def autocast(device: str) -> torch.autocast:
    """Half precision where it is fast; processors without it only lose by it."""
    return torch.autocast("cuda" if device != "cpu" else "cpu", torch.bfloat16, enabled=device != "cpu")


def whole(folder: Path, size: str) -> Network:
    """The network that a run left."""
    network = Network(SIZES[size])
    ear = torch.load(folder / EAR, weights_only=True)["ear"]
    trunk = torch.load(folder / TRUNK, weights_only=True)["trunk"]
    state = {**{f"ear.{name}": part for name, part in ear.items()}, **trunk}
    network.load_state_dict({name: part.float() for name, part in state.items()})
    return network.eval()


def taught_ear(path: Path) -> Ear:
    saved = torch.load(path, weights_only=True)
    ear = Ear(saved["width"])
    ear.load_state_dict({name: part.float() for name, part in saved["ear"].items()})
    return ear.eval()
