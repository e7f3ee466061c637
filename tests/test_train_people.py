"""Real people in parts: everybody is in one of them, nobody in two, whoever divided them before."""

import json
import pickle
from collections import Counter

import numpy as np
import pytest
import soundfile
from acting import tone

from callcenter.callers.clips import Clips
from callcenter.callers.heldout import kept
from callcenter.model.ear import Ear
from callcenter.train.align import part_of, pool
from callcenter.train.people import People, vacate
from callcenter.units import RATE, samples

SPEAKERS = {
    "digits": kept("speaker", [f"d{at}" for at in range(12)], False)[:5],
    "speech_commands": kept("speaker", [f"c{at}" for at in range(12)], False)[:4],
}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Each speaker says one thing."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "speech").mkdir()
    for name, speakers in SPEAKERS.items():
        lines = [
            json.dumps({"start": 0.7 * at, "seconds": 0.7, "text": "seven", "speaker": speaker})
            for at, speaker in enumerate(speakers)
        ]
        sound = np.concatenate([tone(0.5, 300), np.zeros(samples(0.2), np.int16)])
        path = folder / "speech" / f"{name}.opus"
        soundfile.write(path, np.tile(sound, len(speakers)), RATE, format="OGG", subtype="OPUS")
        (folder / "speech" / f"{name}.jsonl").write_text("\n".join(lines) + "\n")
    return folder


class Sure:
    """An ear that finds any text in any sound: as likely whatever is asked."""

    silence = Ear(8).silence
    phones = staticmethod(lambda states: states.new_zeros(*states.shape[:2], 40))

    def __call__(self, levels, past):
        return levels[:, ::2], past


def found(folder):
    return Counter(name for path in folder.glob("real*.pickle") for name in pickle.loads(path.read_bytes()))


@pytest.mark.parametrize("parts", [1, 3])
def test_parts_hold_everybody_once(data, tmp_path, parts):
    told = []
    for at in range(parts):
        pool(Sure(), data, part_of(tmp_path, at), told.append, part=at, parts=parts)
    everybody = {f"{name} {who}" for name, speakers in SPEAKERS.items() for who in speakers}
    assert everybody == {f"{name} {who}" for name in SPEAKERS for who in Clips(data, evaluation=False).speakers(name)}
    assert found(tmp_path) == dict.fromkeys(everybody, 1)
    if parts > 1:
        assert all(pickle.loads(part_of(tmp_path, at).read_bytes()) for at in range(parts))


def test_parts_of_an_earlier_division_hold_nobody(tmp_path):
    for name in ("real.pickle", "real-0.pickle", "real-1.pickle", "real-2.pickle", "flite-slt-0-0.pickle"):
        (tmp_path / name).write_bytes(pickle.dumps({f"digits {name}": {}}))
    vacate(tmp_path, 2)
    assert set(found(tmp_path)) == {"digits real-0.pickle", "digits real-1.pickle"}
    assert pickle.loads((tmp_path / "flite-slt-0-0.pickle").read_bytes())
    assert not list(tmp_path.glob("*.new*"))


@pytest.mark.slow
def test_who_cannot_be_timed_is_counted(tmp_path):
    """There is no ear."""
    people = People(tmp_path, tmp_path)
    people.time(tmp_path / "ear.pt", 2)
    for process in people._processes:
        process.join(240)
    assert not people.busy
    assert people.failed == 2
    people.time(tmp_path / "ear.pt", 1)
    people.close()
    assert not people.failed
