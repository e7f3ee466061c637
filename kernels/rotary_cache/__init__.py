"""Keys and values of a turn into their calls' rings, the keys turned by their positions on the way."""

from torch import Tensor

from kernels.rotary_cache.reference import rotary_cache as reference


def rotary_cache(
    key: Tensor,
    value: Tensor,
    turned: Tensor,
    rows: Tensor,
    positions: Tensor,
    keys: Tensor,
    values: Tensor,
    sinks: int,
) -> None:
    """Keys and values [N, KV, D] of `positions` in `rows` [N] to their places in rings [R, KV, sinks + ring, D].

    The first `sinks` positions have places of their own, the others take turns. Padding (-1) is written nowhere.
    `turned` [2, N, D / 2] are cosines and sines.
    """
    if key.is_cuda:
        from kernels.rotary_cache.triton import rotary_cache as compiled

        return compiled(key, value, turned, rows, positions, keys, values, sinks)
    return reference(key, value, turned, rows, positions, keys, values, sinks)
