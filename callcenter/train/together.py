"""From nothing to a whole model in one run: first the ear alone, then ear and trunk together, on whatever there is.

Examples are made beside the training and kept (`packs`, `shelf`), so that the device never waits for them: it sees each
some times, disguised anew. Real people join as soon as the ear can tell when they say what, and are timed once more
when it is better (`people`). Everything follows the share of the time that has passed, so that the same command is
seven minutes on a GPU or a night on two cores; a run that is given more time goes on from its files (`files`).
"""

import multiprocessing as mp
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from math import cos, pi
from pathlib import Path
from typing import Final

import torch
from torch import Tensor

from callcenter.model.ear import Back
from callcenter.model.network import Network
from callcenter.train.disguise import disguised
from callcenter.train.ear import accuracy, phone_loss, unseen
from callcenter.train.files import EAR, Hours, RunError, begun, save
from callcenter.train.learn import PARTS, Batch, losses, shortened
from callcenter.train.packs import Bakery, Wanted
from callcenter.train.people import People
from callcenter.train.pools import say_on
from callcenter.train.sequences import Grammar, sequence_loss
from callcenter.train.shelf import Shelf
from callcenter.train.streams import SECONDS, Stretch, clips_of
from callcenter.train.throats import heard_otherwise
from callcenter.units import RATE, TURN

PLENTY: Final = 600
"""Examples beyond twice what was drawn: then makers may rest, for they share a processor with who trains."""

STANDSTILL: Final = 30.0
"""Seconds that a step may count for (two busy cores take ten): whoever stops the run for a while takes little."""

LEAST: Final = 64
"""Examples that must lie on a shelf before it is drawn from."""

TOLD_EVERY: Final = 20.0
KEPT_EVERY: Final = 60.0
"""Seconds."""


@dataclass(frozen=True)
class Order:
    """`out`: a folder. `hearing`: the share of the time that the ear learns alone. `timings`: when people are timed.
    `rows` of speech and `calls` make a step; `room`: how many of each are kept."""

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
    runs: float = 0.0
    """Of what the ear is asked, the share that is whole runs of phones and not single ones (`sequences`): for an ear
    that hears well already."""
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
    turns: int = 110
    room: Mapping[str, int] = field(default_factory=lambda: {"dense": 4_000, "calls": 1_200})
    seed: int = 1
    told: Callable[[str], None] = field(default=print)

    @property
    def pools(self) -> Path:
        return self.out / "pools"

    @property
    def alone(self) -> float:
        """The share of the time in which there is no trunk yet."""
        return 0.0 if self.frozen else self.hearing


def train(order: Order) -> Network:
    if order.frozen and not (order.out / EAR).is_file():
        raise RunError(f"there is no {EAR} in {order.out}: a trunk alone needs an ear that was taught")
    order.pools.mkdir(parents=True, exist_ok=True)
    network, hours = begun(order.out, order.size)
    seed = order.seed + round(1_000 * (hours.speech + hours.calls))
    with making(order, seed) as bakery:
        Run(order, network.to(order.device), bakery, hours).all()
    return network


@contextmanager
def making(order: Order, seed: int) -> Iterator[Bakery]:
    """Everything that makes examples, until it is not needed any more."""
    bakery = Bakery(order.makers, Wanted(order.data, order.pools, order.share, order.real, order.turns), seed)
    voices = [
        mp.get_context("spawn").Process(target=say_on, args=(order.data, order.pools, at, seed + at), daemon=True)
        for at in range(order.flite)
    ]
    try:
        for process in voices:
            process.start()
        yield bakery
    finally:
        bakery.close()
        for process in voices:
            process.kill()


