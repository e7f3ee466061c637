"""Which experts a position goes to: the best few by its router, and those that all share."""

from torch import Tensor

from kernels.route.reference import route as reference


def route(x: Tensor, router: Tensor, positions: Tensor, active: int, shared: int) -> tuple[Tensor, Tensor]:
    """x [N, D] and `router` [E, D] to experts and weights [N, active + shared], the best first.

    Weights of the chosen add up to one; shared experts are numbered from E on and weigh one. Padding (a position of -1)
    goes nowhere: -1 and 0.
    """
    if x.is_cuda:
        from kernels.route.triton import route as compiled

        return compiled(x, router, positions, active, shared)
    return reference(x, router, positions, active, shared)
