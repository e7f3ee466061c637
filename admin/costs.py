"""What a call cost: how much of what was used, and the money where a price is set.

Prices are what the installation says (`CALLCENTER_PRICES`); nothing is assumed of anybody's. What has a quantity and no
price is shown with its quantity, and the sum says that it leaves it out.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

from callcenter.config import PRICES
from callcenter.journal import Line
from callcenter.store import Call
from callcenter.units import RATE

CARRIER, DUPLEX, RECORDING, PLANNER, TOOL, CURRENCY = PRICES
ELSEWHERE = ("browser",)
"""Carriers that cost nothing: our own."""


@dataclass(frozen=True, slots=True)
class Item:
    what: str
    quantity: float
    unit: str
    price: float | None

    @property
    def cost(self) -> float | None:
        return None if self.price is None else self.quantity * self.price


@dataclass(frozen=True, slots=True)
class Bill:
    items: tuple[Item, ...]
    currency: str

    @property
    def total(self) -> float:
        return sum(item.cost or 0.0 for item in self.items)

    @property
    def priced(self) -> bool:
        return any(item.price is not None for item in self.items)

    @property
    def whole(self) -> bool:
        return all(item.price is not None for item in self.items)


def used(told: Iterable[tuple[int, Line]], recorded: int, samples: int) -> dict[str, Any]:
    """What a call used, from its journals: samples served by each duplex, questions to the planner, calls of tools.
    `told` are the lines with the sample at which their leg began."""
    served: dict[str, int] = {}
    tools: dict[str, int] = {}
    planner, duplex, since = 0, "", 0
    for start, line in told:
        if line.header is not None:
            _add(served, duplex, start - since)
            duplex, since = str(line.header.get("setup", {}).get("duplex", "")), start
        for command in line.commands:
            if type(command).__name__ == "Use":
                _add(served, duplex, start + line.at - since)
                duplex, since = command.duplex, start + line.at  # type: ignore[union-attr]
        remark = line.remark or {}
        if remark.get("kind") == "tool" and not remark.get("repeated"):
            _add(tools, str(remark.get("name", "")), 1)
        planner += sum(str(wish).startswith("Consult") for wish in remark.get("wants", ()))
    _add(served, duplex, samples - since)
    return {"served": served, "tools": tools, "planner": planner, "recorded": recorded}


def _add(sums: dict[str, int], name: str, much: int) -> None:
    if name and much > 0:
        sums[name] = sums.get(name, 0) + much


def bill(call: Call, shown: Mapping[str, Any], prices: Mapping[str, Any]) -> Bill:
    return Bill(tuple(_items(call, shown, prices)), str(prices.get(CURRENCY, "USD")))


def _items(call: Call, shown: Mapping[str, Any], prices: Mapping[str, Any]) -> Iterator[Item]:
    spent = shown["used"]
    if call.carrier not in ELSEWHERE and shown["samples"]:
        minutes = ceil(shown["samples"] / (60 * RATE))
        yield Item(f"Telephone line ({call.carrier})", minutes, "minutes begun", _price(prices, CARRIER, call.carrier))
    for duplex, samples in spent["served"].items():
        yield Item(f"Duplex {duplex}", samples / (60 * RATE), "minutes", _price(prices, DUPLEX, duplex))
    if spent["recorded"]:
        yield Item("Recording", spent["recorded"] / (60 * RATE), "minutes", _price(prices, RECORDING))
    if spent["planner"]:
        yield Item("Remote planner", spent["planner"], "questions", _price(prices, PLANNER))
    for tool, count in spent["tools"].items():
        yield Item(f"Tool {tool}", count, "calls", _price(prices, TOOL, tool))


def _price(prices: Mapping[str, Any], what: str, name: str = "") -> float | None:
    """One price for all, or one by name."""
    found = prices.get(what)
    if isinstance(found, Mapping):
        found = found.get(name)
    return None if found is None else float(found)
