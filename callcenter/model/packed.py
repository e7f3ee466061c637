"""A network whose matrices lie as a processor reads them.

A turn multiplies two to fifty rows with every matrix there is, so that most of its time goes into reading matrices in
an order that suits their rows and not the processor's. oneDNN, which comes with torch, lays each out once, beforehand;
the products are the same but for the order of their sums.
"""

from copy import deepcopy
from typing import Final

import torch
from torch import Tensor, nn

from callcenter.model.network import Network

USUAL: Final = 4
"""Rows that most products of a turn have: what the order is best for."""


class Packed(nn.Module):
    """A linear layer to be asked and not to be taught."""

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__()
        self._matrix = torch.ops.mkldnn._reorder_linear_weight(linear.weight.detach(), USUAL)
        self._bias = None if linear.bias is None else linear.bias.detach()

    def forward(self, x: Tensor) -> Tensor:
        product: Tensor = torch.ops.mkldnn._linear_pointwise(x, self._matrix, self._bias, "none", [], "")
        return product


def packed(network: Network) -> Network:
    """The same network for a CPU; everything but the matrices is shared with the one that is given."""
    there = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
    if not there or network.token.weight.dtype != torch.float32:
        return network
    as_is = {id(part): part for part in (*network.parameters(), *network.buffers())}
    linear = {id(part): Packed(part) for part in network.modules() if type(part) is nn.Linear}
    return deepcopy(network, {**as_is, **linear})
