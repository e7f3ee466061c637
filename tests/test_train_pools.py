"""What flite says beside the training: small pools of voices that are not held out, and an end to them."""

import pickle
import shutil

import pytest
from little_training import texts

from callcenter.callers.heldout import held_out
from callcenter.model.phones import SILENCE
from callcenter.train.dialects import TABLES
from callcenter.train.pools import say_on


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("flite") is None, reason="flite is not installed")
def test_flite_says_pools_until_there_are_enough_and_goes_on_where_it_was(tmp_path):
    data, pools = texts(tmp_path / "data"), tmp_path / "pools"
    pools.mkdir()
    say_on(data, pools, 0, 1, pools=2, each=3)
    made = {path.name: pickle.loads(path.read_bytes()) for path in pools.iterdir()}
    assert len(made) == 2
    for name, pool in made.items():
        ((who, said),) = pool.items()
        _, voice, *where = who.split()
        assert name.startswith(f"flite-{voice}-0-")
        assert not held_out("voice", voice)
        assert set(where) <= TABLES.keys()
        assert sum(map(len, said.values())) == 3
        for one in (one for several in said.values() for one in several):
            assert one.text
            assert (one.labels(0, len(one) // 160) != SILENCE).any()
    written = {path.name: path.stat().st_mtime_ns for path in pools.iterdir()}
    say_on(data, pools, 0, 2, pools=3, each=3)
    now = {path.name: path.stat().st_mtime_ns for path in pools.iterdir()}
    assert len(now) == 3
    assert written.items() < now.items()
