"""What a run leaves is what the next one goes on from; what does not fit is said in words."""

import pytest
import torch
from little_model import network

from callcenter.model.config import SIZES
from callcenter.train.files import EAR, TRUNK, Hours, RunError, begun, keep, opened, save, taught_ear, whole

NANO = SIZES["nano"]


@pytest.fixture(scope="module")
def left(tmp_path_factory):
    """A folder and what was saved in it."""
    folder, net = tmp_path_factory.mktemp("run"), network(NANO, seed=4)
    save(folder, net, Hours(3.0, 2.0))
    return folder, net


def halved(net):
    return {name: part.half().float() for name, part in net.state_dict().items()}


def same(net, state):
    return all(torch.equal(part, state[name]) for name, part in net.state_dict().items())


def test_a_run_goes_on_from_what_was_saved(left):
    folder, net = left
    again, hours = begun(folder, "nano")
    assert same(again, halved(net))
    assert hours == Hours(3.0, 2.0)
    read, also = whole(folder)
    assert same(read, halved(net))
    assert also == hours
    assert not read.training


def test_what_was_saved_and_not_changed_is_saved_the_same(left, tmp_path):
    folder, _ = left
    net, hours = begun(folder, "nano")
    save(tmp_path, net, hours)
    for name, part in opened(tmp_path / EAR)["ear"].items():
        assert torch.equal(part, opened(folder / EAR)["ear"][name])


def test_files_are_small_and_there_whole_or_as_they_were(left):
    folder, net = left
    weights = 2 * sum(part.numel() for part in net.state_dict().values())
    assert sum((folder / name).stat().st_size for name in (EAR, TRUNK)) == pytest.approx(weights, rel=0.02)
    assert sorted(path.name for path in folder.iterdir()) == [EAR, TRUNK]


def test_an_ear_alone_is_gone_on_from_and_opened_by_itself(left, tmp_path):
    folder, net = left
    (tmp_path / EAR).write_bytes((folder / EAR).read_bytes())
    again, hours = begun(tmp_path, "nano")
    ear = {name.removeprefix("ear."): part for name, part in halved(net).items() if name.startswith("ear.")}
    assert same(again.ear, ear)
    assert hours == Hours(3.0, 0.0)
    assert same(taught_ear(tmp_path / EAR), ear)
    with pytest.raises(RunError, match=r"trunk\.pt is missing"):
        whole(tmp_path)


def test_an_empty_folder_begins_with_nothing(tmp_path):
    net, hours = begun(tmp_path, "nano")
    assert hours == Hours()
    assert not list(tmp_path.iterdir())
    assert net.ear.width == NANO.ear


def test_what_does_not_fit_is_refused(left, tmp_path):
    folder, _ = left
    with pytest.raises(RunError, match="of size nano, not small"):
        begun(folder, "small")
    (tmp_path / TRUNK).write_bytes((folder / TRUNK).read_bytes())
    with pytest.raises(RunError, match=r"without its ear\.pt"):
        begun(tmp_path, "nano")
    saved = opened(folder / EAR)
    keep(tmp_path / EAR, {**saved, "ear": {name: part for name, part in saved["ear"].items() if "mix" not in name}})
    with pytest.raises(RunError, match="another shape"):
        begun(tmp_path, "nano")
