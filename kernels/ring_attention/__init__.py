"""Attention of a turn's queries over what their calls remember: a ring of keys with the prefix pinned in front of it.

Queries of all calls stand one after the other, however many each call has. A span is a few queries of one call, which
one program answers; how a call's keys are cut depends on the ring alone, so that a call's answer never depends on its
neighbours.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from kernels.ring_attention.reference import ring_attention as reference

ROWS = 16
"""Least rows of a matrix product on a GPU: heads that share keys times queries of a span."""


def ring_attention(
    query: Tensor,
    keys: Tensor,
    values: Tensor,
    turned: Tensor,
    positions: Tensor,
    spans: Tensor,
    window: int,
    sinks: int,
) -> Tensor:
    """Queries [N, H, D], not yet rotated, over rings [R, KV, sinks + ring, D]; returns [N, H, D].

    `turned` [2, 2, N, D / 2]: cosines and sines of the true positions, then those that the sinks are met with.
    `positions` [N] count from the beginning of a call, -1 being padding, which is answered with zeros. `spans` [S, 4]
    say row, first query, count (0: none) and the last position that the row has written.
    """
    if query.is_cuda:
        from kernels.ring_attention.triton import ring_attention as compiled

        return compiled(query, keys, values, turned, positions, spans, window, sinks)
    return reference(query, keys, values, turned, positions, spans, window, sinks)


def span(group: int) -> int:
    """Queries of a span, where so many heads share their keys: four, or what fills the least product."""
    return max(4, ROWS // group)


def spans(rows: Sequence[int], counts: Sequence[int], lasts: Sequence[int], most: int) -> NDArray[np.int32]:
    """The spans of calls whose queries stand one after the other."""
    found = []
    first = 0
    for row, count, last in zip(rows, counts, lasts, strict=True):
        found += [(row, first + at, min(most, count - at), last) for at in range(0, count, most)]
        first += count
    return np.array(found, np.int32).reshape(-1, 4)
