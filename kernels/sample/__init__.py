"""One token of each row's logits, among those it may say: drawn by the row's own seed, or the best one.

Chance is a hash of seed and token, so a row draws the same whatever its company, and a journal replays.
"""

from torch import Tensor

from kernels.sample.reference import sample as reference


def sample(logits: Tensor, allowed: Tensor, heat: Tensor, seeds: Tensor) -> Tensor:
    """Logits [B, V] to tokens [B], -1 where `allowed` [B, V] leaves none.

    `heat` [B] flattens the odds, 0 being the best token (the first of equals); `seeds` [B] are int32.
    """
    if logits.is_cuda:
        from kernels.sample.triton import sample as compiled

        return compiled(logits, allowed, heat, seeds)
    return reference(logits, allowed, heat, seeds)
