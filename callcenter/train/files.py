"""What a run leaves in its folder and goes on from: the ear and the trunk, each small enough to be carried."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor

from callcenter.appearing import appearing
from callcenter.model.config import SIZES
from callcenter.model.ear import Ear
from callcenter.model.network import Network

EAR: Final = "ear.pt"
TRUNK: Final = "trunk.pt"


class RunError(Exception):
    """A folder from which a run cannot go on; the message says why."""


@dataclass(frozen=True, slots=True)
class Hours:
    """Of what was learnt from."""

    speech: float = 0.0
    calls: float = 0.0


def save(folder: Path, network: Network, hours: Hours) -> None:
    """In half precision, each file whole or as it was."""
    state = {name: part.detach().half().cpu() for name, part in network.state_dict().items()}
    ear = {name.removeprefix("ear."): part for name, part in state.items() if name.startswith("ear.")}
    trunk = {name: part for name, part in state.items() if not name.startswith("ear.")}
    keep(folder / EAR, {"ear": ear, "hours": hours.speech, "width": network.size.ear})
    keep(folder / TRUNK, {"trunk": trunk, "size": network.size.name, "hours": hours.calls})


def keep(path: Path, what: Any) -> None:
    with appearing(path) as file:
        torch.save(what, file)


def begun(folder: Path, size: str) -> tuple[Network, Hours]:
    """A network as an earlier run left it, as far as it did, or one that knows nothing."""
    network, hours = Network(SIZES[size]).begin(), Hours()
    if (folder / EAR).is_file():
        saved = opened(folder / EAR)
        adopt(network.ear, folder / EAR, saved["ear"])
        hours = Hours(saved["hours"])
    if (folder / TRUNK).is_file():
        saved = opened(folder / TRUNK)
        if saved["size"] != size:
            raise RunError(f"{folder / TRUNK} is of size {saved['size']}, not {size}")
        if not (folder / EAR).is_file():
            raise RunError(f"{folder / TRUNK} is of no use without its {EAR}")
        ear = {f"ear.{name}": part for name, part in network.ear.state_dict().items()}
        adopt(network, folder / TRUNK, {**ear, **saved["trunk"]})
        hours = Hours(hours.speech, saved["hours"])
    return network, hours


def whole(folder: Path) -> tuple[Network, Hours]:
    """The network that a run left."""
    for name in (EAR, TRUNK):
        if not (folder / name).is_file():
            raise RunError(f"{folder / name} is missing: nothing was trained there")
    network, hours = begun(folder, opened(folder / TRUNK)["size"])
    return network.eval(), hours


def taught_ear(path: Path) -> Ear:
    saved = opened(path)
    ear = Ear(saved["width"])
    adopt(ear, path, saved["ear"])
    return ear.eval()


def opened(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return found


def adopt(module: torch.nn.Module, path: Path, state: dict[str, Tensor]) -> None:
    try:
        module.load_state_dict({name: part.float() for name, part in state.items()})
    except RuntimeError as error:
        raise RunError(f"{path} is of another shape of network: {error}") from error
