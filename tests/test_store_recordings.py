import struct

import pytest
from laws import round_trip

from callcenter.store import recordings
from callcenter.store.recordings import HEADER_BYTES, Sound, header, interleave, mend
from callcenter.units import RATE, SILENT_BYTE, TURN


def chunks(data):
    """A WAV read as the format says: (id, size, body) until the bytes end."""
    riff, size, wave = struct.unpack_from("<4sI4s", data)
    assert (riff, wave) == (b"RIFF", b"WAVE")
    found, place = {"riff": size}, 12
    while place < len(data):
        name, size = struct.unpack_from("<4sI", data, place)
        found[name] = (size, data[place + 8 : place + 8 + size])
        place += 8 + size
    return found


def test_a_finished_recording_is_a_stereo_mu_law_wav(tmp_path):
    path = tmp_path / "a.wav"
    path.write_bytes(header() + interleave(b"\1\2\3", b"\4\5\6"))
    assert mend(path) == 3
    found = chunks(path.read_bytes())
    assert found["riff"] == path.stat().st_size - 8
    assert struct.unpack("<HHIIHHH", found[b"fmt "][1]) == (7, 2, RATE, 2 * RATE, 2, 8, 0)
    assert struct.unpack("<I", found[b"fact"][1]) == (3,)
    assert found[b"data"] == (6, b"\1\4\2\5\3\6")


def test_a_growing_recording_promises_more_than_there_is():
    found = chunks(header() + b"\xff" * 10)
    assert found[b"data"][0] > 2**31
    assert found["riff"] == found[b"data"][0] + HEADER_BYTES - 8


@pytest.mark.parametrize("extra", [b"", b"\1"])
def test_mending_twice_is_mending_once(tmp_path, extra):
    path = tmp_path / "a.wav"
    path.write_bytes(header() + b"\1\2" * 7 + extra)
    mend(path)
    once = path.read_bytes()
    assert mend(path) == 7
    assert path.read_bytes() == once
    assert len(once) == HEADER_BYTES + 14


@pytest.mark.parametrize("size", [0, 1, 57, 58])
def test_a_file_killed_at_its_birth_becomes_an_empty_recording(tmp_path, size):
    path = tmp_path / "a.wav"
    path.write_bytes(header()[:size])
    assert mend(path) == 0
    assert chunks(path.read_bytes())[b"data"] == (0, b"")


def test_channels_come_apart_as_they_went_together(tmp_path):
    left, right = bytes(range(200)), bytes(range(50, 250))
    path = tmp_path / "a.wav"
    path.write_bytes(header() + interleave(left, right))
    sound = Sound(path, tmp_path / "none")
    round_trip(
        lambda place: sound.channels(place, 20),
        lambda both: left.index(both[0]) if both[1] == right[left.index(both[0]) :][:20] else None,
        range(0, 180, 7),
    )


def test_what_was_not_recorded_is_silence(tmp_path):
    sound = Sound(tmp_path / "none.wav", tmp_path / "none.spoken")
    silence = bytes([SILENT_BYTE]) * TURN
    assert sound.heard(5, TURN) == sound.spoken(0, TURN) == silence
    (tmp_path / "none.spoken").write_bytes(b"\1" * 10)
    assert sound.spoken(4, 8) == b"\1" * 6 + silence[:2]


def test_a_header_is_as_long_as_it_says():
    assert len(recordings.header()) == HEADER_BYTES