class Run:
    def __init__(self, order: Order, network: Network, bakery: Bakery, hours: Hours) -> None:
        self.order = order
        self.network = network
        self.bakery = bakery
        self.hours = hours
        self.shelves = {name: Shelf(room, order.device) for name, room in order.room.items()}
        self.steps = {"dense": 0, "calls": 0}
        trunk = [part for name, part in network.named_parameters() if not name.startswith("ear.")]
        fused = order.device != "cpu"
        self._ear = torch.optim.AdamW(
            network.ear.parameters(), order.rate, betas=(0.9, 0.98), weight_decay=0.02, fused=fused
        )
        self._trunk = torch.optim.AdamW(trunk, order.rate, betas=(0.9, 0.98), weight_decay=0.03, fused=fused)
        self._grammar = Grammar()
        self._sums: dict[str, list[Tensor]] = {}
        self._over = threading.Event()
        self._people = People(order.data, order.pools)
        self._timings = list(order.timings) if clips_of(order.data) else []
        self._needed = ("calls",) if order.frozen else ("dense", "calls")
        for layer in network.ear.modules():
            if isinstance(layer, Back):
                layer.drop = order.drop

    def all(self) -> None:
        proof = unseen(self.order.data)
        with ThreadPoolExecutor(1) as beside:
            intake = beside.submit(self._take_in)
            try:
                self._learn(proof, intake)
            finally:
                self._over.set()
                self._people.close()
        self.save()
        self._tell(self.order.minutes)
        self._prove(proof)

    def _learn(self, proof: list[Stretch], intake: "Future[None]") -> None:
        last = shown = kept = time.monotonic()
        spent = 0.0
        while (passed := spent / (60 * self.order.minutes)) < 1:
            now = time.monotonic()
            spent, last = spent + min(now - last, STANDSTILL), now
            self._look_around(passed)
            if len(self.shelves[self._needed[0]]) < LEAST:
                self._check(intake)
                time.sleep(0.05)
                continue
            self.step(passed)
            if now - shown > TOLD_EVERY:
                self._check(intake)
                self._tell(spent / 60)
                shown = now
            if now - kept > KEPT_EVERY:
                self._prove(proof)
                self.save()
                kept = now

    def _check(self, intake: "Future[None]") -> None:
        """Without new examples the old would be learnt by heart, and nobody would know."""
        if intake.done():
            intake.result()
        if not self.bakery.alive:
            raise RuntimeError("nobody makes examples")

    def _prove(self, proof: list[Stretch]) -> None:
        self.network.eval()
        self.order.told(f"unseen voices: {accuracy(self.network.ear, proof):.3f} of frames right")
        self.network.train()

    def _take_in(self) -> None:
        while not self._over.is_set():
            if all(self.shelves[name].added > 2 * self.shelves[name].drawn + PLENTY for name in self._needed):
                time.sleep(0.5)
                continue
            for sort, arrays in self.bakery.taken():
                self.shelves[sort].add(arrays)
            time.sleep(0.02)

    def _look_around(self, passed: float) -> None:
        """What falls due beside the steps: people are timed, and makers turn to calls."""
        speech = 0.0 if self.order.frozen else self.order.speech
        self.bakery.lean(0.75 if passed < 0.75 * self.order.alone else speech)
        if self._timings and passed >= self._timings[0] and not self._people.busy:
            self._timings.pop(0)
            self.save()
            self._people.time(self.order.out / EAR, self.order.makers)

    def step(self, passed: float) -> None:
        """Speech for the ear; once it has heard for long enough, calls for both."""
        order, network = self.order, self.network
        together = passed >= order.alone and len(self.shelves["calls"]) >= LEAST
        loss: dict[str, Tensor] = {}
        if not order.frozen:
            set_rate(self._ear, self._warmth("dense") * eased(passed, order.rate, order.last))
            loss["dense"] = self._dense(max(1, order.rows // 2) if together else order.rows)
        if together:
            alone = (passed - order.alone) / max(1e-6, 1 - order.alone)
            set_rate(self._trunk, self._warmth("calls") * eased(alone, order.rate, order.last))
            loss |= self._calls(order.calls)
        network.zero_grad()
        torch.stack([PARTS.get(name, 1.0) * one for name, one in loss.items()]).sum().backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        if not order.frozen:
            self._ear.step()
            self.steps["dense"] += 1
        if together:
            self._trunk.step()
            self.steps["calls"] += 1
        for name, one in loss.items():
            self._sums.setdefault(name, []).append(one.detach())

    def _warmth(self, sort: str) -> float:
        return min(1.0, (self.steps[sort] + 1) / self.order.warm)

    def _dense(self, rows: int) -> Tensor:
        drawn = self.shelves["dense"].draw(rows)
        mel = disguised(heard_otherwise(drawn["sound"]))
        with autocast(self.order.device):
            states, _ = self.network.ear(mel, self.network.ear.silence(rows, mel.device))
            said, labels = self.network.ear.phones(states), drawn["labels"].long()
            alone = phone_loss(said, labels)
        if not self.order.runs:
            return alone
        self._grammar.count(labels.cpu().numpy())
        return (1 - self.order.runs) * alone + self.order.runs * sequence_loss(said, labels, self._grammar)

    def _calls(self, rows: int) -> dict[str, Tensor]:
        batch = Batch.of(self.shelves["calls"].draw(rows), heard_otherwise)
        if self.order.device == "cpu":
            batch = shortened(batch)
        batch = replace(batch, caller=disguised(batch.caller, gaps=False))
        ear = self.network.ear
        with autocast(self.order.device):
            with torch.set_grad_enabled(not self.order.frozen):
                states, _ = ear(batch.caller, ear.silence(rows, batch.caller.device))
            asked = losses(self.network, states, batch)
            if self.order.frozen:
                return asked
            return {**asked, "phones": phone_loss(ear.phones(states), batch.phones)}

    def _tell(self, minutes: float) -> None:
        means = {name: float(torch.stack(parts).float().mean()) for name, parts in self._sums.items()}
        self._sums.clear()
        told = " ".join(f"{name} {mean:.3f}" for name, mean in means.items())
        shelves = " ".join(f"{name} {len(shelf)} ({shelf.added})" for name, shelf in self.shelves.items())
        self.order.told(f"{minutes:.1f} min, steps {self.steps}, kept {shelves}: {told}")
        if self._people.failed:
            self.order.told(f"{self._people.failed} parts of the real people could not be timed")

    def save(self) -> None:
        speech = self.shelves["dense"].added * SECONDS / 3_600
        calls = self.shelves["calls"].added * self.order.turns * TURN / RATE / 3_600
        save(self.order.out, self.network, Hours(self.hours.speech + speech, self.hours.calls + calls))


def eased(passed: float, rate: float, last: float) -> float:
    return last + (rate - last) * (1 + cos(pi * min(1.0, max(0.0, passed)))) / 2


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = rate


def autocast(device: str) -> torch.autocast:
    """Half precision where it is fast; processors without it only lose by it."""
    if device != "cpu":
        return torch.autocast("cuda", torch.bfloat16)
    able = torch.cpu.get_capabilities()
    return torch.autocast("cpu", torch.bfloat16, enabled=bool(able.get("avx512_bf16") or able.get("amx_bf16")))
