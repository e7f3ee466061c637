"""Where kernels are tested: compiled on a GPU where there is one, else through the interpreter on the CPU.

The interpreter is chosen when triton is first imported, so tests of kernels import this before any kernel.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

CUDA = torch.cuda.is_available()
if not CUDA:
    os.environ.setdefault("TRITON_INTERPRET", "1")
DEVICE = "cuda" if CUDA else "cpu"
pytest.importorskip("triton")


def steadied() -> None:
    """Every number of a product is summed alike, wherever in a block it stands, as on a GPU: the interpreter leaves
    products to a library that does not do so on every processor."""
    from triton.runtime import interpreter

    def create_dot(_self: object, a: Any, b: Any, d: Any, *_how: object) -> Any:
        sums = np.einsum("...ij,...jk->...ik", a.data, b.data, dtype=d.data.dtype)
        return interpreter.TensorHandle(sums + d.data, d.dtype.scalar)

    interpreter.InterpreterBuilder.create_dot = create_dot


if not CUDA:
    steadied()

DTYPES = [torch.float32, torch.float16, *([torch.bfloat16] if CUDA else [])]
"""Sums of bfloat16 are silently wrong in the interpreter."""

NEAR = {torch.float32: 2e-5, torch.float16: 2e-3, torch.bfloat16: 1.6e-2}
"""How far a kernel's sums may be from the reference's, as a share of their size."""


def random(*shape: int, seed: int, dtype: torch.dtype = torch.float32, scale: float = 1.0) -> Tensor:
    made = torch.randn(*shape, generator=torch.Generator().manual_seed(seed)) * scale
    return made.to(dtype).to(DEVICE)


def ints(values: object) -> Tensor:
    return torch.tensor(values, dtype=torch.int32, device=DEVICE)


def apart(found: Tensor, wanted: Tensor) -> float:
    """Distance as a share of the size; what is not a number is infinitely far."""
    gap = (found.double() - wanted.double()).norm() / wanted.double().norm().clamp(min=1e-12)
    return float(gap) if torch.isfinite(found.double()).all() else float("inf")


def same(found: Tensor, wanted: Tensor) -> bool:
    return torch.equal(found, wanted)


@contextmanager
def poisoned() -> Iterator[None]:
    """Fresh memory is full of nonsense: what a kernel leaves unwritten is found."""
    plain = torch.empty

    def empty(*shape: int, **more: object) -> Tensor:
        made = plain(*shape, **more)  # type: ignore[call-overload]
        return made.fill_(float("nan") if made.is_floating_point() else torch.iinfo(made.dtype).min)

    torch.empty = empty  # type: ignore[assignment]
    try:
        yield
    finally:
        torch.empty = plain
