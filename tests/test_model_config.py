"""The dial of sizes: what each is, from a CPU's to one that only exists on the meta device."""

import pytest
import torch
from torch import nn

from callcenter.model.config import ACTS, ASK, BACKCHANNEL, LISTEN, SIZES, SPEAK, YIELD
from callcenter.model.moe import Experts
from callcenter.model.network import Network
from callcenter.model.text import TOKEN, shipped


def parameters(network: nn.Module) -> int:
    return sum(part.numel() for part in network.parameters())


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_heads_share_the_width_and_the_keys(size):
    assert size.head * size.heads == size.width
    assert size.heads % size.kv_heads == 0
    assert size.head % 2 == 0
    assert size.active <= size.experts


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_every_piece_of_text_and_every_special_token_has_a_place(size):
    assert len(TOKEN) < len(shipped()) <= size.vocabulary


def test_acts_are_named_by_their_places():
    assert [ACTS[act] for act in (LISTEN, SPEAK, BACKCHANNEL, YIELD, ASK)] == list(ACTS)


@pytest.mark.parametrize(("name", "least", "most"), [("nano", 9e6, 13e6), ("small", 20e6, 40e6)])
def test_a_size_has_the_weights_its_name_promises(name, least, most):
    with torch.device("meta"):
        assert least < parameters(Network(SIZES[name])) < most


def test_the_largest_size_exists_without_memory():
    """276 billion weights, of which a position meets 12 billion; a layer is built, the others are as large."""
    size = SIZES["tml-small"]
    with torch.device("meta"):
        network = Network(size.__class__(**{**fields(size), "layers": 1}))
    assert all(part.is_meta for part in network.parameters())
    (layer,) = network.layers
    experts = layer.feed
    assert isinstance(experts, Experts)
    one = experts.up[0].numel() + experts.down[0].numel()
    whole = parameters(network) + (size.layers - 1) * parameters(layer)
    met = whole - size.layers * (size.experts - size.active) * one
    assert whole == pytest.approx(276e9, rel=0.02)
    assert met == pytest.approx(12e9, rel=0.1)


def fields(size):
    return {name: getattr(size, name) for name in size.__slots__}
