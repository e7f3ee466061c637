"""Weights on disk: one file with everything that a network needs to be itself again, in half precision.

`shipped()` is the model that is served by default; MODEL.md beside it says what it was taught and how well it does.
"""

from collections.abc import Mapping
from dataclasses import astuple, dataclass
from importlib.resources import files
from pathlib import Path
from pickle import UnpicklingError
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from callcenter.model.conduct import Thresholds
from callcenter.model.config import SIZES
from callcenter.model.network import Network
from callcenter.model.phones import PHONES

NAME: Final = "nano.pt"


class CheckpointError(Exception):
    """A file that is no model of ours; the message says why."""


@dataclass(frozen=True)
class Model:
    network: Network
    thresholds: Thresholds
    priors: NDArray[np.float32]
    """How often each phone is heard, which the search divides by."""
    about: Mapping[str, Any]


def save(path: Path, model: Model) -> None:
    state = {
        name: part.half() if part.is_floating_point() else part for name, part in model.network.state_dict().items()
    }
    bars = model.thresholds
    torch.save(
        {
            "size": model.network.size.name,
            "state": state,
            "thresholds": list(astuple(bars)),
            "priors": torch.from_numpy(model.priors),
            "about": dict(model.about),
        },
        path,
    )


def load(path: Path) -> Model:
    try:
        saved = torch.load(path, map_location="cpu", weights_only=True)
        network = Network(SIZES[saved["size"]])
        network.load_state_dict({name: part.float() for name, part in saved["state"].items()})
    except (OSError, KeyError, TypeError, RuntimeError, EOFError, UnpicklingError) as error:
        raise CheckpointError(f"{path} holds no model: {error}") from error
    return Model(
        network.eval(), Thresholds(*saved["thresholds"]), saved["priors"].numpy().astype(np.float32), saved["about"]
    )


def shipped() -> Model:
    return load(Path(str(files("callcenter.model").joinpath("shipped", NAME))))


def even() -> NDArray[np.float32]:
    """Priors that say nothing."""
    return np.full(len(PHONES), 1 / len(PHONES), np.float32)
