"""Feed-forward parts (SwiGLU) that every position chooses for itself, or the one that all share.

Positions are gathered by expert and multiplied in small groups: with few of them an expert's matrix is read once for
whoever wants it, which is all that a matrix times a vector could do; with many it is an ordinary product. Both are the
same sum in the same order, so a position never depends on which others chose its expert.
"""

from torch import Tensor

from kernels.experts.reference import experts as reference


def experts(x: Tensor, up: Tensor, down: Tensor, chosen: Tensor | None = None, weights: Tensor | None = None) -> Tensor:
    """x [N, D] through its chosen experts: [N, A, D] in float32, weighted and not yet added up.

    `up` [E, 2 H, D] holds gates, then what they gate; `down` [E, D, H]. `chosen` and `weights` [N, A]; an expert of -1
    is none, and leaves its part as it is. Without them all go through the only expert.
    """
    if x.is_cuda:
        from kernels.experts.triton import experts as compiled

        return compiled(x, up, down, chosen, weights)
    return reference(x, up, down, chosen, weights)
