"""The definition."""

import torch
from torch import Tensor


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
    left, right = key.float().chunk(2, -1)
    cos, sin = turned[0][:, None], turned[1][:, None]
    rotated = torch.cat((left * cos - right * sin, left * sin + right * cos), -1)
    ring = keys.shape[2] - sinks
    places = torch.where(positions < sinks, positions, sinks + (positions - sinks) % ring)
    real = positions >= 0
    where = (rows[real].long(), slice(None), places[real].long())
    keys[where] = rotated[real].to(keys.dtype)
    values[where] = value[real].to(values.dtype)
