"""Matrices laid out for a processor: the same answers, the given network untouched, everything else shared."""

import torch
from little_model import network
from torch import nn

from callcenter.model.packed import Packed, packed


def test_products_are_the_same_for_any_number_of_rows():
    torch.manual_seed(3)
    for linear in (nn.Linear(160, 48), nn.Linear(31, 7, bias=False)):
        laid = Packed(linear)
        with torch.inference_mode():
            for rows in (1, 2, 3, 10, 50):
                x = torch.randn(2, rows, linear.in_features)
                assert torch.allclose(laid(x), linear(x), atol=1e-5)


def test_a_row_is_the_same_whenever_it_is_asked():
    torch.manual_seed(3)
    laid, x = Packed(nn.Linear(96, 64)), torch.randn(1, 4, 96)
    with torch.inference_mode():
        assert torch.equal(laid(x), laid(x.clone()))


def test_the_given_network_stays_as_it_is_and_shares_what_is_no_matrix():
    net = network()
    kinds = [type(part) for part in net.modules()]
    laid = packed(net)
    assert [type(part) for part in net.modules()] == kinds
    assert sum(isinstance(part, Packed) for part in laid.modules()) == kinds.count(nn.Linear) > 0
    assert laid.token.weight is net.token.weight
    assert all(any(mine is its for its in net.parameters()) for mine in laid.parameters())


def test_other_precisions_are_left_alone():
    net = network().half()
    assert packed(net) is net
