"""What a size costs before anybody trains it: parameters, memory, bytes and sums of a turn, calls on a GPU, money.

The network is built on the meta device, so that 276 billion parameters cost nothing to count. Calls on a GPU are what
`callcenter bench engine` measured there, where it did (`kernels/measured.json`); else they are derived from a card's
published bandwidth, memory and speed. Each figure says which it is.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

import torch
from torch import nn

from callcenter.model.config import SINKS, Size
from callcenter.model.moe import Experts
from callcenter.model.network import Network
from callcenter.units import RATE, TURN

POSITIONS: Final = 4.0
"""Positions of an average turn: two of sound, two of text."""

BYTES: Final = 2
"""Of a weight or a remembered number, in bf16."""

BUDGET: Final = 0.15
"""Seconds of a turn that computing and queueing may take."""

REACHED: Final = 0.6
"""Share of a card's published bandwidth and speed that well-made kernels reach."""


@dataclass(frozen=True, slots=True)
class Card:
    name: str
    memory: float
    bandwidth: float
    """Bytes a second."""
    speed: float
    """bf16 operations a second, dense."""
    price: float
    """Dollars an hour, on demand."""


CARDS: Final = {
    card.name: card
    for card in (
        Card("L4", 24e9, 0.30e12, 121e12, 0.80),
        Card("H100", 80e9, 3.35e12, 989e12, 2.50),
        Card("H200", 141e9, 4.8e12, 989e12, 3.50),
    )
}


@dataclass(frozen=True, slots=True)
class Described:
    size: str
    parameters: int
    active: int
    weights: int
    """Bytes of all weights."""
    session: int
    """Bytes that one call keeps."""
    read: int
    """Bytes that one call alone reads in a turn: the weights it uses, and its cache."""
    operations: float
    """Of one turn of one call."""


@dataclass(frozen=True, slots=True)
class Held:
    """What so many cards of a kind hold."""

    cards: int
    calls: int
    bound: str
    dollars_a_minute: float
    source: str = "derived, not measured"


def describe(size: Size) -> Described:
    with torch.device("meta"):
        network = Network(size)
    parameters = sum(p.numel() for p in network.parameters())
    active = parameters - idle(network)
    cache = 2 * size.layers * size.kv_heads * size.head * (size.window + SINKS) * BYTES
    ear = sum(part.numel() for part in network.ear.silence(1, "meta")) * BYTES
    looked = 4 * size.layers * size.width * size.window * POSITIONS
    return Described(
        size.name, parameters, active, parameters * BYTES, cache + ear, active * BYTES + cache,
        2 * active * POSITIONS + looked,
    )  # fmt: skip


def idle(network: nn.Module) -> int:
    """Parameters of experts that a position does not go to."""
    unused = 0
    for part in network.modules():
        if isinstance(part, Experts):
            one = part.up[0].numel() + part.down[0].numel()
            unused += one * (len(part.up) - part.active)
    return unused


@cache
def measurements() -> dict[str, Any]:
    """What was measured on a GPU and is kept beside the kernels; nothing where none was at hand."""
    kept = files("kernels").joinpath("measured.json")
    told: dict[str, Any] = json.loads(kept.read_text()) if kept.is_file() else {}
    return told


def measured(size: Size, card: Card, told: Mapping[str, Any]) -> Held | None:
    """What the engine held on this card, with nobody's words searched: the network alone."""
    row = told.get("engine", {}).get(size.name)
    if row is None or card.name not in told["card"].split() or not row["calls_held"]:
        return None
    calls = row["calls_held"]
    most = ", no more were tried" if calls == row["calls_tried"] else ""
    return Held(
        1,
        calls,
        f"p99 under {BUDGET * 1e3:.0f} ms (words not searched{most})",
        card.price / 60 / calls,
        f"measured {told['date']} on {told['card']}",
    )


def scaled(size: Size, card: Card, told: Mapping[str, Any]) -> Held | None:
    """What another card held, as this one's memory is slower or smaller: rather that than what no engine has shown."""
    for other in CARDS.values():
        found = measured(size, other, told)
        if found is not None and other is not card:
            calls = int(found.calls * min(1.0, card.bandwidth / other.bandwidth, card.memory / other.memory))
            bound = f"the {found.calls:,} of an {other.name} and the memory of each"
            return Held(1, calls, bound, card.price / 60 / calls, "derived from what was measured") if calls else None
    return None


def held(told: Described, size: Size, card: Card) -> Held:
    """Calls that as many cards as the weights need hold: by memory, by bandwidth and by arithmetic, the least."""
    cards = max(1, -(-int(told.weights * 1.1) // int(card.memory * 0.9)))
    by_memory = int((cards * card.memory * 0.9 - told.weights) / told.session)
    by_speed = int(BUDGET * REACHED * card.speed * cards / told.operations)
    by_reading = calls_read(told, size, card, cards)
    calls, bound = min((by_memory, "memory"), (by_speed, "arithmetic"), (by_reading, "bandwidth"))
    calls = max(0, calls)
    price = cards * card.price / 60 / calls if calls else float("inf")
    return Held(cards, calls, bound, price)


def calls_read(told: Described, size: Size, card: Card, cards: int) -> int:
    """Calls whose caches, with the weights they touch together, can be read within the budget."""
    can = BUDGET * REACHED * card.bandwidth * cards
    touched = told.weights if size.experts else told.active * BYTES
    return int((can - touched) / (told.session))


def lines(size: Size) -> list[str]:
    told = describe(size)
    share = f" ({told.active / 1e6:,.1f} M at work at once)" if told.active != told.parameters else ""
    found = [
        f"{size.name}: {told.parameters / 1e6:,.1f} M parameters{share}",
        f"  {size.layers} layers of {size.width}, {size.heads} heads ({size.kv_heads} kept), window {size.window}"
        + (f", {size.experts} experts, {size.active} chosen and {size.shared} shared" if size.experts else ""),
        f"  weights {told.weights / 1e6:,.1f} MB in bf16; a call keeps {told.session / 1e6:.2f} MB",
        f"  a turn of {TURN / RATE:g} s reads {told.read / 1e6:,.1f} MB, "
        f"and takes {told.operations / 1e9:,.2f} G operations",
    ]
    for card in CARDS.values():
        kept = measurements()
        one = measured(size, card, kept) or scaled(size, card, kept) or held(told, size, card)
        if one.calls <= 0:
            found.append(f"  {one.cards} x {card.name}: holds no call within {BUDGET * 1e3:.0f} ms (derived)")
            continue
        found.append(
            f"  {one.cards} x {card.name}: {one.calls:,} calls by {one.bound}, "
            f"${one.dollars_a_minute:.6f} a call-minute at ${card.price:.2f} an hour ({one.source})"
        )
    return found
