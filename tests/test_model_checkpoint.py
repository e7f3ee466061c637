"""A model on disk is itself again; what is no model is said to be none."""

import numpy as np
import pytest
import torch
from little_model import called

from callcenter.model.checkpoint import CheckpointError, Model, even, load, save
from callcenter.model.conduct import Thresholds
from callcenter.model.config import SIZES
from callcenter.model.network import Network
from callcenter.model.phones import PHONES
from callcenter.model.streaming import Rows

ABOUT = {"hours": 12.5, "taught": "on nothing"}


@pytest.fixture(scope="module")
def model():
    priors = np.arange(1, len(PHONES) + 1, dtype=np.float32)
    return Model(Network(SIZES["nano"]).begin().eval(), Thresholds(0.6, 0.3, 0.7, 0.55), priors / priors.sum(), ABOUT)


def test_a_saved_model_answers_as_it_did(tmp_path, model):
    save(tmp_path / "m.pt", model)
    again = load(tmp_path / "m.pt")
    assert again.thresholds == model.thresholds
    assert again.about == ABOUT
    assert np.array_equal(again.priors, model.priors)
    call = called(1, 3)
    rows = [Rows(one.network, 1) for one in (model, again)]
    for turn in range(len(call)):
        said, told = (one.step([call.heard(turn)])[0] for one in rows)
        assert np.allclose(said.act, told.act, atol=0.02)
        assert np.allclose(said.phones, told.phones, atol=0.02)


def test_saved_twice_it_is_the_same_to_the_last_bit(tmp_path, model):
    save(tmp_path / "a.pt", model)
    save(tmp_path / "b.pt", load(tmp_path / "a.pt"))
    first, second = (load(tmp_path / name).network.state_dict() for name in ("a.pt", "b.pt"))
    assert all(torch.equal(part, second[name]) for name, part in first.items())


@pytest.mark.parametrize(
    "saved", [b"", b"no model at all", b"PK\x03\x04 broken", {"size": "nano"}, {"size": "vast", "state": {}}, [1, 2]]
)
def test_what_is_no_model_is_refused_with_its_name(tmp_path, saved):
    path = tmp_path / "wrong.pt"
    if isinstance(saved, bytes):
        path.write_bytes(saved)
    else:
        torch.save(saved, path)
    with pytest.raises(CheckpointError, match=r"wrong\.pt"):
        load(path)


def test_a_file_that_is_not_there_is_said_to_be_missing(tmp_path):
    with pytest.raises(CheckpointError, match=r"nowhere\.pt"):
        load(tmp_path / "nowhere.pt")


def test_weights_of_another_size_are_refused(tmp_path, model):
    path = tmp_path / "mixed.pt"
    save(path, model)
    saved = torch.load(path, weights_only=True)
    torch.save({**saved, "size": "small"}, path)
    with pytest.raises(CheckpointError, match=r"mixed\.pt"):
        load(path)


def test_even_priors_say_nothing():
    assert even().sum() == pytest.approx(1.0)
    assert len(set(even())) == 1
